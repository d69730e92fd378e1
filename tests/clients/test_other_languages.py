"""What Twilio's libraries for Ruby, PHP, Go, Java and C# need of a server, at the level of HTTP.

Read in their sources: twilio-ruby 7.11.1, twilio-php 8.12.0, twilio-go 1.30.9, and twilio-java and twilio-csharp of the
first half of 2026. docs/clients.md says which library needs what and why, and names these tests.
"""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from reference_impl.app import create_app
from reference_impl.clock import ManualClock
from reference_impl.config import DEFAULT_AUTH_TOKEN, Config

from .serving import running
from .wire import FORM, STREAMS, Answer, Wire

KEY, SECRET = "SK" + "1" * 32, "a secret"
META = {"page", "page_size", "first_page_url", "previous_page_url", "url", "next_page_url", "key"}


@pytest.fixture
def wire() -> Iterator[Wire]:
    with running(create_app(Config(api_keys={KEY: SECRET}), ManualClock(1_800_000_000.875))) as url:
        yield Wire(url)


# Streams and messages


def test_ten_values_of_the_types_that_the_libraries_declare(wire: Wire) -> None:
    for form in ("", "UniqueName=orders&Ttl=60"):
        stream = wire.create(form)
        for key in ("sid", "account_sid", "service_sid", "url", "created_by", "date_created", "date_updated"):
            assert isinstance(stream[key], str), key
        assert stream["unique_name"] is None or isinstance(stream["unique_name"], str)
        assert urlsplit(stream["url"]).scheme == "http"
        assert all(isinstance(link, str) for link in stream["links"].values())
        assert len(stream) == 10


def test_dates_are_in_utc_without_fractions(wire: Wire) -> None:
    stream = wire.create("Ttl=60")
    for key in ("date_created", "date_updated", "date_expires"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stream[key])
        datetime.strptime(stream[key], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def test_a_message_comes_back_as_an_object_with_its_data_decoded(wire: Wire) -> None:
    wire.create("UniqueName=orders")
    # json.Marshal of Go and json_encode of PHP escape what others leave as it is.
    for text, value in (
        ('{"html":"\\u003cb\\u003e\\u0026"}', {"html": "<b>&"}),
        ('{"path":"\\/a\\/b","k\\u00e9":"\\ud83d\\ude80"}', {"path": "/a/b", "ké": "🚀"}),
        ("[]", []),
    ):
        answer = wire.send("POST", f"{STREAMS}/orders/Messages", f"Data={quote_plus(text)}")
        assert answer.status == 201
        assert set(answer.json) == {"sid", "data"}
        assert answer.json["data"] == value


def test_ttl_zero_and_no_ttl_at_all_are_fine_in_an_update(wire: Wire) -> None:
    sid = wire.create("Ttl=60")["sid"]
    # PHP's library leaves out `ttl => 0`, so that an empty form arrives.
    answer = wire.send("POST", f"{STREAMS}/{sid}", "")
    assert (answer.status, answer.json["date_expires"]) == (200, "2027-01-15T08:01:00Z")
    answer = wire.send("POST", f"{STREAMS}/{sid}", "Ttl=0")
    assert (answer.status, answer.json["date_expires"]) == (200, None)


# Pages


def test_meta_has_all_seven_keys_on_every_page(wire: Wire) -> None:
    pages = [wire.send("GET", f"{STREAMS}?PageSize=1").json]
    wire.create()
    wire.create()
    pages += [first := wire.send("GET", f"{STREAMS}?PageSize=1").json]
    pages += [follow(wire, first["meta"]["next_page_url"])]
    for page in pages:
        meta = page["meta"]
        assert set(meta) == META
        assert type(meta["page"]) is type(meta["page_size"]) is int
        for key in ("url", "first_page_url", "key"):
            assert isinstance(meta[key], str), key
        for key in ("next_page_url", "previous_page_url"):
            assert meta[key] is None or meta[key].startswith(wire.url), key


def test_a_page_has_its_records_and_meta_and_nothing_else(wire: Wire) -> None:
    # `uri` and `Resources` at the root, or `pageSize` in meta, lead libraries to other kinds of paging.
    for _ in range(2):
        page = wire.send("GET", STREAMS).json
        assert set(page) == {"streams", "meta"}
        assert page["meta"]["key"] == "streams"
        assert isinstance(page["streams"], list)
        wire.create()


def test_the_last_page_says_so_with_null(wire: Wire) -> None:
    wire.create()
    answer = wire.send("GET", STREAMS)
    assert answer.json["meta"]["next_page_url"] is None
    assert b'"next_page_url":null' in answer.body


def test_page_size_in_meta_is_the_size_used(wire: Wire) -> None:
    # Java and C# work out from it how many pages make up the limit.
    for number in range(101):
        wire.create(f"UniqueName=s{number}")
    for asked, used in (("", 50), ("?PageSize=20", 20), ("?PageSize=500", 100), ("?PageSize=1000", 100)):
        page = wire.send("GET", STREAMS + asked).json
        assert page["meta"]["page_size"] == used == len(page["streams"])
        assert f"PageSize={used}&" in page["meta"]["next_page_url"]


def test_no_page_that_a_link_leads_to_is_empty(wire: Wire) -> None:
    # PHP and Java take an empty page for the end of the list.
    sids = [wire.create()["sid"] for _ in range(6)]
    first = wire.send("GET", f"{STREAMS}?PageSize=2").json
    for sid in sids[2:4]:
        assert wire.send("DELETE", f"{STREAMS}/{sid}").status == 204
    second = follow(wire, first["meta"]["next_page_url"])
    assert [stream["sid"] for stream in second["streams"]] == sids[4:]
    assert second["meta"]["next_page_url"] is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "sync.example.test"])
