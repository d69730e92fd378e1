"""A connection's session without a connection: frames in, frames out, the time given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.clock import ManualClock
from reference_impl.config import DEFAULT_KEY_SECRET, DEFAULT_KEY_SID
from reference_impl.subscribers.app import SubscribersApp, create_subscribers_app
from reference_impl.subscribers.frames import decode, encode
from reference_impl.subscribers.session import Session
from reference_impl.subscribers.tokens import make_token


class Desk:
    """One session, what it said, and its clock."""

    def __init__(self, app: SubscribersApp | None = None, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.app = app or create_subscribers_app(clock=self.clock)
        self.said: list[Any] = []
        self.open = True
        self.session = Session(self.app.tunnel, self, "http://127.0.0.1:1", self.clock.now())

    def send(self, frame: bytes, *, droppable: bool) -> None:
        self.said.append(decode(frame))

    def close(self) -> None:
        self.open = False

    def tell(self, method: str, header: Any = None, body: Any = None) -> list[Any]:
        return self.tell_raw(encode(method, "TM1", header, body))

    def tell_raw(self, data: bytes) -> list[Any]:
        self.said.clear()
        self.session.receive(data, self.clock.now())
        return list(self.said)

    def tick(self, seconds: float) -> list[Any]:
        self.said.clear()
        self.clock.advance(seconds)
        self.session.tick(self.clock.now())
        return list(self.said)

    def token(self, identity: str = "alice", ttl: int = 3600, service: str = "default") -> str:
        config = self.app.api.config
        return make_token(
            config.account_sid, (DEFAULT_KEY_SID, DEFAULT_KEY_SECRET), identity, service, now=self.clock.now(), ttl=ttl
        )

    def init(self, **token: Any) -> Desk:
        (reply,) = self.tell("init", {"token": self.token(**token)})
        assert reply.header["status"] == {"code": 200, "status": "OK"}
        return self

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        (reply, *self.after) = self.tell("message", {"http_request": {"method": method, "path": path}}, body)
        assert reply.header["status"]["code"] == 200
        return reply.header["http_status"]["code"], reply.json() if reply.payload else None


@pytest.fixture
def desk() -> Desk:
    return Desk().init()


def test_init_is_answered_without_telemetry() -> None:
    desk = Desk()
    (reply,) = desk.tell("init", {"token": desk.token(), "capabilities": ["telemetry.v1"]})
    assert (reply.method, reply.id, reply.header["capabilities"]) == ("reply", "TM1", ["client_update"])
    assert reply.header["continuation_token"]


@pytest.mark.parametrize("method", ["message", "update", "telemetry.v1", "noise"])
def test_nothing_goes_before_init(method: str) -> None:
    desk = Desk()
    (told,) = desk.tell(method, {"http_request": {"method": "GET", "path": "/v3/Streams/x"}})
    assert (told.method, told.header["status"]["code"], desk.open) == ("close", 401, False)
    assert desk.tell("init", {"token": desk.token()}) == []


def test_unknown_methods_are_ignored(desk: Desk) -> None:
    assert desk.tell("noise") == desk.tell("telemetry.v1", {"events": []}) == desk.tell("reply") == []
    assert desk.request("GET", "/v3/Streams/none")[0] == 404


def test_who_says_nothing_is_sent_away() -> None:
    desk = Desk()
    assert desk.tick(29) == []
    (told,) = desk.tick(1)
    assert (told.method, told.header["status"]["code"], desk.open) == ("close", 401, False)


def test_pings_keep_a_connection_that_answers(desk: Desk) -> None:
    for _ in range(10):
        (ping,) = desk.tick(30)
        assert ping.method == "ping"
        desk.tell("reply")
    assert desk.open
    assert [frame.method for frame in desk.tick(30) + desk.tick(30) + desk.tick(30)] == ["ping"] * 2 + ["ping"]
    assert desk.tick(30) == []
    assert not desk.open


@pytest.mark.parametrize(("ttl", "warned"), [(3600, 3420), (600, 450), (8, 6)])
def test_a_token_is_warned_of_and_ends(ttl: int, warned: int) -> None:
    desk = Desk().init(ttl=ttl)
    desk.session._ping_at = float("inf")
    start = desk.clock.now()
    assert desk.tick(warned - 1) == []
    (warning,) = desk.tick(1.5)
    assert (warning.method, warning.header["client_update_type"]) == ("client_update", "token_about_to_expire")
    assert desk.tick(0) == []
    assert start + ttl - 1 <= desk.session.due() <= start + ttl
    (told,) = desk.tick(ttl - warned)
    assert (told.header["status"]["code"], told.header["status"]["errorCode"], desk.open) == (410, 51207, False)


def test_a_session_takes_another_token_of_the_same_identity_and_service_only(desk: Desk) -> None:
    desk.clock.advance(3000)
    assert desk.tell("update", {"token": desk.token()})[0].header["status"]["code"] == 200
    for changes in ({"identity": "bob"}, {"service": "second"}):
        status = desk.tell("update", {"token": desk.token(**changes)})[0].header["status"]
        assert (status["code"], status["errorCode"]) == (401, 51215)
    status = desk.tell("update", {"token": "none"})[0].header["status"]
    assert (status["code"], status["status"], status["errorCode"]) == (401, "UNAUTHORIZED", 20101)
    assert desk.open


def test_streams_are_those_of_rest(desk: Desk) -> None:
    status, made = desk.request("POST", "/v3/Streams", {"unique_name": "ü/1", "ttl": 60})
    assert (status, made["unique_name"], made["created_by"]) == (201, "ü/1", "alice")
    assert made["url"] == f"http://127.0.0.1:1/v3/Streams/{made['sid']}"
    assert made["links"] == {"messages": made["url"] + "/Messages"}
    for key in (made["sid"], "%C3%BC%2F1"):
        assert desk.request("GET", f"/v3/Streams/{key}") == (200, made)
    path = f"/v3/Streams/{made['sid']}"
    assert desk.request("POST", path, {"ttl": 0})[1]["date_expires"] is None
    assert desk.request("POST", path, {})[0] == 200
    assert (
        desk.tell_raw(
            encode("message", "TM2", {"http_request": {"method": "DELETE", "path": path}, "payload_size": 9})[:-2]
        )
        != []
    )  # a payload that is shorter than said ends it all
    assert not desk.open


def test_delete_does_not_read_its_payload(desk: Desk) -> None:
    sid = desk.request("POST", "/v3/Streams", {})[1]["sid"]
    header = json.dumps(
        {
            "method": "message",
            "id": "TM3",
            "http_request": {"method": "DELETE", "path": f"/v3/Streams/{sid}"},
            "payload_size": 9,
        }
    ).encode()
    (reply,) = desk.tell_raw(b"TWILSOCK V3.0 %d\r\n%b\r\ndata_sync" % (len(header), header))
    assert (reply.header["http_status"]["code"], reply.payload) == (204, b"")


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("GET", "/v3/Streams/none", None, (404, 54300)),
        ("GET", "/v3/Streams", None, (405, 20004)),
        ("PUT", "/v3/Streams/none", None, (405, 20004)),
        ("GET", "/v3/Nothing", None, (404, 20404)),
        ("GET", "", None, (404, 20404)),
        ("GET", "/v3/Documents/x", None, (501, 20001)),
        ("POST", "/v3/Streams", {"unique_name": "taken"}, (409, 54301)),
        ("POST", "/v3/Streams", {"unique_name": 7}, (400, 20001)),
        ("POST", "/v3/Streams", {"unique_name": "x" * 321}, (400, 54302)),
        ("POST", "/v3/Streams", {"ttl": -1}, (400, 54011)),
        ("POST", "/v3/Streams", {"ttl": True}, (400, 54011)),
        ("POST", "/v3/Streams/taken", {"ttl": "7"}, (400, 54011)),
        ("POST", "/v3/Streams/taken", {"ttl": 31_536_001}, (400, 54011)),
        ("POST", "/v3/Streams", [], (400, 20001)),
        ("POST", "/v3/Streams/taken/Messages", {}, (400, 20001)),
        ("POST", "/v3/Streams/taken/Messages", {"data": {"x": "é" * 2100}}, (413, 54006)),
        ("POST", "/v4/Subscriptions", {}, (400, 20001)),
        ("POST", "/v4/Subscriptions", {"action": "establish", "requests": [{}]}, (400, 20001)),
        ("POST", "/v4/Subscriptions", {"action": "other", "requests": []}, (400, 20001)),
        ("POST", "/v4/Subscriptions", {"action": "cancel", "requests": [{"object_sid": "x"}] * 1001}, (400, 20001)),
    ],
)
def test_what_is_refused(desk: Desk, method: str, path: str, body: Any, refusal: tuple[int, int]) -> None:
    desk.request("POST", "/v3/Streams", {"unique_name": "taken"})
    status, answer = desk.request(method, path, body)
    assert (status, answer["code"]) == refusal
    assert answer["status"] == status
    assert answer["message"]
    assert desk.open


def test_the_rate_limit_is_that_of_rest(desk: Desk) -> None:
    desk.request("POST", "/v3/Streams", {"unique_name": "busy"})
    statuses = [desk.request("POST", "/v3/Streams/busy/Messages", {"data": {"n": n}})[0] for n in range(31)]
    assert statuses == [201] * 30 + [429]


def subscriptions(*sids: str, action: str = "establish", version: int = 4, kind: str = "stream") -> dict[str, Any]:
    requests = [{"object_sid": sid, "object_type": kind, "last_event_id": None} for sid in sids]
    return {"event_protocol_version": version, "action": action, "correlation_id": 9, "requests": requests}


def test_subscribing(desk: Desk) -> None:
    sids = [desk.request("POST", "/v3/Streams", {})[1]["sid"] for _ in range(2)]
    status, answer = desk.request("POST", "/v4/Subscriptions", subscriptions(*sids, "TO" + "0" * 32))
    assert (status, answer) == (202, {"estimated_delivery_in_ms": 1000, "max_batch_size": 1000})
    established, failed = (notice.json() for notice in desk.after)
    assert established["event_type"] == "subscription_established"
    assert established["correlation_id"] == failed["correlation_id"] == 9
    assert established["events"] == [
        {"object_sid": sid, "object_type": "stream", "replay_status": "completed", "last_event_id": -1} for sid in sids
    ]
    assert (failed["event_type"], failed["events"][0]["error"]["status"]) == ("subscription_failed", 404)
    assert desk.app.api.hub.counts() == dict.fromkeys(sids, 1)
    desk.request("POST", "/v4/Subscriptions", subscriptions(sids[0], action="cancel"))
    assert desk.after[0].json()["event_type"] == "subscription_canceled"
    assert desk.app.api.hub.counts() == {sids[1]: 1}
    assert desk.tell("close") == []
    assert (desk.open, desk.app.api.hub.counts()) == (False, {})


def test_an_older_sdk_gets_single_events(desk: Desk) -> None:
    sids = [desk.request("POST", "/v3/Streams", {})[1]["sid"] for _ in range(2)]
    desk.request("POST", "/v3/Subscriptions", subscriptions(*sids, version=3))
    assert [notice.json()["event"]["object_sid"] for notice in desk.after] == sids
    other = Desk(desk.app, desk.clock).init()
    desk.said.clear()
    other.request("POST", f"/v3/Streams/{sids[0]}/Messages", {"data": {"a": 1}})
    assert desk.said[0].json()["event"]["message_data"] == {"a": 1}


def test_the_sender_is_not_told_what_it_sent_or_removed(desk: Desk) -> None:
    sid = desk.request("POST", "/v3/Streams", {})[1]["sid"]
    other = Desk(desk.app, desk.clock).init(identity="bob")
    for one in (desk, other):
        one.request("POST", "/v4/Subscriptions", subscriptions(sid))
    other.said.clear()
    assert desk.request("POST", f"/v3/Streams/{sid}/Messages", {"data": {"x": 1}})[0] == 201
    assert (desk.after, len(other.said)) == ([], 1)
    assert desk.request("DELETE", f"/v3/Streams/{sid}")[0] == 204
    assert (desk.after, other.said[1].json()["event_type"]) == ([], "stream_removed")
    assert desk.app.api.hub.counts() == {}


def test_a_service_is_another_world(desk: Desk) -> None:
    sid = desk.request("POST", "/v3/Streams", {"unique_name": "here"})[1]["sid"]
    other = Desk(desk.app, desk.clock).init(service="second")
    assert other.request("GET", f"/v3/Streams/{sid}")[0] == other.request("GET", "/v3/Streams/here")[0] == 404
    other.request("POST", "/v4/Subscriptions", subscriptions(sid))
    assert other.after[0].json()["event_type"] == "subscription_failed"


def test_subscriptions_have_a_bound(desk: Desk) -> None:
    add, now, service = desk.app.api.store.add, desk.clock.now(), desk.app.api.config.services[0].sid
    sids = [add(service, None, None, now).sid for _ in range(1001)]
    desk.request("POST", "/v4/Subscriptions", subscriptions(*sids[:1000]))
    desk.request("POST", "/v4/Subscriptions", subscriptions(*sids[999:]))
    assert [notice.json()["event_type"] for notice in desk.after] == ["subscription_established", "subscription_failed"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["unique_name", "ttl", "data", "requests", "action", "event_protocol_version", "object_sid"])
PATHS = st.sampled_from(
    ["/v3/Streams", "/v3/Streams/taken", "/v3/Streams/taken/Messages", "/v4/Subscriptions", "/", "", "/v3/Streams/%FF"]
) | st.text(max_size=20)


@settings(max_examples=300)
@given(
    st.sampled_from(["init", "update", "message", "put_notification_ctx", "reply", "close"]) | st.text(max_size=8),
    st.sampled_from(["GET", "POST", "DELETE"]) | JSON,
    PATHS | JSON,
    st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=4) | JSON,
)
def test_any_frame_is_answered_or_ignored(method: str, verb: Any, path: Any, body: Any) -> None:
    desk = Desk().init()
    desk.request("POST", "/v3/Streams", {"unique_name": "taken"})
    desk.tell(method, {"http_request": {"method": verb, "path": path}, "token": body}, body)
    desk.tell(method, {"http_request": body}, body)
    assert all(frame.method in {"reply", "close", "notification"} for frame in desk.said)


@given(st.binary(max_size=200))
def test_noise_ends_a_session(noise: bytes) -> None:
    desk = Desk().init()
    (told,) = desk.tell_raw(noise)
    assert (told.method, told.header["status"]["code"], desk.open) == ("close", 406, False)
