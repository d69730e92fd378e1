"""What a run found, as immutable values, and the verdict that follows from them. Nothing here does I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.deletion import Deletion
from conformance.exchange import Exchange
from conformance.outcomes import Level, Outcome, Verdict
from conformance.report.measurements import Measurements
from conformance.rules import Rule

UNSETTLED = frozenset({Outcome.BLOCKED, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.NOT_RUN})


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's outcome. `duration` is in seconds and counts the judging and the waiting for its evidence."""

    rule: Rule
    outcome: Outcome
    message: str = ""
    expected: str = ""
    got: str = ""
    exchanges: tuple[Exchange, ...] = ()
    duration: float = 0.0


def verdict_of(results: Iterable[RuleResult], *, complete: bool = True) -> Verdict:
    """The verdict on the rules that were selected. A run that did not reach its end is not `complete`.

    A failed `must` decides at once. Then nothing that is required may be unsettled: 'did not run' never
    looks like 'passed'. A `should` that is unsettled only because another `should` failed is a deviation.
    """
    seen = {(result.rule.level, result.outcome) for result in results}
    if (Level.MUST, Outcome.FAIL) in seen:
        return Verdict.NOT_CONFORMANT
    if not complete or not seen or any((Level.MUST, outcome) in seen for outcome in UNSETTLED):
        return Verdict.INCOMPLETE
    if (Level.SHOULD, Outcome.FAIL) in seen or any(outcome is Outcome.WAIVED for _, outcome in seen):
        return Verdict.DEVIATIONS
    if any((Level.SHOULD, outcome) in seen for outcome in UNSETTLED):
        return Verdict.INCOMPLETE
    return Verdict.CONFORMANT


def exit_code_of(results: Iterable[RuleResult], *, strict: bool = False, complete: bool = True) -> int:
    """0 conformant, 1 not conformant or an unexpected pass (with `strict` deviations too), 2 incomplete."""
    results = tuple(results)
    verdict = verdict_of(results, complete=complete)
    if verdict is Verdict.NOT_CONFORMANT or any(r.outcome is Outcome.UNEXPECTED_PASS for r in results):
        return 1
    if verdict is Verdict.INCOMPLETE:
        return 2
    return 1 if strict and verdict is Verdict.DEVIATIONS else 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the run cost: counts, and seconds."""

    requests: int = 0
    streams: int = 0
    messages: int = 0
    retries: int = 0
    started: float = 0.0
    duration: float = 0.0
    waits_longest: float = 0.0
    waits_total: float = 0.0


def sum_statistics(parts: Sequence[Statistics]) -> Statistics:
    """The whole run's cost from that of its workers."""
    if not parts:
        return Statistics()
    started = min(part.started for part in parts)
    return Statistics(
        requests=sum(part.requests for part in parts),
        streams=sum(part.streams for part in parts),
        messages=sum(part.messages for part in parts),
        retries=sum(part.retries for part in parts),
        started=started,
        duration=max(part.started + part.duration for part in parts) - started,
        waits_longest=max(part.waits_longest for part in parts),
        waits_total=sum(part.waits_total for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Results:
    """One run: which target, with which suite and seed, what was found, and remarks for the reader.

    `complete` is False when the run ended before its end; `command` is what repeats it.
    """

    target: str
    service: str
    seed: int
    suite_version: str
    results: tuple[RuleResult, ...]
    total_rules: int
    statistics: Statistics = Statistics()
    notes: tuple[str, ...] = ()
    strict: bool = False
    complete: bool = True
    measurements: Measurements = field(default_factory=Measurements)
    command: str = ""
    deletion: Deletion | None = None

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.results, complete=self.complete)

    @property
    def exit_code(self) -> int:
        return exit_code_of(self.results, strict=self.strict, complete=self.complete)

    @property
    def counts(self) -> dict[Outcome, int]:
        counter = Counter(result.outcome for result in self.results)
        return {outcome: counter[outcome] for outcome in Outcome if counter[outcome]}

    def result(self, rule_id: str) -> RuleResult:
        return next(result for result in self.results if result.rule.id == rule_id)
