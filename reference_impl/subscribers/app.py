"""The server with subscribers: the REST server, the socket of the SDKs, and pages of our own below /_reference."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from reference_impl.app import App, create_app, server_config
from reference_impl.clock import Clock
from reference_impl.config import DEFAULT_KEY_SECRET, DEFAULT_KEY_SID, Config
from reference_impl.errors import ConfigError
from reference_impl.limiter import Limiter
from reference_impl.paging import Pager
from reference_impl.store import Store, Stream
from reference_impl.subscribers.api import SubscribersApi
from reference_impl.subscribers.console import Console
from reference_impl.subscribers.endpoint import PATH, QUEUE, Connection, accept, refuse
from reference_impl.subscribers.guard import Guard
from reference_impl.subscribers.hub import Hub, WatchedStore
from reference_impl.subscribers.session import Session
from reference_impl.subscribers.tunnel import Tunnel

_LOOK = 0.1  # seconds between two looks at what has expired
_SWEEP = 500  # streams that one look deletes
_MAX_MESSAGE = 1 << 18  # bytes of a WebSocket message


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set about subscribers: see Hub, Guard and Connection."""

    lossy: float = 0.0
    unordered: bool = False
    seed: int | None = None
    guard: Guard = field(default_factory=Guard)
    queue: int = QUEUE


class SubscribersApp(App):
    """Takes WebSockets and the paths below /_reference; everything else is the REST server's."""

    def __init__(
        self,
        api: SubscribersApi,
        clock: Clock,
        max_body: int,
        *,
        settings: Settings,
        session: Callable[..., Session] = Session,
        tunnel: Callable[[SubscribersApi], Tunnel] = Tunnel,
    ) -> None:
        super().__init__(api, clock, max_body)
        self.settings = settings
        self.tunnel = tunnel(api)
        self.make_session = session
        self.sessions: dict[Session, Connection] = {}
        self.console = Console(api, self.sessions)
        self._watch: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.connect(scope, receive, send)
        elif scope["type"] == "http" and self.console.takes(scope["path"]):
            await self.show(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket from its handshake to its end."""
        if scope["path"] != PATH or not self.settings.guard.allows(scope):
            await refuse(send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        origin = self.origin({**scope, "scheme": "http"}, headers)
        with suppress(OSError):  # the client may go at any time
            fast = await accept(scope, receive, send)
            connection = Connection(self.clock, send, fast, self.settings.queue)
            session = self.make_session(self.tunnel, connection, origin, self.clock.now())
            self.sessions[session] = connection
            self._look_on()
            try:
                await connection.serve(session, receive)
            finally:
                del self.sessions[session]

    async def show(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request for a page of ours."""
        request = await self.read_request(scope, receive)
        response = self.console.answer(request, allowed=self.settings.guard.allows(scope))
        await response(scope, receive, send)

    def _look_on(self) -> None:
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self.watch())

    async def watch(self) -> None:
        """While anybody is connected, have streams and tokens expire though nobody asks."""
        while self.sessions:
            now = self.clock.now()
            self.api.store.sweep(now, _SWEEP)
            for session in [session for session in self.sessions if session.due() <= now]:
                session.tick(now)
            await asyncio.sleep(_LOOK)


def create_subscribers_app(
    config: Config | None = None,
    clock: Clock | None = None,
    settings: Settings | None = None,
    *,
    hub: Callable[..., Hub] = Hub,
    api: Callable[..., SubscribersApi] = SubscribersApi,
    store: Callable[[Callable[[Stream], None]], Store] = WatchedStore,
    limiter: Callable[[], Limiter] = Limiter,
    pager: Callable[[], Pager] = Pager,
    session: Callable[..., Session] = Session,
    tunnel: Callable[[SubscribersApi], Tunnel] = Tunnel,
) -> SubscribersApp:
    """A server with nothing in it yet. The parts can be given as classes or functions that make them."""
    settings = settings or Settings()
    config = config or Config(api_keys={DEFAULT_KEY_SID: DEFAULT_KEY_SECRET})
    centre = hub(settings.lossy, unordered=settings.unordered, later=_later, seed=settings.seed)
    made: Any = create_app(
        config,
        clock,
        api=partial(api, hub=centre),
        store=lambda: store(centre.removed),
        limiter=limiter,
        pager=pager,
        app=partial(SubscribersApp, settings=settings, session=session, tunnel=tunnel),
    )
    assert isinstance(made, SubscribersApp)
    return made


def _later(delay: float, call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(delay, call)


def subscribers_config(app: App, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    """How to run the app. Sessions notice dead clients by themselves, so uvicorn's own pings are off; compression
    would cost a quarter of a megabyte a connection. Raises ConfigError without wsproto."""
    try:
        from reference_impl.subscribers.protocol import FastSocket  # noqa: PLC0415  (only here is wsproto needed)
    except ImportError:
        raise ConfigError("Subscribers need wsproto: install the project with its extra 'subscribers'.") from None

    config = server_config(app, host, port)
    config.ws = FastSocket
    config.ws_max_size = _MAX_MESSAGE
    config.ws_ping_interval = None
    config.ws_per_message_deflate = False
    return config
