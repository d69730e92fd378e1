"""What attempts at a list that others may change are worth, and what can be wrong with walks and links."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance import paging
from conformance.churn import Problem, Tries, judge, undisturbed, verdict
from conformance.exchange import Exchange, Headers, Request
from conformance.outcomes import Failed, Inconclusive
from conformance.paging import Alone, Led, Trip
from conformance.target import Credentials, Target
from conformance.walk import NEXT, PREVIOUS, End, Page, Walk, read_page, split_link, wrong_with
from suite.lists_in_memory import LIST, page_exchange

TARGET = Target("http://127.0.0.1", Credentials("AC" + "0" * 32, "token"))


class Attempt:
    """An attempt at which that went wrong, or nothing."""

    pages: tuple[Page, ...] = ()

    def __init__(self, problem: Problem | None) -> None:
        self.problem = problem


def problem_of(attempt: Attempt) -> Problem | None:
    return attempt.problem


def tries(whats: str, *foreign: str, old: str = "", gross: str = "") -> Tries[Attempt]:
    """An attempt for each letter, what went wrong; a dot is a clean one. `foreign` are others' streams in each."""
    problems = [
        None if what == "." else Problem(what, "right", f"{what}{number}", gross=what in gross)
        for number, what in enumerate(whats)
    ]
    seen = tuple(map(frozenset, foreign)) or (frozenset(),) * len(whats)
    return Tries(tuple(map(Attempt, problems)), seen, frozenset(old))


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (tries("."), None),
        (tries("a."), None),
        (tries("aaaa."), None),
        (tries("a"), "words"),
        (tries("aa"), "words"),  # the last can't be shown to be undisturbed
        (tries("aab"), "a0"),  # twice the same
        (tries("abc"), "words"),
        (tries("abcd"), "a0"),  # three times anything
        (tries("baad"), "a1"),  # what was wrong most often, as it was first
        (tries("abb"), "words"),
        (tries("aaa", "", "x", ""), "words"),  # x came during the first or the second
        (tries("aaa", "x", "x", "x", old="x"), "a0"),
        (tries("aaaa", "", "x", "y", "z", gross="a"), "a3"),  # disturbed, but so wrong that no change explains it
        (tries("aaab", "", "x", "y", "z", gross="a"), "words"),
        (tries("aaa", "", "x", "y", gross="a"), "words"),
        (tries("aaaa", "", "x", "y", "z"), "words"),
    ],
)
def test_a_rule_fails_when_undisturbed_attempts_agree(seen: Tries[Attempt], found: str | None) -> None:
    came = verdict(seen, problem_of)
    if found is None:
        assert came is None
        judge(seen, problem_of)
    elif found == "words":
        assert isinstance(came, str)
        with pytest.raises(Inconclusive):
            judge(seen, problem_of)
    else:
        assert isinstance(came, Problem)
        assert came.got == found
        with pytest.raises(Failed):
            judge(seen, problem_of)


def test_an_attempt_is_disturbed_by_what_may_have_come_or_gone() -> None:
    def calm(*foreign: str, old: str = "", gone: str = "") -> list[bool]:
        seen = tries("a" * len(foreign), *foreign, old=old)
        return list(undisturbed(replace(seen, gone=frozenset(gone))))

    assert calm("", "", "", "") == [True, True, True, False]
    assert calm("", "", "x", "x", "x") == [True, False, False, True, False]
    assert calm("x", "x", "", "", "", old="x", gone="x") == [True, False, False, True, False]
    assert calm("x", "x", "", "", "", old="x") == [True, True, True, True, False]


def page(*sids: Any, link: Any = None, previous: Any = None) -> Page:
    entries = [{"sid": sid} if isinstance(sid, str) else sid for sid in sids]
    found = read_page(page_exchange(entries, following=link))
    assert found is not None
    return replace(found, meta={**found.meta, PREVIOUS: previous})


def walk(*pages: Page, end: End = End.LAST, size: int | None = 2, answer: Exchange | None = None) -> Walk:
    return Walk(size, pages, end, answer or pages[-1].exchange)


