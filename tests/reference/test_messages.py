"""Publishing: payloads, sizes, rates."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.app import create_app
from reference_impl.clock import ManualClock

from .client import FORM, STREAMS, Client, at

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def messages(client: Client) -> str:
    client.create(UniqueName="m")
    return f"{at('m')}/Messages"


@given(JSON, st.booleans())
def test_a_message_comes_back_as_the_same_value(value: object, ascii_only: bool) -> None:
    client = Client(create_app(clock=ManualClock()))
    client.create(UniqueName="m")
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    answer = client.post(f"{at('m')}/Messages", Data=text)
    if len(text) > 4096:
        assert answer.code == 54006
        return
    assert answer.status == 201
    assert list(answer.json) == ["sid", "data"]
    assert re.fullmatch("TZ[0-9a-f]{32}", answer.json["sid"])
    assert answer.json["data"] == json.loads(text)


@pytest.mark.parametrize(
    "text",
    ["{", "x", "{'a':1}", "NaN", "[Infinity]", "-Infinity", "1e999", "{} {}", "\ufeff{}", " ", '"\x00"', "01", "\x00",
     "[" * 2000, "[" * 2000 + "]" * 2000, "[" * 257 + "]" * 257, '{"a":' * 600 + "1" + "}" * 600],
)  # fmt: skip
def test_what_is_no_json_is_refused(client: Client, messages: str, text: str) -> None:
    answer = client.post(messages, Data=text)
    assert (answer.status, answer.code) == (400, 54008)


@pytest.mark.parametrize(
    "text", ["[" * 256 + "]" * 256, "[" + "[]," * 1000 + "0]", '"' + "[" * 4000 + '"', "{}", "[]", "0", '""', " null "]
)
def test_what_is_json_is_accepted(client: Client, messages: str, text: str) -> None:
    assert client.post(messages, Data=text).json["data"] == json.loads(text)


def test_bytes_that_are_no_utf8_are_refused(client: Client, messages: str) -> None:
    assert client.send("POST", messages, b"Data=%22%ff%22", content_type=FORM).code == 54008


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('"' + "x" * 4094 + '"', True),
        ('"' + "x" * 4095 + '"', False),
        ('"' + "é" * 2047 + '"', True),
        ('"' + "é" * 2048 + '"', False),
        ('"' + "😀" * 1023 + '"', True),
        ("x" * 4097, False),
        (" " * 4095 + "1", True),
        (" " * 4096 + "1", False),
        ('"' + "x" * 900_000 + '"', False),
    ],
)
def test_size_is_counted_in_bytes(client: Client, messages: str, text: str, fits: bool) -> None:
    answer = client.post(messages, Data=text)
    if fits:
        assert answer.status == 201
    else:
        assert (answer.status, answer.code) == (413, 54006)


@pytest.mark.parametrize("form", [{}, {"Data": ""}, {"data": "{}"}])
def test_data_is_required(client: Client, messages: str, form: dict[str, str]) -> None:
    answer = client.post(messages, **form)
    assert (answer.status, answer.code) == (400, 20001)


def test_a_json_body_is_no_form(client: Client, messages: str) -> None:
    assert client.send("POST", messages, b'{"Data": {}}', content_type="application/json").code == 20001


def test_publishing_to_nothing(client: Client) -> None:
    answer = client.post(f"{STREAMS}/nobody/Messages", Data="{")
    assert (answer.status, answer.code) == (404, 20404)
    assert answer.json["message"] == "The requested resource /Services/default/Streams/nobody was not found"


def test_thirty_messages_a_second_and_no_more(client: Client, clock: ManualClock, messages: str) -> None:
    client.create(UniqueName="other")
    assert [client.post(messages, Data="{}").status for _ in range(30)] == [201] * 30
    refused = client.post(messages, Data="{}")
    assert (refused.status, refused.code) == (429, 54009)
    assert client.post(f"{at('other')}/Messages", Data="{}").status == 201
    assert client.get(at("m")).status == 200
    clock.advance(0.99)
    assert client.post(messages, Data="{}").status == 429
    clock.advance(0.01)
    assert [client.post(messages, Data="{}").status for _ in range(31)] == [201] * 30 + [429]


def test_bad_messages_do_not_count(client: Client, messages: str) -> None:
    for text in ("{", "", "x" * 5000) * 20:
        assert client.post(messages, Data=text).status in {400, 413}
    assert [client.post(messages, Data="{}").status for _ in range(31)] == [201] * 30 + [429]


def test_a_new_stream_of_an_old_name_starts_afresh(client: Client, messages: str) -> None:
    for _ in range(31):
        client.post(messages, Data="{}")
    client.delete(at("m"))
    client.create(UniqueName="m")
    assert client.post(messages, Data="{}").status == 201


def test_publishing_does_not_extend_life(client: Client, clock: ManualClock) -> None:
    client.create(UniqueName="b", Ttl=5)
    clock.advance(3)
    assert client.post(f"{at('b')}/Messages", Data="{}").status == 201
    clock.advance(2)
    assert client.get(at("b")).status == 404


def test_messages_can_only_be_published(client: Client, messages: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        answer = client.send(method, messages)
        assert (answer.status, answer.code, answer.headers["allow"]) == (405, 20004, "POST")
    assert client.get(f"{messages}/TZ{'0' * 32}").code == 20404
