"""How faulty and lawful servers are examined: which rules are run, what is kept, what the table says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from faulty.detect import SEEDS, jobs_for
from faulty.examine import Finding, Scope, concerned_rules, examine_fault, examine_variation
from faulty.kept import keep, load_kept
from faulty.registry import FAULTS, VARIATIONS, Fault, load
from faulty.table import table
from hypothesis import given
from hypothesis import strategies as st

from conformance.judge import reconcile
from conformance.outcomes import Outcome
from conformance.results import RuleResult
from conformance.rules import load_catalogue

texts = st.text(max_size=20)
lists = st.lists(texts, max_size=3).map(tuple)
findings = st.builds(Finding, texts, st.integers(), st.sampled_from(Scope), texts, lists, lists, lists)


@pytest.fixture(autouse=True)
def _servers() -> None:
    load()


@given(kept=st.lists(findings, max_size=5))
def test_kept_findings_are_read_back(kept: list[Finding], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kept") / "findings.jsonl"
    for finding in kept:
        keep(path, finding)
    assert load_kept(path) == {(finding.name, finding.seed, finding.scope): finding for finding in kept}


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "findings.jsonl"
    whole = Finding("One", 1, Scope.ALL, "not conformant", ("A",), (), ())
    keep(path, whole)
    keep(path, replace(whole, name="Two"))
    path.write_text(path.read_text("utf-8")[:-5], "utf-8")
    assert list(load_kept(path).values()) == [whole]


def test_every_server_is_examined_with_every_seed_or_with_one_in_turn() -> None:
    everything = jobs_for((), SEEDS)
    in_turn = jobs_for((), SEEDS, spread=True)
    names = {*FAULTS, *VARIATIONS}
    assert {(job[1], job[2]) for job in everything} == {(name, seed) for name in names for seed in SEEDS}
    assert sorted(job[1] for job in in_turn) == sorted(names)
    assert {job[2] for job in in_turn} == set(SEEDS)
    assert {job[3] for job in everything + in_turn} == {Scope.CONCERNED}


def test_in_full_the_first_seed_makes_every_generated_request() -> None:
    jobs = jobs_for(("CreateAnswers200",), (4, 2, 3), full=True)
    assert [job[2:] for job in jobs] == [(4, Scope.ALL), (2, Scope.SAMPLED), (3, Scope.SAMPLED)]


@pytest.mark.parametrize("scope", [Scope.ALL, Scope.SAMPLED])
def test_in_full_no_rule_is_left_out(scope: Scope) -> None:
    finding = examine_fault(FAULTS["CreatesWithoutAWord"], 1, scope)
    assert not finding.wrong
    generated = {rule.id for rule in load_catalogue() if rule.id.startswith("PROPERTY-")}
    assert generated
    assert generated <= set(finding.blocked)


@pytest.mark.parametrize("rule_id", ["STREAM-KEYS", "CREATE-WORKS", "TTL-OTHERS-STAY", "LIST-COMPLETE"])
def test_the_rules_concerned_hold_the_rule_and_what_can_block_it(rule_id: str) -> None:
    concerned = concerned_rules(rule_id, ("NAME-*",))
    rule = load_catalogue()[rule_id]
    assert {rule_id, *rule.depends_on, "NAME-321-CHARACTERS"} <= set(concerned)


def test_what_builds_on_a_rule_that_failed_never_fails() -> None:
    """Why the rules concerned leave them out."""
    catalogue = load_catalogue()
    for broken in catalogue:
        results = [
            RuleResult(rule, Outcome.FAIL) for rule in catalogue if rule is broken or broken.id in rule.depends_on
        ]
        failed = [result.rule.id for result in reconcile(results) if result.outcome is Outcome.FAIL]
        assert failed == [broken.id]


def test_a_fault_that_breaks_another_rule_than_it_names_is_found_out() -> None:
    wrongly_named = replace(FAULTS["CreateAnswers200"], rule="CREATE-NAMED")
    silent, unlisted = examine_fault(wrongly_named, 1).wrong
    assert silent.startswith("CREATE-NAMED should fail and is pass")
    assert unlisted.startswith("CREATE-STATUS should not fail")
    listed = examine_fault(replace(wrongly_named, may=("CREATE-STATUS",)), 1).wrong
    assert listed == (silent,)


def test_a_variation_that_is_not_lawful_is_found_out() -> None:
    unlawful = replace(next(iter(VARIATIONS.values())), parts=FAULTS["CreateAnswers200"].parts, rules=("CREATE-*",))
    assert any(sentence.startswith("CREATE-STATUS is fail") for sentence in examine_variation(unlawful, 1).wrong)


def test_the_table_tells_what_was_run_and_what_went_wrong() -> None:
    fault: Fault = FAULTS["CreateAnswers200"]
    good = Finding(fault.name, 1, Scope.CONCERNED, "not conformant", ("CREATE-STATUS",), (), ())
    bad = replace(good, seed=2, failed=(), wrong=("CREATE-STATUS should fail and is pass",))
    full = replace(good, scope=Scope.ALL, failed=("CREATE-STATUS", "UPDATE-STATUS"))
    text = table([good, bad, full], FAULTS, VARIATIONS)
    assert "| `CREATE-STATUS`, `UPDATE-STATUS` | 1 of 2 | 1 of 1 |" in text
    assert "| faulty, the rules concerned, seeds 1, 2 | 1 | 2 | 0 |" in text
    assert "| faulty, all rules, seeds 1 | 1 | 1 | 1 |" in text
