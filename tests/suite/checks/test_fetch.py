"""FETCH: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, doctored, name_of, put, status

CASES: list[Case] = [
    ("FETCH-STATUS", "pass", ("lifecycle.by_sid", status(404))),
    ("FETCH-STATUS", "fail", ("lifecycle.by_sid", status(206))),
    (
        "FETCH-STATUS",
        "blocked",
        ("lifecycle.by_sid", status(404)),
        ("lifecycle.by_name", status(404)),
        ("lifecycle.by_sid_again", status(404)),
        ("lifecycle.after_update", status(404)),
        ("fetch_unnamed.by_sid", status(404)),
    ),
    ("FETCH-RIGHT-ONE", "fail", ("several.by_sid[1]", put("sid", to="another"))),
    ("FETCH-RIGHT-ONE", "fail", ("several.by_name[1]", put("sid", to="another"))),
    ("FETCH-UNKNOWN", "fail", ("unknown.longer", status(200))),
    ("FETCH-UNKNOWN", "fail", ("unknown.name", status(400))),
    ("FETCH-UNKNOWN", "fail", ("unknown.near", status(200))),
    ("FETCH-UNKNOWN", "fail", ("unknown.sid", status(410))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
