"""Starting a proxy from a program: a process of its own, its address, and how it went.

with start_replay(Path("calls.yaml")) as handle:
    run(handle.url)
handle.finished.code     # 0 when every request had an answer
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from proxy.errors import ProxyError, StartError
from proxy.recorder import Provenance

_LISTENING = re.compile(r"sync-proxy listening on (\S+)")
_PROXYING = re.compile(r"sync-proxy proxying on (\S+), trust (.+)")


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code of `sync-proxy` and what it wrote to the terminal."""

    code: int
    messages: str


@dataclass(slots=True)
class Handle:
    """A running proxy. `url` is its base URL; `proxy` and `authority` are for proxy settings, where it has them."""

    url: str
    proxy: str | None
    authority: Path | None
    _process: subprocess.Popen[bytes]
    _errors: IO[str]
    _cleanup: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    finished: Finished | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, timeout: float = 120) -> Finished:
        """Ends it, which finishes a recording, and says how it went. Raises ProxyError when it does not end."""
        if self.finished is None:
            self._process.terminate()
            try:
                code = self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise ProxyError(f"the proxy did not end within {timeout:g} s and was killed.") from None
            finally:
                if self._process.stdout:
                    self._process.stdout.close()
            self._errors.seek(0)
            self.finished = Finished(code, self._errors.read())
            self._cleanup.close()
        return self.finished

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_replay(
    path: Path | str,
    *,
    direct: bool = True,
    timing_headers: bool = True,
    shifted: bool = False,
    allow_edited: bool = False,
    all_used: bool = False,
    port: int = 0,
    timeout: float = 60,
) -> Handle:
    """Serves a cassette at a base URL, without mitmproxy when `direct`. Raises ProxyError."""
    options = ["--port", str(port), "--time", "shifted" if shifted else "recorded"]
    for name, wanted in (
        ("--direct", direct),
        ("--timing-headers", timing_headers),
        ("--allow-edited", allow_edited),
        ("--all-used", all_used),
    ):
        options += [name] if wanted else []
    return _start(["replay", str(path), *options], timeout, mitmproxy=not direct)


def start_recorder(
    path: Path | str,
    upstream: str,
    *,
    keep_pii: bool = False,
    force: bool = False,
    rules: Path | None = None,
    provenance: Provenance | None = None,
    port: int = 0,
    timeout: float = 60,
) -> Handle:
    """Records what goes through a base URL to `upstream` into a new cassette. Raises ProxyError."""
    given = provenance or Provenance()
    options = ["--upstream", upstream, "--port", str(port), "--target-kind", given.target_kind]
    options += ["--suite-version", given.suite_version, "--extra", json.dumps(given.extra or {})]
    options += ["--seed", given.seed] if given.seed is not None else []
    options += ["--rules", str(rules)] if rules else []
    options += ["--keep-pii"] if keep_pii else []
    options += ["--force"] if force else []
    return _start(["record", str(path), *options], timeout, mitmproxy=True)


def _start(arguments: Sequence[str], timeout: float, *, mitmproxy: bool) -> Handle:
    with contextlib.ExitStack() as stack:
        if mitmproxy:
            arguments = [
                *arguments,
                "--confdir",
                stack.enter_context(tempfile.TemporaryDirectory(prefix="sync-proxy-")),
            ]
        errors = stack.enter_context(tempfile.TemporaryFile("w+"))
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", _RUN, _ROOT, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
        )
        lines = _read_lines(process, 2 if mitmproxy else 1, timeout)
        found = [pattern.match(line) for pattern, line in zip((_LISTENING, _PROXYING), lines, strict=False)]
        if not lines or not all(found):
            process.kill()
            process.communicate()
            errors.seek(0)
            said = errors.read().strip().removeprefix("sync-proxy: ")
            raise StartError(said or f"the proxy was not ready within {timeout:g} s.")
        listening = found[0]
        proxying = found[1] if len(found) > 1 else None
        assert listening is not None
        return Handle(
            url=listening[1],
            proxy=proxying[1] if proxying else None,
            authority=Path(proxying[2]) if proxying else None,
            _process=process,
            _errors=errors,
            _cleanup=stack.pop_all(),
        )
    raise AssertionError  # for type checkers: an ExitStack might swallow what is raised


# The child finds the package where this process found it, installed or not.
_ROOT = str(Path(__file__).resolve().parents[1])
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from proxy.cli import main; sys.exit(main())"


def _read_lines(process: subprocess.Popen[bytes], count: int, timeout: float) -> list[str]:
    """The first lines it writes; none when it ends or takes too long."""
    assert process.stdout is not None
    deadline = time.monotonic() + timeout
    data = b""
    while data.count(b"\n") < count:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not chunk:
            return []
        data += chunk
    return data.decode().splitlines()
