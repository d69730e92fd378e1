"""Judging: one fault is reported once, by the rule of the broken promise; everything else keeps its own word."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.exchange import Exchange, Request, Response
from conformance.judge import BROKEN, Judge, reconcile
from conformance.outcomes import Blocked, Failed, Inconclusive, Level, NotRun, Outcome, Unsupported
from conformance.registry import CHECKS, Answer, Check
from conformance.results import RuleResult
from conformance.rules import Catalogue, Rule
from conformance.waivers import Waiver


def rule(
    rule_id: str, *depends_on: str, level: Level = Level.MUST, feature: str = "f", needs: tuple[str, ...] = ()
) -> Rule:
    return Rule(rule_id, level, "section", "page", feature, "statement", "0.1", depends_on, needs)


def raising(error: BaseException) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


def fails() -> None:
    raise Failed("this", "that")


def passes() -> None:
    return None


@pytest.fixture
def checks() -> Iterator[Callable[..., Judge]]:
    """Judges a little catalogue: rules with the functions that judge them."""
    added: list[str] = []

    def judge(*pairs: tuple[Rule, Callable[..., Any]], **options: Any) -> Judge:
        for one, function in pairs:
            CHECKS[one.id] = Check(one.id, function, ())
            added.append(one.id)
        return Judge(Catalogue(one for one, _ in pairs), lambda name: name, **options)

    yield judge
    for rule_id in added:
        CHECKS.pop(rule_id, None)


def test_a_check_that_returns_passes(checks: Callable[..., Judge]) -> None:
    assert checks((rule("T-A"), passes)).judge("T-A").outcome is Outcome.PASS


def test_a_failure_tells_what_was_expected_and_what_came(checks: Callable[..., Judge]) -> None:
    result = checks((rule("T-A"), fails)).judge("T-A")
    assert (result.outcome, result.expected, result.got) == (Outcome.FAIL, "this", "that")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Blocked("x"), Outcome.BLOCKED),
        (Inconclusive("x"), Outcome.INCONCLUSIVE),
        (Unsupported("x"), Outcome.UNSUPPORTED),
        (NotRun("x"), Outcome.NOT_RUN),
        (KeyError("x"), Outcome.ERROR),
        (RecursionError("x"), Outcome.ERROR),
    ],
)
def test_each_judgement_has_its_outcome(checks: Callable[..., Judge], error: BaseException, outcome: Outcome) -> None:
    assert checks((rule("T-A"), raising(error))).judge("T-A").outcome is outcome


def test_an_accident_of_the_suite_is_told_as_one(checks: Callable[..., Judge]) -> None:
    result = checks((rule("T-A"), raising(KeyError("sid")))).judge("T-A")
    assert "the suite itself failed" in result.message
    assert "says nothing about the target" in result.message


def test_what_depends_on_a_failed_rule_is_blocked_and_names_it(checks: Callable[..., Judge]) -> None:
    judge = checks((rule("T-A"), fails), (rule("T-B", "T-A"), fails), (rule("T-C", "T-B"), fails))
    assert judge.judge("T-C").outcome is Outcome.BLOCKED
    assert "T-B" in judge.judge("T-C").message
    assert judge.judge("T-B").outcome is Outcome.BLOCKED
    assert judge.judge("T-A").outcome is Outcome.FAIL


def test_an_accident_after_a_failed_dependency_is_blocked(checks: Callable[..., Judge]) -> None:
    judge = checks((rule("T-A"), fails), (rule("T-B", "T-A"), raising(TypeError())))
    assert judge.judge("T-B").outcome is Outcome.BLOCKED


def test_a_failure_with_sound_dependencies_stays_a_failure(checks: Callable[..., Judge]) -> None:
    judge = checks((rule("T-A"), passes), (rule("T-B", "T-A"), fails))
    assert judge.judge("T-B").outcome is Outcome.FAIL


def test_what_passes_is_not_blocked_by_a_failed_dependency(checks: Callable[..., Judge]) -> None:
    judge = checks((rule("T-A"), fails), (rule("T-B", "T-A"), passes))
    assert judge.judge("T-B").outcome is Outcome.PASS


@pytest.mark.parametrize("outcome_of_dependency", [raising(Inconclusive("x")), raising(Unsupported("x"))])
def test_only_a_broken_dependency_excuses(
    checks: Callable[..., Judge], outcome_of_dependency: Callable[[], None]
) -> None:
    judge = checks((rule("T-A"), outcome_of_dependency), (rule("T-B", "T-A"), fails))
    assert judge.judge("T-B").outcome is Outcome.FAIL


def test_dependencies_are_not_looked_at_without_need(checks: Callable[..., Judge]) -> None:
    looked: list[str] = []
    judge = checks((rule("T-A"), lambda: looked.append("a")), (rule("T-B", "T-A"), passes))
    judge.judge("T-B")
    assert looked == []


SENT = Request("DELETE", "http://target/v1/Services/default/Streams/one")
REFUSED = Exchange(SENT, Response(404), 0.0, 0.1)
UNANSWERED = Exchange(SENT, None, 0.0, 0.1, "the connection broke off")


def doubted(judge: Callable[..., Judge], *pairs: tuple[Rule, Callable[..., Any]], scenarios: set[str]) -> Judge:
    """The rules' evidence is a scenario each, named like the rule; of those given answers were lost to the last."""
    made = judge(*pairs, doubtful=scenarios.__contains__)
    for one, function in pairs:
        CHECKS[one.id] = Check(one.id, lambda function=function, **evidence: function(), (one.id,))
    return made


