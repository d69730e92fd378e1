"""The values tried in every run: lawful all of them, of all sizes, and the shorter forms that a failure is told in."""

from __future__ import annotations

import json
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.properties import telling
from conformance.properties.generation import is_plain
from conformance.properties.telling import (
    EDGES,
    LONGEST_NAME,
    MOST_PAGE_SIZE,
    MOST_TTL,
    TIMES,
    WORDS,
    chained,
    creates,
    ladder,
    lengths,
    messages,
    names,
    page_queries,
    simpler_json,
    simpler_text,
    some,
    ttls,
)

SHIFTS = st.integers(0, 10_000)
QUICKLY = settings(deadline=None, max_examples=25)  # each example makes hundreds of values
ROOMS = st.integers(10, 120)


def test_names_are_plain_and_all_different() -> None:
    assert all(map(is_plain, names()))
    assert len(set(names())) == len(names())
    assert max(map(len, names())) <= LONGEST_NAME


def test_no_two_names_are_the_same_once_case_is_folded() -> None:
    assert len({name.casefold() for name in names()}) == len(names())


@QUICKLY
@given(st.integers(1, LONGEST_NAME), SHIFTS)
def test_lengths_go_from_the_least_to_the_longest_without_a_wide_gap(least: int, shift: int) -> None:
    found = lengths(least, shift)
    assert found[0] == least
    assert found[-1] == LONGEST_NAME
    assert all(1 <= after - before <= 7 for before, after in pairwise(found))
    assert set(found) >= {edge for edge in EDGES if edge >= least}


def test_a_few_seeds_try_every_length() -> None:
    assert set().union(*(lengths(40, shift) for shift in range(4))) == set(range(40, LONGEST_NAME + 1))


@QUICKLY
@given(SHIFTS)
def test_ttls_are_lawful_and_reach_from_a_second_to_a_year(shift: int) -> None:
    found = ttls(shift)
    assert found[0] == 1
    assert all(0 < ttl < MOST_TTL for ttl in found)
    assert list(found) == sorted(set(found))
    assert {ttl + step for ttl in TIMES for step in (-1, 0, 1)} <= set(found)
    assert {2**power for power in range(25)} <= set(found)
    assert {2**power - 1 for power in range(1, 25)} <= set(found)


@QUICKLY
@given(SHIFTS)
def test_the_rungs_of_the_ladder_are_a_quarter_apart(shift: int) -> None:
    rungs = ladder(shift)
    assert rungs[0] == 1
    assert MOST_TTL / 1.25 < rungs[-1] < MOST_TTL
    assert all(before < after <= 1.25 * before + 1 for before, after in pairwise(rungs))


def test_seeds_try_different_rungs() -> None:
    assert len({ladder(shift) for shift in range(16)}) == 16


@QUICKLY
@given(ROOMS, SHIFTS)
def test_creates_try_every_word_every_length_and_every_rung(room: int, shift: int) -> None:
    forms = creates(room, shift)
    asked = [str(form["UniqueName"]) for form in forms if "UniqueName" in form]
    assert forms[0] == {}
    assert {form["Ttl"] for form in forms if "Ttl" in form} >= {*ladder(shift), *TIMES}
    assert all(1 <= len(name) <= LONGEST_NAME - room for name in asked)
    assert {len(name) + room for name in asked} >= {length for length in (128, 256, LONGEST_NAME) if length > room}
    assert all(any(name.startswith(word) or name.endswith(word) for name in asked) for word in WORDS)
    assert len({len(name) for name in asked}) > 40


@QUICKLY
@given(ROOMS, SHIFTS)
def test_names_of_creates_stay_plain(room: int, shift: int) -> None:
    assert all(is_plain(str(form.get("UniqueName", "n"))) for form in creates(room, shift))


def test_lists_are_asked_for_with_every_page_size() -> None:
    queries = page_queries()
    assert {query["PageSize"] for query in queries if set(query) == {"PageSize"}} == set(range(1, MOST_PAGE_SIZE + 1))
    assert {} in queries
    pages = {query["Page"] for query in queries if set(query) == {"Page"}}
    assert {0, 1, 2, 3, 4, 2**31 - 1, 2**31} <= pages
    assert all(page >= 0 for page in pages)
    assert {(query["PageSize"], query["Page"]) for query in queries if len(query) == 2} >= {(1, 0), (50, 1), (100, 7)}


def test_messages_are_objects_in_json_within_the_size_limit() -> None:
    for text in messages():
        assert isinstance(json.loads(text), dict), text[:80]
        assert len(text.encode()) <= 4_096
    assert max(len(text.encode()) for text in messages()) >= 4_000


def test_messages_are_deep_long_and_odd() -> None:
    values = [json.loads(text) for text in messages()]
    assert {} in values
    assert {"": ""} in values
    assert any(len(value) >= 150 for value in values)
    assert any(isinstance(value.get("list"), list) and len(value["list"]) == 500 for value in values)
    assert max(map(depth, values)) >= 32
    assert any(text != json.dumps(json.loads(text)) and "\t" in text for text in messages())


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@pytest.mark.parametrize("size", [2**power for power in range(5, 12)])
def test_messages_have_each_size_around_a_power_of_two(size: int) -> None:
    assert {size - 1, size, size + 1} <= {len(text.encode()) for text in messages()}


@QUICKLY
@given(st.lists(st.integers(), min_size=1, max_size=40, unique=True), st.floats(0.01, 1), SHIFTS)
def test_some_are_a_share_in_their_order(items: list[int], share: float, seed: int) -> None:
    found = some(items, share, seed)
    assert found
    assert list(found) == [item for item in items if item in found]
    assert len(found) <= len(items) * share * 1.5 + 1


def test_all_are_some_for_a_share_of_one() -> None:
    assert some("abc", 1, 7) == tuple("abc")


def test_some_of_many_seeds_are_all() -> None:
    assert set().union(*(some(range(20), 0.2, seed) for seed in range(5))) == set(range(20))


@QUICKLY
@given(st.lists(st.integers(), min_size=1, max_size=5, unique=True), st.integers(2, 3))
def test_a_chain_has_every_sequence_side_by_side(items: list[int], length: int) -> None:
    chain = chained(items, length)
    windows = {chain[place : place + length] for place in range(len(chain) - length + 1)}
    assert windows >= set(product(items, repeat=length))
    assert len(chain) <= 1.5 * len(items) ** length + length


@QUICKLY
@given(st.text(max_size=30))
def test_simpler_texts_are_others_and_no_longer(text: str) -> None:
    for simple in simpler_text(text):
        assert simple
        assert simple != text
        assert len(simple) <= len(text)


def test_a_text_is_halved_before_a_letter_is_taken() -> None:
    assert list(simpler_text("abcd")) == ["ab", "cd", "bcd", "abc", "nnnn"]
    assert list(simpler_text("n")) == []


@QUICKLY
@given(
    st.dictionaries(
        st.text(max_size=4), st.integers() | st.dictionaries(st.text(max_size=2), st.integers()), max_size=5
    )
)
def test_simpler_objects_are_smaller_objects(value: dict[str, object]) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for simple in simpler_json(text):
        assert isinstance(json.loads(simple), dict)
        assert len(simple) < len(text)


def test_an_object_inside_is_simpler_and_so_is_each_member_left_out() -> None:
    assert list(simpler_json('{"a":{"b":1},"c":2}')) == ['{"b":1}', '{"c":2}', '{"a":{"b":1}}']


def test_ladders_and_sizes_hold_no_doubles() -> None:
    sizes = telling._sizes()
    assert len(set(sizes)) == len(sizes)
    assert max(sizes) < 4_000
