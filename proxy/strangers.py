"""Clients that open connections and leave them: how many may be open, and for how long without a request."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE = 60.0  # seconds for a request to arrive whole, and for its answer to be taken
LONGEST_HEAD = 64 * 1024  # bytes; the parser itself would take any number


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
    """uvicorn's HTTP/1.1, but it hangs up on a connection on which nothing was finished for PATIENCE seconds, and
    refuses a head, or what follows a body, that has no end."""

    _look: asyncio.TimerHandle | None = None
    _seen: Any = None
    _unfinished = 0  # bytes that are neither a whole head nor body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joined(transport, self.loop))  # type: ignore[arg-type]
        self._look = self.loop.call_later(PATIENCE, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unfinished += len(data)
        super().data_received(data)
        if self._unfinished > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("This request has too long a head.")

    def on_headers_complete(self) -> None:
        self._unfinished = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unfinished = 0
        super().on_message_complete()

    def _look_again(self) -> None:
        if self.cycle is self._seen:  # each request has one of its own
            self.transport.abort()
            return
        self._seen = self.cycle
        self._look = self.loop.call_later(PATIENCE, self._look_again)


def raise_open_files() -> None:
    """As many open files, and so connections, as the system lets this process have without asking anybody."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource  # noqa: PLC0415

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
