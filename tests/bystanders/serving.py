"""Our own servers as strangers meet them, each in a process of its own: the reference server and the proxy."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hostile.running import ROOT, TOKEN, USER
from suite.raw_server import read_request
from suite.raw_server import reply as reply  # noqa: PLC0414

LIST = "/v1/Services/default/Streams"


def raise_limit() -> int:
    """As many open files as this process may have; what it starts inherits that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return int(hard)


@dataclass(frozen=True, slots=True)
class Bystander:
    """`base` goes before the path in a request line, for a proxy that is asked as one; `good` are the statuses of a
    right request."""

    name: str
    address: tuple[str, int]
    pid: int
    log: Path
    good: int
    base: str = ""

    def connect(self, timeout: float = 30.0) -> socket.socket:
        connection = socket.create_connection(self.address, timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, timeout: float = 30.0) -> int:
        """The status of a right request; 0 when there was no answer."""
        with self.connect(timeout) as connection:
            connection.sendall(self.request("GET", LIST))
            return status_from(connection)

    def request(self, method: str, path: str | bytes, body: bytes = b"", *headers: str) -> bytes:
        target = path.encode() if isinstance(path, str) else path
        lines = ["Host: 127.0.0.1", f"Authorization: {LOGIN}", "Connection: close", *headers]
        if body and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        head = method.encode() + b" " + self.base.encode() + target + b" HTTP/1.1\r\n"
        return head + "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def memory(self) -> float:
        """RSS in MB."""
        words = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def said(self) -> str:
        return self.log.read_text()


def _login() -> str:
    from conformance.target import Credentials  # noqa: PLC0415

    return Credentials(USER, TOKEN).authorization


LOGIN = _login()


def status_from(connection: socket.socket) -> int:
    """The status that is answered; 0 for a connection that is closed without an answer."""
    data = b""
    try:
        while b"\r\n" not in data and len(data) < 65536:
            chunk = connection.recv(65536)
            if not chunk:
                break
            data += chunk
    except ConnectionError:
        pass
    words = data.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit() else 0


@contextmanager
def process(words: Sequence[str], folder: Path, lines: int) -> Iterator[tuple[int, Path, list[str]]]:
    """A program of ours: its pid, the file with what it writes to stderr, and its first lines on stdout."""
    log = folder / f"{words[1]}.log"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TWILIO_")}
    with log.open("w") as errors:
        started = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=clean, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        assert started.stdout is not None
        try:
            yield started.pid, log, [started.stdout.readline() for _ in range(lines)]
        finally:
            started.terminate()
            started.wait(60)
            started.stdout.close()


def _place(line: str) -> tuple[str, int]:
    url = urlsplit(next(word for word in line.replace(",", " ").split() if word.startswith("http://")))
    return str(url.hostname), int(url.port or 80)


@contextmanager
def reference_server(folder: Path) -> Iterator[Bystander]:
    words = ["reference_impl", "--port", "0", "--account-sid", USER, "--auth-token", TOKEN]
    with process(words, folder, 1) as (pid, log, lines):
        yield Bystander("the reference server", _place(lines[0]), pid, log, 200)


def cassette(folder: Path) -> Path:
    """A recording of a few requests."""
    file = folder / "calls.yaml"
    with ExitStack() as stack:
        inner = folder / "recorded"
        inner.mkdir()
        server = stack.enter_context(reference_server(inner))
        upstream = "http://{}:{}".format(*server.address)
        words = ["proxy", "record", str(file), "--upstream", upstream, "--confdir", str(inner)]
        _, _, lines = stack.enter_context(process(words, inner, 2))
        through = Bystander("", _place(lines[0]), 0, file, 200)
        assert [through.ask() for _ in range(3)] == [200, 200, 200]
    return file


@contextmanager
def replaying(folder: Path, tape: Path) -> Iterator[Bystander]:
    words = ["proxy", "replay", str(tape), "--direct"]
    with process(words, folder, 1) as (pid, log, lines):
        yield Bystander("replay, direct", _place(lines[0]), pid, log, 422)  # the recording is used up


@contextmanager
def behind_mitmproxy(folder: Path, tape: Path) -> Iterator[tuple[Bystander, Bystander]]:
    """A replay as a base URL and as a proxy."""
    words = ["proxy", "replay", str(tape), "--confdir", str(folder)]
    with process(words, folder, 2) as (pid, log, lines):
        yield (
            Bystander("replay, reverse", _place(lines[0]), pid, log, 422),
            Bystander("replay, regular", _place(lines[1]), pid, log, 422, "http://sync.twilio.com"),
        )


@contextmanager
def recording(folder: Path) -> Iterator[tuple[Bystander, Bystander]]:
    """A recording of the reference server as a base URL and as a proxy."""
    with reference_server(folder) as server:
        upstream = "http://{}:{}".format(*server.address)
        words = ["proxy", "record", str(folder / "new.yaml"), "--upstream", upstream, "--confdir", str(folder)]
        with process(words, folder, 2) as (pid, log, lines):
            yield (
                Bystander("record, reverse", _place(lines[0]), pid, log, 200),
                Bystander("record, regular", _place(lines[1]), pid, log, 200, "http://sync.twilio.com"),
            )


@contextmanager
def all_of_them() -> Iterator[dict[str, Bystander]]:
    raise_limit()
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(4)]
        tape = cassette(folders[0])
        found = [
            stack.enter_context(reference_server(folders[0])),
            stack.enter_context(replaying(folders[1], tape)),
            *stack.enter_context(behind_mitmproxy(folders[2], tape)),
            *stack.enter_context(recording(folders[3])),
        ]
        for each in found:
            if each.good == 422:  # use up what was recorded
                while each.ask() == 200:
                    pass
        yield {each.name: each for each in found}


__all__ = ["Bystander", "all_of_them", "read_request", "status_from"]
