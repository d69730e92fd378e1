"""A WebSocket client that can do everything wrong, and one that speaks as the SDK does, over plain sockets."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from base64 import b64encode
from collections import deque
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

from reference_impl.pytest_plugin import SyncReference

from .crowd import frames, message, packet

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


class Closed(Exception):
    """The server has closed the connection."""


class RawSocket:
    """A WebSocket up to and including the handshake; afterwards bytes. `status` is that of the handshake."""

    def __init__(
        self,
        server: SyncReference,
        path: str = "/v3/wsconnect",
        host: str = "",
        origin: str | None = None,
        eager: bytes = b"",
    ) -> None:
        where, _, port = server.url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((where, int(port)), timeout=20)
        more = "" if origin is None else f"Origin: {origin}\r\n"
        request = HANDSHAKE.format(path=path, host=host or f"{where}:{port}", more=more)
        self.socket.sendall(request.encode() + eager)
        answer = b""
        while b"\r\n\r\n" not in answer:
            more_bytes = self.socket.recv(1)
            assert more_bytes, answer
            answer += more_bytes
        self.status = int(answer.split()[1])
        self.rest = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, timeout: float = 15.0) -> tuple[int, bytes]:
        """The next WebSocket frame's opcode and payload. Raises Closed, TimeoutError."""
        self.socket.settimeout(timeout)
        while True:
            found = next(frames(self.rest), None)
            if found is not None:
                begin, end = found
                opcode, payload = self.rest[0] & 0x0F, self.rest[begin:end]
                self.rest = self.rest[end:]
                return opcode, payload
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                raise Closed
            self.rest += more

    def until_closed(self) -> list[tuple[int, bytes]]:
        """All that the server still says."""
        said = []
        try:
            while True:
                said.append(self.receive())
                if said[-1][0] == 8:
                    return said
        except Closed:
            return said

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()


def parse(data: bytes) -> tuple[dict[str, Any], Any]:
    """Header and payload of a frame of the SDK's transport."""
    magic, _, rest = data.partition(b"\r\n")
    size = int(magic.removeprefix(b"TWILSOCK V3.0 "))
    header, body = json.loads(rest[:size]), rest[size + 2 :]
    assert len(body) == (header["payload_size"] + 2 if header["payload_size"] else 0)
    return header, json.loads(body) if body else None


class SdkPeer(RawSocket):
    """A client as the SDK is one, that keeps everything it is told."""

    def __init__(self, server: SyncReference, token: str, **more: Any) -> None:
        super().__init__(server, **more)
        self.told: deque[tuple[dict[str, Any], Any]] = deque()
        self.number = 0
        self.opened = self.call("init", {"token": token})[0]

    def next(self, timeout: float = 15.0) -> tuple[dict[str, Any], Any]:
        opcode, payload = self.receive(timeout)
        if opcode == 8:
            raise Closed(payload)
        header, body = parse(payload)
        if header["method"] != "reply":
            self.post({"method": "reply", "id": header["id"], "status": {"code": 200, "status": "OK"}})
        return header, body

    def post(self, header: dict[str, Any], body: Any = None) -> None:
        self.send(message(packet(header, body)))

    def call(self, method: str, header: dict[str, Any], body: Any = None) -> tuple[dict[str, Any], Any]:
        """Send, and have the reply."""
        self.number += 1
        frame_id = f"TM{self.number}-{os.getpid()}"
        self.post({"method": method, "id": frame_id, **header}, body)
        while True:
            header, answer = self.next()
            if header["method"] == "reply" and header["id"] == frame_id:
                return header, answer
            self.told.append((header, answer))

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        http_request = {"host": "h", "path": path, "method": method, "params": {}, "headers": {}}
        header, answer = self.call("message", {"http_request": http_request, "active_grant": "data_sync"}, body)
        assert header["status"]["code"] == 200
        return header["http_status"]["code"], answer

    def subscribe(self, *sids: str, action: str = "establish", version: int = 4) -> tuple[int, Any]:
        """Change subscriptions and, when that is accepted, wait for what became of them."""
        wanted = [{"object_sid": sid, "object_type": "stream", "last_event_id": None} for sid in sids]
        body = {"event_protocol_version": version, "action": action, "correlation_id": 7, "requests": wanted}
        answer = self.request("POST", "/v4/Subscriptions", body)
        if answer[0] == 202:
            wait = {"establish": "subscription_established", "cancel": "subscription_canceled"}[action]
            self.event(wait)
        return answer

    def notification(self, event_type: str, timeout: float = 15.0) -> Any:
        """The next notification of a type; others are dropped."""
        deadline = time.monotonic() + timeout
        while True:
            header, body = self.told.popleft() if self.told else self.next(max(0.01, deadline - time.monotonic()))
            if header["method"] == "notification" and body["event_type"] == event_type:
                return body

    def event(self, event_type: str, timeout: float = 15.0) -> Any:
        """The only event of the next notification of a type."""
        (event,) = self.notification(event_type, timeout)["events"]
        return event

    def quiet(self, seconds: float = 0.2) -> bool:
        """Nothing but pings comes for that long."""
        try:
            while True:
                header, _ = self.told.popleft() if self.told else self.next(seconds)
                if header["method"] != "ping":
                    return False
        except TimeoutError:
            return True


def rest(server: SyncReference, method: str, path: str, **form: str) -> Any:
    """A REST request; the answer's JSON, with its status in place of none."""
    login = b64encode(f"{server.account_sid}:{server.auth_token}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=20)) as connection:
        connection.request(method, f"/v1/Services/default/Streams{path}", urlencode(form), headers)
        response = connection.getresponse()
        text = response.read()
        return json.loads(text) if text else {"status": response.status}


def publish(server: SyncReference, stream: str, data: Any) -> Any:
    return rest(server, "POST", f"/{quote(stream, safe='')}/Messages", Data=json.dumps(data))
