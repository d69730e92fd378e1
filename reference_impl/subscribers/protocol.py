"""uvicorn's WebSocket with a short way in and out.

An application of a thousand subscribers sends each message a thousand times and gets a thousand confirmations. Through
the ASGI interface each costs a task switch or two and a walk through general code. Here a frame is written at once
when the connection has room for it, and a whole binary message is handed over as soon as it is there. Everything
else, such as parts of messages, texts, pings and what breaks the protocol, takes uvicorn's way, which stays the
authority on it.
"""

from collections.abc import Callable

from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection

from reference_impl.subscribers.endpoint import EXTENSION

_BINARY = 0x82  # one binary message in one frame
_CLOSING = 8


def server_frame(payload: bytes) -> bytes:
    """A binary WebSocket message from a server."""
    size = len(payload)
    if size < 126:
        return bytes((_BINARY, size)) + payload
    if size < 65536:
        return b"\x82\x7e" + size.to_bytes(2) + payload
    return b"\x82\x7f" + size.to_bytes(8) + payload


def client_frame(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Of the frame that begins at `start`: where its mask begins, where its payload begins and where it ends, which
    may be beyond the data; None when even that is not there yet. A frame without a mask has its mask and payload
    begin at the same place."""
    if len(data) < start + 2:
        return None
    size, mask = data[start + 1] & 0x7F, start + 2
    if size >= 126:
        width = 2 if size == 126 else 8
        if len(data) < mask + width:
            return None
        size, mask = int.from_bytes(data[mask : mask + width]), mask + width
    payload = mask + 4 if data[start + 1] & 0x80 else mask
    return mask, payload, payload + size


def unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)


class FastSocket(WSProtocol):
    """The application finds this object in its scope's extensions."""

    _listener: Callable[[bytes], None] | None = None
    _begun = False  # the handshake is there
    _strange = False  # all that comes goes to uvicorn
    _in_parts = False  # within a message of more than one frame
    _pending = b""

    async def run_asgi(self) -> None:
        self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]
        await super().run_asgi()

    def listen(self, listener: Callable[[bytes], None]) -> None:
        """Have whole binary messages from now on."""
        self._listener = listener

    def write(self, frame: bytes) -> bool:
        """Send a binary message if there is room for it at once."""
        if self.close_sent or self.transport.is_closing() or not self.writable.is_set():
            return False
        self.transport.write(server_frame(frame))
        return True

    def hold(self, *, reading: bool) -> None:
        """Read on, or don't for the time being."""
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def abort(self) -> None:
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._listener is None or self._strange:
            super().data_received(data)
            # What comes before the application listens may end within a frame.
            self._strange = self._begun or self._strange
            self._begun = self._begun or hasattr(self, "scope")
            if self._begun and not self._strange:
                self._strange = not data.endswith(b"\r\n\r\n")
            return
        data = self._pending + data if self._pending else data
        self._pending = b""
        start = 0
        while (frame := client_frame(data, start)) is not None:
            mask, payload, end = frame
            if end - payload > self.config.ws_max_size or mask == payload:
                self._strange = True
                break
            if end > len(data):
                break
            self._take(data, start, mask, payload, end)
            start = end
        if self._strange:
            super().data_received(data[start:])
        else:
            self._pending = data[start:]

    def handle_close(self, event: CloseConnection) -> None:
        """Also what wsproto says when the client has broken the protocol: the client is told why, which uvicorn
        leaves out."""
        if self.conn.state is ConnectionState.OPEN and not self.close_sent and not self.transport.is_closing():
            self.transport.write(self.conn.send(CloseConnection(event.code, event.reason)))
        super().handle_close(event)

    def _take(self, data: bytes, start: int, mask: int, payload: int, end: int) -> None:
        """One whole frame."""
        first = data[start]
        if self.close_sent and first & 0x0F != _CLOSING:
            return
        if first == _BINARY and not self._in_parts and self.queue.empty() and self._listener is not None:
            self._listener(unmask(data[payload:end], data[mask:payload]))
            return
        if first & 0x0F < _CLOSING:
            self._in_parts = first < 0x80
        super().data_received(data[start:end])
