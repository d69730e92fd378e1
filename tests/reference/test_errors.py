"""Credentials, paths, methods, headers; and that no bytes whatever break the server."""

import json
import logging
import re
from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.api import Api
from reference_impl.app import create_app
from reference_impl.clock import ManualClock
from reference_impl.config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Config

from .client import FORM, LOGIN, STREAMS, Client, at, basic

KEY = "SK" + "0" * 32


@pytest.mark.parametrize(
    "login",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"no colon").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
        "Basic \xe9",
        basic(DEFAULT_ACCOUNT_SID, "wrong"),
        basic(DEFAULT_ACCOUNT_SID, ""),
        basic("AC" + "f" * 32, DEFAULT_AUTH_TOKEN),
        basic("", ""),
        LOGIN.replace("Basic", "Bearer"),
    ],
)
@pytest.mark.parametrize("target", [STREAMS, f"{STREAMS}/nobody", "/v1/Services/nobody/Streams", "/nowhere"])
def test_without_a_login_nothing_is_told(clock: ManualClock, login: str | None, target: str) -> None:
    answer = Client(create_app(clock=clock), login=login).get(target)
    assert (answer.status, answer.code) == (401, 20003)
    assert answer.headers["www-authenticate"] == 'Basic realm="Twilio API"'


def test_a_refused_login_creates_nothing(client: Client, clock: ManualClock) -> None:
    Client(client.app, login=None).post(STREAMS, UniqueName="x")
    assert client.get(at("x")).status == 404


@pytest.mark.parametrize("login", [LOGIN, LOGIN.replace("Basic ", "bAsIc  "), basic(KEY, "secret:with:colons")])
def test_logins_that_are_good(clock: ManualClock, login: str) -> None:
    app = create_app(Config(api_keys={KEY: "secret:with:colons"}), clock)
    assert Client(app, login=login).get(STREAMS).status == 200


@pytest.mark.parametrize(
    "target",
    ["/", "", "*", "/v1", "/v1/Services", "/v1/Services/default", "/v1/Services/default/", f"{STREAMS}/",
     f"{STREAMS}//Messages", f"{STREAMS}/a/b", f"{STREAMS}/a/Messages/", f"{STREAMS}/a/Messages/b",
     "/v2/Services/default/Streams", "/v1/services/default/Streams", "/v1/Services/nobody/Streams",
     "/v1/Services//Streams", f"/v1/Services/IS{'0' * 32}/Streams/a", "/v1/Services/%FF/Streams",
     f"{STREAMS}/%FF", f"{STREAMS}/%", f"{STREAMS}/%00"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there(client: Client, target: str, method: str) -> None:
    answer = client.send(method, target)
    assert (answer.status, answer.code) == (404, 20404)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("target", "allow"), [(STREAMS, "GET, HEAD, POST"), (f"{STREAMS}/nobody", "GET, HEAD, POST, DELETE")]
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "FOO"])
def test_methods_that_are_not_there(client: Client, target: str, allow: str, method: str) -> None:
    answer = client.send(method, target)
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, 20004, allow)


def test_every_answer_is_dated_and_numbered(client: Client, clock: ManualClock) -> None:
    client.create(UniqueName="x")
    clock.advance(1)
    answers = [client.get(at("x")), client.get(at("y")), client.delete(at("x")), client.get("/"), client.get(STREAMS)]
    assert {answer.headers["date"] for answer in answers} == {"Tue, 14 Nov 2023 22:13:21 GMT"}
    numbers = {answer.headers["twilio-request-id"] for answer in answers}
    assert len(numbers) == len(answers)
    assert all(re.fullmatch("RQ[0-9a-f]{32}", number) for number in numbers)


def test_a_service_goes_by_sid_and_by_name(client: Client) -> None:
    stream = client.create(UniqueName="x")
    by_sid = client.get(f"/v1/Services/{stream['service_sid']}/Streams/x")
    assert by_sid.json == stream
    again = Client(create_app(clock=ManualClock())).create()
    assert again["service_sid"] == stream["service_sid"]


def test_a_request_line_with_the_whole_url(client: Client) -> None:
    assert client.send("GET", f"http://sync.test:8080{STREAMS}").status == 200


@pytest.mark.parametrize("target", [STREAMS, f"{STREAMS}/x", f"{STREAMS}/x/Messages"])
def test_a_body_beyond_the_limit_is_not_read(client: Client, target: str) -> None:
    client.create(UniqueName="x")
    declared = client.send("POST", target, content_type=FORM, content_length="100000000")
    assert (declared.status, declared.code, client.unread) == (413, 54006, 1)
    streamed = client.send("POST", target, chunks=[b"x" * 65536] * 100, content_type=FORM)
    assert (streamed.status, streamed.code, client.unread) == (413, 54006, 83)


def test_a_form_bomb_is_refused(client: Client) -> None:
    answer = client.send("POST", STREAMS, b"a&" * 500_000, content_type=FORM)
    assert (answer.status, answer.code) == (400, 20001)
    assert client.get(f"{STREAMS}?{'&' * 5000}").code == 20001


def test_a_name_that_is_no_utf8(client: Client) -> None:
    answer = client.send("POST", STREAMS, b"UniqueName=%ff", content_type=FORM)
    assert (answer.status, answer.code) == (400, 54302)
    assert client.send("POST", STREAMS, b"Ttl=%ff", content_type=FORM).code == 54011


@given(
    st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    st.sampled_from([b"", b"/v1/Services/default/Streams", b"/v1/Services/default/Streams/", b"/v1/Services/"]),
    st.binary(max_size=30),
    st.binary(max_size=60),
    st.builds(
        bytes.__add__, st.sampled_from([b"", b"UniqueName=", b"Ttl=", b"Data=", b"a=1&"]), st.binary(max_size=60)
    ),
    st.sampled_from([FORM, "application/json", "", "\xff;"]),
)
@example("POST", b"/v1/Services/default/Streams/x/Messages", b"", b"", b'Data="%5Cud800"', FORM)
def test_no_bytes_break_it(method: str, start: bytes, path: bytes, query: bytes, body: bytes, media_type: str) -> None:  # noqa: PLR0917
    client = Client(create_app(clock=ManualClock()))
    client.create(UniqueName="x")
    answer = client.send(method, start + path + b"?" + query, body, content_type=media_type)
    assert answer.status < 500
    assert answer.headers.get("content-type") == (None if answer.status == 204 else "application/json")
    if answer.status >= 400:
        assert answer.code


def test_a_fault_of_our_own_is_an_error_like_others(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Api):
        def fetch_stream(self, request, stream):
            raise RuntimeError("broken")

    client = Client(create_app(clock=clock, api=Broken))
    client.create(UniqueName="x")
    with caplog.at_level(logging.ERROR):
        answer = client.get(at("x"))
    assert (answer.status, answer.code) == (500, 20500)
    assert "RuntimeError: broken" in caplog.text
    assert "broken" not in json.dumps(answer.json)
