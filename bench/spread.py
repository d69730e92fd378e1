"""Figures with their spread, and pairs of figures measured in turn so that both see the same machine."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several runs, and the extremes."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))

    def show(self, unit: str = "", digits: int = 2) -> str:
        """`1.43 s (1.40–1.52)`."""
        if self.low == self.high:
            return f"{_number(self.median, digits)}{unit}"
        return f"{_number(self.median, digits)}{unit} ({_number(self.low, digits)}–{_number(self.high, digits)})"


def _number(value: float, digits: int) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Paired:
    """Runs in turn of ours and theirs: A B A B. `ratio` is of the two runs of each turn."""

    ours: Spread
    theirs: Spread
    ratio: Spread


def in_turn(turns: int, *runs: Callable[[int], float]) -> list[list[float]]:
    """Each run once a turn, in the same order; for each run what it gave. Runs are told the number of the turn."""
    results: list[list[float]] = [[] for _ in runs]
    for turn in range(turns):
        for run, found in zip(runs, results, strict=True):
            found.append(run(turn))
    return results


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours to theirs, turn by turn."""
    return Spread.of([left / right for left, right in zip(ours, theirs, strict=True)])


def pair(ours: Sequence[float], theirs: Sequence[float]) -> Paired:
    return Paired(Spread.of(ours), Spread.of(theirs), ratio(ours, theirs))
