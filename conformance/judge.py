"""Judges rules: runs a rule's check on its evidence and settles what its outcome means.

A rule that fails while a rule it depends on has failed too is `blocked`: the fault is reported once, by the
rule of the broken promise. Dependencies are looked at only when something failed.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.outcomes import Blocked, Failed, Inconclusive, Judgement, Level, NotRun, Outcome, Unsupported
from conformance.registry import CHECKS, Answer
from conformance.results import RuleResult
from conformance.rules import Catalogue, Rule
from conformance.stage import TRAFFIC
from conformance.waivers import Waiver

BROKEN = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.WAIVED})
OUTCOME_OF = {
    Blocked: Outcome.BLOCKED,
    Inconclusive: Outcome.INCONCLUSIVE,
    Unsupported: Outcome.UNSUPPORTED,
    NotRun: Outcome.NOT_RUN,
}


def reconcile(results: Iterable[RuleResult]) -> tuple[RuleResult, ...]:
    """The results of a whole run with `blocked` where a dependency turned out broken only later.

    A rule that looks at all traffic is judged last, and under pytest-xdist a dependency may be judged elsewhere.
    """
    settled = {result.rule.id: result for result in results}
    for rule_id, result in settled.items():
        if result.outcome is not Outcome.FAIL:
            continue
        broken = (d for d in result.rule.depends_on if d in settled and settled[d].outcome in BROKEN)
        if culprit := next(broken, None):  # one pass settles it: what is blocked is as broken as what failed
            settled[rule_id] = _blocked_by(culprit, result)
    return tuple(settled.values())


def _blocked_by(culprit: str, result: RuleResult) -> RuleResult:
    return replace(result, outcome=Outcome.BLOCKED, message=f"because {culprit} failed; {result.message}")


def _doubted(result: RuleResult) -> RuleResult:
    """What failed on evidence that lost answers may have spoilt; a failure still where the answer itself never came."""
    if any(exchange.response is None for exchange in result.exchanges):
        return result
    message = (
        "answers to requests that change something were lost each time this was tried, so what is seen may be their"
        f" doing; run again to tell. Seen: {result.message}"
    )
    return replace(result, outcome=Outcome.INCONCLUSIVE, message=message)


class Judge:
    """Judges each rule once and remembers. `evidence` gives a scenario's evidence by name.

    `doubtful` tells of a scenario, by name, whether its evidence may show what lost answers have done: on such evidence
    nothing fails.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        evidence: Callable[[str], Any],
        *,
        doubtful: Callable[[str], bool] = lambda _: False,
        unclaimed: frozenset[str] = frozenset(),
        waivers: Mapping[str, Waiver] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._evidence = evidence
        self._doubtful = doubtful
        self._unclaimed = unclaimed
        self._waivers = waivers or {}
        self._results: dict[str, RuleResult] = {}

    def judge(self, rule_id: str) -> RuleResult:
        """The rule's result, waivers applied."""
        if rule_id not in self._results:
            started = time.monotonic()
            result = self._waive(self._judge(self._catalogue[rule_id]))
            self._results[rule_id] = replace(result, duration=time.monotonic() - started)
        return self._results[rule_id]

    def _judge(self, rule: Rule) -> RuleResult:
        if feature := next((name for name in rule.features if name in self._unclaimed), None):
            return RuleResult(rule, Outcome.UNSUPPORTED, f"the target does not claim {feature!r}")
        check = CHECKS[rule.id]
        try:
            answer = check.function(**{name: self._evidence(name) for name in check.scenarios})
        except Failed as failure:
            return self._failed(rule, failure)
        except Judgement as judgement:
            outcome = next(outcome for kind, outcome in OUTCOME_OF.items() if isinstance(judgement, kind))
            return RuleResult(rule, outcome, judgement.message, exchanges=judgement.exchanges)
        except Exception as error:  # noqa: BLE001 - one rule's accident must not end the run
            return self._accident(rule, error)
        if isinstance(answer, Answer):
            outcome = Outcome.ANSWERED if rule.level is Level.SURVEY else Outcome.PASS
            return RuleResult(rule, outcome, answer.text, exchanges=answer.exchanges)
        return RuleResult(rule, Outcome.PASS)

    def _failed(self, rule: Rule, failure: Failed) -> RuleResult:
        found = RuleResult(
            rule, Outcome.FAIL, failure.message, failure.expected, failure.got, failure.exchanges
        )  # fmt: skip
        if rule.level is Level.SURVEY:
            return replace(found, outcome=Outcome.ANSWERED)
        if culprit := self._broken_dependency(rule):
            return _blocked_by(culprit, found)
        if any(map(self._doubtful, CHECKS[rule.id].scenarios)):
            return _doubted(found)
        return found

    def _accident(self, rule: Rule, error: Exception) -> RuleResult:
        if culprit := self._broken_dependency(rule):
            return RuleResult(rule, Outcome.BLOCKED, f"because {culprit} failed")
        where = traceback.extract_tb(error.__traceback__)[-1]
        message = (
            f"the suite itself failed ({type(error).__name__}: {error}, {where.name} line {where.lineno});"
            " this says nothing about the target, please report it"
        )
        return RuleResult(rule, Outcome.ERROR, message)

    def _broken_dependency(self, rule: Rule) -> str | None:
        return next((d for d in rule.depends_on if self._look_at(d).outcome in BROKEN), None)

    def _look_at(self, rule_id: str) -> RuleResult:
        """A dependency's result so far. What looks at all traffic is judged again when all of it is there."""
        if rule_id in self._results or TRAFFIC not in CHECKS[rule_id].scenarios:
            return self.judge(rule_id)
        return self._waive(self._judge(self._catalogue[rule_id]))

    def _waive(self, result: RuleResult) -> RuleResult:
        waiver = self._waivers.get(result.rule.id)
        if waiver is None:
            return result
        if result.outcome in {Outcome.FAIL, Outcome.BLOCKED}:
            return replace(result, outcome=Outcome.WAIVED, message=f"waived: {waiver.reason}. {result.message}")
        if result.outcome in {Outcome.PASS, Outcome.ANSWERED}:
            message = f"passes although it is waived ({waiver.reason}): take the waiver out"
            return replace(result, outcome=Outcome.UNEXPECTED_PASS, message=message)
        return result
