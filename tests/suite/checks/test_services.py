"""SERVICE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, doctored, name_of, plus, put, status

CASES: list[Case] = [
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.second", status(409))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.in_first", status(404))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.left", status(404))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.left", put("sid", to="another"))),
    ("SERVICE-APART", "fail", ("apart.before", status(404))),
    ("SERVICE-APART", "fail", ("apart.after", status(404))),
    ("SERVICE-APART", "fail", ("apart.after", put("date_updated", to=plus(1)))),
    ("SERVICE-APART", "fail", ("apart.after", put("date_expires", to=plus(1)))),
    ("SERVICE-BY-SID", "fail", ("service_sid.by_sid", status(404))),
    ("SERVICE-BY-SID", "fail", ("service_sid.by_sid", put("sid", to="another"))),
    ("SERVICE-BY-SID", "fail", ("service_sid.back", status(404))),
    ("SERVICE-BY-SID", "fail", ("service_sid.back", put("sid", to="another"))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
