"""report.json: its schema, what follows from the rules' outcomes, and what is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from conformance.outcomes import Level, Outcome, Verdict
from conformance.report.advice import advice, authority, hint, hints
from conformance.report.document import SHOWN_BODY, document_of, rule_record
from conformance.report.files import json_bytes
from conformance.report.mask import Mask
from conformance.results import RuleResult
from conformance.rules import Rule, load_catalogue
from report.examples import FAILURES, exchange, results

RULES = tuple(load_catalogue())
TEXT = st.text(max_size=40)


@given(st.dictionaries(st.sampled_from(RULES), st.tuples(st.sampled_from(Outcome), TEXT, TEXT), max_size=30))
@settings(max_examples=12, deadline=None)
def test_every_report_keeps_to_its_schema(changes: dict[Rule, tuple[Outcome, str, str]]) -> None:
    changed = {}
    for rule, (outcome, message, got) in changes.items():
        seen = (exchange(status=None), exchange(body=message.encode("utf-8", "replace")))
        changed[rule.id] = RuleResult(rule, outcome, message, got, got, seen)
    document = json.loads(json_bytes(document_of(results(changed, measured=True))))
    assert list(schemas.validator("report").iter_errors(document)) == []
    assert sum(document["counts"].values()) == len(document["rules"]) == len(RULES)


def test_a_report_off_its_schema_is_noticed() -> None:
    document = document_of(results())
    document["verdict"] = "fine"
    assert list(schemas.validator("report").iter_errors(document))


def test_a_blocked_rule_names_the_rule_that_blocks_it() -> None:
    document = document_of(results(FAILURES))
    blocked = next(rule for rule in document["rules"] if rule["id"] == "UPDATE-TTL")
    assert blocked["blocked_by"] == ["TTL-DATE-EXPIRES"]
    assert "TTL-DATE-EXPIRES" in blocked["advice"]["change"]


@pytest.mark.parametrize(
    ("rule_id", "fault", "authority"),
    [
        ("TTL-DATE-EXPIRES", "the target", "the Stream page, section “Create a Sync Stream resource”"),
        ("NAME-DUPLICATE-ERROR", "the target", "a published answer of the live service"),
        ("STREAM-DATES-WHOLE-SECONDS", "the target", "the code of Twilio's official libraries"),
        ("PROPERTY-FETCH", "the target, or the schema it is held to", "the Stream page"),
        ("LIST-STATUS", "the suite", ""),
        ("RATE-SUSTAINED", "nobody", ""),
    ],
)
def test_every_failure_says_who_is_at_fault_and_on_whose_authority(rule_id: str, fault: str, authority: str) -> None:
    changes = {"PROPERTY-FETCH": RuleResult(load_catalogue()["PROPERTY-FETCH"], Outcome.FAIL, "m", "e", "g")} | FAILURES
    rule = next(rule for rule in document_of(results(changes))["rules"] if rule["id"] == rule_id)
    assert rule["advice"]["fault"] == fault
    assert authority in rule["advice"]["authority"]
    assert rule["advice"]["change"]


def test_every_rule_that_can_fail_has_a_hint_and_every_hint_a_rule() -> None:
    judged = [rule for rule in RULES if rule.level is not Level.SURVEY]
    assert [rule.id for rule in judged if not hint(rule.id)] == []
    taken = {hint(rule.id) for rule in judged}
    assert [pattern for pattern, words in hints().items() if words not in taken] == []
    assert all(words.endswith(".") for words in hints().values())
    rule = load_catalogue()["TTL-DATE-EXPIRES"]
    words = advice(rule, Outcome.FAIL, message="", blocked_by=())
    assert words is not None
    assert hint(rule.id) in words["change"]
    assert hint("SOME-RULE-THAT-IS-NOT-THERE") == ""


def test_every_rule_of_the_catalogue_has_an_authority_in_words() -> None:
    for rule in RULES:
        words = authority(rule)
        assert rule.level is Level.SURVEY or "Twilio" in words or "Stream page" in words or "live service" in words
        assert not {"page:", "doc:", "seen:", "client:"} & set(words.split())


def test_a_run_that_was_cut_off_is_never_conformant() -> None:
    assert results(complete=False).verdict is Verdict.INCOMPLETE
    assert results(complete=False).exit_code == 2
    failed = results(FAILURES, complete=False)
    assert failed.verdict is Verdict.NOT_CONFORMANT
    assert failed.exit_code == 1


def test_what_was_not_selected_is_listed() -> None:
    document = document_of(results(only="TTL-"))
    ids = {rule["id"] for rule in document["rules"]} | {rule["id"] for rule in document["left_out"]}
    assert ids == {rule.id for rule in RULES}
    assert document["unchecked"]


def test_a_secret_across_the_cut_of_a_body_does_not_show_half() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    body = b"x" * (SHOWN_BODY - 16) + secret.encode() + b"y" * 100
    result = RuleResult(RULES[0], Outcome.FAIL, exchanges=(exchange(body=body),))
    shown = rule_record(Mask([secret]).result(result))["exchanges"][0]["response"]["body"]
    assert "0123" not in shown


def test_a_binary_body_is_masked_too() -> None:
    result = RuleResult(RULES[0], Outcome.FAIL, exchanges=(exchange(body=b"\xff\xfeTop-Secret-1\xff"),))
    record = rule_record(Mask(["Top-Secret-1"]).result(result))
    assert record["exchanges"][0]["response"]["body_base64"] == "//4qKir/"


def test_a_secret_that_is_one_of_our_own_words_leaves_the_report_whole() -> None:
    document = document_of(results(FAILURES), Mask(["pass", "fail", "must", "conformant"]))
    assert document["counts"]["pass"]
    assert list(schemas.validator("report").iter_errors(document)) == []
