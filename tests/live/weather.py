"""What happens to a request on its way to a busy service far away, drawn from a seed."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """`LOST` requests never reach the service, `UNTOLD` ones do and their answers are lost."""

    FINE = "fine"
    THROTTLED = "429 of the account"
    UNAVAILABLE = "503"
    LOST = "reset before the service saw it"
    UNTOLD = "reset after the service did it"
    CUT = "closed in the middle of the answer"


@dataclass(frozen=True, slots=True)
class Climate:
    """Seconds of latency, and the share of requests that each fate meets."""

    quickest: float = 0.02
    slowest: float = 0.4
    throttled: float = 0.01
    unavailable: float = 0.01
    lost: float = 0.004
    untold: float = 0.004
    cut: float = 0.002


TYPICAL = Climate()


@dataclass(frozen=True, slots=True)
class Spell:
    """One request's fate, and how long it and its answer are under way."""

    fate: Fate
    there: float
    back: float


class Weather:
    """Safe to use from many threads."""

    def __init__(self, seed: int, climate: Climate = TYPICAL) -> None:
        self._random = random.Random(seed)
        self._climate = climate
        self._lock = threading.Lock()
        self.seen: dict[Fate, int] = dict.fromkeys(Fate, 0)

    def next(self) -> Spell:
        climate = self._climate
        with self._lock:
            # Most answers are quick and few are slow, as on real networks.
            latency = min(climate.slowest, climate.quickest + self._random.expovariate(1 / 0.06))
            chance, fate = self._random.random(), Fate.FINE
            for each, share in (
                (Fate.THROTTLED, climate.throttled),
                (Fate.UNAVAILABLE, climate.unavailable),
                (Fate.LOST, climate.lost),
                (Fate.UNTOLD, climate.untold),
                (Fate.CUT, climate.cut),
            ):
                if chance < share:
                    fate = each
                    break
                chance -= share
            self.seen[fate] += 1
            there = latency * self._random.uniform(0.2, 0.8)
            return Spell(fate, there, latency - there)
