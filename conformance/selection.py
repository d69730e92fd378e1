"""Which rules a run is about, from what the user asked."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.errors import UsageError
from conformance.options import Options
from conformance.outcomes import Level
from conformance.registry import CHECKS, SCENARIOS
from conformance.rules import Catalogue, Rule
from conformance.stage import TRAFFIC
from conformance.subscribers.access import FEATURE

INCLUDED = {
    Level.MUST: {Level.MUST},
    Level.SHOULD: {Level.MUST, Level.SHOULD},
    Level.SURVEY: {Level.MUST, Level.SHOULD, Level.SURVEY},
}


def select(catalogue: Catalogue, options: Options) -> tuple[Rule, ...]:
    """The rules to judge, in catalogue order. Raises UsageError for unknown ids and features."""
    for name in (*options.features, *options.without):
        if name not in catalogue.features:
            raise UsageError(f"there is no feature {name!r}: the features are {', '.join(catalogue.features)}")
    if options.subscribers is None and (
        FEATURE in options.features or any(_is_apart(catalogue, p) for p in options.rules)
    ):
        raise UsageError("the rules about subscribers need to know where they connect: give --subscribers URL")
    named = {rule.id for pattern in options.rules for rule in catalogue.matching(pattern)}
    return tuple(
        rule
        for rule in in_reach(catalogue, options)
        if rule.level in INCLUDED[options.level]
        and (not named or rule.id in named)
        and (not options.features or rule.feature in options.features)
        and not (options.quick and waits(rule))
    )


def in_reach(catalogue: Catalogue, options: Options) -> tuple[Rule, ...]:
    """The rules that a run can be about with what it was given: those on subscribers only when it can reach them."""
    return tuple(rule for rule in catalogue if options.subscribers is not None or FEATURE not in rule.features)


def _is_apart(catalogue: Catalogue, pattern: str) -> bool:
    """Whether the pattern names nothing but rules about subscribers."""
    return all(FEATURE in rule.features for rule in catalogue.matching(pattern))


def waits(rule: Rule) -> bool:
    """Whether the rule's evidence takes waiting for the target's clock."""
    return any(SCENARIOS[name].timed for name in CHECKS[rule.id].scenarios if name != TRAFFIC)


def judging_order(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Quick ones first, then generators, then what waits, and last what looks at all traffic."""

    def stage(rule: Rule) -> int:
        names = CHECKS[rule.id].scenarios
        if TRAFFIC in names:
            return 3
        if waits(rule):
            return 2
        return int(any(SCENARIOS[name].generates for name in names))

    return tuple(sorted(rules, key=stage))
