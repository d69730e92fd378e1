"""sync.twilio.com as a client meets it: TLS under that name, and bad weather between it and the reference server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from live.weather import Fate, Weather

HOST = "sync.twilio.com"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
THROTTLED = {"code": 20429, "message": "Too many requests", "more_info": "https://www.twilio.com/docs/errors/20429"}
UNAVAILABLE = {"code": 20503, "message": "Service unavailable", "more_info": "https://www.twilio.com/docs/errors/20503"}


def answer(status: int, body: dict[str, object], *headers: str) -> bytes:
    text = json.dumps({**body, "status": status}).encode()
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(text)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + text


async def read_message(reader: asyncio.StreamReader, *, bodiless: bool = False) -> bytes:
    """A request or an answer with its body; empty when the other side has left."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        return head + (await reader.readexactly(int(length[1])) if length and not bodiless else b"")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Front:
    """A TLS server that passes requests on to `upstream`, and a proxy that leads to it. Both on loopback.

    `requests` counts what it was sent, whatever became of that, `connected` who is connected to either of the two;
    `strangers` are the hosts that the proxy was asked for beside its own.
    """

    def __init__(self, upstream: str, weather: Weather, certificate: Path) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self._weather = weather
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._port = 0
        self.proxy = ""
        self.requests = 0
        self.connected = 0
        self.strangers: list[bytes] = []

    async def serve(self) -> list[asyncio.Server]:
        front = await asyncio.start_server(self._counting(self._client), "127.0.0.1", 0, ssl=self._tls, limit=1 << 22)
        self._port = front.sockets[0].getsockname()[1]
        proxy = await asyncio.start_server(self._counting(self._tunnel), "127.0.0.1", 0)
        self.proxy = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        return [front, proxy]

    def _counting(self, serve: Serve) -> Serve:
        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connected += 1
            try:
                await serve(reader, writer)
            finally:
                self.connected -= 1

        return counted

    # ------------------------------------------------------------ the proxy

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read_message(reader, bodiless=True)
        if not asked.startswith(f"CONNECT {HOST}:443 ".encode()):
            if asked:
                self.strangers.append(asked)
                writer.write(answer(403, {"message": "not in this world"}))
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    # ------------------------------------------------------------ the service

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = Upstream(*self._upstream)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while request := await read_message(reader):
                self.requests += 1
                spell = self._weather.next()
                await asyncio.sleep(spell.there)
                given = await _answer(spell.fate, upstream, request)
                if spell.fate is not Fate.LOST:
                    await asyncio.sleep(spell.back)
                if spell.fate in {Fate.LOST, Fate.UNTOLD} or not given:
                    reset(writer)
                    break
                writer.write(given[:-10] if spell.fate is Fate.CUT else given)
                await writer.drain()
                if spell.fate is Fate.CUT:
                    break
        writer.close()
        upstream.close()


class Upstream:
    """A connection to the service, opened when needed and again when it was closed meanwhile."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> bytes:
        return await self._ask(request) or await self._ask(request)

    async def _ask(self, request: bytes) -> bytes:
        self._open = self._open or await asyncio.open_connection(*self._address, limit=1 << 22)
        reader, writer = self._open
        writer.write(request)
        given = await read_message(reader, bodiless=request.startswith(b"HEAD"))
        if not given:
            self.close()
        return over_tls(given)

    def close(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None


async def _answer(fate: Fate, upstream: Upstream, request: bytes) -> bytes:
    """What the service, or somebody before it, has to say; empty when the request does not get there."""
    if fate is Fate.LOST:
        return b""
    if fate is Fate.THROTTLED:
        return answer(429, THROTTLED, "Retry-After: 1")
    if fate is Fate.UNAVAILABLE:
        return answer(503, UNAVAILABLE)
    return await upstream.ask(request)


def over_tls(given: bytes) -> bytes:
    """The answer with the links that a service behind TLS gives."""
    head, end, body = given.partition(b"\r\n\r\n")
    changed = body.replace(f"http://{HOST}".encode(), f"https://{HOST}".encode())
    if changed == body:
        return given
    return LENGTH.sub(b"\r\ncontent-length: %d" % len(changed), head) + end + changed


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection with a reset in place of a close."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None:  # the client may have left
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def fronting(upstream: str, weather: Weather, certificate: Path) -> Iterator[Front]:
    """The front, running in a thread for as long as the context lasts."""
    front = Front(upstream, weather, certificate)
    loop = asyncio.new_event_loop()
    servers = loop.run_until_complete(front.serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield front
    finally:

        async def end() -> None:
            for server in servers:
                server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.stop()

        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(20)
        loop.close()
