"""Answering from a cassette: order, sids, misses, dates."""

from __future__ import annotations

import json
import random
import re
import sys
import threading

import pytest
from proxy_traffic import (
    ACCOUNT,
    BASE,
    OTHER_ACCOUNT,
    OTHER_SERVICE,
    SERVICE,
    STARTED,
    basic,
    create,
    exchange,
    fetch,
    reply,
    request,
    stream,
)

from conformance.exchange import Headers, Request, Response
from proxy.cassette import Cassette
from proxy.matching import LANE
from proxy.misses import CODES, HEADER, STATUS, Miss
from proxy.player import Answer, Player
from proxy.wire import decode, outgoing

STREAMS = f"/v1/Services/{SERVICE}/Streams"


def given(player: Player, asked: Request) -> Answer:
    found = player.answer(asked)
    assert isinstance(found, Answer), found
    player.delivered(found)
    return found


def missed(player: Player, asked: Request) -> Miss:
    found = player.answer(asked)
    assert isinstance(found, Miss), found
    return found


def numbered(count: int, lane: str = "") -> list:
    headers = ((LANE, lane),) if lane else ()
    return [
        exchange(request("GET", "/same", headers=headers), reply(200, {"n": n, "lane": lane}), at=n)
        for n in range(count)
    ]


