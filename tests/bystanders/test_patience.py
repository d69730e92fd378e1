"""The reference server's patience with connections that come to nothing."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from hostile.running import ROOT, TOKEN, USER

from bystanders.serving import LOGIN, Bystander, status_from
from reference_impl.app import create_app, server_config
from reference_impl.config import Config
from reference_impl.patience import PatientProtocol

GOOD = f"GET /v1/Services/default/Streams HTTP/1.1\r\nHost: x\r\nAuthorization: {LOGIN}\r\n\r\n".encode()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A reference server with a second of patience."""
    monkeypatch.setattr(PatientProtocol, "patience", 1.0)
    config = server_config(create_app(Config(USER, TOKEN)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /v1", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na"],
)
def test_what_comes_to_nothing_is_hung_up_on(place: tuple[str, int], start: bytes) -> None:
    with socket.create_connection(place, 20) as connection:
        began = time.monotonic()
        connection.sendall(start)
        assert status_from(connection) == 0
        assert 0.8 < time.monotonic() - began < 10


def test_a_request_that_comes_by_and_by_is_hung_up_on_too(place: tuple[str, int]) -> None:
    began = time.monotonic()
    with socket.create_connection(place, 20) as connection, contextlib.suppress(ConnectionError):
        for byte in b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.01)
    assert time.monotonic() - began < 20


def test_a_connection_that_is_used_stays(place: tuple[str, int]) -> None:
    with socket.create_connection(place, 20) as connection:
        for _ in range(15):
            connection.sendall(GOOD.replace(b"GET", b"HEAD"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.2)


def test_more_connections_than_the_soft_limit_are_served(tmp_path: Path) -> None:
    """Many systems let a process have 1,024 open files, and far more when it asks."""

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    words = [sys.executable, "-m", "reference_impl", "--port", "0", "--account-sid", USER, "--auth-token", TOKEN]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=few) as process:  # noqa: PLW1509
        assert process.stdout is not None
        host, _, port = process.stdout.readline().split()[-1].removeprefix("http://").rpartition(":")
        server = Bystander("", (host, int(port)), process.pid, tmp_path, 200)
        idle = [server.connect() for _ in range(200)]
        try:
            assert server.ask() == 200
        finally:
            for connection in idle:
                connection.close()
            process.terminate()
