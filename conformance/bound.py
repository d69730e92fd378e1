"""How long a run can take, whatever its target does: known at the start, kept to the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.options import Options
from conformance.registry import CHECKS, SCENARIOS
from conformance.rules import Rule
from conformance.stage import TRAFFIC

# Seconds. On a server nearby a scenario takes less than one, and far away some ten.
A_SCENARIO = 15.0
A_GENERATOR = 60.0  # searches for 40 and shortens for 10
WAITING = 70.0  # the longest waits for the target's clock, without the grace
SILENCE = 4  # time-outs, until a target that answers nothing is given up
ASKING, CLEANING = 0.75, 0.9  # shares of the whole: until then requests are sent, until then the rest is deleted
LEAST = 10.0
LEAST_CLEANING = 5.0
REQUESTS = 60  # of a scenario, where they are sent at a limited rate


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
        minutes, seconds = divmod(round(self.total), 60)
        hours, minutes = divmod(minutes, 60)
        parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
        return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def bound_of(rules: Iterable[Rule], options: Options, now: Callable[[], float] = time.monotonic) -> Bound:
    """The bound of a run that judges these rules and begins now: `--max-time`, or what a slow target may need."""
    if options.max_time is not None:
        return Bound(options.max_time, now(), now)
    names = {name for rule in rules for name in CHECKS[rule.id].scenarios if name != TRAFFIC}
    scenarios = [SCENARIOS[name] for name in names]
    generators = sum(scenario.inline for scenario in scenarios)
    a_scenario = min(A_SCENARIO, max(1.0, options.timeout / 2)) * 4 / min(options.jobs, 4)
    seconds = SILENCE * options.timeout + (len(scenarios) - generators) * a_scenario
    seconds += generators * min(A_GENERATOR, 8 * a_scenario)
    if any(scenario.timed for scenario in scenarios):
        seconds += WAITING + 2 * options.grace
    if options.limits.rate:
        seconds += len(scenarios) * REQUESTS / options.limits.rate
    return Bound(float(round(max(LEAST, seconds / ASKING))), now(), now)
