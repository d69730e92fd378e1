"""Replaying over plain HTTP to clients that can be given a base URL, without mitmproxy."""

from __future__ import annotations

import contextlib
import gc
import socket
from collections.abc import Callable, Generator, Iterable
from typing import Any

import uvicorn

from conformance.exchange import Headers, Request, Response
from proxy.engine import Engine, Settings, Summary
from proxy.errors import StartError
from proxy.misses import Miss, too_large
from proxy.player import Answer
from proxy.strangers import PatientProtocol, raise_open_files
from proxy.wire import MOST_BODY, TooLarge, decode, outgoing

Scope = dict[str, Any]
Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


class ReplayApp:
    """The ASGI application around one player."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise StartError("the replay server speaks HTTP only.")
        try:
            body = await _body(receive)
            if body is None:
                return  # the client has left before it had asked
            asked = _request(scope, body)
        except TooLarge:
            await _send(send, too_large(), Request(scope["method"], "/"))
            return
        found = self._engine.ask(asked)
        if isinstance(found, Answer):
            if found.response is None and self._engine.settings.timing_headers:
                await _send(send, found.told(), asked)
                self._engine.delivered(found)
                return
            if found.response is None:
                # A recorded transport error: the connection ends in the middle of an answer.
                self._engine.delivered(found)
                await send({"type": "http.response.start", "status": 502, "headers": [(b"content-length", b"1")]})
                return
            try:
                await _send(send, found.response, asked)
            except BaseException:
                self._engine.put_back(found)
                raise
            self._engine.delivered(found)
        else:
            miss = found or Miss("unreadable", "this server only replays.")
            await _send(send, miss.response(), asked)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the client has left. Raises TooLarge."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise TooLarge
        more = message.get("more_body", False)
    return bytes(body)


def _request(scope: Scope, body: bytes) -> Request:
    headers = Headers(_latin(scope["headers"]))
    host = headers.get("host") or "{}:{}".format(*(scope["server"] or ("127.0.0.1", 80)))
    path = "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in scope["raw_path"])
    query = scope["query_string"].decode("latin-1")
    coding = (headers.get("content-encoding") or "").strip().lower()
    if coding:
        decoded = decode(body, coding)
        body = body if decoded is None else decoded
    return Request(scope["method"], f"http://{host}{path}{'?' + query if query else ''}", headers, body)


def _latin(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


async def _send(send: Send, response: Response, asked: Request) -> None:
    sent = outgoing(response, asked)
    headers = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent.headers.items
    ]
    await send({"type": "http.response.start", "status": sent.status, "headers": headers})
    await send({"type": "http.response.body", "body": sent.body})


class DirectServer:
    """One replay server. `run` serves until `stop`."""

    def __init__(
        self, settings: Settings, *, host: str = "127.0.0.1", port: int = 0, tell: Callable[[str], None] = print
    ) -> None:
        if settings.mode != "replay":
            raise StartError("the direct server only replays; leave --direct out to record.")
        self.engine = Engine(settings, tell)
        self._host, self._port = host, port
        self._server: uvicorn.Server | None = None

    async def run(self, ready: Callable[[str], None]) -> Summary:
        """Serves; raises ProxyError when the cassette can't be used or the port is taken."""
        self.engine.start()
        raise_open_files()
        gc.freeze()  # the cassette stays: the collector need not look through it again and again
        try:
            listener = _listen(self._host, self._port)
        except OSError as error:
            raise StartError(
                f"the replay server can't listen on {self._host}:{self._port}: {error.strerror or error}."
            ) from None
        config = uvicorn.Config(
            ReplayApp(self.engine),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            http=PatientProtocol,
            server_header=False,
            date_header=False,
            ws="none",
            timeout_graceful_shutdown=3,
        )
        self._server = _Server(config)
        address = listener.getsockname()
        ready(f"http://{address[0]}:{address[1]}")
        await self._server.serve(sockets=[listener])
        return self.engine.finish()

    def stop(self) -> None:
        """Ends `run`, from a signal handler or another thread too."""
        if self._server is not None:
            self._server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket that is TCP by name: asyncio turns Nagle's algorithm off for those only, and with it on every
    answer waits 40 ms for an acknowledgement."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to the command line."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