def test_identical_requests_are_answered_in_recorded_order(record) -> None:
    player = Player(record(*numbered(5)))
    assert [given(player, request("GET", "/same")).response.json()["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
    assert player.unused() == []


def test_lanes_do_not_swap_answers_however_they_interleave(record) -> None:
    lanes = [numbered(10, f"lane-{lane}") for lane in range(8)]
    mixed = [found for group in zip(*lanes, strict=True) for found in group]
    player = Player(record(*mixed))
    order = [lane for lane in range(8) for _ in range(10)]
    random.Random(3).shuffle(order)
    seen = dict.fromkeys(range(8), 0)
    for lane in order:
        found = given(player, request("GET", "/same", headers=((LANE, f"lane-{lane}"),)))
        assert found.response.json() == {"n": seen[lane], "lane": f"lane-{lane}"}
        seen[lane] += 1


def test_an_answer_that_was_not_delivered_is_given_again_before_the_next(record) -> None:
    player = Player(record(*numbered(2)))
    first = player.answer(request("GET", "/same"))
    second = player.answer(request("GET", "/same"))
    assert missed(player, request("GET", "/same")).kind == "used-up"
    player.put_back(first)
    assert given(player, request("GET", "/same")).number == 1
    player.delivered(second)
    player.put_back(second)  # it turns out that the client had left after all
    assert given(player, request("GET", "/same")).number == 2


def test_many_threads_get_each_answer_once(record) -> None:
    player = Player(record(*numbered(400)))
    got: list[int] = []

    def ask() -> None:
        got.extend([given(player, request("GET", "/same")).number for _ in range(50)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 401))


def test_the_callers_own_sids_names_and_address_come_back(record) -> None:
    player = Player(record(create("orders")))
    asked = request(
        "POST",
        f"/v1/Services/{OTHER_SERVICE}/Streams",
        {"UniqueName": "orders"},
        base="http://localhost:9",
        auth=basic(OTHER_ACCOUNT),
    )
    expected = {**stream("orders", base="http://localhost:9", service=OTHER_SERVICE), "account_sid": OTHER_ACCOUNT}
    assert given(player, asked).response.json() == expected


def test_two_recorded_services_stay_two(record) -> None:
    third, fourth = "IS" + "3" * 32, "IS" + "4" * 32

    def listing(service: str) -> Request:
        return request("GET", f"/v1/Services/{service}/Streams")

    player = Player(
        record(
            exchange(listing(SERVICE), reply(200, {"of": SERVICE})),
            exchange(listing(OTHER_SERVICE), reply(404, {"of": OTHER_SERVICE})),
            exchange(listing(SERVICE), reply(200, {"of": SERVICE, "again": True})),
        )
    )
    assert given(player, listing(third)).response.json() == {"of": third}
    assert given(player, listing(fourth)).response.json() == {"of": fourth}
    assert given(player, listing(third)).response.json() == {"of": third, "again": True}


def test_a_recorded_sid_means_itself(record) -> None:
    def listing(service: str) -> Request:
        return request("GET", f"/v1/Services/{service}/Streams")

    player = Player(
        record(exchange(listing(SERVICE), reply(200, {"n": 1})), exchange(listing(OTHER_SERVICE), reply(404, {"n": 2})))
    )
    assert given(player, listing(OTHER_SERVICE)).response.json() == {"n": 2}
    assert missed(player, listing(OTHER_SERVICE)).kind == "used-up"
    assert given(player, listing(SERVICE)).response.json() == {"n": 1}


def test_a_sid_learnt_from_an_answer_is_recognised(record) -> None:
    """Recorded with an API key, so that the account is known from answers only."""
    key = basic("SK" + "a" * 32, "api-key-secret-0123")
    listed = exchange(request("GET", STREAMS, auth=key), reply(200, {"account_sid": ACCOUNT}))
    path = "/v1/Accounts/{}"
    other = exchange(request("GET", path.format(ACCOUNT), auth=key), reply(200, {"sid": ACCOUNT}))
    player = Player(record(listed, other))
    account = given(player, request("GET", STREAMS, auth=key)).response.json()["account_sid"]
    assert account != ACCOUNT
    assert given(player, request("GET", path.format(account), auth=key)).response.json() == {"sid": account}


def test_a_name_learnt_from_an_answer_is_recognised(record) -> None:
    listed = exchange(request("GET", STREAMS), reply(200, {"streams": [stream("secret plans")]}))
    by_name = exchange(request("GET", f"{STREAMS}/secret%20plans"), reply(200, stream("secret plans")))
    player = Player(record(listed, by_name))
    name = given(player, request("GET", STREAMS)).response.json()["streams"][0]["unique_name"]
    assert name != "secret plans"
    assert given(player, request("GET", f"{STREAMS}/{name}")).response.json()["unique_name"] == name


def test_messages_come_back_as_they_were_sent(record) -> None:
    data = {"to": "Ana", "n": [1, 2.5, None], "é": "ü\U0001f600"}
    path = f"{STREAMS}/TO{1:032x}/Messages"
    made = exchange(request("POST", path, {"Data": json.dumps(data)}), reply(201, {"sid": "TZ1", "data": data}))
    cassette = record(made)
    assert "Ana" not in cassette.path.read_text()
    again = request("POST", path, {"Data": json.dumps(data, ensure_ascii=False, separators=(",", ":"))})
    assert given(Player(cassette), again).response.json()["data"] == data


@pytest.mark.parametrize("value", ["text", 42, -1.5, True, None, [], {}, ["a"], "", {"pii": "x"}, 123456789012345])
def test_every_kind_of_data_comes_back(record, value: object) -> None:
    path = f"{STREAMS}/TO{1:032x}/Messages"
    made = exchange(request("POST", path, {"Data": json.dumps(value)}), reply(201, {"sid": "TZ1", "data": value}))
    assert given(Player(record(made)), made.request).response.body == made.response.body


def test_a_request_that_was_never_recorded_says_what_is_nearest(record) -> None:
    cassette = record(create("orders"), fetch())
    player = Player(cassette)
    miss = missed(player, request("DELETE", "/v1/Elsewhere"))
    assert miss.kind == "never-recorded"
    assert "never recorded" in miss.message
    assert miss.nearest in (1, 2)


def test_a_request_that_differs_in_one_thing_says_in_which(record) -> None:
    cassette = record(exchange(request("POST", STREAMS, {"Ttl": "60"}), reply(201, stream(None))))
    miss = missed(Player(cassette), request("POST", STREAMS, {"Ttl": "61"}))
    assert miss.kind == "differs"
    assert "only in form field Ttl: recorded '60', asked '61'" in miss.message
    assert f"line {cassette.line(0)}" in miss.message
    assert miss.nearest == 1


def test_an_answer_already_given_says_which(record) -> None:
    cassette = record(create("orders"), fetch())
    player = Player(cassette)
    given(player, fetch().request)
    miss = missed(player, fetch().request)
    assert miss.kind == "used-up"
    assert f"interaction 2 (line {cassette.line(1)})" in miss.message
    assert player.unused() == [1]
    assert player.misses == [miss]


def test_an_exhausted_service_is_used_up_for_a_bound_sid_too(record) -> None:
    player = Player(record(fetch()))
    asked = request("GET", f"/v1/Services/{OTHER_SERVICE}/Streams/TO{1:032x}")
    given(player, asked)
    assert missed(player, asked).kind == "used-up"
    assert missed(player, request("GET", f"/v1/Services/IS{'9' * 32}/Streams/TO{1:032x}")).kind == "differs"


def test_misses_keep_secrets_and_names_to_themselves(record) -> None:
    player = Player(record(create("orders")))
    asked = request("POST", STREAMS, {"UniqueName": "my-secret-name"}, auth=basic(password="my-secret-token"))
    miss = missed(player, asked)
    text = miss.message + miss.response().body.decode()
    assert "my-secret" not in text
    assert ACCOUNT not in text


def test_a_miss_is_an_error_of_twilios_shape_that_nobody_retries(record) -> None:
    response = missed(Player(record(create("orders"))), request("GET", "/")).response()
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status", "details"}
    assert (response.status, body["status"], body["code"]) == (STATUS, STATUS, CODES["never-recorded"])
    assert response.headers.get(HEADER) == "never-recorded"
    assert STATUS not in (408, 413, 425, 429, 503)
    assert 400 <= STATUS < 500


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/%zz?%ff&&=", "http://[::1/", "http://h:x/", "http:///", BASE + "/\udcff"]
)
def test_malformed_requests_are_misses(record, url: str) -> None:
    player = Player(record(create("orders")))
    found = player.answer(Request("GET", url, Headers(), b"\xff\xfe"))
    assert isinstance(found, Miss)
    found.response()


def test_an_empty_cassette_says_so(record) -> None:
    assert "no interactions" in missed(Player(record()), request("GET", "/")).message


def test_shifted_dates_keep_their_distances(record) -> None:
    dates = {"date_created": "2026-01-01T00:00:00Z", "date_expires": "2026-01-01T01:00:00Z", "date_updated": None}
    made = exchange(
        request("GET", "/a"),
        reply(200, {**dates, "data": "2026-01-01T00:00:00Z"}, headers=(("Date", "Thu, 01 Jan 2026 00:00:05 GMT"),)),
    )
    cassette = record(made, made, keep_pii=True)
    player = Player(cassette, shifted=True, clock=lambda: STARTED + 86400)
    first = given(player, made.request).response
    assert first.json()["date_created"] == "2026-01-02T00:00:00Z"
    assert first.json()["date_expires"] == "2026-01-02T01:00:00Z"
    assert first.json()["data"] == "2026-01-01T00:00:00Z"
    assert first.headers.get("Date") == "Fri, 02 Jan 2026 00:00:05 GMT"
    assert given(player, made.request).response == first
    assert given(Player(cassette), made.request).response.json()["date_created"] == "2026-01-01T00:00:00Z"


def test_timing_headers_tell_the_recorded_moments(record) -> None:
    player = Player(record(exchange(request("GET", "/a"), reply(200, {}), at=2.5)), timing_headers=True)
    found = given(player, request("GET", "/a"))
    assert found.response.headers.get("X-Replay-Sent") == f"{STARTED + 2.5:.6f}"
    assert found.response.headers.get("X-Replay-Received") == f"{STARTED + 2.51:.6f}"
    assert (round(found.sent, 5), round(found.received, 5)) == (round(STARTED + 2.5, 5), round(STARTED + 2.51, 5))


def test_a_recorded_transport_error_comes_back_as_one(record) -> None:
    found = given(Player(record(exchange(request("GET", "/a"), None, error="connection reset"))), request("GET", "/a"))
    assert found.response is None
    assert found.error == "connection reset"


def test_links_to_another_host_stay_as_they_were(record) -> None:
    body = {"url": f"{BASE}/v1/x", "wrong": "https://sync.twilio.com/v1/x", "port": f"{BASE}0/v1"}
    made = exchange(request("GET", "/a"), reply(200, body))
    found = given(Player(record(made)), request("GET", "/a", base="http://h:1")).response.json()
    assert found == {"url": "http://h:1/v1/x", "wrong": "https://sync.twilio.com/v1/x", "port": f"{BASE}0/v1"}


def test_credentials_decide_between_identical_requests_of_two_callers(record) -> None:
    one, two = basic(password="first-password"), basic(password="wrong-password")
    player = Player(
        record(
            exchange(request("GET", "/a", auth=one), reply(200, {"n": 1})),
            exchange(request("GET", "/a", auth=two), reply(401, {"n": 2})),
            exchange(request("GET", "/a", auth=one), reply(200, {"n": 3})),
        )
    )
    answers = [given(player, request("GET", "/a", auth=auth)).response.json()["n"] for auth in (one, one, two)]
    assert answers == [1, 3, 2]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_compressed_answers_are_compressed_again_for_who_takes_them(record, coding: str) -> None:
    made = exchange(
        request("GET", "/a", headers=(("Accept-Encoding", f"identity, {coding};q=0.5"),)),
        Response(200, "OK", Headers((("Content-Encoding", coding), ("Content-Length", "31"))), b"x" * 500),
    )
    found = given(Player(record(made)), made.request).response
    assert found.body == b"x" * 500
    sent = outgoing(found, made.request)
    assert sent.headers.get("Content-Encoding") == coding
    assert int(sent.headers.get("Content-Length")) == len(sent.body) < 100
    assert decode(sent.body, coding) == b"x" * 500
    assert decode(b"not in that coding", coding) is None
    plain = outgoing(found, request("GET", "/a"))
    assert plain.body == b"x" * 500
    assert "Content-Encoding" not in plain.headers


@pytest.mark.parametrize(("coding", "library"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_coding_whose_library_is_missing_is_left_out(coding: str, library: str, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    asked = request("GET", "/a", headers=(("Accept-Encoding", coding),))
    sent = outgoing(Response(200, "OK", Headers((("Content-Encoding", coding),)), b"body"), asked)
    assert (sent.body, sent.headers.get("Content-Encoding")) == (b"body", None)
    assert decode(b"body", coding) is None


@pytest.mark.parametrize(("method", "status", "length"), [("HEAD", 200, "4"), ("GET", 204, None), ("GET", 304, "4")])
def test_answers_that_have_no_body_get_none(method: str, status: int, length: str | None) -> None:
    sent = outgoing(Response(status, "", Headers((("Content-Length", "4"),)), b"body"), Request(method, "http://x/"))
    assert sent.body == b""
    assert sent.headers.get("Content-Length") == length


def test_looking_up_costs_the_same_in_a_large_cassette(record) -> None:
    """Counted, not timed: how many interactions are read for one answer."""

    class Counting(Cassette):
        reads = 0

        def text(self, at: int) -> str:
            Counting.reads += 1
            return super().text(at)

    cassette = record(*(create(f"name-{number}", number) for number in range(300)))
    cassette.__class__ = Counting
    player = Player(cassette)
    Counting.reads = 0
    given(player, create("name-250").request)
    assert Counting.reads == 1


def test_the_message_has_no_template_left(record) -> None:
    miss = missed(Player(record(fetch())), request("GET", f"{STREAMS}/TO{9:032x}"))
    assert not re.search(r"\{[A-Z]{2}#", miss.message.split(":")[0])
