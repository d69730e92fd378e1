"""What a run is going to do, told before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.bound import bound_of, in_words, scenarios_of, usual
from conformance.costs import CLEANUP, PREFLIGHT, Cost, known_costs
from conformance.options import Options
from conformance.ownership import prefix_of
from conformance.registry import SCENARIOS
from conformance.rules import Rule
from conformance.target import Target


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page: how many rules of it are judged, and what their evidence costs. Evidence that several
    sections look at counts for the first."""

    section: str
    rules: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts, what the preflight and the cleaning up cost besides, and the limits."""

    target: Target
    run: str
    parts: tuple[Part, ...]
    besides: Cost
    options: Options
    bound: str
    usual: str

    @property
    def cost(self) -> Cost:
        return sum((part.cost for part in self.parts), self.besides)

    def lines(self) -> Iterable[str]:
        """As a table and sentences."""
        yield f"plan for {self.target.home}, service {self.target.service!r}:"
        yield f"  {'rules':>5} {'requests':>8} {'streams':>8} {'messages':>8}"
        for part in self.parts:
            yield _row(part.rules, part.cost, part.section)
        yield _row(None, self.besides, "a first look, and a last one at the list")
        yield _row(sum(part.rules for part in self.parts), self.cost, "in all, about")
        limits = self.options.limits
        for what, limit in (("requests", limits.requests), ("messages", limits.messages)):
            if limit is not None:
                yield f"no more than {limit} {what} (--max-{what}): what does not fit in is not run"
        if limits.rate is not None:
            yield f"no more than {limits.rate:g} requests a second (--max-rate)"
        yield f"the run ends within {self.bound}, whatever the target does; one nearby takes about {self.usual}"
        yield f"its streams are named {prefix_of(self.run)}…, and all of them are deleted at its end"
        if self.options.limits.requests is None:
            yield "a target that breaks rules costs more, for failures are looked into: --max-requests sets a limit"


def _row(rules: int | None, cost: Cost, what: str) -> str:
    shown = "" if rules is None else rules
    return f"  {shown:>5} {cost.requests:>8} {cost.streams:>8} {cost.messages:>8}  {what}"


def plan_of(rules: Sequence[Rule], options: Options, target: Target, run: str) -> Plan:
    """The plan of a run that judges these rules."""
    costs, taken, parts = known_costs(), set[str](), []
    for section in dict.fromkeys(rule.section for rule in rules):
        ours = [rule for rule in rules if rule.section == section]
        claimed = [rule for rule in ours if not set(rule.features) & set(options.without)]
        names = scenarios_of(claimed) - taken
        taken |= names
        cost = sum((_share(name, costs[name], options) for name in sorted(names)), Cost())
        parts.append(Part(section, len(ours), cost))
    besides = costs[PREFLIGHT] + costs[CLEANUP]
    return Plan(
        target, run, tuple(parts), besides, options, str(bound_of(rules, options)), in_words(usual(rules, options))
    )


def _share(name: str, cost: Cost, options: Options) -> Cost:
    """Of generated requests only a share may be wanted."""
    return cost.times(options.generated) if SCENARIOS[name].generates else cost
