"""The session: credentials stay at home, a busy service is asked again, the budget holds, stopping stops."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from conformance.budget import Budget, Limits
from conformance.clock import LiveClock
from conformance.exchange import Exchange, Headers, Request
from conformance.outcomes import NotRun
from conformance.session import OriginRefused, Session
from conformance.target import Credentials, Target
from conformance.wire import Wire
from suite.raw_server import RawServer, raw_server, reply

USER = Credentials("AC" + "1" * 32, "very-secret-token")
Answers = Callable[[socket.socket, bytes], None]


@contextmanager
def session_to(handler: Answers, **settings: object) -> Iterator[tuple[Session, RawServer]]:
    with raw_server(handler) as server, Wire() as wire:
        budget = Budget(settings.pop("limits", Limits()))  # type: ignore[arg-type]
        yield Session(Target(server.url, USER), wire=wire, budget=budget, timeout=5, **settings), server  # type: ignore[arg-type]


def in_turn(*answers: bytes) -> Answers:
    left = list(answers)

    def handler(connection: socket.socket, request: bytes) -> None:
        data = left.pop(0) if len(left) > 1 else left[0]
        if data:
            connection.sendall(data)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    return handler


def ask(session: Session, url: str | None = None, **settings: object) -> Exchange:
    request = Request(str(settings.pop("method", "GET")), url or session.target.url + "/v1/x")
    options = {"clock": LiveClock(), "credentials": USER, **settings}
    return session.send(request, **options)  # type: ignore[arg-type]


def test_credentials_are_sent_and_never_kept() -> None:
    with session_to(in_turn(reply(200))) as (session, server):
        exchange = ask(session, scenario="here")
    encoded = base64.b64encode(b"AC" + b"1" * 32 + b":very-secret-token")
    assert b"Authorization: Basic " + encoded in server.requests[0]
    assert b"X-Conformance-Scenario: here" in server.requests[0]
    assert "very-secret-token" not in repr(exchange)
    assert encoded.decode() not in repr(exchange)
    assert exchange.request.headers.get("Authorization") == "Basic $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:{port}/v1/x",
        "http://127.0.0.1:1/v1/x",
        "https://127.0.0.1:{port}/v1/x",
        "http://127.0.0.1.example.org:{port}/",
        "http://user@evil.example:{port}/",
    ],
)
def test_no_other_origin_is_ever_asked(url: str) -> None:
    with session_to(in_turn(reply(200))) as (session, server):
        with pytest.raises(OriginRefused):
            ask(session, url.format(port=session.target.origin[2]))
        assert server.connections == 0
    assert session.log == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "//127.0.0.1/", "ftp://127.0.0.1/", "javascript:alert(1)", ""])
def test_what_is_no_web_address_is_never_asked(url: str) -> None:
    with session_to(in_turn(reply(200))) as (session, server):
        with pytest.raises((OriginRefused, ValueError)):
            session.send(Request("GET", url), clock=LiveClock(), credentials=USER)
        assert server.connections == 0


@pytest.mark.parametrize("busy", [reply(503), reply(429, b'{"code": 20429}'), reply(503, b"", "Retry-After: 0")])
def test_a_busy_service_is_asked_again_and_that_is_counted(busy: bytes) -> None:
    with session_to(in_turn(busy, reply(200))) as (session, server):
        assert ask(session, repeatable=False).status == 200
    assert len(server.requests) == 2
    assert session.budget.retries == 1
    assert [e.status for e in session.log] == [200]
    assert len(session.retried) == 1


def test_what_had_no_answer_is_sent_again_on_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.session.RETRY_PAUSES", (0.0, 0.0, 0.0))
    with session_to(in_turn(reply(200), b"", b"", reply(503), reply(200))) as (session, server):
        assert ask(session).status == 200
        assert session.again == []
        assert ask(session, method="DELETE").status == 200
    assert [exchange.status for exchange in session.again] == [None, 503]
    assert [exchange.request.method for exchange in session.again] == ["DELETE", "DELETE"]
    # The first one's is used for its successor, which loses it; two of its own; and one for the last.
    assert server.connections == 4


def test_what_the_caller_sends_again_counts_as_such() -> None:
    with session_to(in_turn(reply(200))) as (session, _):
        ask(session, method="POST")
        ask(session, method="POST", again=True)
    assert [exchange.status for exchange in session.again] == [200]


@pytest.mark.parametrize(
    "final", [reply(500), reply(429, b'{"code": 54009}'), reply(429, b"<html>"), reply(429, b"[]")]
)
def test_what_is_an_answer_is_not_asked_again(final: bytes) -> None:
    with session_to(in_turn(final)) as (session, server):
        ask(session)
    assert len(server.requests) == 1


def test_a_service_that_stays_busy_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.session.RETRY_PAUSES", (0.0, 0.0))
    with session_to(in_turn(reply(503))) as (session, server):
        assert ask(session).status == 503
    assert len(server.requests) == 3


def test_a_broken_connection_is_tried_again_where_that_does_no_harm() -> None:
    with session_to(in_turn(b"", reply(200))) as (session, _):
        assert ask(session).status == 200


def test_a_request_that_must_not_be_repeated_is_not() -> None:
    with session_to(in_turn(b"", reply(200))) as (session, server):
        exchange = ask(session, repeatable=False, method="POST")
    assert exchange.response is None
    assert exchange.error
    assert len(server.requests) == 1


def test_the_budget_ends_the_run() -> None:
    with session_to(in_turn(reply(200)), limits=Limits(requests=2)) as (session, server):
        ask(session)
        ask(session)
        with pytest.raises(NotRun, match="budget of 2 requests"):
            ask(session)
    assert len(server.requests) == 2


def test_the_budget_of_messages_is_apart() -> None:
    with session_to(in_turn(reply(200)), limits=Limits(messages=1)) as (session, _):
        ask(session, message=True)
        ask(session)
        with pytest.raises(NotRun, match="budget of 1 messages"):
            ask(session, message=True)


def test_the_rate_holds_over_threads() -> None:
    with session_to(in_turn(reply(200)), limits=Limits(rate=50)) as (session, _):
        threads = [threading.Thread(target=ask, args=(session,)) for _ in range(20)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - started
    assert session.budget.requests == 20
    assert took >= 19 / 50


def test_stopping_stops_requests_and_waits() -> None:
    with session_to(in_turn(reply(200))) as (session, server):
        session.stop()
        with pytest.raises(NotRun):
            ask(session)
        with pytest.raises(NotRun):
            session.pause(LiveClock(), 60)
    assert server.connections == 0


def test_recorded_moments_are_taken_only_from_a_replay() -> None:
    answer = reply(200, b"", "X-Replay-Sent: 1000.5", "X-Replay-Received: 1001.25")
    with session_to(in_turn(answer)) as (session, _):
        assert ask(session).sent > 1_000_000
    with session_to(in_turn(answer), replayed=True) as (session, _):
        exchange = ask(session)
    assert (exchange.sent, exchange.elapsed) == (1000.5, 0.75)


def test_headers_of_the_request_are_kept() -> None:
    with session_to(in_turn(reply(200))) as (session, server):
        request = Request("GET", session.target.url, Headers((("X-A", "1"), ("X-A", "2"))))
        session.send(request, clock=LiveClock(), credentials=None)
    assert server.requests[0].count(b"X-A: ") == 2 or b"X-A: 1, 2" in server.requests[0]
    assert b"Authorization" not in server.requests[0]