def test_where_answers_were_lost_nothing_fails(checks: Callable[..., Judge]) -> None:
    refused = raising(Failed("a delete to succeed", "404", REFUSED))
    judge = doubted(checks, (rule("T-A"), refused), (rule("T-B"), refused), (rule("T-C"), passes), scenarios={"T-A"})
    result = judge.judge("T-A")
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "run again to tell. Seen: expected a delete to succeed, got 404" in result.message
    assert result.exchanges == (REFUSED,)
    assert judge.judge("T-B").outcome is Outcome.FAIL
    assert judge.judge("T-C").outcome is Outcome.PASS


def test_an_answer_that_never_came_is_a_failure_however_many_were_lost(checks: Callable[..., Judge]) -> None:
    never = raising(Failed("an answer", "none", REFUSED, UNANSWERED))
    assert doubted(checks, (rule("T-A"), never), scenarios={"T-A"}).judge("T-A").outcome is Outcome.FAIL


def test_a_broken_dependency_says_more_than_lost_answers(checks: Callable[..., Judge]) -> None:
    judge = doubted(checks, (rule("T-A"), fails), (rule("T-B", "T-A"), fails), scenarios={"T-B"})
    assert judge.judge("T-B").outcome is Outcome.BLOCKED


def test_what_looks_at_all_traffic_is_not_remembered_before_all_of_it_is_there(checks: Callable[..., Judge]) -> None:
    seen: list[str] = []

    def look(traffic: str) -> None:
        seen.append(traffic)
        if len(seen) > 1:
            raise Failed("this", "that")

    passive = rule("T-A")
    judge = checks((passive, passes), (rule("T-B", "T-A"), fails))
    CHECKS["T-A"] = Check("T-A", look, ("traffic",))
    results = [judge.judge("T-B"), judge.judge("T-A")]
    assert [r.outcome for r in results] == [Outcome.FAIL, Outcome.FAIL]
    assert [r.outcome for r in reconcile(results)] == [Outcome.BLOCKED, Outcome.FAIL]


def test_reconciling_goes_all_the_way_up_and_touches_failures_only(checks: Callable[..., Judge]) -> None:
    results = [
        RuleResult(rule("T-D", "T-B"), Outcome.PASS),
        RuleResult(rule("T-C", "T-B"), Outcome.FAIL),
        RuleResult(rule("T-B", "T-A"), Outcome.FAIL),
        RuleResult(rule("T-A"), Outcome.WAIVED),
    ]
    outcomes = [result.outcome for result in reconcile(results)]
    assert outcomes == [Outcome.PASS, Outcome.BLOCKED, Outcome.BLOCKED, Outcome.WAIVED]


