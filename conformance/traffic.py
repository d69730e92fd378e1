"""Everything a run has seen so far: what passive rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.exchange import Exchange
from conformance.target import Target


@dataclass(frozen=True, slots=True)
class Traffic:
    """All exchanges in the order they ended, and whose they are."""

    exchanges: tuple[Exchange, ...]
    target: Target

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def each(self, wanted: Callable[[Exchange], bool]) -> tuple[Exchange, ...]:
        return tuple(exchange for exchange in self.exchanges if wanted(exchange))
