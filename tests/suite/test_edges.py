"""Walks whose last page is a special one: a stream of anybody that a server loses there is missed, others are not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import edges, paging
from conformance.churn import verdict
from conformance.edges import Edge, fitting, roomy, walk_edge, walk_edges
from conformance.exchange import Exchange
from conformance.walk import End, Walk
from suite.lists_in_memory import OFFSET, WAYS, Server, Surroundings, slice_of

OWN = frozenset(f"own-{number}" for number in range(10))
SIZE = 5
quick = settings(deadline=None, max_examples=40)


def looked_at(server: Server, listed: frozenset[str]) -> Edge:
    surroundings = cast("Any", Surroundings(server))
    finders = (paging.repeated(OWN), paging.endless, paging.changed_size)
    return walk_edge(surroundings, partial(server.walk, SIZE), finders, listed=listed, own=OWN)


def without_a_lone_last(sids: list[str], start: int, size: int) -> list[str]:
    return [] if start and start == len(sids) - 1 else slice_of(sids, start, size)


def found(edge: Edge) -> object:
    return verdict(edge.tries, paging.missing(edge.there))


@given(st.integers(2, 1300))
def test_a_few_streams_more_fill_the_last_page(count: int) -> None:
    found = fitting(count)
    if found is None:
        assert count < 6 or count > 1100
        return
    more, size = found
    assert (count + more) % size == 0
    assert 3 <= size <= 100
    assert 2 <= (count + more) // size <= 12


@given(st.integers(6, 1300), st.integers(3, 100))
def test_another_size_has_a_last_page_that_is_no_special_one(count: int, size: int) -> None:
    other = roomy(count, size)
    assert other != size
    assert other / 2 < count % other < other or count < 10


class Growing(Server):
    """A server in memory that streams can be created on."""

    made = 0

    def create(self, fields: Any) -> Exchange:  # type: ignore[override]
        self.made += 1
        sid = f"TO{self.made:032x}"
        self.sids.append(sid)
        self._ranks[sid] = self._ranks[self.sids[-2]] + 1
        self._born[sid] = self.clock
        return self.fetch(sid)


def walked_edges(server: Growing, whole: Walk) -> tuple[Edge, ...]:
    settled: list[int] = []

    def settle(own: frozenset[str], size: int) -> None:
        settled.append(size)

    surroundings = cast("Any", Surroundings(server))
    finders = (paging.repeated(OWN), paging.endless, paging.changed_size)
    found = walk_edges(surroundings, server.walk, finders, whole=whole, own=OWN, settle=settle)
    assert not set(settled[-len(found) :]) & {edge.tries.attempts[0].size for edge in found}
    return found


@pytest.mark.parametrize("way", WAYS)
def test_the_edges_are_a_full_last_page_and_one_stream_more(way: str) -> None:
    server = Growing([*sorted(OWN), *(f"foreign-{number}" for number in range(13))], OWN, way)
    full, lone = walked_edges(server, server.walk(100))
    lengths = [[len(page) for page in edge.tries.attempts[-1].pages if page.entries] for edge in (full, lone)]
    assert len(set(lengths[0])) == len(set(lengths[1][:-1])) == 1
    assert lengths[0][0] != lengths[1][0]
    assert lengths[1][-1] == 1
    assert found(full) is found(lone) is None


@pytest.mark.parametrize("expiring", [0, 1, 2, 3, 4])
def test_what_expires_between_the_walks_hides_no_lost_stream(expiring: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the others goes after each create, some times."""
    monkeypatch.setattr(edges, "LONGEST", 1000)  # the clock of a server in memory is a fast one
    server = Growing([*(f"foreign-{number}" for number in range(13)), *sorted(OWN)], OWN, shown=without_a_lone_last)
    whole = server.walk(10)
    left = expiring

    def change(there: Server) -> None:
        nonlocal left
        if left and there.sids[0].startswith("foreign") and there.sids[-1].startswith("TO"):
            left -= 1
            there.sids.pop(0)

    server.change = change
    problem = found(walked_edges(server, whole)[-1])
    assert isinstance(problem, paging.Problem)
    assert f"TO{server.made:032x}" in problem.got