LOST = Exchange(Request("GET", LIST), None, 0, 1, "reset")
AB, CD, E, NONE = page("a", "b"), page("c", "d"), page("e"), page()
OTHERS = tuple(f"x{number}" for number in range(40))


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (walk(AB, CD, E), False),
        (walk(AB, CD, NONE), False),
        (walk(AB, page("c"), E), True),
        (walk(AB, page("c", "d", "e")), True),
        (walk(page("a"), CD, E), False),  # the first page is another rule's
        (walk(AB, E), False),
        (walk(AB, E, NONE), False),
        (walk(AB, E, NONE, page("f")), True),
    ],
)
def test_next_pages_keep_the_size(seen: Walk, wrong: bool) -> None:
    assert (paging.changed_size(seen) is not None) is wrong


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (walk(AB, CD), False),
        (walk(page("a", "a")), True),
        (walk(page("x", "x")), True),
        (walk(page("x", "x", "x")), True),
        (walk(AB, page("b", "c")), True),
        (walk(AB, page("x"), page("x")), False),  # of others, which may have come in between
        (walk(page(*OTHERS[:20]), page(*OTHERS[9:29])), True),  # eleven of twenty have not
        (walk(page(*OTHERS[:20]), page(*OTHERS[10:30])), False),
        (walk(page(*OTHERS[:9]), page(*OTHERS[:9])), False),
        (walk(page(*OTHERS[:10]), page(*OTHERS[:10])), True),
        (walk(page(*OTHERS[:40]), AB, page(*OTHERS[:10])), True),
        (walk(AB, AB, AB, end=End.LOOP), False),  # an endless walk is another rule's
        (walk(AB, AB, AB, end=End.BOUND), True),
    ],
)
def test_no_stream_is_shown_twice(seen: Walk, wrong: bool) -> None:
    assert (paging.repeated(frozenset("abcd"))(seen) is not None) is wrong


def test_only_most_of_a_page_shown_again_is_gross() -> None:
    find = paging.repeated(frozenset("ab"))
    for seen, gross in ((walk(AB, AB), False), (walk(page(*OTHERS[:20]), page(*OTHERS[:20])), True)):
        problem = find(seen)
        assert problem
        assert problem.gross is gross


def test_what_is_shown_twice_is_told_by_its_pages() -> None:
    seen = walk(E, AB, CD, AB)
    problem = paging.repeated(frozenset("abcde"))(seen)
    assert problem
    assert "2 twice, on pages 2, 4: a, b" in problem.got
    assert problem.exchanges == (seen.pages[1].exchange, seen.pages[3].exchange)


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [
        (walk(AB, CD), False),
        (walk(AB), True),
        (walk(AB, end=End.BOUND), False),
        (walk(AB, CD, end=End.BOUND), False),
        (walk(AB, CD, end=End.NO_LINK), True),
        (walk(AB, CD, end=End.NO_PAGE, answer=LOST), True),
        (walk(AB, end=End.LOOP), True),
    ],
)
def test_every_stream_is_shown(seen: Walk, wrong: bool) -> None:
    assert (paging.missing(frozenset("abcd"))(seen) is not None) is wrong


def test_a_walk_without_a_page_has_no_size() -> None:
    assert paging.wrong_first_size(Walk(2, (), End.NO_PAGE, LOST)) is not None
    assert paging.wrong_first_size(walk(AB)) is None
    assert paging.wrong_first_size(walk(E)) is not None
    assert paging.wrong_first_size(walk(AB, size=None)) is not None


def test_what_is_shown_ends_where_nothing_new_comes() -> None:
    assert walk(AB, CD, AB, AB, end=End.LOOP).shown == (AB, CD)
    assert walk(AB, AB, CD, AB, end=End.STALE).shown == (AB, AB, CD)
    assert walk(AB, AB, AB, end=End.LAST).shown == (AB, AB, AB)
    assert walk(NONE, NONE, end=End.LOOP).shown == (NONE,)
    nameless = page({"name": 1}), page({"name": 2})
    assert walk(*nameless, end=End.LOOP).shown == nameless
    mixed = page("a", {"name": 1}), page("a", {"name": 2})
    assert walk(*mixed, end=End.LOOP).shown == mixed


def test_a_page_has_sids_whatever_its_entries_are() -> None:
    assert page("a", {"sid": 7}, 7, None, ["sid"], {"other": 1}, "b").sids == ("a", "b")


def test_a_walk_has_all_its_answers() -> None:
    assert walk(AB, CD).exchanges == (AB.exchange, CD.exchange)
    assert walk(AB, end=End.NO_PAGE, answer=LOST).exchanges == (AB.exchange, LOST)


def trip(*back: Led, before: Page | None = None) -> Trip:
    return Trip(walk(AB, CD), (), back, (), before)


def led(got: Page, wanted: Page, start: Page = CD) -> Led:
    return Led(start, PREVIOUS, wanted, got.exchange, "to lead back")


@pytest.mark.parametrize(
    ("step", "wrong", "gross"),
    [
        (led(AB, AB), False, False),
        (led(page("b", "a"), AB), True, False),
        (led(page("x", "a", "b"), AB), True, False),
        (led(page("x", "a", "b"), AB, start=NONE), False, False),  # back from an empty page
        (led(page("a", "b", "x"), AB, start=NONE), True, False),
        (led(page("x"), NONE, start=NONE), True, False),
        (led(CD, AB), True, True),
        (led(page("a", "c"), AB), True, False),  # half of it
        (led(page("a", "c", "d"), page("a", "x", "y")), True, True),
        (led(page("a", "b", "d"), page("a", "b", "y")), True, False),
        (led(page("a", "c", "d"), page("a")), True, False),
        (led(page("c", "d", "e"), page("a")), True, True),
        (Led(CD, PREVIOUS, AB, None, "to lead back"), True, False),
        (Led(CD, PREVIOUS, AB, LOST, "to lead back"), True, False),
    ],
)
def test_a_link_leads_to_the_same_streams(step: Led, wrong: bool, gross: bool) -> None:
    problem = paging.BACKWARD[0](trip(step))
    assert (problem is not None) is wrong
    assert bool(problem and problem.gross) is gross


