"""Walks over lists: a lawful server is never blamed, whatever comes and goes meanwhile; a steady fault always is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import paging
from conformance.churn import MOST_ATTEMPTS, Finder, Problem, Tries, judge, try_until_clear, undisturbed, verdict
from conformance.exchange import Exchange, Request, Response
from conformance.outcomes import Failed, Inconclusive
from conformance.paging import Alone, Led, Trip
from conformance.registry import Answer
from conformance.sections import test_paging as section
from conformance.target import origin_of
from conformance.walk import MOST_PAGES, NEXT, PREVIOUS, End, Page, Walk, read_page, request_url, walk, wrong_with
from suite.lists_in_memory import (
    CURSOR,
    EMPTY_LAST,
    LIST,
    OFFSET,
    TARGET,
    WAYS,
    Server,
    Shown,
    Surroundings,
    page_exchange,
    slice_of,
)

quick = settings(deadline=None, max_examples=40)  # a machine that is busy is no fault
OWN = frozenset(f"own-{number}" for number in range(12))
WALKS = (paging.missing(OWN), paging.repeated(OWN), paging.endless, paging.changed_size)


@st.composite
def lists(draw: st.DrawFn) -> list[str]:
    """Our streams and up to fifteen others, in any order."""
    foreign = [f"foreign-{number}" for number in range(draw(st.integers(0, 15)))]
    return draw(st.permutations(sorted(OWN) + foreign))


class Churn:
    """Streams that come and go between two requests. Those that go have been shown before."""

    def __init__(self, events: list[tuple[str, float]]) -> None:
        self.events: Iterator[tuple[str, float]] = cycle(events)

    def __call__(self, server: Server) -> None:
        event, where = next(self.events)
        if event == "create":
            server.create(int(where * len(server.sids)))
        elif event == "delete" and (foreign := [s for s in server.sids if s not in OWN and s in server.seen]):
            server.sids.remove(foreign[int(where * len(foreign))])


churns = st.lists(
    st.tuples(st.sampled_from(("create", "delete", "nothing", "nothing")), st.floats(0, 0.99)), min_size=1, max_size=30
).map(Churn)
sizes = st.integers(2, 9)
ways = st.sampled_from(WAYS)


def tries_on(server: Server, size: int, *finders: Finder[Walk]) -> Tries[Walk]:
    """The attempts that a scenario makes on that server."""
    surroundings = cast("Any", Surroundings(server))
    return try_until_clear(surroundings, partial(server.walk, size), finders or WALKS, own=OWN)


# Walks


@quick
@given(lists(), sizes | st.integers(50, 100), ways)
def test_a_walk_shows_every_stream_once_however_a_list_is_paged(sids: list[str], size: int, way: str) -> None:
    walked = Server(sids, OWN, way).walk(size)
    assert walked.end is End.LAST
    assert [sid for page in walked.pages for sid in page.sids] == sids
    assert len(walked.exchanges) == len(walked.pages)
    assert [find(walked) for find in WALKS] == [None] * len(WALKS)
    assert len(sids) < size or paging.wrong_first_size(walked) is None


@quick
@given(st.lists(st.none() | st.integers(0, 90), min_size=1, max_size=90), st.booleans())
def test_a_walk_ends_wherever_the_links_lead(links: list[int | None], news: bool) -> None:
    asked: list[str] = []

    def page(number: int) -> Exchange:
        link = links[number % len(links)]
        entries = [{"sid": f"{len(asked)}"}] if news else []
        return page_exchange(entries, url=f"{LIST}?n={number}", following=None if link is None else f"{LIST}?n={link}")

    def follow(url: str) -> Exchange:
        asked.append(url)
        return page(int(url.rpartition("=")[2]))

    walked = walk(page(0), follow, target=TARGET, size=None)
    assert len(walked.pages) <= MOST_PAGES
    assert len(set(asked)) == len(asked)
    assert (walked.end is End.LAST) == (walked.pages[-1].meta[NEXT] is None)
    assert walked.end is not End.STALE or not news


def test_a_walk_ends_at_what_it_looks_for_and_at_what_is_no_page() -> None:
    server = Server(sorted(OWN), OWN)
    first = server.list(f"{LIST}?PageSize=3")
    found = walk(first, server.list, target=TARGET, size=3, until="own-11")
    assert (found.end, len(found.pages)) == (End.FOUND, 2)
    broken = Exchange(Request("GET", LIST), Response(500, body=b"<html>"), 0, 0)
    walked = walk(first, lambda url: broken, target=TARGET, size=3)
    assert (walked.end, walked.answer, walked.exchanges) == (End.NO_PAGE, broken, (first, broken))
    problem = paging.missing(OWN)(walked)
    assert problem is not None
    assert "page 2" in problem.got
    assert paging.wrong_first_size(walk(broken, server.list, target=TARGET, size=3)) is not None


@pytest.mark.parametrize("body", [b"[]", b'{"streams": {}, "meta": {}}', b'{"streams": []}', b"null", b"\xff", b""])
def test_what_is_no_page_is_not_read_as_one(body: bytes) -> None:
    assert read_page(Exchange(Request("GET", LIST), Response(200, body=body), 0, 0)) is None


LINKS = st.one_of(
    st.text(),
    st.integers(),
    st.none(),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(
            ("http://evil.example", "//evil.example", "file://", "http://[", "http://u:p@sync.example:1", "")
        ),
        st.sampled_from(
            ("/v1/Services/IS1/Streams", "/x/v1/Services/%2e%2e/Streams", "/v1/Services/a%2Fb/Streams", "/")
        ),
        st.text().map("?{}".format),
    ),
)


@quick
@given(LINKS)
def test_no_link_leads_away_from_the_targets_lists(link: Any) -> None:
    url = request_url(link, page_exchange([]), TARGET)
    if url is not None:
        assert origin_of(url) == TARGET.origin
        parts = url.removeprefix(TARGET.url).partition("?")[0].split("/")
        assert parts[:3] + parts[4:] == ["", "v1", "Services", "Streams"]


@pytest.mark.parametrize(
    ("link", "good"),
    [
        (LIST, True),
        (f"{LIST}?PageSize=5&PageToken=a%2Bb", True),
        ("https://sync.twilio.com/v1/Services/IS1/Streams?Page=0", True),
        ("https://gateway.example/twilio/v1/Services/default/Streams", True),
        ("/v1/Services/default/Streams", False),
        ("//sync.example/v1/Services/default/Streams", False),
        ("ftp://sync.example/v1/Services/default/Streams", False),
        ("http://sync.example/api/v1/Services/default/Streams", False),
        ("http://sync.example/v1/Services/IS2/Streams", False),
        ("http://sync.example/v1/Services/default", False),
        ("http://sync.example:x/v1/Services/default/Streams", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_what_an_absolute_url_of_the_list_is(link: object, good: bool) -> None:
    assert (wrong_with(link, TARGET, frozenset({"default", "IS1"})) is None) == good


# Attempts, while others change the list


@quick
@given(lists(), sizes, ways, churns)
def test_a_lawful_server_never_fails_whatever_changes_meanwhile(
    sids: list[str], size: int, way: str, churn: Churn
) -> None:
    tries = tries_on(Server(sids, OWN, way, change=churn), size)
    assert len(tries.attempts) <= MOST_ATTEMPTS
    for find in WALKS:
        assert not isinstance(verdict(tries, find), Problem)


@pytest.mark.parametrize("size", [5, 9])
@pytest.mark.parametrize("ours", [True, False])
def test_what_the_run_itself_lets_expire_is_waited_for_and_what_others_delete_is_not(size: int, ours: bool) -> None:
    brief = [f"brief-{number:03}" for number in range(150)]

    def expire(server: Server) -> None:
        left = len(server.sids) - len(OWN)
        del server.sids[: left if surroundings.slept > 5 else min(left, 1)]

    server = Server([*brief, *sorted(OWN)], OWN, OFFSET, change=expire, others=frozenset(brief if ours else ()))
    surroundings = Surroundings(server)
    find = paging.missing(OWN)
    tries = try_until_clear(cast("Any", surroundings), lambda: server.walk(size), [find], own=OWN)
    assert len(tries.attempts) == MOST_ATTEMPTS + ours
    if ours:
        judge(tries, find)
    else:
        with pytest.raises(Inconclusive, match="changed while they were listed"):
            judge(tries, find)
        assert surroundings.slept == 0


def hides(sids: list[str], start: int, size: int) -> list[str]:
    return [sid for sid in slice_of(sids, start, size) if sid != "own-7"]


def repeats(sids: list[str], start: int, size: int) -> list[str]:
    return [*slice_of(sids, start, size), "own-7"]


Fault = tuple[Shown, Finder[Walk]]
FAULTS: list[Fault] = [(hides, WALKS[0]), (repeats, WALKS[1])]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_steady_fault_fails_once_what_the_run_let_expire_is_gone(fault: Fault) -> None:
    shown, find = fault
    brief = [f"brief-{number:03}" for number in range(150)]

    def expire(server: Server) -> None:
        server.sids = server.sids[:-1] if surroundings.slept < 5 and len(server.sids) > len(OWN) else server.sids

    server = Server([*sorted(OWN), *brief], OWN, OFFSET, shown, change=expire, others=frozenset(brief))
    surroundings = Surroundings(server)
    tries = try_until_clear(cast("Any", surroundings), lambda: server.walk(9), [find], own=OWN)
    assert len(tries.attempts) > MOST_ATTEMPTS
    with pytest.raises(Failed, match="own-7"):
        judge(tries, find)


@pytest.mark.parametrize("fault", FAULTS)
@quick
@given(sids=lists(), size=sizes, way=ways)
def test_a_steady_fault_fails(fault: Fault, sids: list[str], size: int, way: str) -> None:
    shown, find = fault
    tries = tries_on(Server(sids, OWN, way, shown), size)
    with pytest.raises(Failed, match="own-7"):
        judge(tries, find)


@pytest.mark.parametrize("fault", FAULTS)
@quick
@given(sids=lists(), size=sizes, way=ways, churn=churns)
def test_a_steady_fault_never_passes_whatever_changes_meanwhile(
    fault: Fault, sids: list[str], size: int, way: str, churn: Churn
) -> None:
    shown, find = fault
    tries = tries_on(Server(sids, OWN, way, shown, change=churn), size, find)
    with pytest.raises((Failed, Inconclusive)):
        section.judge_walks((tries,), find)


@quick
@given(lists(), sizes, st.sampled_from((OFFSET, EMPTY_LAST)), st.sampled_from(("0", "4", "900")))
def test_a_list_that_does_not_end_fails(sids: list[str], size: int, way: str, behind_last: str) -> None:
    with pytest.raises(Failed):
        judge(tries_on(Server(sids, OWN, way, behind_last=behind_last), size), paging.endless)


def one_short(sids: list[str], start: int, size: int) -> list[str]:
    return slice_of(sids, start, size - 1)


def later_short(sids: list[str], start: int, size: int) -> list[str]:
    return slice_of(sids, start, size - 1 if start else size)


@quick
@given(lists(), st.integers(2, 5), ways)
def test_pages_of_another_size_than_asked_for_fail(sids: list[str], size: int, way: str) -> None:
    with pytest.raises(Failed):
        judge(tries_on(Server(sids, OWN, way, one_short), size, paging.wrong_first_size), paging.wrong_first_size)
    with pytest.raises(Failed):
        judge(tries_on(Server(sids, OWN, way, later_short), size, paging.changed_size), paging.changed_size)


def test_an_attempt_is_undisturbed_when_nothing_can_have_come_or_gone() -> None:
    attempts = tuple(Server(sorted(OWN), OWN).walk(5) for _ in range(6))

    def calm(*foreign: str, old: str = "", gone: str = "") -> str:
        tries = Tries(attempts, tuple(map(frozenset, foreign)), frozenset(old), frozenset(gone))
        return "".join("yn"[not each] for each in undisturbed(tries))

    nothing = ("",) * 6
    assert calm(*nothing) == "yyyyyn"
    assert calm("a", "a", "a", "a", "a", "a", old="a") == "yyyyyn"
    assert calm("a", "a", "a", "a", "a", "a") == "nyyyyn"  # it may have come during the first attempt
    assert calm("", "", "a", "a", "a", "a") == "ynnyyn"  # it came during the second or the third
    assert calm("a", "a", "", "", "", "", old="a", gone="a") == "ynnyyn"  # it went during the second or the third
    assert calm("a", "a", "", "a", "a", "a", old="a") == "yyyyyn"  # a server that hides it now and then


# Links that were followed


def page_of(*sids: str) -> Page:
    page = read_page(page_exchange([{"sid": sid} for sid in sids]))
    assert page is not None
    return page


def trip(*leds: Led) -> Trip:
    return Trip(Server(sorted(OWN), OWN).walk(5), (), leds, (), None)


@quick
@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef"), unique=True))
def test_a_link_leads_to_the_page_that_shows_the_same_streams(wanted: list[str], got: list[str]) -> None:
    led = Led(page_of("z"), NEXT, page_of(*wanted), page_of(*got).exchange, "next_page_url to lead on")
    problem = paging.BACKWARD[0](trip(led))
    assert (problem is None) == (wanted == got)
    assert paging.BACKWARD[1](trip(led)) is None
    if problem and sorted(wanted) == sorted(got):
        assert "order" in problem.got
        assert not problem.gross


@quick
@given(st.permutations("abcdef"), st.integers(0, 6), st.integers(1, 6))
def test_the_page_before_an_empty_one_may_begin_earlier(sids: list[str], extra: int, size: int) -> None:
    """A cursor counts a page back from the empty one, not from the page before that."""
    wanted = sids[-size:]
    earlier = [f"earlier-{number}" for number in range(extra)]

    def problem(got: list[str]) -> object:
        led = Led(page_of(), PREVIOUS, page_of(*wanted), page_of(*got).exchange, "previous_page_url to lead back")
        return paging.BACKWARD[0](trip(led))

    assert problem(earlier + wanted) is None
    assert problem([*earlier, *wanted, "later"]) is not None
    assert problem(earlier + wanted[1:]) is not None


def test_a_link_that_leads_nowhere_is_a_problem() -> None:
    no_page = Exchange(Request("GET", LIST), Response(404), 0, 0)
    for exchange in (None, no_page):
        assert paging.BACKWARD[0](trip(Led(page_of(), NEXT, page_of("a"), exchange, "expected"))) is not None
    assert paging.FIRSTS[0](trip()) is not None


@pytest.mark.parametrize(
    ("moved", "good"), [("abc", True), ("ab", False), ("abcd", True), ("bcd", False), ("", False), ("acb", False)]
)
def test_page_alone_moves_nothing(moved: str, good: bool) -> None:
    alone = Alone(page_of(*"abc").exchange, (page_of(*moved).exchange,))
    assert (paging.moved_by_page(alone) is None) == good


# A survey that can't be made


@pytest.mark.parametrize("way", [CURSOR, OFFSET])
def test_a_walk_under_change_that_does_not_end_is_answered_in_words(way: str) -> None:
    server = Server([f"foreign-{number}" for number in range(1000)], OWN, way)
    for deleted in (frozenset({"a"}), frozenset[str]()):
        changing = section.Changing(server.walk(10), OWN, deleted, frozenset())
        answered = section.test_walk_under_change(changing)
        assert isinstance(answered, Answer)
        assert "too many other streams" in answered.text
