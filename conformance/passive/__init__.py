"""Rules that need nothing but one exchange: plain functions, for the suite and for the proxy alike.

A passive rule looks at an exchange, or at one stream that an exchange shows (STREAM-…), and raises `Failed` when that
breaks it. It passes over everything that it does not speak of, so it can be handed any traffic.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from typing import TypeVar

from conformance.exchange import Exchange
from conformance.outcomes import Inconclusive
from conformance.resource import Shown

Passive = Callable[[Exchange], bool] | Callable[[Shown], bool]
P = TypeVar("P", bound=Passive)
PASSIVE: dict[str, Callable[..., bool]] = {}


def passive(rule_id: str) -> Callable[[P], P]:
    """Registers a passive rule. The function returns whether the exchange, or the stream, spoke of it at all."""

    def register(function: P) -> P:
        if rule_id in PASSIVE and PASSIVE[rule_id].__qualname__ != function.__qualname__:
            raise ValueError(f"two passive rules claim {rule_id}")
        PASSIVE[rule_id] = function
        return function

    return register


@cache
def load_passive() -> dict[str, Callable[..., bool]]:
    """All passive rules by id."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return PASSIVE


def judge_each(rule_id: str, seen: Iterable[Exchange] | Iterable[Shown]) -> int:
    """Looks at each of what was seen; raises `Failed` at the first that breaks the rule.

    Returns how many spoke of it. Raises Inconclusive when none did: what was not seen was not judged.
    """
    function = load_passive()[rule_id]
    speaking = sum(function(each) for each in seen)
    if not speaking:
        raise Inconclusive("no answer of the target spoke of this rule")
    return speaking
