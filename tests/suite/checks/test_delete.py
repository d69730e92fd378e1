"""DELETE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.walk import End
from suite.checks.doctor import Case, doctored, name_of, no_answer, put, raw, status, to
from suite.checks.recorded import recorded

CASES: list[Case] = [
    ("DELETE-WORKS", "fail", ("deletes_by_sid[0].deleted", status(404))),
    ("DELETE-WORKS", "fail", ("deletes_by_sid[1].by_sid", status(500))),
    ("DELETE-BY-NAME", "fail", ("delete_by_name.deleted", status(301))),
    ("DELETE-BY-NAME", "fail", ("delete_by_name.by_sid", status(200))),
    ("DELETE-BY-NAME", "fail", ("delete_by_name.by_name", status(200))),
    ("DELETE-BY-NAME", "fail", ("delete_by_name.by_name", status(500))),
    ("DELETE-BY-NAME", "pass", ("delete_by_name.by_name", to(None))),
    ("DELETE-STATUS", "pass", ("lifecycle.deleted", status(500))),
    ("DELETE-STATUS", "fail", ("lifecycle.deleted", status(200))),
    ("DELETE-STATUS", "fail", ("lifecycle.deleted", raw(b"{}"))),
    (
        "DELETE-STATUS",
        "blocked",
        ("lifecycle.deleted", status(500)),
        ("deletes_by_sid[*].deleted", status(500)),
        ("delete_by_name.deleted", status(500)),
    ),
    ("DELETE-GONE-BY-NAME", "fail", ("deletes_by_sid[0].by_name", status(200))),
    ("DELETE-GONE-FROM-LIST", "inconclusive", ("deleted_and_listed.deletes[*]", no_answer())),
    ("DELETE-GONE-FROM-LIST", "inconclusive", ("deleted_and_listed.walk.end", to(End.STALE))),
    ("DELETE-NEIGHBOURS", "pass", ("delete_neighbours.walks[0].end", to(End.STALE))),
    ("DELETE-NEIGHBOURS", "fail", ("delete_neighbours.walks[0].pages", to(()))),
    (
        "DELETE-NEIGHBOURS",
        "inconclusive",
        ("delete_neighbours.walks[0].pages", to(())),
        ("delete_neighbours.walks[0].end", to(End.STALE)),
    ),
    (
        "DELETE-NEIGHBOURS",
        "fail",
        ("delete_neighbours.walks", lambda walks: walks * 2),
        ("delete_neighbours.walks[*].pages", to(())),
        ("delete_neighbours.walks[0].end", to(End.STALE)),
    ),
    (
        "DELETE-NEIGHBOURS",
        "inconclusive",
        ("delete_neighbours.walks", lambda walks: walks * 2),
        ("delete_neighbours.walks[*].pages", to(())),
        ("delete_neighbours.walks[1].end", to(End.STALE)),
    ),
    ("DELETE-NEIGHBOURS", "fail", ("delete_neighbours.survivors[1].by_name", status(404))),
    ("DELETE-RECREATED-IS-NEW", "pass"),
    ("DELETE-RECREATED-IS-NEW", "fail", ("rebirth.by_old_sid", no_answer())),
    ("DELETE-RECREATED-IS-NEW", "fail", ("rebirth.by_old_sid", status(299))),
    ("DELETE-RECREATED-IS-NEW", "pass", ("rebirth.new.body.date_expires", to(""))),
    ("DELETE-RECREATED-IS-NEW", "pass", ("rebirth.old.body.date_expires", to(""))),
    ("DELETE-RECREATED-IS-NEW", "fail", ("rebirth.new.body.date_created", to("2015-07-30T20:00:00Z"))),
    # What the name leads to counts only when it is the new stream.
    ("DELETE-RECREATED-IS-NEW", "fail", ("rebirth.by_name", put("date_created", to="2015-07-30T20:00:00Z"))),
    (
        "DELETE-RECREATED-IS-NEW",
        "pass",
        ("rebirth.by_name", put("date_created", to="2015-07-30T20:00:00Z")),
        ("rebirth.by_name", put("sid", to="x")),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


@pytest.mark.parametrize("written", [str, str.upper, str.lower])
def test_a_stream_made_anew_has_another_sid_however_it_is_written(written: Callable[[str], str]) -> None:
    old = recorded()["rebirth"].old.sid
    changes = ("rebirth.new.body.sid", to(written(old))), ("rebirth.by_name", put("sid", to="another"))
    assert doctored("DELETE-RECREATED-IS-NEW", *changes) == "fail"
    changes = ("rebirth.old.body.sid", str.upper), ("rebirth.new.body.sid", to(written(old)))
    assert doctored("DELETE-RECREATED-IS-NEW", *changes) == "fail"
