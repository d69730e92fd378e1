"""The server as an ASGI application, and the settings it runs with under uvicorn."""

import json
import logging
import re
from collections.abc import Callable

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.responses import Response as AsgiResponse
from starlette.types import Receive, Scope, Send

from reference_impl.api import Api
from reference_impl.clock import Clock, SystemClock
from reference_impl.config import Config
from reference_impl.errors import ServerError
from reference_impl.limiter import Limiter
from reference_impl.paging import Pager
from reference_impl.patience import PatientProtocol
from reference_impl.store import Store
from reference_impl.web import Request, Response, parse_count

_log = logging.getLogger(__name__)
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode  # ours never are, and it takes time
_AUTHORITY = re.compile(r"[A-Za-z0-9._~-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class App:
    """Reads a request, hands it to the Api, sends what comes back. Once a request is complete nothing is awaited
    until its response is known, so requests never see each other half done."""

    def __init__(self, api: Api, clock: Clock, max_body: int) -> None:
        self.api = api
        self.clock = clock
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                request = await self.read_request(scope, receive)
            except ClientDisconnect:
                return
            await self.respond(self.handle(request), scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await _lifespan(receive, send)

    async def read_request(self, scope: Scope, receive: Receive) -> Request:
        """The whole request, its body up to the limit. Raises ClientDisconnect."""
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        body: bytes | None = b""
        if scope["method"] == "POST":
            body = await self.read_body(headers, receive)
        path = scope["raw_path"].decode("latin-1")
        if not path.startswith("/"):
            path = _ABSOLUTE.sub("", path, count=1)  # a proxy's request line carries the whole URL
        origin = self.origin(scope, headers)
        return Request(scope["method"], path, scope["query_string"], headers, body, origin, self.clock.now())

    async def read_body(self, headers: dict[str, str], receive: Receive) -> bytes | None:
        """None as soon as it is known to be too large. Raises ClientDisconnect."""
        if (parse_count(headers.get("content-length", "")) or 0) > self.max_body:
            return None
        chunks, size, more = [], 0, True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise ClientDisconnect
            chunks.append(event.get("body", b""))
            size += len(chunks[-1])
            if size > self.max_body:
                return None
            more = event.get("more_body", False)
        return b"".join(chunks)

    def origin(self, scope: Scope, headers: dict[str, str]) -> str:
        """Scheme and authority as the client addressed us, so that links lead back here; forwarding headers are
        ignored."""
        authority = headers.get("host", "")
        if not _AUTHORITY.fullmatch(authority):
            host, port = scope.get("server") or ("localhost", 80)
            authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"{scope['scheme']}://{authority}"

    def handle(self, request: Request) -> Response:
        """The Api's answer; a fault of our own is logged and becomes a 500 that clients can read."""
        try:
            return self.api.handle(request)
        except Exception:  # noqa: BLE001  (whatever it is, it is logged whole)
            _log.exception("%s %s failed", request.method, request.path)
            return self.api.finish(request, self.api.error(ServerError()))

    def encode(self, response: Response) -> bytes:
        return _encode(response.body).encode()

    async def respond(self, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        body, media_type = (None, None) if response.body is None else (self.encode(response), "application/json")
        await AsgiResponse(body, response.status, response.headers, media_type)(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return


def create_app(
    config: Config | None = None,
    clock: Clock | None = None,
    *,
    api: Callable[[Config, Store, Limiter, Pager], Api] = Api,
    store: Callable[[], Store] = Store,
    limiter: Callable[[], Limiter] = Limiter,
    pager: Callable[[], Pager] = Pager,
    app: Callable[[Api, Clock, int], App] = App,
) -> App:
    """A server with nothing in it yet. The parts can be given as classes or functions that make them."""
    config = config or Config()
    return app(api(config, store(), limiter(), pager()), clock or SystemClock(), config.max_body)


def server_config(app: App, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    """How to run the app: it sets Date itself, forwarding headers must not change its links, and clients that leave
    their connections half open are hung up on."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        http=PatientProtocol,
        ws="none",
        timeout_graceful_shutdown=3,
    )