def test_links_lead_back_to_the_host_that_was_asked(wire: Wire, host: str) -> None:
    port = urlsplit(wire.url).port
    for _ in range(3):
        stream = wire.send("POST", STREAMS, "", host=f"{host}:{port}").json
    page = wire.send("GET", f"{STREAMS}?PageSize=1", host=f"{host}:{port}").json
    links = [stream["url"], *stream["links"].values(), *(page["meta"][key] for key in META if key.endswith("url"))]
    assert {urlsplit(link)[:2] for link in links if link} == {("http", f"{host}:{port}")}


def test_path_and_query_of_a_link_are_enough(wire: Wire) -> None:
    # Ruby takes them out of the link and asks the base URL it has for them.
    sids = [wire.create()["sid"] for _ in range(3)]
    page = wire.send("GET", f"{STREAMS}?PageSize=2").json
    rest = follow(wire, page["meta"]["next_page_url"])
    assert [stream["sid"] for stream in rest["streams"]] == sids[2:]
    assert not urlsplit(page["meta"]["next_page_url"]).path.endswith("/")
    back = follow(wire, rest["meta"]["previous_page_url"])
    assert [stream["sid"] for stream in back["streams"]] == sids[:2]


def follow(wire: Wire, link: str) -> Any:
    parts = urlsplit(link)
    answer = wire.send("GET", f"{parts.path}?{parts.query}")
    assert answer.status == 200
    return answer.json


# Requests as the libraries send them


def test_requests_without_a_body_may_claim_to_be_forms(wire: Wire) -> None:
    sid = wire.create()["sid"]
    # Go and PHP say so in every header; Java and C# send an empty form with DELETE.
    assert wire.send("GET", f"{STREAMS}/{sid}", Content_Type=FORM).status == 200
    assert wire.send("GET", STREAMS, Content_Type=FORM).status == 200
    assert wire.send("GET", f"{STREAMS}/{sid}", "").status == 200
    assert wire.send("DELETE", f"{STREAMS}/{sid}", "").status == 204
    assert wire.send("DELETE", f"{STREAMS}/{wire.create()['sid']}", Content_Type=FORM).status == 204


def test_deleting_answers_204_with_nothing(wire: Wire) -> None:
    for headers in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = wire.send("DELETE", f"{STREAMS}/{wire.create()['sid']}", **headers)
        assert (answer.status, answer.body) == (204, b"")


def test_an_unknown_content_coding_is_answered_without_any(wire: Wire) -> None:
    # Java and C# send `Accept-Encoding: utf-8`.
    for headers in ({"Accept_Encoding": "utf-8"}, {"Accept_Charset": "utf-8"}, {"X_Twilio_Client": "java-11"}):
        answer = wire.send("GET", STREAMS, **headers)
        assert answer.status == 200
        assert "content-encoding" not in answer.headers
        assert answer.json["streams"] == []


def test_a_client_that_waits_for_100_gets_it_as_php_reads_it(wire: Wire) -> None:
    # libcurl waits with larger bodies; PHP's library then skips one head, if its line ends in "100 Continue".
    parts = urlsplit(wire.url)
    login = b64encode(wire.login.encode()).decode()
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        connection.sendall(
            f"POST {STREAMS} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Basic {login}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: 16\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"UniqueName=later")
        received = b""
        while b"later" not in received:
            received += connection.recv(65536)
    assert received.startswith(b"HTTP/1.1 201 Created\r\n")
    assert all(b":" in line for line in received.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:])


@pytest.mark.parametrize(
    "encoded",
    [
        "Ana+%26+Zo%C3%AB+~+%2B1%2a",  # Go, C# and PHP: a space is +
        "Ana%20%26%20Zo%C3%AB%20~%20%2B1*",  # Ruby and JavaScript: a space is %20
        "Ana+%26+Zo%c3%ab+%7E+%2b1*",  # Java and Ruby's URI: ~ is encoded
    ],
)
def test_forms_are_read_however_they_are_encoded(wire: Wire, encoded: str) -> None:
    assert wire.create(f"UniqueName={encoded}")["unique_name"] == "Ana & Zoë ~ +1*"


