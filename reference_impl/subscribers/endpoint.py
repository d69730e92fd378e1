"""A connection's edge: it joins a session to a WebSocket and to the time, and keeps what a slow client has not read."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from reference_impl.clock import Clock
from reference_impl.subscribers.session import Session, Way

PATH = "/v3/wsconnect"
EXTENSION = "reference_impl.socket"  # where a server puts its Fast into the scope
QUEUE = 1000  # messages that wait for a slow subscriber; further ones are lost
_REPLIES = 100  # frames that may wait before nothing more is read
_GOODBYE = 3.0  # seconds that a closed connection has to read what is left


class Fast(Protocol):
    """What `protocol.FastSocket` offers; without it all goes the way that every ASGI server has."""

    def listen(self, listener: Callable[[bytes], None]) -> None: ...

    def write(self, frame: bytes) -> bool: ...

    def hold(self, *, reading: bool) -> None: ...

    def abort(self) -> None: ...


class Connection(Way):
    """The way out of one session. `lost` counts the messages that found its queue full."""

    def __init__(self, clock: Clock, send: Send, fast: Fast | None, limit: int = QUEUE) -> None:
        self.lost = 0
        self._clock = clock
        self._send = send
        self._fast = fast
        self._limit = limit
        self._queue: deque[tuple[bytes, bool]] = deque()
        self._messages = 0  # in the queue
        self._closing = False
        self._drain: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._given_up = False
        self._deadline: asyncio.TimerHandle | None = None

    async def serve(self, session: Session, receive: Receive) -> None:
        """From the accepted handshake to the end."""
        self._task = asyncio.current_task()
        if self._fast is not None:
            self._fast.listen(lambda data: session.receive(data, self._clock.now()))
        try:
            while (event := await receive())["type"] != "websocket.disconnect":
                data = event.get("bytes")
                if data is None:
                    session.refuse("Texts are not understood, only binary messages")
                else:
                    session.receive(data, self._clock.now())
                if len(self._queue) > _REPLIES and self._drain is not None:
                    await asyncio.wait({self._drain})
        except asyncio.CancelledError:
            if not self._given_up:
                raise
        finally:
            self._stop(session)

    def send(self, frame: bytes, *, droppable: bool) -> None:
        if not self._queue and self._drain is None and self._fast is not None and self._fast.write(frame):
            return
        if droppable and self._messages >= self._limit:
            self.lost += 1
            return
        self._queue.append((frame, droppable))
        self._messages += droppable
        if len(self._queue) > _REPLIES and self._fast is not None:
            self._fast.hold(reading=False)
        self._start()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._deadline = asyncio.get_running_loop().call_later(_GOODBYE, self._give_up)
            self._start()

    def _start(self) -> None:
        if self._drain is None:
            self._drain = asyncio.get_running_loop().create_task(self._empty())

    async def _empty(self) -> None:
        """Send what waits, and at the end the goodbye."""
        try:
            while self._queue:
                frame, droppable = self._queue.popleft()
                self._messages -= droppable
                await self._send({"type": "websocket.send", "bytes": frame})
            if self._closing:
                await self._send({"type": "websocket.close", "code": 1000})
        except OSError:
            self._queue.clear()  # the client is gone
            self._messages = 0
        finally:
            self._drain = None
        if self._fast is not None and not self._closing:
            self._fast.hold(reading=True)

    def _give_up(self) -> None:
        """The client does not read what it is told at the end."""
        self._given_up = True
        if self._fast is not None:
            self._fast.abort()
        if self._task is not None:
            self._task.cancel()

    def _stop(self, session: Session) -> None:
        session.leave()
        if self._deadline is not None:
            self._deadline.cancel()
        if self._drain is not None:
            self._drain.cancel()
        self._queue.clear()


async def refuse(send: Send) -> None:
    """Before the handshake: HTTP status 403."""
    await send({"type": "websocket.close", "code": 1008})


async def accept(scope: Scope, receive: Receive, send: Send) -> Any:
    """Take the handshake; the fast way if the server has one."""
    await receive()
    await send({"type": "websocket.accept"})
    return (scope.get("extensions") or {}).get(EXTENSION)
