"""What a run may spend: requests and messages in all, and requests a second. Every request is counted here.

Of the requests one is kept for each stream that may have to be deleted, so that a run whose budget is used up can still
clean up, and cleaning up stays within the budget too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from conformance.outcomes import NotSent

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """None means no limit. `rate` is in requests a second."""

    requests: int | None = None
    messages: int | None = None
    rate: float | None = None

    def after(self, requests: int) -> Limits:
        """What is left when so many requests were sent already."""
        return self if self.requests is None else replace(self, requests=max(0, self.requests - requests))

    def shared(self, among: int) -> Limits:
        """An equal share for each of so many runs that go side by side."""
        return Limits(
            None if self.requests is None else self.requests // among,
            None if self.messages is None else self.messages // among,
            None if self.rate is None else self.rate / among,
        )


class Budget:
    """Counts, and says no. Safe to use from many threads.

    `owed` tells how many streams may still have to be deleted, a request each.
    """

    def __init__(self, limits: Limits = Limits(), *, owed: Callable[[], int] = lambda: 0) -> None:
        self.limits = limits
        self.requests = 0
        self.messages = 0
        self.streams = 0
        self.retries = 0
        self._owed = owed
        self._cleaning = False
        self._lock = threading.Lock()
        self._next_slot = 0.0

    def clean(self) -> None:
        """From now on what was kept for cleaning up may be spent."""
        self._cleaning = True

    def spend(self, *, message: bool = False) -> float:
        """Takes one request (and message) out of the budget; returns how many seconds to wait before it is sent.

        Raises NotSent when there is none left.
        """
        with self._lock:
            self._afford(1)
            if message and self.limits.messages is not None and self.messages >= self.limits.messages:
                raise NotSent(f"the budget of {self.limits.messages} messages is used up (--max-messages)")
            self.requests += 1
            self.messages += message
            if not self.limits.rate:
                return 0.0
            now = time.monotonic()
            slot = max(now, self._next_slot)
            self._next_slot = slot + 1 / self.limits.rate
            return slot - now

    def claim(self, record: Callable[[], T]) -> T:
        """Calls `record`, after which one more stream is owed; raises NotSent, without calling it, when that would be
        one too many."""
        with self._lock:
            self._afford(2)
            return record()

    def count(self, *, streams: int = 0, retries: int = 0) -> None:
        with self._lock:
            self.streams += streams
            self.retries += retries

    def _afford(self, requests: int) -> None:
        if self.limits.requests is None:
            return
        kept = 0 if self._cleaning else self._owed()
        if self.requests + requests + kept > self.limits.requests:
            rest = f", but for {kept} kept for deleting what the run made" if kept else ""
            raise NotSent(f"the budget of {self.limits.requests} requests is used up{rest} (--max-requests)")
