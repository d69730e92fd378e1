"""What ties functions to the catalogue: `@scenario` gathers evidence, `@rule` judges it.

A check is a plain function. The names of its parameters are the scenarios whose evidence it looks at; it
returns None to pass, raises `Failed` and its like otherwise, and a survey's check returns its answer.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from conformance.exchange import Exchange

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a survey found: a sentence, and the exchanges that show it."""

    text: str
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Requests made together, for one purpose. `gather(context)` returns the evidence.

    timed: waits for the target's clock; started first, on a thread of its own, so that waits overlap.
    generates: draws requests without end; several such search side by side, each for a limited time.
    traffic: gets everything the run has seen, once all other scenarios have ended.
    """

    name: str
    gather: Callable[..., Any]
    timed: bool = False
    generates: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """The one test of one rule."""

    rule_id: str
    function: Callable[..., Any]
    scenarios: tuple[str, ...]

    @property
    def how(self) -> str:
        """How it is checked, in words: the docstrings of the check and its scenarios."""
        texts = [inspect.getdoc(self.function)]
        texts += [inspect.getdoc(SCENARIOS[name].gather) for name in self.scenarios if name in SCENARIOS]
        return "\n\n".join(text for text in texts if text)


SCENARIOS: dict[str, Scenario] = {}
CHECKS: dict[str, Check] = {}


def scenario(*, timed: bool = False, generates: bool = False) -> Callable[[F], F]:
    """Registers a gatherer under its function's name."""

    def register(function: F) -> F:
        name = function.__name__
        if name in SCENARIOS and SCENARIOS[name].gather.__module__ != function.__module__:
            raise ValueError(f"two scenarios are named {name}")
        SCENARIOS[name] = Scenario(name, function, timed, generates)
        return function

    return register


def rule(rule_id: str) -> Callable[[F], F]:
    """Registers a check. One rule has one check."""

    def register(function: F) -> F:
        if rule_id in CHECKS and CHECKS[rule_id].function.__qualname__ != function.__qualname__:
            raise ValueError(f"two checks claim the rule {rule_id}")
        CHECKS[rule_id] = Check(rule_id, function, tuple(inspect.signature(function).parameters))
        function.__rule__ = rule_id  # type: ignore[attr-defined]
        return function

    return register


def load_sections() -> None:
    """Imports every module of conformance.sections, which registers all scenarios and checks."""
    package = importlib.import_module("conformance.sections")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
