"""The verdict and the exit code: what failed decides, and what did not run never looks like passed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.outcomes import Level, Outcome, Verdict
from conformance.results import UNSETTLED, RuleResult, exit_code_of, verdict_of
from conformance.rules import Rule

MUST, SHOULD, SURVEY = Level.MUST, Level.SHOULD, Level.SURVEY


def result(level: Level, outcome: Outcome) -> RuleResult:
    return RuleResult(Rule("A-B", level, "section", "page", "feature", "statement", "0.1"), outcome)


ANY = st.lists(st.builds(result, st.sampled_from(Level), st.sampled_from(Outcome)), max_size=12)
GREEN = [
    result(MUST, Outcome.PASS),
    result(SHOULD, Outcome.PASS),
    result(SURVEY, Outcome.ANSWERED),
    result(MUST, Outcome.UNSUPPORTED),
]


def test_all_kept_is_conformant() -> None:
    assert verdict_of(GREEN) is Verdict.CONFORMANT
    assert exit_code_of(GREEN) == 0


def test_nothing_judged_is_incomplete() -> None:
    assert verdict_of([]) is Verdict.INCOMPLETE
    assert exit_code_of([]) == 2


def test_a_run_that_ended_early_is_incomplete_whatever_passed() -> None:
    assert verdict_of(GREEN, complete=False) is Verdict.INCOMPLETE
    assert exit_code_of(GREEN, complete=False) == 2


def test_a_strict_run_without_deviations_passes() -> None:
    assert exit_code_of(GREEN, strict=True) == 0


@given(ANY)
def test_a_failed_must_is_never_outweighed(results: list[RuleResult]) -> None:
    assert verdict_of([*results, result(MUST, Outcome.FAIL)]) is Verdict.NOT_CONFORMANT
    assert exit_code_of([*results, result(MUST, Outcome.FAIL)]) == 1


@pytest.mark.parametrize("outcome", sorted(UNSETTLED))
@pytest.mark.parametrize("level", [MUST, SHOULD])
def test_what_was_not_settled_is_never_conformant(level: Level, outcome: Outcome) -> None:
    assert verdict_of([*GREEN, result(level, outcome)]) is Verdict.INCOMPLETE
    assert exit_code_of([*GREEN, result(level, outcome)]) == 2


@pytest.mark.parametrize("outcome", sorted(UNSETTLED))
def test_a_must_that_was_not_settled_outweighs_a_deviation(outcome: Outcome) -> None:
    results = [*GREEN, result(SHOULD, Outcome.FAIL), result(MUST, outcome)]
    assert verdict_of(results) is Verdict.INCOMPLETE


def test_a_should_blocked_by_a_failed_should_is_a_deviation() -> None:
    results = [*GREEN, result(SHOULD, Outcome.FAIL), result(SHOULD, Outcome.BLOCKED)]
    assert verdict_of(results) is Verdict.DEVIATIONS


@pytest.mark.parametrize("deviation", [result(SHOULD, Outcome.FAIL), result(MUST, Outcome.WAIVED)])
def test_deviations_fail_only_a_strict_run(deviation: RuleResult) -> None:
    results = [*GREEN, deviation]
    assert verdict_of(results) is Verdict.DEVIATIONS
    assert exit_code_of(results) == 0
    assert exit_code_of(results, strict=True) == 1


def test_a_waiver_that_is_no_longer_needed_breaks_the_run() -> None:
    results = [*GREEN, result(MUST, Outcome.UNEXPECTED_PASS)]
    assert verdict_of(results) is Verdict.CONFORMANT
    assert exit_code_of(results) == 1


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_survey_never_decides(outcome: Outcome) -> None:
    assert verdict_of([*GREEN, result(SURVEY, outcome)]) in {Verdict.CONFORMANT, Verdict.DEVIATIONS}
    if outcome is not Outcome.WAIVED:
        assert verdict_of([*GREEN, result(SURVEY, outcome)]) is Verdict.CONFORMANT


@given(ANY)
def test_only_kept_rules_make_conformant(results: list[RuleResult]) -> None:
    if verdict_of(results) is Verdict.CONFORMANT:
        judged = [r.outcome for r in results if r.rule.level is not SURVEY]
        assert set(judged) <= {Outcome.PASS, Outcome.ANSWERED, Outcome.UNSUPPORTED, Outcome.UNEXPECTED_PASS}
