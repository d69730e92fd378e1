"""Clients that open connections and leave them: how many may be open, and for how long without a request."""

import asyncio
import contextlib
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE = 30.0  # seconds for a request to arrive whole, and for its answer to be taken
MAX_HEAD = 65_536  # bytes


class Joined:
    """A transport that sends what is written to it in one turn of the loop in one piece.

    uvicorn writes an answer's head and then its body, and a system call costs more than the rest of a small answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self.transport.close()

    def _flush(self) -> None:
        if self._pieces:
            self.transport.write(b"".join(self._pieces))
            self._pieces.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 that hangs up on a connection on which nothing was finished for PATIENCE seconds, and refuses a head
    that does not end. uvicorn itself waits for ever when a request never ends, or never begins, and reads on."""

    patience = PATIENCE
    _look: asyncio.TimerHandle | None = None
    _seen: Any = None
    _head = 0  # bytes that came since the last head, body or request was read to its end

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joined(transport, self.loop))  # type: ignore[arg-type]
        self._look = self.loop.call_later(self.patience, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self.transport = self.transport.transport  # type: ignore[attr-defined]
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = 0
        super().on_message_complete()

    def _look_again(self) -> None:
        """Each request has a cycle of its own: the same one as last time, or none yet, says that nothing was done."""
        if self.transport.get_protocol() is not self:
            return  # it is a WebSocket now
        if self.cycle is self._seen:
            self.transport.abort()
            return
        self._seen = self.cycle
        self._look = self.loop.call_later(self.patience, self._look_again)


def raise_open_files() -> None:
    """As many open files, and so connections, as the system lets this process have without asking anybody."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource  # noqa: PLC0415

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
