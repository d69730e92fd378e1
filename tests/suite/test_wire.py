"""The wire: whole answers or one sentence, within the deadline and in bounded memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from conformance.exchange import Headers, Request
from conformance.wire import Wire, WireError
from suite.nobody import nobody
from suite.raw_server import raw_server, reply


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(max_body=100_000) as wire:
        yield wire


def answering(*parts: bytes, close: bool = False) -> Callable[[socket.socket, bytes], None]:
    def handler(connection: socket.socket, request: bytes) -> None:
        for part in parts:
            connection.sendall(part)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return handler


def trickling(data: bytes, pause: float) -> Callable[[socket.socket, bytes], None]:
    def handler(connection: socket.socket, request: bytes) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)

    return handler


def test_an_answer_comes_back_whole(wire: Wire) -> None:
    with raw_server(answering(reply(201, b'{"a":1}', "X-One: a", "X-One: b"))) as server:
        response = wire.send(Request("POST", server.url + "/x%2Fy?q=%20", Headers((("A", "b"),)), b"body"), timeout=5)
    assert (response.status, response.body) == (201, b'{"a":1}')
    assert response.headers.all("x-one") == ("a", "b")
    assert server.requests[0].startswith(b"POST /x%2Fy?q=%20 HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"\r\n\r\nbody")


def test_connections_are_kept(wire: Wire) -> None:
    with raw_server(answering(reply(200))) as server:
        for _ in range(5):
            wire.send(Request("GET", server.url), timeout=5)
    assert server.connections == 1


def test_a_fresh_connection_is_used_once(wire: Wire) -> None:
    with raw_server(answering(reply(200, b"{}"))) as server:
        for fresh in (False, True, True, False):
            assert wire.send(Request("GET", server.url), timeout=5, fresh=fresh).body == b"{}"
    assert server.connections == 3


def test_content_coding_is_undone(wire: Wire) -> None:
    with raw_server(answering(reply(200, gzip.compress(b"plain"), "Content-Encoding: gzip"))) as server:
        assert wire.send(Request("GET", server.url), timeout=5).body == b"plain"


def test_an_answer_that_ends_with_the_connection_is_whole(wire: Wire) -> None:
    with raw_server(answering(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True)) as server:
        assert wire.send(Request("GET", server.url), timeout=5).body == b"all of it"


def test_redirects_are_not_followed(wire: Wire) -> None:
    with raw_server(answering(reply(302, b"", "Location: http://127.0.0.1:9/"))) as server:
        assert wire.send(Request("GET", server.url), timeout=5).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "data",
    [reply(200, b"x" * 50), b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 50],
    ids=["in the body", "in the head"],
)
def test_a_trickle_ends_at_the_deadline(wire: Wire, data: bytes) -> None:
    started = time.monotonic()
    with raw_server(trickling(data, 0.1)) as server, pytest.raises(WireError, match=r"no whole answer within 0\.6 s"):
        wire.send(Request("GET", server.url), timeout=0.6)
    assert time.monotonic() - started < 5


def test_no_more_of_a_head_is_read_than_is_allowed(wire: Wire) -> None:
    long = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 65_000) for number in range(3))
    unended = answering(b"HTTP/1.1 200 OK\r\n" + long)
    with raw_server(unended) as server, pytest.raises(WireError, match="headers of more than 131072 bytes"):
        wire.send(Request("GET", server.url), timeout=5)


def test_silence_ends_at_the_deadline(wire: Wire) -> None:
    with raw_server(answering()) as server, pytest.raises(WireError, match=r"no whole answer within 0\.3 s"):
        wire.send(Request("GET", server.url), timeout=0.3)


def test_many_trickles_at_once_all_end(wire: Wire) -> None:
    ended = []

    def ask(url: str) -> None:
        with pytest.raises(WireError):
            wire.send(Request("GET", url), timeout=0.5)
        ended.append(1)

    with raw_server(trickling(reply(200, b"x" * 100), 0.05)) as server:
        threads = [threading.Thread(target=ask, args=(server.url,)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert len(ended) == 10


@pytest.mark.parametrize(
    "data",
    [
        reply(200, b"x" * 200_000),
        reply(200, gzip.compress(b"x" * 50_000_000), "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + b"10000\r\n" + b"x" * 0x10000 + b"\r\n",
    ],
    ids=["long", "gzip bomb", "chunked without end"],
)
def test_a_body_without_measure_is_cut_off(wire: Wire, data: bytes) -> None:
    with raw_server(answering(data)) as server, pytest.raises(WireError, match="more than 100000 bytes"):
        wire.send(Request("GET", server.url), timeout=5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        reply(200, b"no gzip", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    ],
    ids=["nothing", "half a body", "no HTTP", "TLS", "status abc", "5,000 headers", "long header", "bad chunk",
         "bad gzip", "negative length", "two lengths"],
)  # fmt: skip
def test_what_is_no_whole_answer_is_told_in_a_sentence(wire: Wire, data: bytes) -> None:
    with raw_server(answering(data, close=True)) as server:
        told, body = told_or_body(wire, server.url)
    assert "\n" not in told
    assert len(told) < 300
    assert len(body) <= 100_000


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 204 No Content\r\nTwilio-Request-Id: RQ0123\r\nDate: Fri, 27 Nov 2026 01:23:55 GMT\r\n\r\n",
        reply(200, b"{}", "Content-Type: application/json"),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nDate: today\r\n\r\n",
    ],
    ids=["without a body", "with a body", "after a provisional one"],
)
def test_an_answer_that_is_cut_off_anywhere_is_none(wire: Wire, whole: bytes) -> None:
    for length in range(len(whole)):
        with (
            raw_server(answering(whole[:length], close=True)) as server,
            pytest.raises(WireError, match="broke off") as raised,
        ):
            wire.send(Request("DELETE", server.url), timeout=5)
        assert raised.value.broken
        assert not raised.value.unsent
    with raw_server(answering(whole, close=True)) as server:
        assert wire.send(Request("DELETE", server.url), timeout=5).status in {200, 204}


def told_or_body(wire: Wire, url: str) -> tuple[str, bytes]:
    try:
        return "", wire.send(Request("GET", url), timeout=5).body
    except WireError as error:
        return str(error), b""


def test_a_closed_port_is_told_and_known_to_be_unsent(wire: Wire) -> None:
    with nobody() as url, pytest.raises(WireError, match="refused") as caught:
        wire.send(Request("GET", f"{url}/"), timeout=5)
    assert caught.value.unsent


def test_a_plain_server_asked_for_tls_is_told(wire: Wire) -> None:
    with raw_server(answering(reply(200))) as server, pytest.raises(WireError):
        wire.send(Request("GET", server.url.replace("http", "https")), timeout=2)
