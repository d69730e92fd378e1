"""What checks read from an answer: whether it is a success, and the stream, the sid or the message in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance import expect, expiry, resource
from conformance.exchange import Exchange, Headers, NotJSON, Request, Response, parse_json
from conformance.messages import MESSAGE_SID, linked_messages_url, message_in, message_sid, same_json
from conformance.naming import Naming, expect_accepted, expect_found, expect_kept
from conformance.operation import Address, Operation, address_of, operation_of
from conformance.outcomes import Blocked, Failed
from conformance.resource import differences, shown_stream, streams_shown
from conformance.sections import test_credentials as credentials
from conformance.streams import Stream, sid_in
from conformance.target import Credentials, Target
from conformance.walk import read_page

HOME = "http://127.0.0.1:8080/v1/Services/default/Streams"
ENTRY = {"sid": "TO1"}
TARGET = Target("http://127.0.0.1:8080", Credentials("AC" + "0" * 32, "token"))


def answered(status: int | None, body: Any = None, *, method: str = "GET", url: str = HOME + "/TO1") -> Exchange:
    """An answer with that JSON, or those bytes, as its body; none without a status."""
    if status is None:
        return Exchange(Request(method, url), None, 0.0, 1.0, "connection reset")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(Request(method, url), Response(status, "", Headers(), raw), 0.0, 1.0)


@pytest.mark.parametrize(
    ("status", "success"), [(None, False), (199, False), (200, True), (299, True), (300, False), (404, False)]
)
def test_a_success_is_a_2xx(status: int | None, success: bool) -> None:
    exchange = answered(status, {"sid": "TO1", "unique_name": "a"})
    for succeeded in (expect.succeeded, expiry.succeeded, resource.succeeded, credentials._succeeded):
        assert succeeded(exchange) is success
    assert (sid_in(exchange) is not None) is success
    assert (message_in(exchange) is not None) is success
    assert bool(shown_stream(exchange)) is success
    assert len(list(streams_shown(exchange))) == success


@pytest.mark.parametrize(
    ("status", "success"), [(None, False), (199, False), (200, True), (299, True), (300, False), (404, False)]
)
def test_a_success_is_demanded(status: int | None, success: bool) -> None:
    exchange = answered(status, {"sid": "TO1", "streams": [ENTRY], "meta": {"page": 0}})
    readers: tuple[Callable[[Exchange], Any], ...] = (expect.stream_in, expect.streams_in, expect.meta_in)
    for read in (expect.expect_success, *readers):
        if not success:
            with pytest.raises(Failed):
                read(exchange)
            continue
        read(exchange)
    if success:
        assert [read(exchange) for read in readers] == [exchange.response.json(), [ENTRY], {"page": 0}]  # type: ignore[union-attr]


@pytest.mark.parametrize("streams", [None, {}, "TO1", [7], [ENTRY, None], 7])
def test_a_list_is_of_objects(streams: Any) -> None:
    with pytest.raises(Failed):
        expect.streams_in(answered(200, {"streams": streams}))
    with pytest.raises(Failed):
        expect.meta_in(answered(200, {"meta": [streams]}))


@pytest.mark.parametrize("body", [b"", b"nonsense", [], None, 7, "a"])
def test_an_object_is_demanded(body: Any) -> None:
    with pytest.raises(Failed):
        expect.json_object(answered(200, body))


def test_an_error_has_one_of_the_codes() -> None:
    expect.expect_error(answered(400, {"code": 2}), 400, (1, 2), "it")
    for status, code in ((400, 3), (400, None), (400, True), (401, 1), (None, 1)):
        with pytest.raises(Failed):
            expect.expect_error(answered(status, {"code": code}), 400, (1, 2), "it")


def test_a_moment_is_a_date_under_a_key() -> None:
    shown = answered(200, {})
    assert expect.moment({"date": "1970-01-01T00:01:00Z"}, "date", shown) == 60
    assert expect.moment({"date": "1970-01-01T01:01:00+0100"}, "date", shown) == 60
    for wrong in ("soon", "1970-01-01T00:01:00.Z", "1970-01-01T00:01:00Z or so", "1970-13-01T00:00:00Z", None, 7):
        with pytest.raises(Failed):
            expect.moment({"date": wrong}, "date", shown)
    assert expect.server_date(answered(None)) is None
    assert expect.server_date(shown) is None


@pytest.mark.parametrize("body", [b"nonsense", b"", [], ["sid"], None, 7, "sid"])
def test_what_is_no_object_shows_nothing(body: Any) -> None:
    exchange = answered(200, body)
    assert sid_in(exchange) is None
    assert message_in(exchange) is None
    assert shown_stream(exchange) == {}
    assert list(streams_shown(exchange)) == []


@pytest.mark.parametrize(("sid", "found"), [("TO1", "TO1"), ("", None), (7, None), (None, None), ([1], None)])
def test_a_sid_is_a_text_with_something_in_it(sid: Any, found: str | None) -> None:
    assert sid_in(answered(200, {"sid": sid})) == found


@pytest.mark.parametrize(("name", "found"), [("a", "a"), ("", ""), (7, None), (None, None)])
def test_a_name_is_a_text(name: Any, found: str | None) -> None:
    assert Stream(answered(201), {"unique_name": name}).name == found
    assert Stream(answered(201), {}).name is None


@pytest.mark.parametrize(
    ("status", "blocked"), [(None, True), (199, True), (200, False), (299, False), (300, True), (429, True)]
)
def test_what_is_only_prepared_blocks_when_it_did_not_work(status: int | None, blocked: bool) -> None:
    if not blocked:
        expiry.need(answered(status), "it")
        return
    with pytest.raises(Blocked):
        expiry.need(answered(status), "it")


@pytest.mark.parametrize(
    ("method", "path", "operation", "address"),
    [
        ("POST", "", Operation.CREATE, Address("default", None, False)),
        ("GET", "", Operation.LIST, Address("default", None, False)),
        ("GET", "/", Operation.LIST, Address("default", None, False)),
        ("GET", "/TO1", Operation.FETCH, Address("default", "TO1", False)),
        ("GET", "/TO1/", Operation.FETCH, Address("default", "TO1", False)),
        ("POST", "/a%20b%2Fc", Operation.UPDATE, Address("default", "a b/c", False)),
        ("DELETE", "/TO1", Operation.DELETE, Address("default", "TO1", False)),
        ("POST", "/TO1/Messages", Operation.PUBLISH, Address("default", "TO1", True)),
        ("POST", "/TO1/Messages/", Operation.PUBLISH, Address("default", "TO1", True)),
        ("PUT", "/TO1", None, Address("default", "TO1", False)),
        ("GET", "/TO1/Messages", None, Address("default", "TO1", True)),
        ("POST", "/TO1/Messages/TZ1", None, None),
        ("POST", "/TO1/Permissions", None, None),
        ("GET", "//", None, None),
        ("GET", "/?PageSize=2", Operation.LIST, Address("default", None, False)),
    ],
)
def test_each_request_is_one_operation(
    method: str, path: str, operation: Operation | None, address: Address | None
) -> None:
    request = Request(method, HOME + path)
    assert operation_of(request) is operation
    assert address_of(request) == address


def test_the_service_is_decoded_and_may_stand_behind_anything() -> None:
    assert address_of(Request("GET", "https://host/sync/v1/Services/a%20b/Streams")) == Address("a b", None, False)
    assert address_of(Request("GET", "https://host/v1/Services//Streams")) is None
    assert address_of(Request("GET", "https://host/v2/Services/default/Streams")) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "count"),
    [
        ("GET", "/TO1", ENTRY, 1),
        ("POST", "", ENTRY, 1),
        ("POST", "/TO1", ENTRY, 1),
        ("GET", "/TO1", {"name": "a"}, 0),
        ("GET", "/TO1", {"streams": [ENTRY]}, 0),
        ("GET", "", {"streams": [ENTRY, ENTRY]}, 2),
        ("GET", "", {"streams": [ENTRY, {"name": "a"}, 7, ["sid"], None, "sid"]}, 1),
        ("GET", "", {"streams": ENTRY}, 0),
        ("GET", "", ENTRY, 0),
        ("POST", "/TO1/Messages", ENTRY, 0),
        ("DELETE", "/TO1", ENTRY, 0),
        ("PUT", "/TO1", ENTRY, 0),
        ("GET", "/TO1/Permissions", ENTRY, 0),
    ],
)
def test_streams_are_shown_by_four_operations(method: str, path: str, body: Any, count: int) -> None:
    assert len(list(streams_shown(answered(200, body, method=method, url=HOME + path)))) == count


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ({}, {}, False),
        ({"sid": "a"}, {"sid": "a", "extra": 1}, False),
        ({"sid": "a"}, {"sid": "b"}, True),
        ({"sid": "a"}, {}, True),
        ({}, {"sid": None}, True),
        ({"unique_name": None}, {"unique_name": None}, False),
        ({"links": {"messages": "m"}}, {"links": {"messages": "m", "other": "o"}}, False),
        ({"links": {"messages": "m"}}, {"links": {"messages": "n"}}, True),
        ({"links": {"messages": "m"}}, {"links": {}}, True),
        ({"links": {}}, {"links": {"other": "o"}}, False),
        ({"links": "m"}, {"links": "n"}, True),
        ({"created_by": {"messages": "m"}}, {"created_by": {"messages": "m", "other": "o"}}, True),
        ({"date_created": "2015-07-30T20:00:00Z"}, {"date_created": "2015-07-30T22:00:00+02:00"}, False),
        ({"date_created": "2015-07-30T20:00:00Z"}, {"date_created": "2015-07-30T20:00:01Z"}, True),
        ({"unique_name": "2015-07-30T20:00:00Z"}, {"unique_name": "2015-07-30T22:00:00+02:00"}, True),
        ({"date_expires": "soon"}, {"date_expires": "later"}, True),
        ({"date_expires": None}, {"date_expires": "2015-07-30T20:00:00Z"}, True),
    ],
)
def test_two_looks_at_a_stream_differ_in_what_they_say_not_in_how(
    one: dict[str, Any], other: dict[str, Any], differs: bool
) -> None:
    assert bool(differences(one, other)) is differs
    assert bool(differences(other, one)) is differs


def test_differences_are_told_one_by_one() -> None:
    told = differences({"sid": "a", "url": "u"}, {"sid": "b"})
    assert told == "sid 'a' in the one and 'b' in the other, url 'u' in the one and nothing in the other"
    assert differences({"sid": "a", "url": "u"}, {"sid": "b"}, ["date_created"]) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, 2, False),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        (None, False, False),
        (None, None, True),
        (1, "1", False),
        ("1", 1, False),
        ("a", "a", True),
        ("a", "b", False),
        ([], [], True),
        ([1, 2], [1.0, 2], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        ([True], [1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ({}, [], False),
        ([], {}, False),
        ({}, None, False),
        (None, {}, False),
        ([], None, False),
        (0, None, False),
        (None, 0, False),
    ],
)
def test_json_values_are_the_same_by_value_and_kind(one: Any, other: Any, same: bool) -> None:
    assert same_json(one, other) is same


def test_a_message_sid_is_well_formed() -> None:
    sid = "TZ" + "0a" * 16
    assert MESSAGE_SID.fullmatch(sid)
    assert message_sid(answered(201, {"sid": sid})) == sid
    for other in (sid + "0", sid[:-1], "TO" + sid[2:], 7, None):
        assert message_sid(answered(201, {"sid": other})) is None
    assert message_sid(answered(404, {"sid": sid})) is None


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (HOME + "/TO1/Messages", HOME + "/TO1/Messages"),
        ("https://elsewhere/x/v1/Services/IS1/Streams/a%20b/Messages/", "/v1/Services/IS1/Streams/a%20b/Messages/"),
        ("https://elsewhere/v1/Services/default/Streams/TO1/Messages?a=b", HOME + "/TO1/Messages?a=b"),
        (HOME + "/TO1", None),
        (HOME + "/TO1/Messages/TZ1", None),
        (HOME + "//Messages", None),
        ("not a link", None),
        (7, None),
        (None, None),
    ],
)
def test_a_link_to_messages_leads_to_the_target(link: Any, url: str | None) -> None:
    wanted = TARGET.url + url if url and url.startswith("/") else url
    assert linked_messages_url(link, TARGET) == wanted


NAMED = {"sid": "TO1", "unique_name": "a"}
NAMING = Naming("a", answered(201, NAMED), answered(200, NAMED), answered(200, NAMED))


@pytest.mark.parametrize(
    ("naming", "accepted", "kept", "found"),
    [
        (NAMING, True, True, True),
        (replace(NAMING, created=answered(400, NAMED)), False, False, False),
        (replace(NAMING, by_sid=None), True, True, True),
        (replace(NAMING, by_sid=answered(404, NAMED)), True, False, True),
        (replace(NAMING, by_name=answered(404, NAMED)), True, True, False),
        (replace(NAMING, by_name=answered(200, {**NAMED, "sid": "TO2"})), True, True, False),
        (replace(NAMING, created=answered(201, {**NAMED, "unique_name": "A"})), True, False, True),
        (replace(NAMING, by_sid=answered(200, {**NAMED, "unique_name": "ab"})), True, False, True),
        (replace(NAMING, created=answered(201, {"unique_name": "a"})), True, True, False),
    ],
)
def test_a_name_is_accepted_kept_and_found(naming: Naming, accepted: bool, kept: bool, found: bool) -> None:
    for check, holds in ((expect_accepted, accepted), (expect_kept, kept), (expect_found, found)):
        if holds:
            check(naming, "a name")
            continue
        with pytest.raises(Failed):
            check(naming, "a name")


PAGE = {"streams": [ENTRY], "meta": {"page": 0}}


@pytest.mark.parametrize(
    ("status", "body", "is_page"),
    [
        (200, PAGE, True),
        (299, PAGE, True),
        (None, PAGE, False),
        (199, PAGE, False),
        (300, PAGE, False),
        (200, {**PAGE, "streams": []}, True),
        (200, {**PAGE, "streams": {}}, False),
        (200, {**PAGE, "meta": []}, False),
        (200, {"streams": 7, "meta": 7}, False),
        (200, [PAGE], False),
        (200, b"nonsense", False),
    ],
)
def test_a_page_is_a_success_with_a_list_and_an_object(status: int | None, body: Any, is_page: bool) -> None:
    assert (read_page(answered(status, body)) is not None) is is_page


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]", inner: bytes = b"") -> bytes:
    return opening * levels + inner + closing * levels


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (nested(300), None),
        (nested(301), "nested too deeply"),
        (nested(299, inner=b'{"a":1}'), None),
        (nested(300, inner=b'{"a":1}'), "nested too deeply"),
        (nested(301, b'{"a":', b"}", b"1"), "nested too deeply"),
        (nested(150, b'[{"a":', b"}]", b"1"), None),
        (nested(151, b'[{"a":', b"}]", b"1"), "nested too deeply"),
        (b"[" + b"[]," * 400 + b"[]]", None),  # wide, not deep
        (b"[[]," + nested(299) + b"]", None),
        (b"[[]," + nested(300) + b"]", "nested too deeply"),
        (nested(50_000), "nested too deeply"),
        (b"[" + b"1," * 99_999 + b"1]", None),
        (b"[" + b"1," * 100_000 + b"1]", "more than 100000"),
        (b"[" + b"{}," * 49_999 + b"1]", None),
        (b"[" + b"{}," * 50_000 + b"1]", "more than 100000"),
        (b'{"a": 1, "a": 2}', "twice"),
    ],
)
def test_json_is_read_within_bounds(body: bytes, why: str | None) -> None:
    if why is None:
        parse_json(body)
        return
    with pytest.raises(NotJSON, match=f"{why}"):
        parse_json(body)
    with pytest.raises(Failed, match="JSON"):
        expect.json_body(answered(200, body))