@pytest.mark.parametrize(
    "segment",
    [
        "Ana%20%26%20Zo%C3%AB%20%7E%20%2B1%2A%27",  # PHP's rawurlencode, but for ~
        "Ana%20%26%20Zo%C3%AB%20~%20%2B1*%27",  # Java: URLEncoder and then %20 for +
        "Ana%20&%20Zo%C3%AB%20~%20+1*'",  # Go's and C#'s URLs leave all that may stand in a path
        "%41na%20%26%20Zo%c3%ab%20~%20%2b1*'",  # lower case, and more encoded than needs be
    ],
)
def test_a_name_in_a_path_is_read_however_it_is_encoded(wire: Wire, segment: str) -> None:
    sid = wire.create(f"UniqueName={quote_plus('Ana & Zoë ~ +1*' + chr(39))}")["sid"]
    assert wire.send("GET", f"{STREAMS}/{segment}").json["sid"] == sid
    assert wire.send("POST", f"{STREAMS}/{segment}/Messages", "Data=%7B%7D").status == 201


def test_a_slash_in_a_name_stays_encoded(wire: Wire) -> None:
    sid = wire.create("UniqueName=north%2Fsouth")["sid"]
    assert wire.send("GET", f"{STREAMS}/{quote('north/south', safe='')}").json["sid"] == sid
    assert wire.send("GET", f"{STREAMS}/north/south").status == 404


def test_an_api_key_is_a_login_too(wire: Wire) -> None:
    assert Wire(wire.url, f"{KEY}:{SECRET}").send("GET", STREAMS).status == 200
    assert Wire(wire.url, f"{KEY}:{DEFAULT_AUTH_TOKEN}").send("GET", STREAMS).status == 401


def test_nothing_is_a_redirect(wire: Wire) -> None:
    # Go, Java and C# take a status below 400 for success and don't follow it.
    sid = wire.create()["sid"]
    for target in (f"{STREAMS}/", f"{STREAMS}/{sid}/", f"{STREAMS}//", "/", "/v1", f"{STREAMS}/{sid}/Messages/"):
        for method in ("GET", "DELETE"):
            assert wire.send(method, target).status >= 400


# Errors


def refusals(wire: Wire) -> Iterator[tuple[int, Answer]]:
    """A refusal of every status there is, and what status it must have."""
    wire.create("UniqueName=orders")
    messages = f"{STREAMS}/orders/Messages"
    yield 400, wire.send("POST", STREAMS, "Ttl=-1")
    yield 400, wire.send("POST", messages, "Data=text")
    yield 400, wire.send("POST", messages, "")
    yield 400, wire.send("GET", f"{STREAMS}?PageSize=0")
    yield 400, wire.send("GET", f"{STREAMS}?PageToken=other")
    yield 401, Wire(wire.url, "AC:wrong").send("GET", STREAMS)
    yield 404, wire.send("GET", f"{STREAMS}/nobody")
    yield 404, wire.send("GET", "/v1/Services/nowhere/Streams")
    yield 404, wire.send("GET", "/")
    yield 404, wire.send("GET", f"{STREAMS}/%FF")
    yield 405, wire.send("GET", messages)
    yield 405, wire.send("PUT", STREAMS, "")
    yield 409, wire.send("POST", STREAMS, "UniqueName=orders")
    yield 413, wire.send("POST", messages, f"Data=%22{'x' * 4200}%22")
    yield 413, wire.send("POST", messages, f"Data=%22{'x' * 1_100_000}%22")
    for _ in range(30):
        assert wire.send("POST", messages, "Data=1").status == 201
    yield 429, wire.send("POST", messages, "Data=1")


def test_every_error_is_json_with_numbers_where_numbers_belong(wire: Wire) -> None:
    seen = set()
    for status, answer in refusals(wire):
        assert answer.status == status
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        error = answer.json
        assert type(error["code"]) is int
        assert error["status"] == status
        assert isinstance(error["message"], str)
        assert error["more_info"] == f"https://www.twilio.com/docs/errors/{error['code']}"
        assert str(error["code"]).encode() in answer.body  # as an integer: Go reads neither 54301.0 nor "54301"
        seen.add(status)
    assert seen == {400, 401, 404, 405, 409, 413, 429}


def test_no_error_has_members_that_mean_another_format(wire: Wire) -> None:
    for _, answer in refusals(wire):
        error = answer.json
        # RFC 9457 has type and title; Twilio's newer APIs have httpStatusCode; 20006 is PHP's end of a list.
        assert not {"type", "title", "detail", "errors", "httpStatusCode", "params", "userError"} & set(error)
        assert isinstance(error.get("details", {}), dict)
        assert error["code"] != 20006


def test_a_list_is_refused_like_everything_else(wire: Wire) -> None:
    # Ruby, PHP, Java and C# make their exception for a page from the same body.
    answer = Wire(wire.url, "AC:wrong").send("GET", f"{STREAMS}?PageSize=20")
    assert (answer.status, answer.json["code"]) == (401, 20003)
    assert answer.headers["www-authenticate"] == 'Basic realm="Twilio API"'
