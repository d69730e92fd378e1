"""AUTH: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, answered, doctored, header, name_of, no_answer, plus, put, status, without

CASES: list[Case] = [
    ("AUTH-BASIC-ONLY", "pass", ("malformed_logins[6].exchange", status(200))),
    ("AUTH-BASIC-ONLY", "fail", ("malformed_logins[11].exchange", status(200))),
    ("AUTH-ERROR", "fail", ("wrong_token.attempts[2].exchange", status(403))),
    ("AUTH-ERROR", "fail", ("no_credentials.attempts[2].exchange", put("code", to=20004))),
    ("AUTH-CHALLENGE", "pass"),
    ("AUTH-CHALLENGE", "pass", ("wrong_token.attempts[9].exchange", no_answer())),
    ("AUTH-CHALLENGE", "fail", ("wrong_token.attempts[9].exchange", header("WWW-Authenticate", None))),
    ("AUTH-CHALLENGE", "fail", ("wrong_token.attempts[9].exchange", header("WWW-Authenticate", "Bearer"))),
    (
        "AUTH-CHALLENGE",
        "blocked",
        ("wrong_token.attempts[*].exchange", status(403)),
        ("no_credentials.attempts[*].exchange", status(403)),
    ),
    ("AUTH-NO-EFFECT", "pass"),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", no_answer())),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", status(301))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", status(300))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", status(199))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", status(404))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.before", status(404))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", without("date_expires"))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", put("date_expires", to=plus(1)))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.before", without("date_updated"))),
    ("AUTH-NO-EFFECT", "fail", ("no_credentials.after", status(404))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_account.after", status(404))),
    # Where an operation was not refused, other rules say so.
    ("AUTH-NO-EFFECT", "pass", ("wrong_token.after", status(404)), ("wrong_token.attempts[-1].exchange", status(204))),
    (
        "AUTH-NO-EFFECT",
        "pass",
        ("wrong_token.after", put("date_expires", to=plus(9))),
        ("wrong_token.attempts[-4].exchange", status(200)),
    ),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.after", status(404)), ("wrong_token.attempts[0].exchange", status(200))),
    # The name of the create leads to a stream.
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.created", answered(200, {}))),
    ("AUTH-NO-EFFECT", "fail", ("wrong_token.created", answered(299, {}))),
    ("AUTH-NO-EFFECT", "pass", ("wrong_token.created", answered(300, {}))),
    ("AUTH-NO-EFFECT", "pass", ("wrong_token.created", answered(199, {}))),
    ("AUTH-NO-EFFECT", "pass", ("wrong_token.created", answered(200, {"unique_name": "another"}))),
    (
        "AUTH-NO-EFFECT",
        "pass",
        ("wrong_token.created", answered(200, {})),
        ("wrong_token.attempts[-2].exchange", status(201)),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
