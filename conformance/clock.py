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

    @property
    def latest(self) -> float:
        """When the latest exchange that it was told of ended; 0 before the first.

        What is asked next may depend on this and never on `now`: a replay would then ask something else.
        """
        ...


class LiveClock:
    """Wall time taken once, then carried on by the monotonic clock: a clock set meanwhile changes nothing."""

    def __init__(self, origin: float | None = None) -> None:
        self._origin = time.time() - time.monotonic() if origin is None else origin
        self._latest = 0.0

    def another(self) -> LiveClock:
        """A clock that shows the same time and is told of other exchanges."""
        return LiveClock(self._origin)

    def now(self) -> float:
        return self._origin + time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def observe(self, exchange: Exchange) -> None:
        self._latest = max(self._latest, exchange.received)

    @property
    def latest(self) -> float:
        return self._latest


class ReplayClock:
    """One scenario's time while a recording is replayed.

    It stands at the moment the latest answer was recorded, and sleeping moves it on without waiting.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start  # the first answer sets it
        self._latest = 0.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)

    def observe(self, exchange: Exchange) -> None:
        self._now = max(self._now, exchange.received)
        self._latest = max(self._latest, exchange.received)

    @property
    def latest(self) -> float:
        return self._latest
