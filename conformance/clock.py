"""The suite's own time: seconds since the epoch that never jump, and sleeping."""

from __future__ import annotations

import time
from typing import Protocol

from conformance.exchange import Exchange


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def observe(self, exchange: Exchange) -> None:
        """Told of every exchange, so that a replayed run can follow the recording's time."""
        ...


class LiveClock:
    """Wall time taken once, then carried on by the monotonic clock: a clock set meanwhile changes nothing."""

    def __init__(self) -> None:
        self._origin = time.time() - time.monotonic()

    def now(self) -> float:
        return self._origin + time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def observe(self, exchange: Exchange) -> None:
        """Live time passes by itself."""


class ReplayClock:
    """One scenario's time while a recording is replayed.

    It stands at the moment the latest answer was recorded, and sleeping moves it on without waiting.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start  # the first answer sets it

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)

    def observe(self, exchange: Exchange) -> None:
        self._now = max(self._now, exchange.received)
