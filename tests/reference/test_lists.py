"""Pages: their links, and that a walk meets every survivor once, whatever happens meanwhile."""

import re
import sys
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.app import create_app
from reference_impl.clock import ManualClock
from reference_impl.store import Store

from .client import STREAMS, Client, at

META = ["page", "page_size", "first_page_url", "previous_page_url", "url", "next_page_url", "key"]


def sids(page: dict) -> list[str]:
    return [stream["sid"] for stream in page["streams"]]


def walk(client: Client, url: str | None, link: str = "next_page_url") -> list[dict]:
    pages = []
    while url:
        answer = client.get(url)
        assert answer.status == 200
        pages.append(answer.json)
        url = answer.json["meta"][link]
    return pages


def test_an_empty_list(client: Client) -> None:
    page = client.get(STREAMS).json
    assert list(page) == ["streams", "meta"]
    assert page["streams"] == []
    assert list(page["meta"]) == META
    assert (page["meta"]["page"], page["meta"]["page_size"], page["meta"]["key"]) == (0, 50, "streams")
    assert page["meta"]["next_page_url"] is None
    assert page["meta"]["previous_page_url"] is None
    assert page["meta"]["first_page_url"] == page["meta"]["url"]
    assert re.fullmatch(
        r"http://sync\.test:8080/v1/Services/IS[0-9a-f]{32}/Streams\?PageSize=50&Page=0", page["meta"]["url"]
    )


def test_pages_forth_and_back(client: Client) -> None:
    made = [client.create()["sid"] for _ in range(7)]
    forth = walk(client, f"{STREAMS}?PageSize=3")
    assert [sids(page) for page in forth] == [made[0:3], made[3:6], made[6:7]]
    assert [page["meta"]["page"] for page in forth] == [0, 1, 2]
    assert all(list(page["meta"]) == META for page in forth)
    back = walk(client, forth[-1]["meta"]["url"], "previous_page_url")
    assert [sids(page) for page in back] == [made[6:7], made[3:6], made[0:3]]
    assert [page["meta"]["page"] for page in back] == [2, 1, 0]
    assert [sids(page) for page in walk(client, back[-1]["meta"]["url"])] == [made[0:3], made[3:6], made[6:7]]
    query = parse_qsl(urlsplit(forth[0]["meta"]["next_page_url"]).query)
    assert [name for name, _ in query] == ["PageSize", "Page", "PageToken"]
    assert query[2][1].startswith("PT")
    assert {page["meta"]["first_page_url"] for page in forth} == {forth[0]["meta"]["url"]}


@pytest.mark.parametrize("count", [3, 6])
def test_a_full_last_page_is_the_last(client: Client, count: int) -> None:
    for _ in range(count):
        client.create()
    assert [len(page["streams"]) for page in walk(client, f"{STREAMS}?PageSize=3")] == [3] * (count // 3)


@pytest.mark.parametrize(
    ("asked", "size"), [("1", 1), ("100", 100), ("101", 100), ("500", 100), ("9" * 5000, 100), ("", 50), ("007", 7)]
)
def test_page_sizes(client: Client, asked: str, size: int) -> None:
    for _ in range(101):
        client.create()
    page = client.get(STREAMS, PageSize=asked).json
    assert len(page["streams"]) == page["meta"]["page_size"] == size


@pytest.mark.parametrize(
    ("query", "code"),
    [
        *[(f"PageSize={bad}", 54454) for bad in ("0", "-1", "x", "1.5", "%ff", "%D9%A3")],
        *[(f"Page={bad}", 20001) for bad in ("-1", "x", "%ff")],
        *[
            (f"PageToken={bad}", 54453)
            for bad in ("x", "PT", "PT" + "0" * 32, "PTa" + "f" * 31, "%ff", "%00", "a" * 9999)
        ],
    ],
)
def test_bad_parameters(client: Client, query: str, code: int) -> None:
    answer = client.get(f"{STREAMS}?{query}")
    assert (answer.status, answer.code) == (400, code)


def test_page_alone_moves_nothing(client: Client) -> None:
    for _ in range(3):
        client.create()
    page = client.get(STREAMS, Page=7, PageSize=2).json
    assert page["meta"]["page"] == 7
    assert sids(page) == sids(client.get(STREAMS, PageSize=2).json)
    assert "Page=8" in page["meta"]["next_page_url"]


def test_a_token_of_another_service_is_refused(client: Client) -> None:
    client.create()
    client.create()
    link = client.get(STREAMS, PageSize=1).json["meta"]["next_page_url"]
    token = dict(parse_qsl(urlsplit(link).query))["PageToken"]
    assert client.get("/v1/Services/second/Streams", PageToken=token).code == 54453


def test_links_lead_to_where_the_client_came_from(clock: ManualClock) -> None:
    client = Client(create_app(clock=clock), host="proxy.example:9999")
    client.create()
    client.create()
    answer = client.send("GET", f"{STREAMS}?PageSize=1", x_forwarded_host="evil.example", x_forwarded_proto="https")
    assert answer.json["meta"]["next_page_url"].startswith("http://proxy.example:9999/v1/")
    assert answer.json["streams"][0]["url"].startswith("http://proxy.example:9999/v1/")


@pytest.mark.parametrize("host", ["", "a b", 'x"y', "user@host", "host/path"])
def test_a_useless_host_is_replaced(clock: ManualClock, host: str) -> None:
    client = Client(create_app(clock=clock), host=host)
    assert client.create()["url"].startswith("http://127.0.0.1:8080/v1/")


def test_a_page_emptied_under_the_reader_still_leads_on(client: Client) -> None:
    made = [client.create()["sid"] for _ in range(6)]
    middle = walk(client, f"{STREAMS}?PageSize=2")[1]
    last = walk(client, f"{STREAMS}?PageSize=2")[2]
    for sid in made[4:]:
        client.delete(at(sid))
    empty = client.get(last["meta"]["url"]).json
    assert empty["streams"] == []
    assert sids(client.get(empty["meta"]["previous_page_url"]).json) == made[2:4]
    for sid in made[:2]:
        client.delete(at(sid))
    empty = client.get(middle["meta"]["previous_page_url"]).json
    assert empty["streams"] == []
    assert empty["meta"]["previous_page_url"] is None
    assert sids(client.get(empty["meta"]["next_page_url"]).json) == made[2:4]


CHANGES = st.lists(
    st.tuples(st.sampled_from(["create", "brief", "delete", "wait", "step", "step", "step"]), st.integers(0, 99)),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, 15), size=st.integers(1, 4), changes=CHANGES, backward=st.booleans())
