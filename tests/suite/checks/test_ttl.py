"""TTL, what answers say: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, doctored, header, moved, name_of, plus, put, status, to, without
from suite.checks.recorded import recorded

CASES: list[Case] = [
    ("TTL-ABSENT", "fail", ("endless.absent", put("date_expires", to="2035-07-30T20:00:00Z"))),
    ("TTL-ABSENT", "fail", ("endless.absent_fetched", put("date_expires", to="2035-07-30T20:00:00Z"))),
    ("TTL-ABSENT", "fail", ("endless.absent_later", status(404))),
    ("TTL-ZERO", "fail", ("endless.zero", put("date_expires", to="2035-07-30T20:00:00Z"))),
    ("TTL-ZERO", "fail", ("endless.zero_fetched", put("date_expires", to="2035-07-30T20:00:00Z"))),
    ("TTL-EMPTY", "fail", ("endless.empty", put("date_expires", to="2035-07-30T20:00:00Z"))),
    ("TTL-EMPTY", "fail", ("endless.empty_fetched", without("date_expires"))),
    ("TTL-MAXIMUM", "fail", ("ttl_updates.maximum", status(301))),
    ("TTL-ONE", "pass", ("one_second.after", to(()))),  # where the create told no sid
    ("TTL-ONE", "fail", ("one_second.created", put("date_created", to=plus(2)))),
    (
        "TTL-ONE",
        "fail",
        ("one_second.created", put("date_created", to=plus(-2))),
        ("one_second.created", header("Date", None)),
    ),
    ("TTL-ONE", "fail", ("one_second.created", put("date_expires", to=plus(2)))),
    ("TTL-ONE", "fail", ("one_second.after[-1]", status(200)), ("one_second.grace", to(-1))),
    ("TTL-ONE", "inconclusive", ("one_second.after[-1]", status(200))),
    # A server whose two clocks differ: its own dates agree with each other, and are believed.
    (
        "TTL-DATE-EXPIRES",
        "pass",
        ("lawful_ttls.by_ttl[60]", put("date_created", to=plus(9))),
        ("lawful_ttls.by_ttl[60]", put("date_expires", to=plus(9))),
    ),
    ("TTL-DATE-EXPIRES", "fail", ("lawful_ttls.by_ttl[60]", put("date_expires", to=plus(9)))),
    (
        "TTL-DATE-EXPIRES",
        "pass",
        ("nameless_ttls.by_ttl[120]", put("date_created", to=plus(9))),
        ("nameless_ttls.by_ttl[120]", put("date_expires", to=plus(9))),
    ),
    ("TTL-DATE-EXPIRES", "fail", ("nameless_ttls.by_ttl[120]", put("date_expires", to=plus(9)))),
]


def test_the_grace_begins_when_the_second_is_over() -> None:
    brief = recorded()["one_second"]
    until = brief.created.received + 1 + brief.grace
    for at, outcome in ((until - 0.5, "inconclusive"), (until + 0.5, "fail")):
        late = ("one_second.after[-1]", moved(at - brief.after[-1].sent))
        assert doctored("TTL-ONE", ("one_second.after[-1]", status(200)), late) == outcome


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
