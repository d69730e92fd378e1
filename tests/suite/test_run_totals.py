"""What a run sums up: counts of outcomes, its cost, and the cost of several workers together."""

from __future__ import annotations

from dataclasses import fields

import pytest

from conformance.outcomes import Level, Outcome, Verdict
from conformance.results import Results, RuleResult, Statistics, sum_statistics
from conformance.rules import Rule


def result(rule_id: str, outcome: Outcome, level: Level = Level.MUST) -> RuleResult:
    return RuleResult(Rule(rule_id, level, "section", "page", "feature", "statement", "0.1"), outcome)


def results(*found: RuleResult, strict: bool = False, complete: bool = True) -> Results:
    return Results("http://x", "default", 1, "0.1", found, len(found), strict=strict, complete=complete)


PASSED, FAILED = result("A-A", Outcome.PASS), result("A-B", Outcome.FAIL)
DEVIATES = result("A-C", Outcome.FAIL, Level.SHOULD)


def test_results_have_the_verdict_and_the_exit_code_of_their_rules() -> None:
    assert (results(PASSED).verdict, results(PASSED).exit_code) == (Verdict.CONFORMANT, 0)
    assert (results(PASSED, FAILED).verdict, results(PASSED, FAILED).exit_code) == (Verdict.NOT_CONFORMANT, 1)


def test_results_of_a_run_that_ended_early_are_incomplete() -> None:
    early = results(PASSED, complete=False)
    assert (early.verdict, early.exit_code) == (Verdict.INCOMPLETE, 2)


def test_a_strict_run_fails_for_deviations_and_passes_without() -> None:
    assert results(PASSED, DEVIATES, strict=True).exit_code == 1
    assert results(PASSED, strict=True).exit_code == 0


def test_outcomes_are_counted_in_their_order_and_none_that_did_not_occur() -> None:
    found = results(FAILED, PASSED, result("A-D", Outcome.PASS))
    assert found.counts == {Outcome.PASS: 2, Outcome.FAIL: 1}
    assert list(found.counts) == [Outcome.PASS, Outcome.FAIL]


def test_a_result_is_found_by_its_rule() -> None:
    found = results(PASSED, FAILED)
    assert found.result("A-A") is PASSED
    assert found.result("A-B") is FAILED


def test_workers_costs_add_up_and_their_times_overlap() -> None:
    one = Statistics(
        requests=1, streams=2, messages=3, retries=4, started=100, duration=30, waits_longest=5, waits_total=6
    )
    two = Statistics(
        requests=10, streams=20, messages=30, retries=40, started=110, duration=15, waits_longest=7, waits_total=8
    )
    expected = Statistics(
        requests=11, streams=22, messages=33, retries=44, started=100, duration=30, waits_longest=7, waits_total=14
    )
    assert sum_statistics([one, two]) == expected
    assert sum_statistics([two, one]) == expected
    assert sum_statistics([one]) == one


def test_a_worker_that_began_and_ended_later_makes_the_run_longer() -> None:
    parts = [Statistics(started=100, duration=30), Statistics(started=120, duration=25)]
    assert sum_statistics(parts) == Statistics(started=100, duration=45)


def test_no_workers_cost_nothing() -> None:
    assert sum_statistics([]) == Statistics()


@pytest.mark.parametrize("name", [field.name for field in fields(Statistics)])
def test_a_cost_is_nothing_at_first(name: str) -> None:
    assert getattr(Statistics(), name) == 0
