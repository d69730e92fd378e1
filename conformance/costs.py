"""What each scenario costs, as counted on the reference server and kept in `costs.yaml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from conformance.exchange import Exchange
from conformance.operation import Operation, operation_of
from conformance.streams import sid_in

FILE = Path(__file__).with_name("costs.yaml")
CLEANUP, PREFLIGHT = "cleanup", "preflight"


@dataclass(frozen=True, slots=True)
class Cost:
    """Counts. `requests` are all of them."""

    requests: int = 0
    streams: int = 0
    messages: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, self.streams + other.streams, self.messages + other.messages)

    def times(self, share: float) -> Cost:
        return Cost(*(round(number * share) for number in (self.requests, self.streams, self.messages)))

    def __str__(self) -> str:
        return f"{self.requests} requests, {self.streams} streams and {self.messages} messages"


def cost_of(exchanges: Iterable[Exchange]) -> dict[str, Cost]:
    """The cost of these exchanges by scenario, sorted by its name."""
    counted: dict[str, Counter[str]] = {}
    for exchange in exchanges:
        counter = counted.setdefault(exchange.scenario, Counter())
        operation = operation_of(exchange.request)
        counter["requests"] += 1
        counter["streams"] += operation is Operation.CREATE and sid_in(exchange) is not None
        counter["messages"] += operation is Operation.PUBLISH
    return {name: Cost(**counted[name]) for name in sorted(counted)}


@cache
def known_costs() -> dict[str, Cost]:
    """By scenario; what is left to be deleted at a run's end is with the scenario that made it."""
    return {name: Cost(*numbers) for name, numbers in yaml.safe_load(FILE.read_text("utf-8")).items()}


def written(costs: dict[str, Cost]) -> str:
    """The text of `costs.yaml`."""
    lines = [f"{name}: [{cost.requests}, {cost.streams}, {cost.messages}]" for name, cost in sorted(costs.items())]
    head = "# Requests, streams and messages of each scenario on the reference server; `make costs` counts them anew.\n"
    return head + "\n".join(lines) + "\n"
