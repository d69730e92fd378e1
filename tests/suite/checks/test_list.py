"""LIST, what a page looks like: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from conformance.sections.test_list import Fresh
from suite.checks.doctor import (
    Case,
    Change,
    answered,
    body,
    doctored,
    drop,
    name_of,
    no_answer,
    put,
    status,
    to,
    verdict,
    without,
)
from suite.checks.messages import message

LAST = "listing.alone.attempts[0].moved[-1]"  # a page that the suite asked for, with Page


def many(count: int) -> Change:
    """A page of that many streams."""
    return answered(200, {"streams": [{}] * count, "meta": {}})


def leave_out(key: str) -> Change:
    return lambda body: {other: value for other, value in body.items() if other != key}


CASES: list[Case] = [
    ("LIST-SHAPE", "pass"),
    ("LIST-SHAPE", "fail", ("listing.alone.attempts[0].first", status(400))),
    ("LIST-SHAPE", "fail", ("listing.full[2].attempts[0].pages[0].exchange", status(500))),
    ("LIST-SHAPE", "fail", ("listing.small[1].attempts[0].pages[0].exchange", status(500))),
    ("LIST-SHAPE", "fail", ("listing.back.attempts[0].walk.pages[0].exchange", status(500))),
    ("LIST-SHAPE", "pass", (LAST, status(400))),  # no list that everybody must answer
    ("LIST-SHAPE", "pass", (LAST, no_answer())),
    ("LIST-SHAPE", "fail", (LAST, body({"meta": {}}))),
    ("LIST-SHAPE", "fail", (LAST, body({"streams": []}))),
    ("LIST-SHAPE", "fail", (LAST, body({"streams": {}, "meta": {}}))),
    ("LIST-SHAPE", "fail", (LAST, body([])), (LAST, status(299))),
    ("LIST-SHAPE", "fail", (LAST, body([])), (LAST, status(200))),
    ("LIST-SHAPE", "pass", (LAST, body([])), (LAST, status(199))),
    ("LIST-SHAPE", "pass", (LAST, body([])), (LAST, status(300))),
    ("LIST-STATUS", "fail", (LAST, status(206))),
    ("LIST-STATUS", "pass", (LAST, status(404))),
    ("LIST-STATUS", "fail", ("listing.trip.attempts[0].walk.pages[1].exchange", status(206))),
    ("LIST-STATUS", "fail", ("listing.full[0].attempts[0].pages[1].exchange", status(206))),
    ("LIST-META-KEYS", "pass", (LAST, no_answer())),
    ("LIST-META-KEYS", "pass", (LAST, put("meta", "page", to=0))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "page", to=-1))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "page", to=True))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "page_size", to="50"))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "page_size", to=50.0))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "key", to=None))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "url", to=7))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "first_page_url", to=None))),
    ("LIST-META-KEYS", "fail", (LAST, put("meta", "previous_page_url", to=7))),
    ("LIST-META-KEYS", "fail", (LAST, without("meta", "next_page_url"))),
    # An empty page is a page.
    ("LIST-META-KEYS", "fail", (LAST, put("streams", to=[])), (LAST, put("meta", "page", to=-1))),
    ("LIST-META-KEY", "fail", (LAST, put("streams", to=[])), (LAST, put("meta", "key", to="items"))),
    ("LIST-META-KEY", "fail", (LAST, put("meta", "key", to="items"))),
    ("LIST-ENTRIES", "fail", (LAST, put("streams", 3, to="TO1"))),
    ("LIST-ENTRIES", "fail", (LAST, put("streams", 3, "service_sid", to="IS" + "0" * 32))),
    # The walk without PageSize is judged by the one rule, those with it by the other.
    ("LIST-PAGE-SIZE", "pass", ("listing.full[5].attempts[*].pages[0].entries", drop(0))),
    ("LIST-PAGE-SIZE-DEFAULT", "inconclusive", ("listing.full[5].attempts[*].pages[0].entries", drop(0))),
    ("LIST-PAGE-SIZE", "inconclusive", ("listing.full[1].attempts[*].pages[0].entries", drop(0))),
    ("LIST-PAGE-SIZE", "inconclusive", ("listing.small[1].attempts[*].pages[0].entries", drop(0))),
    ("LIST-PAGE-SIZE-DEFAULT", "pass", ("listing.full[1].attempts[*].pages[0].entries", drop(0))),
    ("LIST-PAGE-SIZE-ECHOED", "fail", ("listing.full[1].attempts[0].pages[1].meta.page_size", to(49))),
    ("LIST-PAGE-SIZE-MAXIMUM", "fail", ("listing.nonsense[1]", many(101))),
    ("LIST-PAGE-SIZE-MAXIMUM", "pass", ("listing.nonsense[1]", many(100))),
    ("LIST-PAGE-SIZE-MAXIMUM", "fail", ("listing.above[0]", many(101))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


KEYS = (
    "sid", "unique_name", "account_sid", "service_sid", "url", "links",
    "date_expires", "date_created", "date_updated", "created_by",
)  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_an_entry_has_every_key_that_all_creates_showed(key: str) -> None:
    """But for the sid of the service, which is compared as well."""
    lacking = (LAST, without("streams", 2, key))
    assert doctored("LIST-ENTRIES", lacking) == "fail"
    if key != "service_sid":
        assert doctored("LIST-ENTRIES", lacking, ("listing.made[1].body", leave_out(key))) == "pass"


@pytest.mark.parametrize(
    ("listed", "answered", "outcome"),
    [
        ((True, True), True, "pass"),
        ((True, True), False, "pass"),
        ((True, False, True), True, "pass"),
        ((True, False, False), True, "inconclusive"),
        ((True, False, False), False, "fail"),
        ((False, False, False), True, "fail"),
        ((True, False, False, False), True, "fail"),
        ((None, None), True, "inconclusive"),
        ((None, False), True, "inconclusive"),
        ((None, True), True, "pass"),
        ((None, None), False, "fail"),
    ],
)
def test_a_new_stream_is_in_the_list(listed: tuple[bool | None, ...], answered: bool, outcome: str) -> None:
    last = message(0) if answered else message(0, None)
    lost = message(0, None)
    exchanges = (*((lost, lost, lost) for _ in listed[1:]), (lost, lost, last))
    assert verdict("LIST-SHOWS-NEW", {"fresh_listed": Fresh(listed, exchanges)}) == outcome
