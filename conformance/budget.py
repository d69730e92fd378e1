"""What a run may spend: requests and messages in all, and requests a second. Every request is counted here."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from conformance.outcomes import NotRun


@dataclass(frozen=True, slots=True)
class Limits:
    """None means no limit. `rate` is in requests a second."""

    requests: int | None = None
    messages: int | None = None
    rate: float | None = None


class Budget:
    """Counts, and says no. Safe to use from many threads."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self.requests = 0
        self.messages = 0
        self.streams = 0
        self.retries = 0
        self._lock = threading.Lock()
        self._next_slot = 0.0

    def spend(self, *, message: bool = False) -> None:
        """Takes one request (and message) out of the budget, waiting for its turn if there is a rate.

        Raises NotRun when there is none left.
        """
        with self._lock:
            if self.limits.requests is not None and self.requests >= self.limits.requests:
                raise NotRun(f"the budget of {self.limits.requests} requests is used up (--max-requests)")
            if message and self.limits.messages is not None and self.messages >= self.limits.messages:
                raise NotRun(f"the budget of {self.limits.messages} messages is used up (--max-messages)")
            self.requests += 1
            self.messages += message
            wait = 0.0
            if self.limits.rate:
                now = time.monotonic()
                slot = max(now, self._next_slot)
                self._next_slot = slot + 1 / self.limits.rate
                wait = slot - now
        if wait:
            time.sleep(wait)

    def count(self, *, streams: int = 0, retries: int = 0) -> None:
        with self._lock:
            self.streams += streams
            self.retries += retries
