"""UPDATE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, body, doctored, name_of, plus, put, status

CASES: list[Case] = [
    ("UPDATE-STATUS", "pass", ("update_by_sid.updated", status(500))),
    (
        "UPDATE-STATUS",
        "blocked",
        ("update_by_sid.updated", status(500)),
        ("update_by_name.updated", status(500)),
        ("updates_in_a_row[*].updated", status(500)),
    ),
    ("UPDATE-STATUS", "fail", ("update_by_sid.updated", status(202))),
    ("UPDATE-BY-NAME", "fail", ("update_by_name.updated", body({}))),
    ("UPDATE-BY-NAME", "fail", ("update_by_name.updated", status(404))),
    ("UPDATE-WORKS", "fail", ("update_by_sid.updated", status(404))),
    ("UPDATE-KEEPS-REST", "fail", ("update_by_sid.by_name", put("sid", to="another"))),
    ("UPDATE-KEEPS-REST", "pass", ("update_by_sid.updated", status(404))),  # for UPDATE-WORKS to say
    ("UPDATE-AGAIN", "fail", ("updates_in_a_row[1].by_name", status(404))),
    ("UPDATE-AGAIN", "fail", ("updates_in_a_row[1].by_sid", status(404))),
    ("UPDATE-AGAIN", "fail", ("updates_in_a_row[4].updated", status(500))),
    ("UPDATE-NAME-IGNORED", "fail", ("renamings[0].by_old", put("sid", to="another"))),
    ("UPDATE-NAME-IGNORED", "fail", ("renamings[0].by_old", status(404))),
    ("UPDATE-NEIGHBOURS", "pass", ("update_neighbours[3].before", status(199))),
    ("UPDATE-NEIGHBOURS", "fail", ("update_neighbours[3].after", status(404))),
    ("UPDATE-NEIGHBOURS", "fail", ("update_neighbours[3].after", put("date_updated", to=plus(1)))),
    ("UPDATE-REFUSED-NO-EFFECT", "blocked", ("refused_updates[*].before", status(500))),
    ("UPDATE-REFUSED-NO-EFFECT", "blocked", ("refused_updates[*].updated", status(301))),
    ("UPDATE-REFUSED-NO-EFFECT", "fail", ("refused_updates[1].after", put("date_updated", to=plus(1)))),
    ("UPDATE-UNKNOWN", "fail", ("update_unknown.by_name", status(400))),
    ("UPDATE-UNKNOWN", "fail", ("update_unknown.by_sid", status(400))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