def test_before_the_first_page_there_is_nothing() -> None:
    assert paging.before_first(trip(led(AB, AB))) is None
    assert paging.before_first(trip(led(AB, AB), before=NONE)) is None
    assert paging.before_first(trip(led(AB, AB), before=E)) is not None
    assert paging.before_first(trip(led(AB, AB), led(E, AB), before=E)) is None  # the way there was wrong already


def test_a_trip_has_all_that_it_saw() -> None:
    lost = Led(CD, NEXT, AB, None, "")
    whole = Trip(walk(AB, CD), (led(AB, AB), lost), (led(CD, CD),), (led(E, E),), NONE)
    assert [each.sids for each in whole.pages] == [AB.sids, CD.sids, AB.sids, CD.sids, E.sids, NONE.sids]
    assert whole.exchanges == tuple(each.exchange for each in (AB, CD, AB, CD, E, NONE))
    without = replace(whole, before_first=None, own_links=(Led(CD, NEXT, AB, LOST, ""),))
    assert [each.sids for each in without.pages] == [AB.sids, CD.sids, CD.sids, E.sids]
    assert without.exchanges == (AB.exchange, CD.exchange, LOST, CD.exchange, E.exchange)


@pytest.mark.parametrize(
    ("alone", "wrong"),
    [
        (Alone(AB.exchange, (AB.exchange,)), False),
        (Alone(AB.exchange, (page("a", "b", "c").exchange,)), False),
        (Alone(AB.exchange, (AB.exchange, CD.exchange)), True),
        (Alone(AB.exchange, (E.exchange,)), True),
        (Alone(AB.exchange, (LOST,)), True),
        (Alone(LOST, (AB.exchange,)), True),
    ],
)
def test_page_alone_moves_nothing(alone: Alone, wrong: bool) -> None:
    assert (paging.moved_by_page(alone) is not None) is wrong
    assert len(alone.pages) == sum(each is not LOST for each in (alone.first, *alone.moved))


@pytest.mark.parametrize(
    ("link", "is_one"),
    [
        ("http://a/", True),
        ("/a?b=c", True),
        ("a" * 8000, True),
        ("a" * 8001, False),
        ("a b", False),
        ("a\n", False),
        ("", False),
        ("http://a:b/", False),
        ("http://[", False),
        (7, False),
        (None, False),
        (["a"], False),
    ],
)
def test_what_may_be_a_link(link: Any, is_one: bool) -> None:
    assert (split_link(link) is not None) is is_one


PATH = "/v1/Services/default/Streams"


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("http://127.0.0.1" + PATH, None),
        ("https://elsewhere" + PATH + "?Page=0", None),
        ("https://elsewhere/sync" + PATH, None),
        ("http://127.0.0.1/v1/Services/DEFAULT/Streams", None),
        ("http://127.0.0.1/v1/Services/%64efault/Streams", None),
        ("http://127.0.0.1/sync" + PATH, "a URL with another path than the list"),
        ("http://127.0.0.1/v1/Services/other/Streams", "a URL of another service's list"),
        ("http://127.0.0.1" + PATH + "/TO1", "no URL of a list of streams"),
        (PATH, "no absolute http or https URL"),
        ("//127.0.0.1" + PATH, "no absolute http or https URL"),
        ("http:" + PATH, "no absolute http or https URL"),
        ("ftp://127.0.0.1" + PATH, "no absolute http or https URL"),
        (None, "no URL"),
    ],
)
def test_what_is_wrong_with_a_link_to_the_list(link: Any, wrong: str | None) -> None:
    assert wrong_with(link, TARGET, frozenset({"default"})) == wrong


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body", "form"),
    [
        (FORM, b"a=1&b=&a=2", (("a", "1"), ("b", ""), ("a", "2"))),
        (FORM + "; charset=utf-8", b"a=%C3%A4", (("a", "ä"),)),
        (FORM, b"a=\xff", (("a", "\N{REPLACEMENT CHARACTER}"),)),
        ("text/" + FORM, b"a=1", ()),
        ("application/json", b"a=1", ()),
        (None, b"a=1", ()),
    ],
)
def test_a_form_is_read_as_one(kind: str | None, body: bytes, form: tuple[tuple[str, str], ...]) -> None:
    request = Request("POST", LIST + "?x=&y=1", Headers.of({"Content-Type": kind} if kind else {}), body)
    assert request.form == form
    assert request.field("a") == (form[0][1] if form else None)
    assert request.field("b") == ("" if len(form) > 1 else None)
    assert request.query == (("x", ""), ("y", "1"))
    assert request.path == PATH
