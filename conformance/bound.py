"""How long a run can take, whatever its target does: known at the start, kept to the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.costs import known_costs
from conformance.options import Options
from conformance.registry import CHECKS, SCENARIOS
from conformance.rules import Rule
from conformance.stage import ALWAYS, TRAFFIC

A_REQUEST = 0.6  # seconds, with retries, of a server far away
A_GENERATOR = 60.0  # seconds: searches for 30 and shortens for 10
WAITING = 70.0  # seconds: the longest waits for the target's clock, without the grace
SILENCE = 4  # time-outs, until a target that answers nothing is given up
SIDE_BY_SIDE = 4  # scenarios; more than that share one limit of the server, most likely
NEARBY = 0.003  # seconds a request takes on a server nearby
ASKING, CLEANING = 0.75, 0.9  # shares of the whole: until then requests are sent, until then the rest is deleted
LONGEST_WAIT = 12.0  # seconds for the target's clock on a server that is never late
LEAST = 10.0
LEAST_CLEANING = 5.0


@dataclass(frozen=True, slots=True)
class Bound:
    """`total` seconds from `began` on, by `now`."""

    total: float
    began: float
    now: Callable[[], float] = time.monotonic

    @property
    def asking(self) -> float:
        """Until then the run sends requests."""
        return self.began + self.total * ASKING

    @property
    def cleaning(self) -> float:
        """Until then it deletes what it created. The rest is for judging and the report."""
        return self.began + self.total * CLEANING

    def __str__(self) -> str:
        return in_words(self.total)


def in_words(seconds: float) -> str:
    """A length of time, to the second."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def bound_of(rules: Iterable[Rule], options: Options, now: Callable[[], float] = time.monotonic) -> Bound:
    """The bound of a run that judges these rules and begins now: `--max-time`, or what a slow target may need."""
    if options.max_time is not None:
        return Bound(options.max_time, now(), now)
    names = scenarios_of(rules)
    costs = known_costs()
    a_request = min(A_REQUEST, max(0.1, options.timeout / 20))
    drawn = [name for name in names if SCENARIOS[name].generates]
    written = sum(costs[name].requests for name in names if not SCENARIOS[name].generates)
    seconds = SILENCE * options.timeout + written * a_request / min(options.jobs, SIDE_BY_SIDE)
    seconds += len(drawn) * A_GENERATOR * a_request / A_REQUEST
    if any(SCENARIOS[name].timed for name in names):
        seconds += WAITING + 2 * options.grace
    if options.limits.rate:
        seconds += _requests(names, options) / options.limits.rate
    return Bound(_rounded(max(LEAST, seconds / ASKING)), now(), now)


def usual(rules: Iterable[Rule], options: Options) -> float:
    """Seconds that such a run takes on a server nearby that keeps the rules."""
    names = scenarios_of(rules)
    seconds = _requests(names, options) * NEARBY
    if options.limits.rate:
        seconds = max(seconds, _requests(names, options) / options.limits.rate)
    waits = any(SCENARIOS[name].timed for name in names)
    return float(math.ceil(max(seconds, LONGEST_WAIT if waits else 1.0) / 5) * 5)


def _requests(names: Iterable[str], options: Options) -> float:
    costs = known_costs()
    return sum(costs[name].requests * (options.generated if SCENARIOS[name].generates else 1) for name in names)


def _rounded(seconds: float) -> float:
    """Up to a number that is easy to read: whole minutes where there are several."""
    step = 60 if seconds > 300 else 10
    return float(math.ceil(seconds / step) * step)


def scenarios_of(rules: Iterable[Rule]) -> set[str]:
    """The names of the scenarios whose evidence these rules are judged by."""
    names = {name for rule in rules for name in CHECKS[rule.id].scenarios}
    return names - {TRAFFIC} | (set(ALWAYS) if TRAFFIC in names else set())
