"""Rules about streams look at each stream once for each way in which it was shown. That must not change a verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.operation import Operation
from conformance.outcomes import Judgement
from conformance.passive import judge_each, load_passive
from conformance.resource import newly_shown, streams_shown

HOME = "http://127.0.0.1:8080/v1/Services"
SERVICES = ("default", "IS" + "b" * 32, "IS" + "d" * 32)
FORM = Headers((("Content-Type", "application/x-www-form-urlencoded"),))
RULES = sorted(rule_id for rule_id in load_passive() if rule_id.startswith("STREAM-"))


def stream(**changes: Any) -> dict[str, Any]:
    url = f"{HOME}/IS{'b' * 32}/Streams/TO{'c' * 32}"
    body = {
        "sid": "TO" + "c" * 32,
        "unique_name": "conformance-1-a",
        "account_sid": "AC" + "a" * 32,
        "service_sid": "IS" + "b" * 32,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": None,
        "date_created": "2030-01-31T10:20:30Z",
        "date_updated": "2030-01-31T10:20:30Z",
        "created_by": "system",
    }
    return {**body, **changes}


# What a server may show under one key, good and bad; values that Python takes for equal are among them.
CHANGES = {
    "sid": ("TO" + "c" * 31, 1, True, 1.0),
    "unique_name": (None, "", 0, False, "theirs"),
    "account_sid": ("AC", None),
    "service_sid": ("IS" + "d" * 32, "IS"),
    "url": (
        *(f"{HOME}/{service}/Streams/TO{'c' * 32}" for service in SERVICES),
        f"{HOME}/default/Streams/TO{'d' * 32}",
        "",
        "http://[/v1",
    ),
    "links": ({}, [], {"messages": 1}, {"messages": f"{HOME}/default/Streams/TO{'c' * 32}/Messages"}),
    "date_expires": ("2030-02-31T10:20:30Z", "2030-01-31T10:20:30.5Z"),
    "date_updated": ("2030-01-31T10:20:31Z", "2030-01-31T10:20:30.25Z", None),
    "created_by": ("me", None),
}
BODIES = [
    stream(),
    *(stream(**{key: value}) for key, values in CHANGES.items() for value in values),
    *(
        {key: value for key, value in stream().items() if key != missing}
        for missing in ("sid", "links", "date_created")
    ),
]


def exchange(operation: Operation, service: str, bodies: list[dict[str, Any]], *, named: bool) -> Exchange:
    url = f"{HOME}/{service}/Streams"
    one = json.dumps(bodies[0]).encode()
    match operation:
        case Operation.CREATE:
            request, body = Request("POST", url, FORM, b"UniqueName=a" if named else b"Ttl=60"), one
        case Operation.LIST:
            request, body = Request("GET", url), json.dumps({"streams": bodies, "meta": {}}).encode()
        case Operation.UPDATE:
            request, body = Request("POST", f"{url}/TO{'c' * 32}", FORM, b"Ttl=60"), one
        case _:
            request, body = Request("GET", f"{url}/TO{'c' * 32}"), one
    return Exchange(request, Response(200, body=body), 0.0, 0.0)


WAYS = (
    *product((Operation.FETCH, Operation.LIST, Operation.UPDATE), SERVICES, (False,)),
    *product((Operation.CREATE,), SERVICES, (True, False)),
)


def pairs() -> Iterator[tuple[Exchange, Exchange]]:
    """The same body shown in every two ways, one after the other, and every two bodies shown in one."""
    for body in BODIES:
        shown = [exchange(operation, service, [body], named=named) for operation, service, named in WAYS]
        yield from product(shown, repeat=2)
    yield from product([exchange(Operation.LIST, "default", [body], named=False) for body in BODIES], repeat=2)


PAIRS = tuple(pairs())


def verdict(rule_id: str, seen: Any) -> Any:
    """What was judged, in which words and on which exchanges."""
    try:
        judge_each(rule_id, seen)
    except Judgement as judgement:
        return type(judgement), judgement.message, [id(each) for each in judgement.exchanges]
    return None


@pytest.mark.parametrize("rule_id", RULES)
def test_what_is_shown_again_changes_no_verdict(rule_id: str) -> None:
    for pair in PAIRS:
        everything = [shown for each in pair for shown in streams_shown(each)]
        assert verdict(rule_id, newly_shown(pair)) == verdict(rule_id, everything)


def test_a_stream_is_looked_at_once_for_each_way_it_was_shown() -> None:
    listed = exchange(Operation.LIST, "default", [stream(), stream(), stream(created_by="me")], named=False)
    fetched = exchange(Operation.FETCH, "default", [stream()], named=False)
    elsewhere = exchange(Operation.FETCH, SERVICES[1], [stream()], named=False)
    created = exchange(Operation.CREATE, "default", [stream()], named=True)
    found = list(newly_shown([listed, listed, fetched, fetched, elsewhere, created, created]))
    assert [(shown.exchange, shown.where) for shown in found] == [
        (listed, " in entry 0 of the list"),
        (listed, " in entry 2 of the list"),
        (fetched, ""),
        (elsewhere, ""),
        (created, ""),
        (created, ""),
    ]
