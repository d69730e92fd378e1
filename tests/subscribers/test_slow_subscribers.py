"""A subscriber that does not read loses messages and delays nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from reference_impl.limiter import Limiter
from reference_impl.pytest_plugin import SyncReference, serving
from reference_impl.subscribers.app import Settings

from .client import SdkPeer, publish, rest
from .load import Publisher


@pytest.fixture
def server() -> Iterator[SyncReference]:
    with serving(Settings(queue=100), limiter=lambda: Limiter(1_000_000)) as running:
        yield running


def state(server: SyncReference) -> Any:
    with closing(HTTPConnection(server.url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("GET", "/_reference/state")
        return json.load(connection.getresponse())


def test_a_slow_subscriber_loses_messages_and_delays_nobody(server: SyncReference) -> None:
    sid = rest(server, "POST", "")["sid"]
    announced = {"url": server.url, "account_sid": server.account_sid, "auth_token": server.auth_token}
    publisher = Publisher(announced)
    with SdkPeer(server, server.token("slow")) as slow, SdkPeer(server, server.token("fast")) as fast:
        slow.socket.setsockopt(1, 8, 4096)
        for peer in (slow, fast):
            peer.subscribe(sid)
        text, count, took = "x" * 4000, 0, []
        while state(server)["lost"] < 50:
            for _ in range(100):
                start = time.monotonic()
                publisher.post(f"/{sid}/Messages", Data=json.dumps({"n": count, "text": text}))
                took.append(time.monotonic() - start)
                assert fast.event("stream_message_published")["message_data"]["n"] == count
                count += 1
            assert count < 20_000
        assert sorted(took)[len(took) // 2] < 0.05
        assert max(took) < 2
        # When it reads again, new messages come through again: as soon as its queue has room.
        slow.socket.setsockopt(1, 8, 1 << 20)
        deadline = time.monotonic() + 60
        while True:
            publisher.post(f"/{sid}/Messages", Data='{"n": -1}')
            if slow.event("stream_message_published")["message_data"]["n"] == -1:
                break
            assert time.monotonic() < deadline
    publisher.connection.close()


def test_what_a_slow_subscriber_gets_is_in_order(server: SyncReference) -> None:
    sid = rest(server, "POST", "")["sid"]
    announced = {"url": server.url, "account_sid": server.account_sid, "auth_token": server.auth_token}
    publisher = Publisher(announced)
    with SdkPeer(server, server.token("slow")) as slow:
        slow.subscribe(sid)
        published = 0
        while state(server)["lost"] < 10:
            for _ in range(100):
                publisher.post(f"/{sid}/Messages", Data=json.dumps({"n": published, "text": "x" * 4000}))
                published += 1
        publisher.connection.close()
        rest(server, "DELETE", f"/{sid}")
        numbers = []
        while True:
            header, body = slow.told.popleft() if slow.told else slow.next()
            if header["method"] == "notification" and body["event_type"] == "stream_removed":
                break  # it is not lost, however full the queue is
            numbers += [event["message_data"]["n"] for event in body["events"]]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 0
        assert published - 2000 < len(numbers) < published


def test_a_dead_subscriber_is_let_go(server: SyncReference) -> None:
    with SdkPeer(server, server.token("dead")) as dead, SdkPeer(server, server.token("living")) as living:
        for peer in (dead, living):
            sid = peer.request("POST", "/v3/Streams", {"unique_name": f"of {peer.number}"})[1]
        assert state(server)["connections"] == 2, sid
        for _ in range(4):
            server.advance(31)
            while living.next()[0]["method"] != "ping":
                pass
        deadline = time.monotonic() + 10
        while state(server)["connections"] > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert living.request("GET", "/v3/Streams/none")[0] == 404


@pytest.mark.parametrize(("settings", "ordered"), [(Settings(), True), (Settings(unordered=True, seed=3), False)])
def test_order_is_kept_unless_asked_otherwise(settings: Settings, ordered: bool) -> None:
    with serving(settings, limiter=lambda: Limiter(1_000_000)) as server:
        sid = rest(server, "POST", "")["sid"]
        with SdkPeer(server, server.token("one")) as peer:
            peer.subscribe(sid)
            for number in range(100):
                publish(server, sid, {"n": number})
            numbers = [peer.event("stream_message_published")["message_data"]["n"] for _ in range(100)]
    assert sorted(numbers) == list(range(100))
    assert (numbers == list(range(100))) == ordered


def test_a_lossy_server_loses() -> None:
    with serving(Settings(lossy=30, seed=5), limiter=lambda: Limiter(1_000_000)) as server:
        sid = rest(server, "POST", "")["sid"]
        with SdkPeer(server, server.token("one")) as peer:
            peer.subscribe(sid)
            for number in range(100):
                assert "sid" in publish(server, sid, {"n": number})
            rest(server, "DELETE", f"/{sid}")
            numbers = []
            while True:
                header, body = peer.told.popleft() if peer.told else peer.next()
                if header["method"] == "notification" and body["event_type"] == "stream_removed":
                    break
                numbers += [event["message_data"]["n"] for event in body["events"]]
    assert 50 < len(numbers) < 90
    assert numbers == sorted(set(numbers))
