"""How faulty and lawful servers are declared: small changes to the reference server, each with its sentence."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from reference_impl.api import Api
from reference_impl.app import App
from reference_impl.limiter import Limiter
from reference_impl.paging import Pager
from reference_impl.store import Store

PARTS = {"api": Api, "store": Store, "limiter": Limiter, "pager": Pager, "app": App}
Parts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """A server with one fault.

    `rule` must fail on it. `may` are rules (patterns allowed) that may fail beside it, because the fault breaks
    them too. `uncatchable` says why no rule can catch it for sure from outside; then `rule` must not fail.
    """

    name: str
    sentence: str
    rule: str
    may: tuple[str, ...]
    parts: Callable[[], Parts]
    uncatchable: str = ""


@dataclass(frozen=True, slots=True)
class Variation:
    """A server that is different and right. `rules` narrow what the short form of the test runs (all by default).

    `around(url)` may do things to the service while the suite runs, as other users of it would.
    """

    name: str
    sentence: str
    parts: Callable[[], Parts]
    rules: tuple[str, ...] = ()
    around: Callable[[str], AbstractContextManager[Any]] | None = None


FAULTS: dict[str, Fault] = {}
VARIATIONS: dict[str, Variation] = {}


def parts_of(server: Any) -> Callable[[], Parts]:
    """The parts that a class stands for, by what it is a subclass of; a function gives its parts itself."""
    if not isinstance(server, type):
        return server  # type: ignore[no-any-return]
    kind = next(name for name, base in PARTS.items() if issubclass(server, base))
    return lambda: {kind: server}


def fault(rule: str, sentence: str, *, may: tuple[str, ...] = (), uncatchable: str = "") -> Callable[[Any], Any]:
    """Declares a fault: on a subclass of a part of the reference server, or on a function that returns its parts
    (`{"api": …, "store": …, "limiter": …, "pager": …, "app": …}`, each a class or a factory)."""

    def register(server: Any) -> Any:
        name = server.__name__
        if name in FAULTS:
            raise ValueError(f"two faults are named {name}")
        FAULTS[name] = Fault(name, sentence, rule, may, parts_of(server), uncatchable)
        return server

    return register


def lawful(
    sentence: str,
    *,
    rules: tuple[str, ...] = (),
    around: Callable[[str], AbstractContextManager[Any]] | None = None,
) -> Callable[[Any], Any]:
    """Declares a lawful variation, in the same forms."""

    def register(server: Any) -> Any:
        name = server.__name__
        if name in VARIATIONS:
            raise ValueError(f"two variations are named {name}")
        VARIATIONS[name] = Variation(name, sentence, parts_of(server), rules, around)
        return server

    return register


def load() -> None:
    """Imports every module of faulty.servers, which registers all faults and variations."""
    package = importlib.import_module("faulty.servers")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
