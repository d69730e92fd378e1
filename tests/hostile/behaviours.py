"""What a hostile server does with a request. Each is a handler of `suite.raw_server`."""

from __future__ import annotations

import json
import os
import socket
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache

from suite.raw_server import reply

Handler = Callable[[socket.socket, bytes], None]
JSON = "Content-Type: application/json"
GIGABYTE = 1 << 30


def never(connection: socket.socket, request: bytes) -> None:
    """Takes the request and says nothing, until the client leaves."""
    while connection.recv(65536):
        pass


def trickle(connection: socket.socket, request: bytes) -> None:
    """A right head, then a byte a second."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(1)


def trickle_head(connection: socket.socket, request: bytes) -> None:
    """A head that comes a byte a second."""
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: very\r\n" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(1)


def close_in_head(connection: socket.socket, request: bytes) -> None:
    """Early enough to be taken for the whole head of an answer without a body."""
    connection.sendall(b"HTTP/1.1 204 No Content\r\nDate: Fri, 27 Nov")
    connection.shutdown(socket.SHUT_RDWR)


def close_in_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
    connection.shutdown(socket.SHUT_RDWR)


def reset_in_body(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
    time.sleep(0.01)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def endless(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
    while True:
        connection.sendall(chunk)


def endless_chunk_line(connection: socket.socket, request: bytes) -> None:
    """The length of the first chunk has no end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"0" * 65536)


def endless_continue(connection: socket.socket, request: bytes) -> None:
    """A provisional answer after the other."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@cache
def zeros(size: int) -> bytes:
    """A gzip stream of that many zeros, without its checksum: whoever gets there has lost already."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + block * (size >> 24)


def bomb(connection: socket.socket, request: bytes) -> None:
    """Two gigabytes in two megabytes."""
    connection.sendall(reply(200, zeros(2 * GIGABYTE), JSON, "Content-Encoding: gzip"))


def bomb_in_bomb(connection: socket.socket, request: bytes) -> None:
    """The same packed twice: two gigabytes in some kilobytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    twice = packer.compress(zeros(2 * GIGABYTE)) + packer.flush()
    connection.sendall(reply(200, twice, JSON, "Content-Encoding: gzip, gzip"))


def brotli(connection: socket.socket, request: bytes) -> None:
    """A coding that nobody asked for."""
    connection.sendall(reply(200, b"\x1b\xff\xff\xff" * 100, JSON, "Content-Encoding: br"))


def answering(body: bytes, *headers: str, status: int = 200) -> Handler:
    answer = reply(status, body, *(headers or (JSON,)))

    def handler(connection: socket.socket, request: bytes) -> None:
        connection.sendall(answer)

    return handler


PAGE = b'{"streams": [%s], "meta": {"page": 0, "page_size": 50, "key": "streams", "next_page_url": null, '
PAGE += b'"previous_page_url": null, "first_page_url": "x", "url": "x"%s}}'
brackets = answering(b"[" * 200_000 + b"]" * 200_000)
braces = answering(b'{"a":' * 200_000 + b"1" + b"}" * 200_000)
deep = answering(b'{"streams": ' + b"[" * 900 + b"]" * 900 + b"}")  # Python reads it, and can do nothing with it
not_a_number = answering(PAGE % (b"NaN", b', "n": -Infinity'))
twice = answering(PAGE % (b'{"sid": "TO1", "sid": "TO2"}', b', "page": 1'))
no_utf8 = answering(PAGE % (b'{"sid": "\xff\xfe\xc0\xaf"}', b""))
surrogates = answering(PAGE % (rb'{"sid": "TO\ud800", "unique_name": "\udfff", "\ud800": "\ud83d"}', rb', "\udc00": 1'))
long_number = answering(PAGE % (b"9" * 100_000, b', "n": 1e999'))
full = answering(b'{"sid": "TO' + b"0" * 32 + b'", "x": [' + b"[]," * 600_000 + b"[]]}")  # in bounds, but each time


def headers(connection: socket.socket, request: bytes) -> None:
    lines = b"".join(b"X-Header-%d: value\r\n" % number for number in range(100_000))
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")


def long_headers(connection: socket.socket, request: bytes) -> None:
    """A few, each as long as Python reads it."""
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 65_000) for number in range(90))
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\n{}")


def endless_headers(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: and more\r\n" * 1000)


def garbage(connection: socket.socket, request: bytes) -> None:
    connection.sendall(os.urandom(4096) + b"\r\n\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def banner(connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def redirecting(location: str, status: int = 307) -> Handler:
    return answering(b"", f"Location: {location}", status=status)


def redirect_in_circle(connection: socket.socket, request: bytes) -> None:
    path = request.split(b" ", 2)[1].decode("latin-1")
    connection.sendall(reply(308, b"", f"Location: {path}"))


def with_links(answer: bytes, link: str) -> bytes:
    """An answer of the reference server with every link of its pages leading there."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"next_page_url" not in body:
        return answer
    page = json.loads(body)
    page["meta"] |= dict.fromkeys(("next_page_url", "previous_page_url", "first_page_url", "url"), link)
    for stream in page["streams"]:
        stream["url"] = link
        stream["links"] = {"messages": link}
    changed = json.dumps(page).encode()
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*kept, b"content-length: %d" % len(changed)]) + b"\r\n\r\n" + changed
