"""The reference server on loopback, with a clock that stands still and somebody else at work in some services."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from reference_impl.api import Api
from reference_impl.app import create_app, server_config
from reference_impl.clock import ManualClock
from reference_impl.config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Config, Service, make_services
from reference_impl.limiter import Limiter
from reference_impl.store import Store
from reference_impl.web import Request, Response

NOW = 1_800_000_000.25  # what every request is dated: dates and the rate limit are exact, however slow a client is
MANY = [f"stream {number:03}" for number in range(120)]
KEPT = [f"kept {number:02}" for number in range(24)]
DOOMED = [f"doomed {number:02}" for number in range(24)]
LEFT = [f"left {number:02}" for number in range(20)]
SPENT = "nearly at its limit"  # 28 of the 30 messages that a stream takes in a second
SERVICES = ("main", "lists", "busy", "left", "spent")


class BusyApi(Api):
    """In services named `busy-…` somebody else deletes two streams and creates one after each page that is read."""

    def list_streams(self, request: Request, service: Service) -> Response:
        response = super().list_streams(request, service)
        if service.unique_name.startswith("busy-"):
            every = self.store.after(service.sid, 0, 10_000, request.now)
            doomed = [stream for stream in every if (stream.unique_name or "").startswith("doomed")]
            for stream in {stream.sid: stream for stream in (doomed[:1] + doomed[-1:])}.values():
                self.store.remove(stream)
            if len(every) < 100:
                self.store.add(service.sid, None, None, request.now)
        return response


@dataclass(frozen=True)
class Server:
    """A running server; `services` maps unique names to sids."""

    url: str
    services: dict[str, str]
    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN


@contextmanager
def serving(clients: tuple[str, ...]) -> Iterator[Server]:
    """A server with the services `<label>-<client>`, those for lists filled already."""
    names = [f"{label}-{client}" for client in clients for label in SERVICES]
    config = Config(services=make_services(DEFAULT_ACCOUNT_SID, names))
    services = {service.unique_name: service.sid for service in config.services}
    store, limiter = Store(), Limiter()
    for client in clients:
        for number, name in enumerate(KEPT):
            store.add(services[f"busy-{client}"], name, None, NOW)
            store.add(services[f"busy-{client}"], DOOMED[number], None, NOW)
        for label, filling in (("lists", MANY), ("left", LEFT)):
            for name in filling:
                store.add(services[f"{label}-{client}"], name, None, NOW)
        spent = store.add(services[f"spent-{client}"], SPENT, None, NOW)
        assert all(limiter.allow(spent.sid, NOW) for _ in range(28))
    app = create_app(config, ManualClock(NOW), api=BusyApi, store=lambda: store, limiter=lambda: limiter)
    with running(app) as url:
        yield Server(url, services)


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The URL of an application served by a thread of this process."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the reference server did not start"
        assert time.monotonic() < deadline, "the reference server took too long to start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(20)