def test_a_rule_is_judged_once(checks: Callable[..., Judge]) -> None:
    looked: list[str] = []
    judge = checks((rule("T-A"), lambda: looked.append("a")))
    assert judge.judge("T-A") is judge.judge("T-A")
    assert looked == ["a"]


def test_a_survey_is_answered_and_never_fails(checks: Callable[..., Judge]) -> None:
    survey = rule("T-A", level=Level.SURVEY)
    assert checks((survey, lambda: Answer("blue"))).judge("T-A").outcome is Outcome.ANSWERED
    assert checks((survey, fails)).judge("T-A").outcome is Outcome.ANSWERED


@pytest.mark.parametrize("one", [rule("T-A", feature="x"), rule("T-A", feature="f", needs=("x",))])
def test_an_unclaimed_feature_is_unsupported_and_not_asked_for(checks: Callable[..., Judge], one: Rule) -> None:
    result = checks((one, fails), unclaimed=frozenset({"x"})).judge("T-A")
    assert result.outcome is Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (fails, Outcome.WAIVED),
        (raising(Blocked("x")), Outcome.WAIVED),
        (passes, Outcome.UNEXPECTED_PASS),
        (raising(Inconclusive("x")), Outcome.INCONCLUSIVE),
        (raising(ValueError("x")), Outcome.ERROR),
    ],
)
def test_waivers_excuse_failures_only(
    checks: Callable[..., Judge], function: Callable[[], None], outcome: Outcome
) -> None:
    waivers = {"T-A": Waiver("T-A", "known since May")}
    assert checks((rule("T-A"), function), waivers=waivers).judge("T-A").outcome is outcome


def test_a_waived_failure_still_explains_its_dependants(checks: Callable[..., Judge]) -> None:
    waivers = {"T-A": Waiver("T-A", "known")}
    judge = checks((rule("T-A"), fails), (rule("T-B", "T-A"), fails), waivers=waivers)
    assert judge.judge("T-B").outcome is Outcome.BLOCKED


def test_reconciling_passes_over_dependencies_that_were_not_judged() -> None:
    results = [RuleResult(rule("T-B", "T-NONE", "T-A"), Outcome.FAIL), RuleResult(rule("T-A"), Outcome.FAIL)]
    assert [result.outcome for result in reconcile(results)] == [Outcome.BLOCKED, Outcome.FAIL]
    assert "T-A" in reconcile(results)[0].message


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - BROKEN))
def test_reconciling_blocks_for_broken_dependencies_only(outcome: Outcome) -> None:
    results = [RuleResult(rule("T-B", "T-A"), Outcome.FAIL), RuleResult(rule("T-A"), outcome)]
    assert [result.outcome for result in reconcile(results)] == [Outcome.FAIL, outcome]


def test_a_duration_is_how_long_the_judging_took(checks: Callable[..., Judge]) -> None:
    started = time.monotonic()
    result = checks((rule("T-A"), passes)).judge("T-A")
    assert 0 <= result.duration <= time.monotonic() - started


def test_an_answer_passes_a_rule_that_is_no_survey(checks: Callable[..., Judge]) -> None:
    result = checks((rule("T-A"), lambda: Answer("blue"))).judge("T-A")
    assert (result.outcome, result.message) == (Outcome.PASS, "blue")


def test_a_dependency_that_was_judged_before_is_remembered(checks: Callable[..., Judge]) -> None:
    looked: list[str] = []

    def look() -> None:
        looked.append("a")
        raise Failed("this", "that")

    judge = checks((rule("T-A"), look), (rule("T-B", "T-A"), fails), (rule("T-C", "T-A"), fails))
    assert [judge.judge(i).outcome for i in ("T-B", "T-C", "T-A")] == [Outcome.BLOCKED, Outcome.BLOCKED, Outcome.FAIL]
    assert looked == ["a"]


def test_what_looks_at_all_traffic_is_remembered_once_it_was_its_turn(checks: Callable[..., Judge]) -> None:
    looked: list[str] = []

    def look(traffic: str) -> None:
        looked.append(traffic)

    judge = checks((rule("T-A"), passes), (rule("T-B", "T-A"), fails))
    CHECKS["T-A"] = Check("T-A", look, ("traffic",))
    judge.judge("T-A")
    judge.judge("T-B")
    assert looked == ["traffic"]
