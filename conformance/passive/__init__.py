"""Rules that need nothing but one exchange: plain functions, for the suite and for the proxy alike.

A passive rule looks at an exchange and raises `Failed` when that exchange breaks it. It passes over every
exchange that it does not speak of, so it can be handed any traffic.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

from conformance.exchange import Exchange
from conformance.outcomes import Inconclusive

Passive = Callable[[Exchange], bool]
PASSIVE: dict[str, Passive] = {}


def passive(rule_id: str) -> Callable[[Passive], Passive]:
    """Registers a passive rule. The function returns whether the exchange spoke of the rule at all."""

    def register(function: Passive) -> Passive:
        if rule_id in PASSIVE and PASSIVE[rule_id].__qualname__ != function.__qualname__:
            raise ValueError(f"two passive rules claim {rule_id}")
        PASSIVE[rule_id] = function
        return function

    return register


def load_passive() -> dict[str, Passive]:
    """All passive rules by id."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return PASSIVE


def judge_each(rule_id: str, exchanges: Iterable[Exchange]) -> int:
    """Looks at every exchange; raises `Failed` at the first that breaks the rule.

    Returns how many spoke of it. Raises Inconclusive when none did: what was not seen was not judged.
    """
    function = load_passive()[rule_id]
    seen = sum(function(exchange) for exchange in exchanges)
    if not seen:
        raise Inconclusive("no answer of the target spoke of this rule")
    return seen