@pytest.mark.parametrize(("longest", "walks"), [(0.5, 1), (1000, 10)])
def test_walks_that_take_long_are_not_made_again(longest: float, walks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest of many others goes with each request."""
    monkeypatch.setattr(edges, "LONGEST", longest)
    server = Growing([*(f"foreign-{number}" for number in range(200)), *sorted(OWN)], OWN)
    whole = server.walk(100)
    server.change = lambda there: there.sids.pop(0) and None
    sizes: list[int] = []
    walk = server.walk
    monkeypatch.setattr(server, "walk", lambda size: sizes.append(size) or walk(size))
    assert walked_edges(server, whole) == ()
    assert len(set(sizes)) == walks


def test_however_long_it_takes_both_are_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "LONGEST", 0.5)
    server = Growing([*sorted(OWN), *(f"foreign-{number}" for number in range(13))], OWN)
    assert len(walked_edges(server, server.walk(100))) == 2


def test_a_list_that_is_answered_from_a_cache_is_late_and_not_incomplete() -> None:
    kept: dict[str, list[str]] = {}

    def shown(sids: list[str], start: int, size: int) -> list[str]:
        return kept.setdefault(f"{start} {size}", slice_of(sids, start, size))

    server = Growing([*sorted(OWN), *(f"foreign-{number}" for number in range(14))], OWN, OFFSET, shown=shown)
    full, lone = walked_edges(server, server.walk(100))
    assert found(full) is found(lone) is None


def test_nothing_is_walked_after_a_walk_that_did_not_end() -> None:
    server = Growing(sorted(OWN), OWN)
    whole = replace(server.walk(3), end=End.BOUND)
    assert walked_edges(server, whole) == ()
    assert server.made == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("last", ["own-9", "foreign"])
def test_a_stream_lost_alone_on_its_page_is_missed_whoever_made_it(way: str, last: str) -> None:
    sids = [*sorted({*OWN, "foreign"} - {last}), last]  # two full pages and this one
    server = Server(sids, OWN, way, shown=without_a_lone_last)
    problem = found(looked_at(server, frozenset(sids)))
    assert isinstance(problem, paging.Problem)
    assert last in problem.got


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_of_others_that_was_deleted_is_not(way: str) -> None:
    sids = [*sorted(OWN), "foreign"]
    server = Server(sids, OWN, way)
    listed = frozenset(sids)
    server.sids.remove("foreign")
    edge = looked_at(server, listed)
    assert len(edge.tries.attempts) == 1
    assert found(edge) is None


def test_nor_one_that_goes_after_it_was_looked_for() -> None:
    """Found when it was missing from the first walk, deleted before the second."""
    sids = [*sorted(OWN), "foreign"]

    def change(there: Server) -> None:
        if there.walks > 1 and "foreign" in there.sids:
            there.sids.remove("foreign")

    server = Counted(
        sids, OWN, shown=lambda all_, start, size: [s for s in all_[start : start + size] if s != "foreign"]
    )
    server.change = cast("Any", change)
    edge = looked_at(server, frozenset(sids))
    assert edge.there == OWN
    assert found(edge) is None


class Counted(Server):
    walks = 0

    def walk(self, size: int) -> Any:
        self.walks += 1
        return super().walk(size)


def test_nor_one_that_expires_just_now() -> None:
    """A lawful server may show it to a fetch a little longer than in lists."""
    sids = [*sorted(OWN), "foreign"]
    server = Server(sids, OWN, expiring=frozenset({"foreign"}), shown=without_a_lone_last)
    assert found(looked_at(server, frozenset(sids))) is None


@quick
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 0.99)), min_size=1, max_size=20), st.permutations(sorted(OWN)))
def test_a_lawful_server_is_not_blamed_while_others_come_and_go(
    events: list[tuple[bool, float]], own: list[str]
) -> None:
    server = Server([*own, *(f"foreign-{number}" for number in range(11))], OWN, OFFSET)
    turn = iter(events * 500)

    def change(there: Server) -> None:
        comes, where = next(turn)
        foreign = [sid for sid in there.sids if sid not in OWN and sid in there.seen]
        if comes:
            there.create(int(where * len(there.sids)))
        elif foreign:
            there.sids.remove(foreign[int(where * len(foreign))])

    listed = server.walk(100).sids
    server.change = change
    assert not isinstance(found(looked_at(server, listed)), paging.Problem)
