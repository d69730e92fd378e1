"""A loopback proxy that holds every byte back for a while, each way: `python -m bench.delay HOST PORT SECONDS`.

A round trip through it takes twice SECONDS longer. Connecting takes as long as on a line of that length.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    """Passes on what comes, each piece `seconds` after it came, in order."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def send() -> None:
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            sink.write(data)
            await sink.drain()
        with contextlib.suppress(OSError):
            sink.write_eof()

    sending = asyncio.create_task(send())
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            pieces.put_nowait((loop.time() + seconds, data))
    pieces.put_nowait((loop.time() + seconds, b""))
    with contextlib.suppress(OSError):
        await sending


async def _serve(host: str, port: int, seconds: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * seconds)
        try:
            there, back = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, back, seconds), _pump(there, writer, seconds))
        for end in (writer, back):
            end.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    print(f"http://{address[0]}:{address[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
