"""A server that answers every request with the same bytes, as fast as asyncio can: `python -m bench.plain`.

It is what the load generator is measured against, and the upstream that recordings are made of.
"""

from __future__ import annotations

import asyncio
import re

from bench.traffic import answer_bytes

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class _Plain(asyncio.Protocol):
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head)
        if len(self._buffer) >= head + 4 + (int(length[1]) if length else 0):
            self._buffer = b""
            self._transport.write(self._answer)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Plain(answer_bytes()), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
