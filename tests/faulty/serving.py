"""Runs a changed reference server on a free loopback port, in a thread of this process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from conformance.target import Credentials
from faulty.registry import Parts
from reference_impl.app import create_app, server_config
from reference_impl.config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from reference_impl.subscribers.app import create_subscribers_app, subscribers_config

CREDENTIALS = Credentials(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)


@contextmanager
def serving(parts: Parts) -> Iterator[str]:
    """The URL of a server made of these parts. `asgi` in the parts wraps the finished application and `uvicorn`
    holds settings for uvicorn; with `subscribers` it has
    a socket, made of those parts; everything else goes to `create_app`."""
    parts = dict(parts)
    wrap = parts.pop("asgi", lambda app: app)
    settings = parts.pop("uvicorn", {})
    subscribers = parts.pop("subscribers", None)
    if subscribers is None:
        config = server_config(create_app(**parts))
    else:
        config = subscribers_config(create_subscribers_app(**parts, **subscribers))
    config.app = wrap(config.app)
    for name, value in settings.items():
        setattr(config, name, value)
    with _silence():
        yield from _serve(config)


@contextmanager
def _silence() -> Iterator[None]:
    """Faults make a server stumble and say so; what counts here is what the suite says of it."""
    loggers = [logging.getLogger(name) for name in ("reference_impl", "uvicorn.error")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _serve(config: uvicorn.Config) -> Iterator[str]:
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the changed reference server did not start")
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=20)
