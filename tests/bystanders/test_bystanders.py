"""Our own servers among strangers: a 4xx for what is wrong, never a 5xx or a traceback, bounded memory, and the others
are served meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bystanders.serving import LIST, Bystander, all_of_them, raise_limit, status_from

LONG = os.environ.get("HOSTILE") == "all"
NAMES = ("the reference server", "replay, direct", "replay, reverse", "record, regular")
if LONG:
    NAMES = (*NAMES, "replay, regular", "record, reverse")
CROWD = 10_000 if LONG else 2_000
MEGABYTE = 1 << 20
FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Bystander]]:
    with all_of_them() as found:
        yield found


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest, servers: dict[str, Bystander]) -> Iterator[Bystander]:
    """One of them. Whatever was done to it, it answers afterwards, and has not said anything of a fault of its own."""
    chosen = servers[request.param]
    assert chosen.ask() == chosen.good
    yield chosen
    assert chosen.ask() == chosen.good
    assert "Traceback" not in chosen.said()
    assert chosen.memory() < 400


def answer_to(server: Bystander, data: bytes, *, more: bytes = b"", times: int = 0) -> int:
    """The status that these bytes, and then `more` of them `times` over, are answered with; 0 for a closed connection.

    Stops sending when it is answered.
    """
    with server.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
            for _ in range(times):
                connection.sendall(more)
        with contextlib.suppress(ConnectionError):
            return status_from(connection)
    return 0


MALFORMED = {
    "no HTTP": b"\x00\x01\x02\xff\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    "a header with a space": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length that is no number": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    "a bad chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    "an unknown transfer coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n",
    "a long line": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
    "10,000 headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 10_000 + b"\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_or_hung_up_on(server: Bystander, name: str) -> None:
    with server.connect() as connection:
        with contextlib.suppress(OSError):
            connection.sendall(MALFORMED[name])
            connection.shutdown(socket.SHUT_WR)
        status = status_from(connection)
    assert status == 0 or 400 <= status < 500


PATHS = (
    "/v1/Services/default/Streams/../../../../../etc/passwd",
    "/../../etc/passwd",
    "/v1/Services/..%2f..%2fetc/Streams",
    "/v1/Services/default/Streams/%00",
    "/v1/Services/default/Streams/a%00b",
    "/v1/Services/default/Streams/%",
    "/v1/Services/default/Streams/%zz",
    "/v1/Services/default/Streams/%ff%fe",
    "/v1/Services/default/Streams/%ed%a0%80",
    "/v1/Services/%00/Streams",
    "/v1/Services/default/Streams?PageSize=%ff",
    "/v1/Services/default/Streams?PageToken=%00",
    "/v1//Services//default//Streams",
    "//evil.example/v1",
    "/" + "a/" * 5_000,
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:60])
def test_odd_paths_are_refused(server: Bystander, path: str) -> None:
    assert 400 <= answer_to(server, server.request("GET", path)) < 500


@pytest.mark.parametrize("raw", [b"/\0", b"/a b", b"/\xff\xfe", b"/\x7f"], ids=repr)
def test_bytes_that_no_path_may_have_are_refused(server: Bystander, raw: bytes) -> None:
    status = answer_to(server, server.request("GET", raw))
    assert status == 0 or 400 <= status < 500


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "BREW"])
@pytest.mark.parametrize("how", ["announced", "in chunks", "without an end"])
def test_100_megabytes_are_refused_in_bounded_memory(server: Bystander, method: str, how: str) -> None:
    before = server.memory()
    if how == "announced":
        head = server.request(method, LIST, b"", FORM, f"Content-Length: {100 * MEGABYTE}")
        status = answer_to(server, head, more=bytes(MEGABYTE), times=100)
    else:
        head = server.request(method, LIST, b"", FORM, "Transfer-Encoding: chunked")
        status = answer_to(server, head, more=b"100000\r\n" + bytes(MEGABYTE) + b"\r\n", times=100)
    assert status in {0, server.good} or 400 <= status < 500
    assert server.memory() - before < 120


BOMBS = {
    "a million fields": b"a=1&" * 250_000,
    "a million ampersands": b"&" * 1_000_000,
    "a long name": b"UniqueName=" + b"n" * 1_000_000,
    "a long number": b"Ttl=" + b"9" * 1_000_000,
    "percent signs": b"UniqueName=" + b"%" * 1_000_000,
    "brackets": b"Data=" + b"[" * 500_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("path", [LIST, f"{LIST}/none/Messages"])
def test_form_bombs_are_refused_quickly(server: Bystander, name: str, path: str) -> None:
    began = time.monotonic()
    status = answer_to(server, server.request("POST", path, BOMBS[name], FORM))
    assert status == 0 or 400 <= status < 500 or (status, name, path) == (201, "brackets", LIST)  # a field too many
    assert time.monotonic() - began < 20


def test_a_packed_body_is_not_unpacked_without_measure(server: Bystander) -> None:
    before = server.memory()
    packed = gzip.compress(bytes(512 * MEGABYTE), 9)
    status = answer_to(server, server.request("POST", LIST, packed, FORM, "Content-Encoding: gzip"))
    assert status in {0, 201} or 400 <= status < 500  # not unpacked at all it is a form like any other
    assert server.memory() - before < 120


@contextlib.contextmanager
def crowd(server: Bystander, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that are opened and left: without a word, with half a request line, with half a body."""
    starts = (b"", b"GET /v1/Serv", server.request("POST", LIST, b"", FORM, "Content-Length: 50") + b"Tt")
    connections: list[socket.socket] = []
    try:
        for number in range(count):
            connection = server.connect(10)
            connections.append(connection)
            with contextlib.suppress(ConnectionError):
                connection.sendall(starts[number % len(starts)])
        yield connections
    finally:
        for connection in connections:
            connection.close()


