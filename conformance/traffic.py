"""Everything a run has seen so far: what passive rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from conformance.exchange import Exchange
from conformance.resource import Shown, newly_shown
from conformance.target import Target


@dataclass(frozen=True)
class Traffic:
    """All exchanges in the order they ended, and whose they are.

    `again`: tries that followed one without an answer, each on a connection of its own. The first may have met one that
    had been idle, which may lawfully be closed just as a request goes out; these can't have.
    """

    exchanges: tuple[Exchange, ...]
    target: Target
    again: tuple[Exchange, ...] = ()

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    @cached_property
    def streams(self) -> tuple[Shown, ...]:
        """The streams that were shown, each as often as it was shown differently: what rules about streams look at."""
        return tuple(newly_shown(self.exchanges))

    def each(self, wanted: Callable[[Exchange], bool]) -> tuple[Exchange, ...]:
        return tuple(exchange for exchange in self.exchanges if wanted(exchange))
