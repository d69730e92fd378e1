"""Twilio's own clients, unmodified, against the reference server: each step of the table as a test of each client."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from . import faces
from .installed import versions
from .running_clients import CANONICAL, THROUGH_PROXY
from .serving import NOW, Server
from .table import (
    CLIENTS,
    Burst,
    Done,
    Message,
    Names,
    Once,
    Pages,
    Refusal,
    Same,
    Step,
    Stream,
    steps_of,
)

Outcomes = Callable[[str], dict[str, Any]]
CASES = [pytest.param(client, step, id=f"{client}: {step.id}") for client in CLIENTS for step in steps_of(client)]


def test_every_client_is_there() -> None:
    assert not [missing for missing in versions().values() if missing.startswith("missing")]


@pytest.mark.parametrize(("client", "step"), CASES)
def test_a_client_sees(client: str, step: Step, outcomes: Outcomes, server: Server) -> None:
    every = outcomes(client)
    outcome = every[step.id]
    assert "crash" not in outcome, outcome["crash"]
    if isinstance(step.expected, Refusal):
        assert "error" in outcome, outcome
        assert outcome["error"] == faces.refusal(client, step, step.expected, outcome["error"])
        return
    assert "value" in outcome, outcome
    check_value(client, step, server, every)


def check_value(client: str, step: Step, server: Server, every: dict[str, Any]) -> None:
    value = every[step.id]["value"]
    match step.expected:
        case Stream() as expected:
            check_stream(client, server, step, faces.stream(client, value), expected)
        case Same(earlier, ttl):
            first = faces.stream(client, every[earlier]["value"])
            assert faces.stream(client, value) == first | {"date_expires": ttl and int(NOW + ttl)}
        case Done():
            assert value == faces.deleted(client)
        case Message(data):
            seen = faces.message(client, value)
            assert seen == {"sid": seen["sid"], "data": data}
            assert re.fullmatch("TZ[0-9a-f]{32}", seen["sid"])
        case Names(names):
            assert [stream["unique_name"] for stream in faces.streams(client, value)] == names
        case Pages(forward, backward):
            check_pages(value, forward, backward)
        case Once(names):
            check_once(faces.streams(client, value), names)
        case Burst(accepted, refused):
            check_burst(client, step, value, accepted, refused)
        case _:
            raise AssertionError(step)


def check_stream(client: str, server: Server, step: Step, seen: dict[str, Any], expected: Stream) -> None:
    assert re.fullmatch("TO[0-9a-f]{32}", seen["sid"])
    service = server.services[f"{step.service}-{client}"]
    origin = CANONICAL if client in THROUGH_PROXY else server.url
    url = f"{origin}/v1/Services/{service}/Streams/{seen['sid']}"
    assert seen == {
        "sid": seen["sid"],
        "unique_name": expected.name,
        "account_sid": server.account_sid,
        "service_sid": service,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": expected.ttl and int(NOW + expected.ttl),
        "date_created": int(NOW),
        "date_updated": int(NOW),
        "created_by": "system",
    }


def check_pages(walked: dict[str, list[list[str]]], forward: list[int], backward: list[int]) -> None:
    assert [len(page) for page in walked["there"]] == forward
    assert [len(page) for page in walked["back"]] == backward
    assert walked["back"] == walked["there"][:-1][::-1]
    every = [sid for page in walked["there"] for sid in page]
    assert len(set(every)) == len(every)


def check_once(seen: list[dict[str, Any]], names: list[str]) -> None:
    counted = Counter(stream["unique_name"] for stream in seen if stream["unique_name"] in names)
    assert counted == Counter(names)
    assert max(Counter(stream["sid"] for stream in seen).values()) == 1


def check_burst(client: str, step: Step, value: dict[str, Any], accepted: int, refused: Refusal) -> None:
    assert value["accepted"] == accepted
    assert len(value["errors"]) == step.arguments["count"] - accepted
    for error in value["errors"]:
        assert error == faces.refusal(client, step, refused, error)
