"""TTL, what becomes of streams: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from suite.checks.doctor import Case, at, body, doctored, moved, name_of, plus, put, status, to


def used_once(age: float, evidence: Any) -> Any:
    """A stream that was used once, so many seconds after it was made with a Ttl of five."""
    life, use = evidence.used, evidence.uses[0]
    life = replace(life, start=replace(life.start, sent=1e9, received=1e9))
    return replace(evidence, used=life, uses=(replace(use, sent=1e9 + age, received=1e9 + age),))


CASES: list[Case] = [
    ("TTL-LIVES", "inconclusive", ("used_life.uses", to(()))),
    ("TTL-LIVES", "inconclusive", ("used_life.uses", at(0, 1, 2, 3, 4, 5, 6, 7))),  # none in the life's second half
    ("TTL-LIVES", "inconclusive", ("used_life.uses", lambda uses: (*uses[:8], *map(moved(1.5), uses[8:])))),
    ("TTL-LIVES", "inconclusive", ("used_life.uses", lambda uses: (*map(moved(0.6), uses[4:8]),))),
    ("TTL-LIVES", "inconclusive", ("used_life", partial(used_once, 2.5))),
    ("TTL-LIVES", "pass", ("used_life", partial(used_once, 2.75))),
    ("TTL-LIVES", "pass", ("used_life.uses", at(11))),
    ("TTL-LIVES", "fail", ("used_life.uses[11]", status(404))),
    ("TTL-LIVES", "fail", ("used_life.uses[0]", status(404))),
    ("TTL-GONE", "inconclusive", ("used_life.after[-1]", status(200))),
    ("TTL-GONE", "fail", ("used_life.after[-1]", status(200)), ("used_life.after[-1]", moved(100))),
    ("TTL-GONE-BY-NAME", "fail", ("gone_by_name.lives[1][1][-1]", status(200)), ("gone_by_name.grace", to(0))),
    ("TTL-GONE-FROM-LIST", "inconclusive", ("gone_from_list.lives[0][1][-1].complete", to(False))),
    ("TTL-GONE-FROM-LIST", "inconclusive", ("gone_from_list.lives[1][1][-1].present", to(True))),
    (
        "TTL-GONE-FROM-LIST",
        "fail",
        ("gone_from_list.lives[1][1][-1].present", to(True)),
        ("gone_from_list.grace", to(0)),
    ),
    # A walk that began before the grace was over tells nothing, however late it ended.
    (
        "TTL-GONE-FROM-LIST",
        "inconclusive",
        ("gone_from_list.lives[1][1][-1].present", to(True)),
        ("gone_from_list.lives[1][1][-1].exchanges", at(0, 0)),
        ("gone_from_list.lives[1][1][-1].exchanges[1]", moved(100)),
    ),
    ("TTL-GONE-FOR-WRITES", "inconclusive", ("expired_deletes.tries[1][-1].answer", status(204))),
    (
        "TTL-GONE-FOR-WRITES",
        "fail",
        ("expired_deletes.tries[1][-1].answer", status(204)),
        ("expired_deletes.grace", to(0)),
    ),
    # Each stream was written to once, and counts from its own expiry.
    (
        "TTL-GONE-FOR-WRITES",
        "fail",
        ("expired_updates.tries[0]", at(0, 0)),
        ("expired_updates.tries[0][-1].answer", status(200)),
        ("expired_updates.tries[0][-1].life.start", moved(-100)),
    ),
    ("TTL-NAME-FREE", "inconclusive", ("expired_name.creates[*]", status(409))),
    ("TTL-NAME-FREE", "fail", ("expired_name.creates[*]", status(409)), ("expired_name.grace", to(0))),
    (
        "TTL-NAME-FREE",
        "fail",
        ("expired_name.creates[*]", status(409)),
        ("expired_name.grace", to(0)),
        ("expired_name.fetched", put("sid", to=None)),
    ),
    ("TTL-NAME-FREE", "fail", ("expired_name.creates[-1]", body({}))),
    ("TTL-NAME-FREE", "fail", ("expired_name.fetched", put("sid", to="another"))),
    ("TTL-OTHERS-STAY", "fail", ("expiring_neighbour.others[0][2]", put("sid", to="another"))),
    ("TTL-OTHERS-STAY", "fail", ("expiring_neighbour.others[1][2]", status(404))),
    ("TTL-UPDATE-EXTENDS", "fail", ("extended.updated", status(301))),
    ("TTL-UPDATE-EXTENDS", "fail", ("extended.after[0]", status(404))),
    ("TTL-UPDATE-EXTENDS", "fail", ("extended.published[0]", status(404))),
    ("TTL-UPDATE-CLEARS", "inconclusive", ("cleared.old.ttl", to(0))),
    ("TTL-UPDATE-CLEARS", "fail", ("cleared.after[0]", status(404))),
    ("TTL-UPDATE-CLEARS", "fail", ("cleared.updated", put("date_expires", to="2015-07-30T20:00:00Z"))),
    ("TTL-UPDATE-SHORTENS", "fail", ("shortened.streams[1][1].start", status(500))),
    ("TTL-UPDATE-SHORTENS", "fail", ("shortened.streams[1][2][-1]", status(200)), ("shortened.grace", to(0))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "pass", ("published_life.late_fetch", put("date_expires", to=plus(1)))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "pass", ("published_life.late_fetch", put("date_expires", to=plus(-1)))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "fail", ("published_life.late_fetch", put("date_expires", to=plus(2)))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "fail", ("published_life.late_fetch", put("date_expires", to=plus(-2)))),
    (
        "TTL-PUBLISH-DOES-NOT-EXTEND",
        "pass",  # too late to be owed anything
        ("published_life.late_fetch", put("date_expires", to=plus(2))),
        ("published_life.late_fetch", moved(100)),
    ),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "pass", ("published_life.late_fetch", status(404))),  # for TTL-LIVES to say
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "blocked", ("published_life.published[*]", status(300))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "pass", ("published_life.published[0]", status(301))),
    ("TTL-PUBLISH-DOES-NOT-EXTEND", "fail", ("published_life.after[-1]", status(200)), ("published_life.grace", to(0))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
