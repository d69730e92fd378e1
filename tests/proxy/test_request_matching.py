"""When two requests are the same one, and what is said when they are not."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proxy_traffic import ACCOUNT, BASE, OTHER_SERVICE, SERVICE, basic, request

from conformance.exchange import Headers, Request
from proxy.matching import LANE, differences, lookup

STREAMS = f"/v1/Services/{SERVICE}/Streams"


def key(asked: Request) -> bytes:
    return lookup(asked).exact


def same(left: Request, right: Request) -> bool:
    return key(left) == key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (request("GET", "/a?x=1&y=2"), request("GET", "/a?y=2&x=1")),
        (request("GET", "/a%2Db"), request("GET", "/a-b")),
        (request("GET", "/%7efoo"), request("GET", "/~foo")),
        (request("GET", "/a?x=%41+b"), request("GET", "/a?x=A%20b")),
        (request("get", "/a"), request("GET", "/a")),
        (request("POST", "/a", {"A": "1", "B": "2"}), request("POST", "/a", {"B": "2", "A": "1"})),
        (request("POST", "/a", b"A=x+y"), request("POST", "/a", b"A=x%20y")),
        (
            request("POST", "/a", {"Data": '{"a":1,"b":[1]}'}),
            request("POST", "/a", {"Data": '{ "b" : [1.0], "a" : 1 }'}),
        ),
        (request("GET", "/a", headers=(("X-Any", "1"),)), request("GET", "/a", headers=(("Accept", "*/*"),))),
        (
            request("GET", "/a", base="https://sync.twilio.com"),
            request("GET", "/a", base="https://SYNC.twilio.com:443"),
        ),
        (request("GET", "/a", base="https://sync.twilio.com"), request("GET", "/a", base="http://sync.twilio.com:80")),
    ],
)
def test_requests_that_mean_the_same_match(left: Request, right: Request) -> None:
    assert same(left, right)
    assert differences(lookup(left), lookup(right)) == ()


@pytest.mark.parametrize(
    ("left", "right", "what"),
    [
        (request("GET", "/a"), request("POST", "/a"), "method"),
        (request("GET", "/a"), request("GET", "/a/"), "path"),
        (request("GET", "/a/b"), request("GET", "/a%2Fb"), "path"),
        (request("GET", "/a?x=1&x=2"), request("GET", "/a?x=2&x=1"), "query parameter x"),
        (request("GET", "/a?x=1"), request("GET", "/a?x=1&x=1"), "query parameter x"),
        (request("GET", "/a?x="), request("GET", "/a"), "query parameter x"),
        (request("POST", "/a", {"Ttl": "1"}), request("POST", "/a", {"Ttl": "01"}), "form field Ttl"),
        (request("POST", "/a", {"Data": '{"a":1}'}), request("POST", "/a", {"Data": '{"a":"1"}'}), "form field Data"),
        (request("POST", "/a", {"Data": "[1,2]"}), request("POST", "/a", {"Data": "[2,1]"}), "form field Data"),
        (request("POST", "/a", {"Data": "{bad"}), request("POST", "/a", {"Data": "{ bad"}), "form field Data"),
        (request("GET", "/a"), request("GET", "/a", auth=None), "credentials"),
        (request("GET", "/a"), request("GET", "/a", base="http://other.example"), "host"),
        (request("GET", "/a", headers=((LANE, "x"),)), request("GET", "/a"), "scenario"),
        (
            request("GET", "/a", headers=((LANE, "x"),)),
            request("GET", "/a", headers=((LANE.lower(), "y"),)),
            "scenario",
        ),
    ],
)
def test_requests_that_mean_something_else_do_not(left: Request, right: Request, what: str) -> None:
    assert not same(left, right)
    assert {found.name for found in differences(lookup(left), lookup(right))} == {what}


def test_bodies_that_are_no_forms_are_compared_by_what_they_hold() -> None:
    def sent(body: bytes, kind: str = "application/json") -> Request:
        return Request("POST", BASE + "/a", Headers((("Content-Type", kind),)), body)

    assert same(sent(b'{"a":1,"b":2}'), sent(b'{"b": 2, "a": 1.0}'))
    assert not same(sent(b'{"a":1}'), sent(b'{"a":2}'))
    assert not same(sent(b"\xff", "image/png"), sent(b"\xfe", "image/png"))
    assert not same(sent(b"[1,2]"), sent(b"[1,2,3]"))


def test_sids_are_variables_but_which_places_hold_the_same_counts() -> None:
    def asked(path: str, query: str) -> bytes:
        return lookup(request("GET", f"/v1/Services/{path}/Streams?Other={query}")).loose

    assert asked(SERVICE, SERVICE) == asked(OTHER_SERVICE, OTHER_SERVICE)
    assert asked(SERVICE, SERVICE) != asked(SERVICE, OTHER_SERVICE)
    assert asked(SERVICE, OTHER_SERVICE) == asked(OTHER_SERVICE, SERVICE)
    found = lookup(request("GET", f"/v1/Services/{SERVICE}/Streams?Other={ACCOUNT}"))
    assert found.bound == (SERVICE, ACCOUNT)


def test_the_account_is_read_from_credentials_but_does_not_decide() -> None:
    redacted = ("Authorization", f"Basic {ACCOUNT}:redacted-3")
    found = lookup(request("GET", "/a", auth=redacted))
    assert (found.account, found.credential) == (ACCOUNT, "redacted-3")
    assert same(request("GET", "/a", auth=redacted), request("GET", "/a", auth=basic(password="other")))


pairs = st.lists(st.tuples(st.text(min_size=1, max_size=6), st.text(max_size=10)), max_size=6)


@settings(deadline=None)
@given(pairs, st.randoms(use_true_random=False))
def test_no_order_of_different_keys_and_no_encoding_matters(fields: list[tuple[str, str]], random) -> None:
    order = sorted({name for name, _ in fields}, key=lambda _: random.random())
    shuffled = [pair for name in order for pair in fields if pair[0] == name]

    def spell(text: str) -> str:
        encoded = "".join(
            f"%{byte:02x}" if random.random() < 0.5 else quote(bytes([byte]), safe="")
            for byte in text.encode("utf-8", "surrogatepass")
        )
        return encoded.replace("%20", "+")

    written = "&".join(f"{spell(name)}={spell(value)}" for name, value in shuffled)
    fields = [(name, value) for name, value in fields]
    assert same(
        request("POST", STREAMS, urlencode(fields, errors="surrogatepass").encode()),
        request("POST", STREAMS, written.encode()),
    )
    assert same(request("GET", f"{STREAMS}?{urlencode(fields)}"), request("GET", f"{STREAMS}?{written}"))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(values, values)
def test_data_matches_when_and_only_when_it_is_the_same_json(left: object, right: object) -> None:
    def sent(value: object, **options: object) -> bytes:
        return key(request("POST", "/a", {"Data": json.dumps(value, **options)}))

    assert sent(left, indent=1) == sent(left, ensure_ascii=False, separators=(",", ":"))
    if json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True):
        assert sent(left) == sent(right)
    elif "." not in json.dumps([left, right]) and "e" not in json.dumps([left, right]):
        assert sent(left) != sent(right)