def test_a_walk_meets_every_survivor_exactly_once(
    start: int, size: int, changes: list[tuple[str, int]], backward: bool
) -> None:
    clock = ManualClock()
    client = Client(create_app(clock=clock))
    before = [client.create(Ttl=(5 if number % 4 == 3 else 0))["sid"] for number in range(start)]
    url: str | None = f"{STREAMS}?PageSize={size}"
    link = "next_page_url"
    if backward:
        url = walk(client, url)[-1]["meta"]["url"]
        link = "previous_page_url"
    seen: list[str] = []
    living = list(before)

    def step() -> None:
        nonlocal url
        if url:
            page = client.get(url).json
            seen.extend(sids(page))
            url = page["meta"][link]

    for action, number in changes:
        if action in {"create", "brief"}:
            living.append(client.create(Ttl=3 if action == "brief" else 0)["sid"])
        elif action == "delete" and living:
            client.delete(at(living.pop(number % len(living))))
        elif action == "wait":
            clock.advance(1)
        elif action == "step":
            step()
    while url:
        step()
    assert len(seen) == len(set(seen))
    survivors = [sid for sid in before if client.get(at(sid)).status == 200]
    assert set(survivors) <= set(seen)


def lines_run(action: Callable[[], object]) -> int:
    """How much Python an action runs: a measure of cost that no busy machine disturbs."""
    count = 0

    def trace(frame: object, event: str, arg: object) -> object:
        nonlocal count
        count += 1
        return trace

    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(outer)
    return count


def test_no_cost_grows_with_the_number_of_streams() -> None:
    store = Store()
    for number in range(100_000):
        store.add("IS", f"n{number}", 3600 if number % 2 else 0, 0.0)
    worst = 0
    for number in range(20_000, 90_000):
        found = store.find_by_name("IS", f"n{number}", 1.0)
        assert found
        remove = partial(store.remove, found)
        if number % 100:
            remove()
        else:
            worst = max(worst, lines_run(remove))
    assert worst < 60
    for sequence in (0, 19_990, 50_000, 89_999, 99_000, 100_000):
        assert lines_run(partial(store.after, "IS", sequence, 50, 1.0)) < 250
        assert lines_run(partial(store.before, "IS", sequence, 50, 1.0)) < 250
    assert lines_run(partial(store.find_by_name, "IS", "n99999", 1.0)) < 50
    assert max(lines_run(partial(store.add, "IS", f"new{number}", 5, 1.0)) for number in range(1000)) < 200
    assert lines_run(partial(store.add, "IS", "newer", 5, 10_000.0)) < 1500  # with 16,000 expired at once
