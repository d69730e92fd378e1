"""PUBLISH, MESSAGES and SIZE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.exchange import Exchange
from suite.checks.doctor import Case, answered, doctored, name_of, no_answer, plus, put, raw, refusal, status, to


def only_empty(answers: tuple[tuple[str, Exchange], ...]) -> Any:
    """The answer to an empty object, for which that to some other message stands in if none was sent."""
    text, exchange = next((each for each in answers if each[0] == "{}"), answers[0])
    return (("{}", put("data", to={})(exchange)),) if text != "{}" else ((text, exchange),)


EMPTY = (("structured_data.answers", only_empty),)

CASES: list[Case] = [
    ("PUBLISH-WORKS", "blocked", ("published.messages[1]", status(429))),
    ("PUBLISH-WORKS", "fail", ("published.messages[1]", status(428))),
    ("PUBLISH-WORKS", "fail", ("published.messages[1]", status(430))),
    ("PUBLISH-WORKS", "fail", ("published_to_lasting", status(404))),
    # A success in name only; a message whose body can't be read is for other rules.
    ("PUBLISH-WORKS", "fail", ("published.messages[1]", answered(200, {"code": 1, "message": "no", "status": 400}))),
    (
        "PUBLISH-WORKS",
        "fail",
        ("published.messages[1]", answered(200, {"code": 1, "message": "", "status": 1, "a": 1})),
    ),
    ("PUBLISH-WORKS", "pass", ("published.messages[1]", answered(200, {"code": 1, "message": "no"}))),
    ("PUBLISH-WORKS", "pass", ("published.messages[1]", raw(b"nonsense"))),
    ("PUBLISH-BY-NAME", "fail", ("published_by_name.plain[1]", status(404))),
    ("PUBLISH-BY-NAME", "fail", ("published_by_name.escaped", status(404))),
    ("PUBLISH-BY-LINK", "fail", ("published.link", status(404))),
    ("PUBLISH-BY-LINK", "fail", ("published.link", to(None))),
    ("PUBLISH-STATUS", "fail", ("published.messages[0]", status(200))),
    ("PUBLISH-STATUS", "fail", ("published.messages[0]", status(299))),
    ("PUBLISH-STATUS", "pass", ("published.messages[0]", status(199))),
    ("PUBLISH-STATUS", "pass", ("published.messages[0]", status(300))),
    ("PUBLISH-STATUS", "pass", ("published.messages[0]", no_answer())),
    ("PUBLISH-SID", "fail", ("published.messages[0]", put("sid", to=lambda sid: sid + "0"))),
    ("PUBLISH-SID", "fail", ("published.messages[0]", put("sid", to=7))),
    ("PUBLISH-SID", "fail", ("published.messages[*]", put("sid", to="TZ" + "0" * 32))),
    ("PUBLISH-SID", "fail", ("published.messages[0]", answered(200, {"sid": "x"}))),
    ("PUBLISH-SID", "fail", ("published.messages[0]", answered(299, {"sid": "x"}))),
    ("PUBLISH-SID", "pass", ("published.messages[0]", answered(199, {"sid": "x"}))),
    ("PUBLISH-SID", "pass", ("published.messages[0]", answered(300, {"sid": "x"}))),
    ("PUBLISH-SID", "pass", ("published.messages[0]", no_answer())),
    ("PUBLISH-MISSING-DATA", "fail", ("unpublishable.missing[0][1]", status(201))),
    ("PUBLISH-NOT-JSON", "fail", ("unpublishable.not_json[3][1]", refusal(400, 1))),
    ("PUBLISH-UNKNOWN", "fail", ("stray_messages.sid", status(201))),
    ("PUBLISH-UNKNOWN", "fail", ("stray_messages.name", status(201))),
    ("PUBLISH-UNKNOWN", "fail", ("stray_messages.after", answered(200, {"sid": "TO1"}))),
    ("MESSAGES-NOT-QUERIED", "inconclusive", ("handled_messages.queried[0]", no_answer())),
    ("MESSAGES-NOT-QUERIED", "fail", ("handled_messages.queried[0]", status(200))),
    ("MESSAGES-NOT-QUERIED", "fail", ("handled_messages.queried[0]", status(299))),
    ("MESSAGES-NOT-QUERIED", "pass", ("handled_messages.queried[0]", status(199))),
    ("MESSAGES-NOT-QUERIED", "pass", ("handled_messages.queried[0]", status(300))),
    ("MESSAGES-NOT-UPDATED", "fail", ("handled_messages.updated[-1]", status(204))),
    ("MESSAGES-NOT-DELETED", "fail", ("handled_messages.deleted[-1]", status(204))),
    ("MESSAGES-NOT-DELETED", "fail", ("handled_messages.after", status(404))),
    # An empty object alone may be refused.
    ("PUBLISH-ECHO-STRUCTURE", "pass", *EMPTY, ("structured_data.answers[0][1]", refusal(400))),
    ("PUBLISH-ECHO-STRUCTURE", "fail", *EMPTY, ("structured_data.answers[0][1]", status(500))),
    ("PUBLISH-ECHO-STRUCTURE", "fail", *EMPTY, ("structured_data.answers[0][1]", put("data", to=[]))),
    ("PUBLISH-ECHO-STRUCTURE", "fail", ("structured_data.answers[-1][1]", refusal(400))),
    ("PUBLISH-ECHO", "fail", ("plain_data.answers[0][1]", refusal(400))),
    ("PUBLISH-ECHO", "fail", ("plain_data.answers[0][1]", put("data", to=7))),
    ("PUBLISH-ECHO", "fail", ("plain_data_by_name.answers[0][1]", put("data", to=7))),
    ("PUBLISH-ECHO", "pass", ("plain_data_by_name.answers[0][1]", refusal(404))),  # for PUBLISH-BY-NAME to say
    ("SIZE-SMALL", "fail", ("small_messages.answers[0][1]", status(413))),
    ("SIZE-4000-ASCII", "fail", ("ascii_within.answers[1][1]", status(413))),
    ("SIZE-4000-ASCII", "fail", ("ascii_within_by_name.answers[0][1]", status(413))),
    ("SIZE-4000-UNICODE", "fail", ("unicode_within.answers[0][1]", status(413))),
    ("SIZE-4200-ASCII", "inconclusive", ("ascii_beyond.answers[0][1]", no_answer())),
    ("SIZE-4200-ASCII", "fail", ("ascii_beyond.answers[0][1]", status(201))),
    ("SIZE-4200-ASCII", "fail", ("ascii_beyond_by_name.answers[0][1]", status(201))),
    ("SIZE-4200-UNICODE", "fail", ("unicode_beyond.answers[0][1]", status(201))),
    ("SIZE-LARGE", "fail", ("large_messages.answers[1][1]", status(201))),
    ("SIZE-ERROR", "fail", ("ascii_beyond.answers[0][1]", status(400))),
    ("SIZE-ERROR", "pass", ("ascii_beyond.answers[0][1]", status(201))),
    ("SIZE-ERROR", "pass", ("ascii_beyond.answers[0][1]", no_answer())),
    (
        "SIZE-ERROR",
        "blocked",
        ("ascii_beyond.answers[*][1]", status(201)),
        ("unicode_beyond.answers[*][1]", status(201)),
        ("large_messages.answers[*][1]", no_answer()),
    ),
    ("SIZE-REFUSED-NO-HARM", "fail", ("after_too_large.after", put("date_updated", to=plus(1)))),
    # Where one of them was accepted the stream may well have changed.
    (
        "SIZE-REFUSED-NO-HARM",
        "pass",
        ("after_too_large.after", put("date_updated", to=plus(1))),
        ("after_too_large.too_large[1]", status(201)),
    ),
    (
        "SIZE-REFUSED-NO-HARM",
        "pass",
        ("after_too_large.after", put("date_updated", to=plus(1))),
        ("after_too_large.too_large[*]", status(201)),
    ),
    ("SIZE-REFUSED-NO-HARM", "fail", ("after_too_large.small", status(413))),
    ("SIZE-REFUSED-NO-HARM", "fail", ("after_too_large.small", put("data", to=7))),
    ("SIZE-REFUSED-NO-HARM", "pass", ("after_too_large.first", status(413))),
    ("SIZE-REFUSED-NO-HARM", "fail", ("after_too_large.first", raw(b"[]"))),
    ("SIZE-REFUSED-NO-HARM", "fail", ("after_too_large.small", status(413)), ("after_too_large.first", status(413))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
