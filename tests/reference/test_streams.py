"""Create, fetch, update and delete; names; time to live."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.app import create_app
from reference_impl.clock import ManualClock
from reference_impl.config import DEFAULT_ACCOUNT_SID

from .client import FORM, STREAMS, Client, at

SECOND = "/v1/Services/second/Streams"


def test_a_new_stream_has_its_ten_keys(client: Client) -> None:
    stream = client.create(UniqueName="chat", Ttl=3600)
    assert re.fullmatch("TO[0-9a-f]{32}", stream["sid"])
    assert re.fullmatch("IS[0-9a-f]{32}", stream["service_sid"])
    url = f"http://sync.test:8080/v1/Services/{stream['service_sid']}/Streams/{stream['sid']}"
    assert stream == {
        "sid": stream["sid"],
        "unique_name": "chat",
        "account_sid": DEFAULT_ACCOUNT_SID,
        "service_sid": stream["service_sid"],
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": "2023-11-14T23:13:20Z",
        "date_created": "2023-11-14T22:13:20Z",
        "date_updated": "2023-11-14T22:13:20Z",
        "created_by": "system",
    }
    assert client.get(at("chat")).json == client.get(at(stream["sid"])).json == client.get(stream["url"]).json == stream


@pytest.mark.parametrize("form", [{}, {"UniqueName": ""}, {"Ttl": ""}, {"Nonsense": "x"}])
def test_streams_need_no_name_and_no_ttl(client: Client, form: dict[str, str]) -> None:
    first, second = client.create(**form), client.create(**form)
    assert first["unique_name"] is None
    assert first["date_expires"] is None
    assert first["sid"] != second["sid"]


def test_a_name_is_unique_in_its_service_until_the_stream_is_gone(client: Client) -> None:
    client.create(UniqueName="one")
    refused = client.post(STREAMS, UniqueName="one")
    assert (refused.status, refused.code) == (409, 54301)
    assert refused.json["message"] == "Unique name already exists"
    assert client.post(SECOND, UniqueName="one").status == 201
    assert client.post(STREAMS, UniqueName="ONE").status == 201
    assert client.delete(at("one")).status == 204
    assert client.post(STREAMS, UniqueName="one").status == 201


def test_services_do_not_see_each_others_streams(client: Client) -> None:
    stream = client.create(UniqueName="one")
    assert client.get(f"{SECOND}/one").code == 20404
    assert client.get(f"{SECOND}/{stream['sid']}").code == 20404
    assert client.get(SECOND).json["streams"] == []


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("x" * 320, 201),
        ("é" * 320, 201),
        ("😀" * 320, 201),
        ("x" * 321, 400),
        ("TO" + "0" * 32, 400),
        ("ZZ" + "abcdef01" * 4, 400),
        ("ZZ" + "ABCDEF01" * 4, 201),
        ("TO" + "0" * 31, 201),
        ("TO" + "0" * 32 + "\n", 201),
    ],
)
def test_name_rules(client: Client, name: str, status: int) -> None:
    answer = client.post(STREAMS, UniqueName=name)
    assert answer.status == status
    if status == 400:
        assert answer.code == 54302
    else:
        assert answer.json["unique_name"] == name


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=320))
def test_every_name_comes_back_through_percent_encoding(name: str) -> None:
    client = Client(create_app(clock=ManualClock()))
    sid = client.create(UniqueName=name)["sid"]
    found = client.get(at(name))
    assert found.status == 200
    assert (found.json["sid"], found.json["unique_name"]) == (sid, name)
    assert client.post(at(name), Ttl=5).status == 200
    assert client.post(f"{at(name)}/Messages", Data="{}").status == 201
    assert client.delete(at(name)).status == 204
    assert client.get(at(name)).status == 404


@pytest.mark.parametrize(
    "name", ["a/b", "a%2Fb", "a+b", "a b", "a?b", "a#b", "a;b", "Messages", "x/Messages", ".", "..", "%"]
)
def test_names_that_look_like_urls(client: Client, name: str) -> None:
    sid = client.create(UniqueName=name)["sid"]
    assert client.get(at(name)).json["sid"] == sid


@pytest.mark.parametrize(
    "ttl", ["-1", "31536001", "1e3", "1.5", " 5 ", "+5", "٣", "x", "0x10", "1_000", "9" * 6000, "5\n"]
)
def test_bad_ttl_changes_nothing(client: Client, ttl: str) -> None:
    answer = client.post(STREAMS, UniqueName="t", Ttl=ttl)
    assert (answer.status, answer.code) == (400, 54011)
    assert client.get(at("t")).status == 404
    before = client.create(UniqueName="t", Ttl=60)
    answer = client.post(at("t"), Ttl=ttl)
    assert (answer.status, answer.code) == (400, 54011)
    assert client.get(at("t")).json == before


@pytest.mark.parametrize(
    ("ttl", "expires"), [("0", None), ("1", "2023-11-14T22:13:21Z"), ("31536000", "2024-11-13T22:13:20Z")]
)
def test_ttl_bounds(client: Client, ttl: str, expires: str | None) -> None:
    assert client.create(Ttl=ttl)["date_expires"] == expires


def test_update_sets_ttl_from_now_and_nothing_else(client: Client, clock: ManualClock) -> None:
    made = client.create(UniqueName="u", Ttl=60)
    clock.advance(10)
    answer = client.post(at("u"), Ttl=100, UniqueName="other")
    assert answer.status == 200
    changed = {"date_updated": "2023-11-14T22:13:30Z", "date_expires": "2023-11-14T22:15:10Z"}
    assert answer.json == {**made, **changed} == client.get(at("u")).json
    clock.advance(99.9)
    assert client.get(at("u")).status == 200
    clock.advance(0.2)
    assert client.get(at("u")).status == 404


def test_an_update_to_zero_makes_a_stream_last(client: Client, clock: ManualClock) -> None:
    client.create(UniqueName="u", Ttl=60)
    assert client.post(at("u"), Ttl=0).json["date_expires"] is None
    clock.advance(10**8)
    assert client.get(at("u")).status == 200


@pytest.mark.parametrize("form", [{}, {"Ttl": ""}, {"UniqueName": "other"}])
def test_an_update_without_ttl_changes_nothing(client: Client, clock: ManualClock, form: dict[str, str]) -> None:
    made = client.create(UniqueName="u", Ttl=60)
    clock.advance(10)
    answer = client.post(at("u"), **form)
    assert (answer.status, answer.json) == (200, made)


def test_an_expired_stream_is_gone_for_every_operation(client: Client, clock: ManualClock) -> None:
    stream = client.create(UniqueName="brief", Ttl=5)
    clock.advance(4.999)
    assert client.get(at("brief")).status == 200
    assert len(client.get(STREAMS).json["streams"]) == 1
    clock.advance(0.001)
    for key in ("brief", stream["sid"]):
        assert client.get(at(key)).code == 20404
        assert client.post(at(key), Ttl=5).code == 20404
        assert client.post(f"{at(key)}/Messages", Data="{}").code == 20404
        assert client.delete(at(key)).code == 20404
    assert client.get(STREAMS).json["streams"] == []
    assert client.create(UniqueName="brief")["sid"] != stream["sid"]


def test_a_name_whose_stream_expired_unseen_is_free(client: Client, clock: ManualClock) -> None:
    client.create(UniqueName="brief", Ttl=5)
    clock.advance(5)
    assert client.create(UniqueName="brief")["unique_name"] == "brief"


def test_delete(client: Client) -> None:
    stream = client.create(UniqueName="d")
    answer = client.delete(at("d"))
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers
    assert "content-type" not in answer.headers
    assert client.delete(at("d")).code == 20404
    assert client.get(at(stream["sid"])).code == 20404


def test_the_last_of_a_repeated_field_counts(client: Client) -> None:
    answer = client.send("POST", STREAMS, b"UniqueName=a&UniqueName=b", content_type=FORM)
    assert answer.json["unique_name"] == "b"


@pytest.mark.parametrize("media_type", [FORM.upper(), f"{FORM}; charset=utf-8", f"{FORM} ;charset=UTF-8"])
def test_forms_are_recognised(client: Client, media_type: str) -> None:
    answer = client.send("POST", STREAMS, b"UniqueName=%C3%A9+%2b", content_type=media_type)
    assert answer.json["unique_name"] == "é +"


def test_other_bodies_are_not_looked_at(client: Client) -> None:
    answer = client.send("POST", STREAMS, b'{"UniqueName": "x", "Ttl": -1}', content_type="application/json")
    assert (answer.status, answer.json["unique_name"]) == (201, None)
