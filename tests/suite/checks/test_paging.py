"""LIST, walks and links: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from conformance import paging
from conformance.exchange import Exchange
from conformance.paging import Alone
from conformance.walk import End, Page, walk
from suite.checks.doctor import Case, Change, at, doctored, drop, name_of, put, status, to
from suite.checks.recorded import recorded
from suite.lists_in_memory import LIST, TARGET, page_exchange

PAGE = "listing.alone.attempts[0].first"
FIRST_URL = "listing.full[0].attempts[0].pages[0].meta.first_page_url"


def only_attempt(what: str) -> tuple[tuple[str, Change], ...]:
    return ((f"listing.{what}.attempts", at(-1)),)


def second_page() -> Page:
    page = recorded()["listing"].full[0].attempts[0].pages[1]
    assert isinstance(page, Page)
    return page


CASES: list[Case] = [
    ("LIST-COMPLETE", "pass"),
    ("LIST-COMPLETE", "inconclusive", ("listing.full[*].attempts[*].end", to(End.BOUND))),
    ("LIST-COMPLETE", "pass", ("listing.full[0].attempts[*].end", to(End.BOUND))),
    ("LIST-COMPLETE", "inconclusive", ("listing.edges[0].tries.attempts[*].pages", to(()))),
    (
        "LIST-COMPLETE",
        "inconclusive",  # others may have deleted
        ("listing.full[0].attempts", at(0)),
        ("listing.full[0].attempts[0].pages", to(())),
    ),
    ("LIST-COMPLETE", "pass", ("listing.full[0].attempts", at(0, 0)), ("listing.full[0].attempts[0].pages", to(()))),
    # The one attempt did not come to the end, and the other that did looks wrong.
    (
        "LIST-COMPLETE",
        "inconclusive",
        ("listing.full[0].attempts", at(0, 0)),
        ("listing.full[0].attempts[0].end", to(End.BOUND)),
        ("listing.full[0].attempts[1].pages", to(())),
    ),
    (
        "LIST-COMPLETE",
        "pass",
        ("listing.full[0].attempts", at(0, 0)),
        ("listing.full[0].attempts[0].end", to(End.BOUND)),
    ),
    ("LIST-ENDS", "inconclusive", ("listing.full[1].attempts[*].end", to(End.NO_LINK))),
    ("LIST-ENDS", "inconclusive", ("listing.full[1].attempts[*].end", to(End.LOOP))),
    ("LIST-NO-REPEATS", "inconclusive", ("listing.full[1].attempts[*].end", to(End.NO_LINK))),
    ("LIST-NO-REPEATS", "inconclusive", ("listing.full[1].attempts[*].end", to(End.NO_PAGE))),
    (
        "LIST-NO-REPEATS",
        "pass",
        ("listing.full[1].attempts", at(0, 0)),
        ("listing.full[1].attempts[0].end", to(End.NO_LINK)),
    ),
    ("LIST-NEXT-KEEPS-SIZE", "inconclusive", ("listing.full[1].attempts[*].end", to(End.NO_LINK))),
    ("LIST-NEXT-KEEPS-SIZE", "inconclusive", ("listing.full[0].attempts[*].pages[1].entries", drop(0))),
    ("LIST-LINKS-ABSOLUTE", "fail", (PAGE, put("meta", "url", to=None))),
    ("LIST-LINKS-ABSOLUTE", "fail", (PAGE, put("meta", "first_page_url", to=None))),
    ("LIST-LINKS-ABSOLUTE", "fail", (PAGE, put("meta", "first_page_url", to="/v1/Services/default/Streams"))),
    ("LIST-LINKS-ABSOLUTE", "pass", (PAGE, put("meta", "previous_page_url", to=None))),
    (
        "LIST-PREVIOUS",
        "inconclusive",
        *only_attempt("trip"),
        ("listing.trip.attempts[0].backward[0].exchange", to(None)),
    ),
    (
        "LIST-PREVIOUS",
        "inconclusive",
        *only_attempt("back"),
        ("listing.back.attempts[0].backward[0].exchange", to(None)),
    ),
    (
        "LIST-PREVIOUS",
        "inconclusive",
        *only_attempt("back"),
        ("listing.back.attempts[0].backward[-1].exchange", to(None)),
    ),
    ("LIST-PREVIOUS-NULL", "fail", (PAGE, put("meta", "previous_page_url", to="x"))),
    ("LIST-PREVIOUS-NULL", "pass", (PAGE, status(404))),
    (
        "LIST-PREVIOUS-NULL",
        "inconclusive",
        *only_attempt("back"),
        ("listing.back.attempts[0].before_first", lambda _: second_page()),
    ),
    ("LIST-FIRST", "inconclusive", ("listing.trip.attempts[0].firsts[-1].exchange", to(None))),
    ("LIST-SELF", "inconclusive", ("listing.trip.attempts[0].own_links[1].exchange", to(None))),
    ("LIST-FIRST-URL-FORM", "fail", (FIRST_URL, lambda url: url.replace("PageSize=49", "PageSize=50"))),
    ("LIST-FIRST-URL-FORM", "fail", (FIRST_URL, lambda url: url.replace("Page=0", "Page=1"))),
    ("LIST-FIRST-URL-FORM", "fail", (FIRST_URL, lambda url: url + "&PageToken=x")),
    ("LIST-FIRST-URL-FORM", "fail", (FIRST_URL, to(7))),
    ("LIST-FIRST-URL-FORM", "fail", (FIRST_URL, to("http://["))),
    ("LIST-PAGE-INDEX", "fail", ("listing.full[0].attempts[0].pages[0].meta.page", to(1))),
    ("LIST-PAGE-ALONE", "inconclusive", ("listing.alone.attempts[0].moved[1]", put("streams", to=[]))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


def test_which_list_was_moved_is_told_apart() -> None:
    """So that attempts in which different lists were moved don't count as the same problem seen twice."""
    moved = [page_exchange([{"sid": "b"}], url=f"{LIST}?PageSize=20&Page={number}") for number in (1, 3)]
    problems = [paging.moved_by_page(Alone(page_exchange([{"sid": "a"}]), (each,))) for each in moved]
    assert [problem and problem.what for problem in problems] == [
        ("PageSize=20&Page=1", ("b",)), ("PageSize=20&Page=3", ("b",))
    ]  # fmt: skip


def test_streams_that_change_are_nothing_new() -> None:
    """Pages that go on for ever end a walk, although each shows its stream with another date."""
    asked = iter(range(1, 10_000))

    def follow(url: str) -> Exchange:
        number = next(asked)
        return page_exchange([{"sid": "TO1", "n": number}], url=url, following=f"{LIST}?PageToken={number}")

    assert walk(follow(LIST), follow, target=TARGET, size=None).end is End.STALE
