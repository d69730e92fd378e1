"""Is anybody still there? A run must not go on for minutes against a target that answers nothing any more."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from conformance.exchange import Exchange, Request

LONGEST_SILENCE = 10.0  # seconds of refused or broken connections: a server that is restarted is back before
TIMEOUTS = 2.0  # of silence, where requests are taken and not answered: a slow server answers some of them
UNANSWERED = 8  # requests in a row that a target must have left without an answer to be given up
ALIKE = 5  # requests of one operation that took too long, one after the other: no more of them are sent
MOST_KEPT = 128 * 1024 * 1024  # bytes of answers, which are all evidence and stay in memory
NAMED = 6  # requests
SHOWN = 80  # characters of a body

Kind = tuple[str, int]


class Pulse:
    """Looks at every attempt of a run. Safe to use from many threads.

    `gone` and `last_act` are empty until the target has been silent for too long, or has said too much. Then they say
    so, and which requests it broke off when it fell silent, the earliest first: one of those may have been too much
    for it. `timeout` is that of one request, in seconds.
    """

    def __init__(self, timeout: float = 30.0, now: Callable[[], float] = time.monotonic) -> None:
        self.gone = ""
        self.last_act = ""
        self._timeout = timeout
        self._now = now
        self._answered = float("-inf")  # when the latest answer came
        self._silent_since: float | None = None
        self._unanswered = self._late = 0  # since the latest answer
        self._alike: Counter[Kind] = Counter()
        self._broken: list[Exchange] = []
        self._kept = 0
        self._lock = threading.Lock()

    def see(self, exchange: Exchange, *, unsent: bool, late: bool = False) -> None:
        """`unsent`: no connection came about. `late`: no whole answer came in time."""
        with self._lock:
            if exchange.response is None:
                self._silence(exchange, unsent=unsent, late=late)
                return
            self._answered = self._now()
            self._silent_since = None
            self._unanswered = self._late = 0
            self._alike.pop(_kind(exchange.request), None)
            self._broken = [broken for broken in self._broken if broken.received > exchange.sent]
            self._kept += len(exchange.response.body) + sum(len(k) + len(v) for k, v in exchange.response.headers)
            if self._kept > MOST_KEPT and not self.gone:
                self.gone = (
                    f"the target's answers came to more than {MOST_KEPT // 1024**2} MiB in all, too much to keep"
                )

    def stalled(self, request: Request) -> str:
        """Why a request like this is not worth sending any more; empty when it is."""
        if self._alike[_kind(request)] < ALIKE:
            return ""
        return f"{ALIKE} requests like this one in a row got no whole answer within {self._timeout:g} s each"

    def _silence(self, exchange: Exchange, *, unsent: bool, late: bool) -> None:
        now = self._now()
        if self._silent_since is None:
            self._silent_since = max(now - exchange.elapsed, self._answered)
        self._unanswered += 1
        self._late += late
        if late:
            self._alike[_kind(exchange.request)] += 1
        if not unsent:
            self._broken.append(exchange)
        silence = now - self._silent_since
        longest = max(LONGEST_SILENCE, TIMEOUTS * self._timeout if self._late else 0.0)
        if self.gone or silence < longest or (self._unanswered < UNANSWERED and not unsent):
            return
        if unsent and not self._late:
            self.gone = f"nobody has answered at the target for {LONGEST_SILENCE:g} s, as if it had died"
        else:
            self.gone = (
                f"the target has answered none of the last {self._unanswered} requests, for {silence:.0f} s;"
                f" the latest came to this: {exchange.error}"
            )
        first = sorted(self._broken, key=lambda exchange: exchange.sent)[:NAMED]
        if first:
            self.last_act = "it broke off these first: " + "; ".join(map(_in_words, first))


def _kind(request: Request) -> Kind:
    """What tells the operations apart: names and sids in a path hold no slash."""
    return request.method, request.path.count("/")


def _in_words(exchange: Exchange) -> str:
    body = exchange.request.body.decode("utf-8", "replace")
    shown = body if len(body) <= SHOWN else f"{body[:SHOWN]}…"
    return f"{exchange.request.method} {exchange.request.path} {shown}".strip()
