"""Where the server gets the time from, so that tests can set it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in seconds since 1970-01-01 UTC, with fractions; it never goes back."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's time when the clock was made, then the monotonic clock: a correction of the machine's time
    can neither revive an expired stream nor block a publisher."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        return self._offset + time.monotonic()


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward; raises ValueError when asked to go back."""
        if seconds < 0:
            raise ValueError(f"A clock never goes back, but {seconds} seconds were asked for.")
        self._now += seconds