def test_a_crowd_of_half_open_connections_keeps_nobody_out(server: Bystander) -> None:
    assert raise_limit() > CROWD + 100
    files = server.files()
    with crowd(server, CROWD) as connections:
        slowest, memory = 0.0, server.memory()
        for number in range(30):
            for connection in connections[number::300]:  # a few go on, a byte at a time
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")
            began = time.monotonic()
            assert server.ask(20) == server.good
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 10
        print(f"{server.name}: {CROWD} connections, {memory:.0f} MB, slowest answer {slowest:.2f} s")
        assert server.memory() < (1_500 if LONG else 500)
    deadline = time.monotonic() + 30
    while server.files() > files + 50 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert server.files() <= files + 50


def test_many_at_once_are_all_answered(server: Bystander) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.extend(server.ask(60) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [server.good] * 200


def test_they_listen_on_loopback(server: Bystander) -> None:
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    inodes = set()
    for entry in Path(f"/proc/{server.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes.add(str(entry.readlink()).removeprefix("socket:[").rstrip("]"))
    listening = {line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in inodes}
    assert listening == {"0100007F"}


ELSEWHERE = ("http://169.254.169.254", "http://{stranger}", "https://{stranger}", "file://", "ftp://{stranger}")


@pytest.mark.parametrize("base", ELSEWHERE)
@pytest.mark.parametrize("name", ["replay, reverse", "replay, regular", "record, reverse", "record, regular"])
def test_the_proxy_asks_nobody_that_it_was_not_told_of(servers: dict[str, Bystander], name: str, base: str) -> None:
    server = servers[name]
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0.2)
        place = f"127.0.0.1:{stranger.getsockname()[1]}"
        url = base.replace("{stranger}", place)
        host = url.partition("://")[2] or place
        for data in (
            f"GET {url}/latest/meta-data HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            f"GET {url}/latest/meta-data HTTP/1.1\r\nHost: sync.twilio.com\r\nConnection: close\r\n\r\n",
            f"GET /latest/meta-data HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n",
            "CONNECT sync.twilio.com:22 HTTP/1.1\r\nHost: sync.twilio.com:22\r\n\r\n",
        ):
            status = answer_to(server, data.encode())
            assert status == 0 or 400 <= status < 500, data
        with pytest.raises(TimeoutError):
            stranger.accept()
