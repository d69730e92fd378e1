"""Many subscribers in one process: raw sockets, so that the figures are the server's and not the client's.

Each does what an SDK does: handshake, init, subscribe, and a confirmation of every notification. Runs as a program:
orders as JSON on standard input, one line of JSON when all are subscribed and one when standard input is closed.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

HANDSHAKE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_NO_MASK = b"\0\0\0\0"  # a mask of zeros changes nothing and costs nothing


def packet(header: dict[str, Any], payload: Any = None) -> bytes:
    """A frame of the SDK's transport."""
    body = b"" if payload is None else json.dumps(payload).encode()
    text = json.dumps({**header, "payload_size": len(body)}, separators=(",", ":")).encode()
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(text), text, body)


def message(data: bytes, opcode: int = 0x82) -> bytes:
    """A WebSocket message of a client."""
    size = len(data)
    if size > 0xFFFF:
        length = b"\xff" + size.to_bytes(8)
    else:
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([opcode]) + length + _NO_MASK + data


def frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the payloads of whole server frames begin and end."""
    start, there = 0, len(data)
    while start + 2 <= there:
        size, begin = data[start + 1], start + 2
        if size == 126:
            size, begin = int.from_bytes(data[begin : begin + 2]), begin + 2
        elif size == 127:
            size, begin = int.from_bytes(data[begin : begin + 8]), begin + 8
        if begin + size > there:
            return
        yield begin, begin + size
        start = begin + size


_CONFIRM = packet({"method": "reply", "id": "TM" + "0" * 32, "status": {"code": 200, "status": "OK"}})
_BEFORE, _, _AFTER = message(_CONFIRM).partition(b"TM" + b"0" * 32)
_ID = b'"id":"'
_TIME = b'"t":'


class Member:
    """One subscriber."""

    def __init__(self, address: tuple[str, int], token: str, stream_sid: str) -> None:
        self.socket = socket.create_connection(address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(HANDSHAKE)
        self.rest = b""
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        assert b" 101 " in answer.split(b"\r\n", 1)[0], answer
        self.socket.sendall(message(packet({"method": "init", "id": "TMinit", "token": token})))
        self.receive(b'"status":{"code":200')
        wanted = {"object_sid": stream_sid, "object_type": "stream", "last_event_id": None}
        body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": [wanted]}
        request = {"host": "x", "path": "/v4/Subscriptions", "method": "POST"}
        header = {"method": "message", "id": "TMsub", "payload_type": "application/json", "http_request": request}
        self.socket.sendall(message(packet(header, body)))
        self.receive(b"subscription_established")
        self.rest = b""
        self.socket.setblocking(False)

    def receive(self, words: bytes) -> None:
        data = b""
        while words not in data:
            more = self.socket.recv(65536)
            assert more, data
            data += more

    def take(self, latencies: list[float]) -> None:
        """Read what is there and confirm it."""
        try:
            data = self.rest + self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        now, end, confirmations = time.monotonic(), 0, b""
        for begin, end in frames(data):  # the last end is where the rest begins
            at = data.find(_ID, begin, begin + 200) + len(_ID)
            confirmations += _BEFORE + data[at : at + 34] + _AFTER
            at = data.rfind(_TIME, begin, end)
            if at > 0:
                latencies.append(now - float(data[at + 4 : data.index(b"}", at)]))
        self.rest = data[end:]
        if confirmations:
            with suppress(BlockingIOError):
                self.socket.send(confirmations)


def main() -> None:
    orders = json.loads(sys.stdin.readline())
    poll = selectors.DefaultSelector()
    latencies: list[float] = []
    members = []
    for stream_sid in orders["streams"]:
        for _ in range(orders["each"]):
            member = Member(tuple(orders["address"]), orders["token"], stream_sid)
            members.append(member)
            poll.register(member.socket, selectors.EVENT_READ, member.take)
            for key, _events in poll.select(0):
                key.data(latencies)
    poll.register(sys.stdin, selectors.EVENT_READ, None)
    print(json.dumps({"subscribed": len(members)}), flush=True)
    going = True
    while going:
        for key, _events in poll.select():
            if key.data is None:
                going = bool(os.read(0, 100))
            else:
                key.data(latencies)
    latencies.sort()
    spent = os.times()
    found = {
        "received": len(latencies),
        "p50": latencies[len(latencies) // 2] if latencies else None,
        "p99": latencies[len(latencies) * 99 // 100] if latencies else None,
        "max": latencies[-1] if latencies else None,
        "cpu": spent.user + spent.system,
    }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
