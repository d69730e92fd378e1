"""One subscriber: a WebSocket with a thread that reads it, confirms what comes, and keeps it."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from conformance.subscribers.frames import Message, NotAFrame, pack, unpack

LONGEST = 1 << 20  # bytes of a message
MOST = 10_000  # messages that are kept
EVENT = "twilio.sync.event"


class NoConnection(Exception):
    """The target did not let a subscriber in, or the connection ended; the message says what came."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a subscriber was told: `body` is one of a notification's events."""

    type: str
    body: dict[str, Any]
    correlation_id: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request through the connection: the API's status, and the body."""

    status: object
    body: Any


class Subscriber:
    """Use as a context manager. Raises NoConnection where a step fails; `events` may be read at any time."""

    def __init__(self, url: str, *, timeout: float) -> None:
        from wsproto import ConnectionType, WSConnection  # noqa: PLC0415 - an extra

        parts = urlsplit(url)
        self._timeout = timeout
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._replies: dict[str, Message] = {}
        self._ended = ""
        self.events: list[Event] = []
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._writing = threading.Lock()
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        try:
            plain = socket.create_connection((parts.hostname or "", port), timeout=timeout)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = (
                ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) if secure else plain
            )
            self._shake_hands(parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        except OSError as error:
            raise NoConnection(f"the connection failed: {error}") from None
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, name="subscriber", daemon=True)
        self._reader.start()

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(self._timeout)
        self._socket.close()

    # ------------------------------------------------------------ what a subscriber does

    def init(self, token: str) -> Message:
        """Logs in; the reply, whatever its status."""
        capabilities = {"capabilities": ["client_update"], "token": token}
        return self._call("init", capabilities)

    def request(self, method: str, path: str, body: Any = None) -> Reply:
        """A request to the API, through the connection."""
        wanted = {"host": "localhost", "path": path, "method": method, "params": {}, "headers": {}}
        reply = self._call("message", {"active_grant": "data_sync", "http_request": wanted}, body)
        status = reply.header.get("http_status")
        return Reply(status.get("code") if isinstance(status, dict) else status, reply.payload)

    def subscribe(self, stream_sid: str, correlation_id: int) -> Reply:
        """Asks for a stream's events; what comes of it is an event."""
        wanted = {"object_sid": stream_sid, "object_type": "stream", "last_event_id": None}
        body = {"event_protocol_version": 4, "action": "establish", "correlation_id": correlation_id}
        return self.request("POST", "/v4/Subscriptions", {**body, "requests": [wanted]})

    # ------------------------------------------------------------ the wire

    def _call(self, method: str, header: dict[str, Any], payload: Any = None) -> Message:
        message_id = f"TM{next(self._numbers):032x}"
        self._send(Message({"method": method, "id": message_id, **header}, payload))
        if not self._wait(lambda: message_id in self._replies or bool(self._ended)):
            raise NoConnection(f"no reply to {method} came within {self._timeout:g} s")
        if message_id not in self._replies:
            raise NoConnection(f"instead of a reply to {method} {self._ended}")
        return self._replies.pop(message_id)

    def _wait(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, self._timeout)

    def _send(self, message: Message) -> None:
        from wsproto.events import BytesMessage  # noqa: PLC0415

        self._write(BytesMessage(pack(message)))

    def _write(self, event: Any) -> None:
        from wsproto.utilities import LocalProtocolError  # noqa: PLC0415

        try:
            with self._writing:
                self._socket.sendall(self._protocol.send(event))
        except (OSError, LocalProtocolError):
            raise NoConnection(self._ended or "the connection was closed") from None

    def _shake_hands(self, host: str, path: str) -> None:
        from wsproto.events import AcceptConnection, RejectConnection, Request  # noqa: PLC0415
        from wsproto.utilities import RemoteProtocolError  # noqa: PLC0415

        self._socket.sendall(self._protocol.send(Request(host, path)))
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            data = self._socket.recv(4096)
            if not data:
                break
            try:
                self._protocol.receive_data(data)
                event = next(iter(self._protocol.events()), None)
            except RemoteProtocolError as error:
                raise NoConnection(f"the WebSocket was not accepted: {error}") from None
            if isinstance(event, AcceptConnection):
                return
            if isinstance(event, RejectConnection):
                raise NoConnection(f"the WebSocket was refused with status {event.status_code}")
        raise NoConnection("the WebSocket was not accepted")

    def _read(self) -> None:
        ended = "the connection was closed"
        try:
            ended = self._take_all()
        except OSError:
            pass  # it was closed
        except NoConnection as error:
            ended = str(error)
        except NotAFrame as error:
            ended = f"something came that is no message: {error}"
        with self._changed:
            self._ended = ended
            self._changed.notify_all()

    def _take_all(self) -> str:
        """Reads until the end; says how it came. Raises OSError, NoConnection, NotAFrame."""
        from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage  # noqa: PLC0415

        parts = bytearray()
        while data := self._socket.recv(65536):
            with self._writing:
                self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, BytesMessage):
                    parts += event.data
                    if len(parts) > LONGEST:
                        return f"a message of more than {LONGEST} bytes came"
                    if event.message_finished:
                        self._take(unpack(bytes(parts)))
                        parts.clear()
                elif isinstance(event, TextMessage):
                    return "a text came, which the SDK does not understand"
                elif isinstance(event, Ping):
                    self._write(event.response())
                elif isinstance(event, CloseConnection):
                    return f"the WebSocket was closed with code {event.code}"
        return "the connection was closed"

    def _take(self, message: Message) -> None:
        if message.method == "close":
            raise NoConnection(f"the target closed with {message.header.get('status')!r}")
        if message.method != "reply":
            self._send(
                Message({"method": "reply", "id": message.header.get("id"), "status": {"code": 200, "status": "OK"}})
            )
        with self._changed:
            if message.method == "reply":
                self._replies[str(message.header.get("id"))] = message
            elif message.method == "notification" and message.header.get("message_type") == EVENT:
                self.events.extend(_events(message.payload)[: MOST - len(self.events)])
            self._changed.notify_all()


def _events(payload: Any) -> list[Event]:
    """The events of a notification; what has another form is none, as for the SDK."""
    if not isinstance(payload, dict) or not isinstance(payload.get("event_type"), str):
        return []
    bodies = payload.get("events")
    correlation = payload.get("correlation_id")
    found = bodies if isinstance(bodies, list) else []
    return [Event(payload["event_type"], body, correlation) for body in found if isinstance(body, dict)]
