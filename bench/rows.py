"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass

from bench.spread import Spread


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, ours, what stands beside it, their ratio, and the target with whether it is met.

    A row without a target is there to compare with.
    """

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.met is None else "met" if self.met else "**not met**"


def at_most(what: str, spread: Spread, limit: float, unit: str = " s", *, theirs: str = "", digits: int = 2) -> Row:
    """A row whose target is an upper bound of the median."""
    return Row(what, spread.show(unit, digits), theirs, "", f"≤ {limit:g}{unit}", spread.median <= limit)


def at_least(what: str, ours: str, theirs: str, found: Spread, limit: float) -> Row:
    """A row whose target is a lower bound of the median ratio."""
    return Row(what, ours, theirs, found.show("×"), f"≥ {limit:g}×", found.median >= limit)


def same_cost(what: str, ours: str, theirs: str, found: Spread, tolerance: float = 0.2) -> Row:
    """A row whose target is that the large case costs what the small one does, within the tolerance."""
    limit = 1 + tolerance
    return Row(what, ours, theirs, found.show("×"), f"≤ {limit:g}×", found.median <= limit)
