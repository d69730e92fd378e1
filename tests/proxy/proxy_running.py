"""Proxies running in this process, and clients that use them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from proxy_traffic import ACCOUNT, TOKEN

from proxy.engine import Settings, Summary
from proxy.master import LeanMaster, Listening, Place


@dataclass
class Running:
    listening: Listening
    master: LeanMaster
    told: list[str]
    summary: Summary | None = None
    sessions: list[requests.Session] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.listening.url

    def session(self, *, proxied: bool = False, verify: Path | bool = True) -> requests.Session:
        made = requests.Session()
        made.trust_env = False
        made.auth = (ACCOUNT, TOKEN)
        if proxied:
            made.proxies = {"http": self.listening.proxy, "https": self.listening.proxy}
            made.verify = str(verify)
        self.sessions.append(made)
        return made


@contextlib.contextmanager
def running(
    settings: Settings, confdir: Path, *, prepare: Callable[[LeanMaster], None] | None = None, **place: Any
) -> Iterator[Running]:
    """Our master in a thread. When the block is left it is stopped, and `summary` says how it went."""
    told: list[str] = []
    master = LeanMaster(settings, Place(confdir, **place), told.append)
    ready = threading.Event()
    result: dict[str, Any] = {}

    def started(listening: Listening) -> None:
        result["listening"] = listening
        ready.set()

    def serve() -> None:
        try:
            result["summary"] = asyncio.run(master.run(started))
        except BaseException as error:  # noqa: BLE001 - raised again where the test is
            result["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(30)
    if "error" in result:
        thread.join()
        raise result["error"]
    if prepare:
        prepare(master)
    proxy = Running(result["listening"], master, told)
    try:
        yield proxy
    finally:
        for session in proxy.sessions:
            session.close()
        master.stop()
        thread.join(30)
        assert not thread.is_alive()
    if "error" in result:
        raise result["error"]
    proxy.summary = result["summary"]
