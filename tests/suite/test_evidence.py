"""Exchanges and what checks read from them: strict JSON, dates, operations, curl."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shlex
import subprocess
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Headers, NotJSON, Request, Response, parse_json
from conformance.expect import describe, parse_date, server_date
from conformance.operation import Operation, address_of, operation_of
from conformance.outcomes import Outcome
from conformance.report.curl import curl
from conformance.report.mask import Mask
from conformance.report.transfer import pack, unpack
from conformance.results import RuleResult
from conformance.rules import load_catalogue
from conformance.target import Credentials
from suite.raw_server import raw_server, reply

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_every_json_text_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"NaN", b"[Infinity]", b'{"a":1,"a":2}', b"\xff", b"[" * 200_000, b"<html>", b"{}{}",
        b"\xef\xbb\xbf{}", b"'a'", b"1" * 5000,
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotJSON):
        parse_json(body)


@given(st.binary(max_size=60))
def test_no_bytes_do_worse_than_that(body: bytes) -> None:
    with contextlib.suppress(NotJSON):
        parse_json(body)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-07-30T20:00:00Z", dt.datetime(2015, 7, 30, 20, tzinfo=dt.UTC)),
        ("2015-07-30T20:00:00+00:00", dt.datetime(2015, 7, 30, 20, tzinfo=dt.UTC)),
        ("2015-07-30T22:00:00+02:00", dt.datetime(2015, 7, 30, 20, tzinfo=dt.UTC)),
        ("2015-07-30t20:00:00z", dt.datetime(2015, 7, 30, 20, tzinfo=dt.UTC)),
        ("2015-07-30T20:00:00.5Z", dt.datetime(2015, 7, 30, 20, microsecond=500_000, tzinfo=dt.UTC)),
        ("2015-07-30T20:00:00.123456789Z", dt.datetime(2015, 7, 30, 20, microsecond=123_456, tzinfo=dt.UTC)),
        ("0001-01-01T05:00:00+05:00", dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:00:00-05:00", None),
        ("2015-07-30T20:00:00", None),
        ("2015-07-30", None),
        ("2015-13-30T20:00:00Z", None),
        ("2015-07-30T25:00:00Z", None),
        ("Thu, 30 Jul 2015 20:00:00 GMT", None),
        ("1438286400", None),
        ("2015-07-30T20:00:00Z ", None),
        ("٢٠١٥-07-30T20:00:00Z", None),
    ],
)
def test_dates(text: str, moment: dt.datetime | None) -> None:
    assert parse_date(text) == moment


ANY_DATE = st.from_regex(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", fullmatch=True)


@given(
    st.text(max_size=40)
    | ANY_DATE
    | st.sampled_from(["0001", "9999"]).flatmap(lambda y: ANY_DATE.map(lambda d: y + d[4:]))
)
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    parse_date(text)
    server_date(Exchange(Request("GET", "http://x"), Response(200, "", Headers((("Date", text),))), 0, 0))


PREFIX = "http://127.0.0.1:1/v1/Services/default/Streams"


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "", Operation.CREATE),
        ("GET", "?PageSize=5", Operation.LIST),
        ("GET", "/TO1", Operation.FETCH),
        ("POST", "/a%2Fb", Operation.UPDATE),
        ("DELETE", "/x", Operation.DELETE),
        ("POST", "/x/Messages", Operation.PUBLISH),
        ("GET", "/x/Messages", None),
        ("POST", "/x/y", None),
        ("PUT", "/x", None),
    ],
)
def test_operations_are_told_from_method_and_path(method: str, path: str, operation: Operation | None) -> None:
    assert operation_of(Request(method, PREFIX + path)) is operation


@given(st.text(min_size=1))
def test_an_address_is_decoded(name: str) -> None:
    address = address_of(Request("GET", f"{PREFIX}/{quote(name, safe='')}"))
    assert address is not None
    assert address.stream == name


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)


@settings(max_examples=25, deadline=None)
@given(name=TEXT, value=TEXT)
def test_a_curl_command_repeats_the_request(name: str, value: str) -> None:
    with raw_server(lambda connection, _: connection.sendall(reply(200))) as server:
        body = f"A={quote(name)}&B={quote(value)}".encode()
        url = f"{server.url}/v1/{quote(name, safe='')}?q={quote(value, safe='')}"
        form = ("Content-Type", "application/x-www-form-urlencoded")
        command = curl(Request("POST", url, Headers((form, ("Authorization", "Basic $USER_OF:$WORD_OF"))), body))
        environment = {"USER_OF": "me", "WORD_OF": "secret", "PATH": "/usr/bin:/bin"}
        subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, env=environment, timeout=20)
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b" ")[1].decode() == url.removeprefix(server.url)
    assert sent == body
    assert b"Authorization: Basic bWU6c2VjcmV0" in head


@given(st.text(max_size=50))
def test_a_curl_command_is_one_harmless_line(text: str) -> None:
    command = curl(Request("POST", "http://x/" + text, Headers((("X", text),)), text.encode("utf-8", "replace")))
    assert all(c.isprintable() for c in command)
    assert shlex.split(command)[0] == "curl"


@pytest.mark.parametrize("form", ["{t}", "Basic {b}", "%7Btoken%7D {q}", "x{t}y"])
def test_no_form_of_a_secret_gets_through_the_mask(form: str) -> None:
    credentials = Credentials("AC" + "a" * 32, "to+ken/with=signs")
    basic = credentials.authorization.removeprefix("Basic ")
    text = form.format(t=credentials.password, b=basic, q=quote(credentials.password, safe=""))
    masked = Mask.of(credentials).document({"k": [text, {text: 1}]})
    assert credentials.password not in json.dumps(masked)
    assert basic not in json.dumps(masked)
    assert quote(credentials.password, safe="") not in json.dumps(masked)


BODIES = st.binary(max_size=50)
HEADERS = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3).map(lambda p: Headers(tuple(p)))
EXCHANGES = st.builds(
    Exchange,
    st.builds(Request, st.sampled_from(["GET", "POST"]), st.text(max_size=9), HEADERS, BODIES),
    st.none() | st.builds(Response, st.integers(100, 599), st.text(max_size=9), HEADERS, BODIES),
    st.floats(0, 1e10),
    st.floats(0, 1e10),
    st.none() | st.text(max_size=9),
    st.text(max_size=9),
)


@given(st.sampled_from(Outcome), st.text(max_size=20), st.lists(EXCHANGES, max_size=3))
def test_results_survive_the_way_from_a_worker(outcome: Outcome, message: str, exchanges: list[Exchange]) -> None:
    catalogue = load_catalogue()
    result = RuleResult(catalogue["FETCH-BY-SID"], outcome, message, "a", "b", tuple(exchanges), 1.5)
    assert unpack(json.loads(json.dumps(pack(result))), catalogue) == result


def test_an_answer_is_described_with_its_error() -> None:
    body = b'{"code": 20404, "message": "not there"}'
    exchange = Exchange(Request("GET", "http://x"), Response(404, "Not Found", Headers(), body), 0, 0)
    assert describe(exchange) == "404 Not Found (code 20404: not there)"
    moved = Response(308, "Moved", Headers.of({"Location": "/v1/x"}))
    assert describe(Exchange(Request("GET", "http://x"), moved, 0, 0)) == "308 Moved, which redirects to '/v1/x'"
    assert "broke off" in describe(Exchange(Request("GET", "http://x"), None, 0, 0, "it broke off"))
