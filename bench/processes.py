"""Servers as processes of their own, which tell their address in the first line that holds one or are waited for."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_URL = re.compile(r"https?://127\.0\.0\.1:\d+")
PATIENCE = 120.0  # seconds to start


class StartFailed(Exception):
    """A server did not start; the message has what it said."""


@contextmanager
def served(
    command: Sequence[str], *, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Runs a server and gives its URL: read from its output, or that of the port once something listens there."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(  # noqa: S603 - commands of this package
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if port else subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
        )
        try:
            url = _told(process) if port is None else _listening(process, port)
            if url is None:
                process.kill()
                process.wait()
                errors.seek(0)
                raise StartFailed(f"{' '.join(command[:6])} … did not start: {errors.read()[-2000:]}")
            yield url
        finally:
            end(process)
            if process.stdout:
                process.stdout.close()


def end(process: subprocess.Popen[str]) -> None:
    """Ends it, by force when it takes longer than a minute."""
    process.terminate()
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _told(process: subprocess.Popen[str]) -> str | None:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _URL.search(line):
            return found[0]
    return None


def _listening(process: subprocess.Popen[str], port: int) -> str | None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    return None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def module(name: str, *arguments: object) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def script(name: str) -> str:
    """A command that was installed beside this Python."""
    return str(Path(sys.executable).parent / name)


def timed(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)
) -> float:
    """Seconds that a command takes. Raises StartFailed when it does not end as it should."""
    started = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    seconds = time.perf_counter() - started
    if ended.returncode not in codes:
        said = (ended.stdout + ended.stderr)[-2000:]
        raise StartFailed(f"{' '.join(command[:6])} … ended with {ended.returncode}: {said}")
    return seconds
