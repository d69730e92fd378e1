"""Is anybody still there? A run must not go on for minutes against a port where nobody listens any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from conformance.exchange import Exchange

LONGEST_SILENCE = 10.0  # seconds of refused connections: a server that is restarted is back before
NAMED = 6  # requests
SHOWN = 80  # characters of a body


class Pulse:
    """Looks at every attempt of a run. Safe to use from many threads.

    `gone` and `last_act` are empty until the target has been silent for too long. Then they say so, and which requests
    it broke off when it fell silent, the earliest first: one of those may have been too much for it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.gone = ""
        self.last_act = ""
        self._now = now
        self._silent_since: float | None = None
        self._broken: list[Exchange] = []
        self._lock = threading.Lock()

    def see(self, exchange: Exchange, *, unsent: bool) -> None:
        """`unsent`: no connection came about."""
        with self._lock:
            if exchange.response is not None:
                self._silent_since = None
                self._broken = [broken for broken in self._broken if broken.received > exchange.sent]
            elif not unsent:
                self._broken.append(exchange)
            elif self._silent_since is None:
                self._silent_since = self._now()
            elif self._now() - self._silent_since >= LONGEST_SILENCE and not self.gone:
                self.gone = f"nobody has answered at the target for {LONGEST_SILENCE:g} s, as if it had died"
                first = sorted(self._broken, key=lambda exchange: exchange.sent)[:NAMED]
                if first:
                    self.last_act = "it broke off these first: " + "; ".join(map(_in_words, first))


def _in_words(exchange: Exchange) -> str:
    body = exchange.request.body.decode("utf-8", "replace")
    shown = body if len(body) <= SHOWN else f"{body[:SHOWN]}…"
    return f"{exchange.request.method} {exchange.request.path} {shown}".strip()
