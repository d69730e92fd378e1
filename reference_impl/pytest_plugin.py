"""For tests of applications: the fixture `sync_reference`, a server with subscribers of each test's own.

    # conftest.py
    pytest_plugins = ["reference_impl.pytest_plugin"]

It runs in a thread, so a test can move its clock: streams and tokens expire without waiting.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn

from reference_impl.clock import SystemClock
from reference_impl.config import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE,
    Config,
)
from reference_impl.subscribers.app import Settings, create_subscribers_app, subscribers_config
from reference_impl.subscribers.endpoint import PATH
from reference_impl.subscribers.tokens import make_token

_PATIENCE = 20.0  # seconds


class MovableClock(SystemClock):
    """The system's time, and what it was moved forward by."""

    def advance(self, seconds: float) -> None:
        """Move forward; raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError(f"A clock never goes back, but {seconds} seconds were asked for.")
        self._offset += seconds


@dataclass(frozen=True)
class SyncReference:
    """A running server. `services` maps unique names to sids."""

    url: str
    services: Mapping[str, str]
    clock: MovableClock
    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    api_key: str = DEFAULT_KEY_SID
    api_secret: str = field(default=DEFAULT_KEY_SECRET, repr=False)

    @property
    def socket(self) -> str:
        """The `Twilsock.uri` of an SDK's options; `url` is its `cdsUri`."""
        return f"ws{self.url.removeprefix('http')}{PATH}"

    def token(self, identity: str, *, ttl: int = 3600, service: str = DEFAULT_SERVICE) -> str:
        """An access token; `ttl` in seconds of the server's clock, `service` by its unique name."""
        key = (self.api_key, self.api_secret)
        return make_token(self.account_sid, key, identity, self.services[service], now=self.clock.now(), ttl=ttl)

    def subscribers(self, stream: str) -> int:
        """How many are subscribed to a stream, given by sid or unique name. Raises LookupError when there is none."""
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=_PATIENCE)) as connection:
            connection.request("GET", f"/_reference/streams/{quote(stream, safe='')}/subscribers")
            response = connection.getresponse()
            body = json.load(response)
        if response.status != 200:
            raise LookupError(f"There is no stream {stream!r} on the reference server.")
        count: int = body["subscribers"]
        return count

    def wait_for_subscribers(self, stream: str, count: int = 1, timeout: float = 10.0) -> None:
        """Return once so many are subscribed. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while (there := self.subscribers(stream)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{there} of {count} subscribers came to {stream} within {timeout} seconds")
            time.sleep(0.02)

    def advance(self, seconds: float) -> None:
        """Move the server's clock forward."""
        self.clock.advance(seconds)


@contextmanager
def serving(settings: Settings | None = None, **parts: Any) -> Iterator[SyncReference]:
    """A server on a free port, until the block is left; `parts` goes to `create_subscribers_app`."""
    clock = MovableClock()
    config = Config(api_keys={DEFAULT_KEY_SID: DEFAULT_KEY_SECRET})
    server = uvicorn.Server(subscribers_config(create_subscribers_app(config, clock, settings, **parts)))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _PATIENCE
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The reference server did not start; its log says why.")
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        services = {service.unique_name: service.sid for service in config.services}
        yield SyncReference(f"http://127.0.0.1:{port}", services, clock)
    finally:
        server.should_exit = True
        thread.join(_PATIENCE)


@pytest.fixture
def sync_reference() -> Iterator[SyncReference]:
    """A server with subscribers and nothing in it."""
    with serving() as running:
        yield running
