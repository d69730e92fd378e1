"""A server in front of the reference server: right for a while or for most requests, hostile for the others."""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

from suite.raw_server import RawServer, raw_server

from hostile.behaviours import Handler
from hostile.running import ROOT, TOKEN, USER

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
Turn = Callable[[int, bytes], bool]


@contextmanager
def reference() -> Iterator[str]:
    """The reference server in a process of its own; its URL."""
    words = [sys.executable, "-m", "reference_impl", "--port", "0", "--account-sid", USER, "--auth-token", TOKEN]
    process = subprocess.Popen([*words, "--exit-with-stdin"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().decode().split()[-1]
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def after(count: int) -> Turn:
    """Hostile from that request on."""
    return lambda number, request: number >= count


def on(pattern: str) -> Turn:
    """Hostile to requests whose first line matches, but for the first look at the target."""
    compiled = re.compile(pattern.encode())
    return lambda number, request: number > 0 and compiled.match(request) is not None


def read_answer(connection: socket.socket, *, bodiless: bool) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        data += chunk
    length = LENGTH.search(data)
    size = data.index(b"\r\n\r\n") + 4 + (int(length[1]) if length and not bodiless else 0)
    while len(data) < size and (chunk := connection.recv(65536)):
        data += chunk
    return data


class Forward:
    """A handler that passes requests on to `url` and answers back through `change`, until it is `hostile`'s turn."""

    def __init__(self, url: str, turn: Turn, hostile: Handler, change: Callable[[bytes], bytes] = bytes) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)
        self._turn, self._hostile, self._change = turn, hostile, change
        self._numbers = itertools.count()
        self._upstreams: dict[socket.socket, socket.socket] = {}
        self._lock = threading.Lock()
        self._closed = False

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if self._turn(next(self._numbers), request):
            self._hostile(connection, request)
            return
        if (answer := self._answer(connection, request)) or (answer := self._answer(connection, request)):
            connection.sendall(self._change(answer))
        else:
            connection.close()

    def _answer(self, connection: socket.socket, request: bytes) -> bytes:
        upstream = self._upstreams.get(connection)
        if upstream is None:
            with self._lock:
                if self._closed:
                    return b""
                upstream = self._upstreams[connection] = socket.create_connection(self._address, 30)
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        with suppress(OSError):
            upstream.sendall(request)
            answer = read_answer(upstream, bodiless=request.startswith(b"HEAD"))
        if not answer:  # it was closed meanwhile
            upstream.close()
            self._upstreams.pop(connection, None)
        return answer

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for upstream in self._upstreams.values():
                upstream.close()


@contextmanager
def fronted(turn: Turn, hostile: Handler, change: Callable[[bytes], bytes] = bytes) -> Iterator[RawServer]:
    with reference() as url, closing(Forward(url, turn, hostile, change)) as handler, raw_server(handler) as server:
        yield server
