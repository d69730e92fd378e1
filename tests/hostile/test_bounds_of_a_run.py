"""The bound of a run, and when a target is given up: what is cut off, and what must not be."""

from __future__ import annotations

import re
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from faulty.serving import serving
from hypothesis import given
from hypothesis import strategies as st
from suite.raw_server import raw_server

from conformance.bound import Bound, bound_of
from conformance.budget import Budget, Limits
from conformance.clock import LiveClock
from conformance.exchange import Exchange, NotJSON, Request, Response, parse_json
from conformance.options import Options
from conformance.outcomes import NotRun
from conformance.pulse import ALIKE, LONGEST_SILENCE, MOST_KEPT, UNANSWERED, Pulse
from conformance.registry import load_sections
from conformance.rules import load_catalogue
from conformance.session import Session
from conformance.target import Credentials, Target
from conformance.wire import Wire, WireError
from hostile import behaviours as does
from hostile.certificates import certificate, tls_server
from hostile.running import TOKEN, USER, bound_in, run

LIST = "http://127.0.0.1/v1/Services/default/Streams"
FETCH = f"{LIST}/one"


class Watch:
    """A pulse and a clock that is set by hand."""

    def __init__(self, timeout: float = 30.0) -> None:
        self.time = 1000.0
        self.pulse = Pulse(timeout, now=lambda: self.time)

    def see(self, *, answer: bool = False, took: float = 0.0, unsent: bool = False, late: bool = False,
            url: str = FETCH, body: bytes = b"") -> None:  # fmt: skip
        self.time += took
        response = Response(200, body=body) if answer else None
        exchange = Exchange(Request("GET", url), response, self.time - took, self.time, None if answer else "trouble")
        self.pulse.see(exchange, unsent=unsent, late=late)


def test_a_target_that_lets_every_request_wait_is_given_up_after_two_time_outs() -> None:
    watch = Watch(timeout=30)
    for _ in range(UNANSWERED):
        watch.time -= 30  # side by side
        watch.see(took=30, late=True)
    assert not watch.pulse.gone
    for _ in range(UNANSWERED):
        watch.time -= 30
        watch.see(took=30, late=True)
    watch.time += 30
    watch.see(late=True)
    assert "answered none of the last 17 requests, for 60 s" in watch.pulse.gone
    assert "GET /v1/Services/default/Streams/one" in watch.pulse.last_act


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=200))
def test_a_slow_target_that_answers_some_is_never_given_up(waits: list[float]) -> None:
    watch = Watch(timeout=30)
    for number, wait in enumerate(waits):
        watch.see(took=wait, late=wait >= 30, answer=number % UNANSWERED == 0 or wait < 30)
    assert not watch.pulse.gone


def test_broken_connections_are_given_up_sooner_than_slow_answers() -> None:
    watch = Watch(timeout=30)
    for _ in range(UNANSWERED + 1):
        watch.see()
        watch.time += LONGEST_SILENCE / UNANSWERED
    assert "the latest came to this: trouble" in watch.pulse.gone


def test_a_restart_is_survived() -> None:
    watch = Watch()
    for _ in range(50):
        watch.see(unsent=True)
        watch.time += LONGEST_SILENCE / 60
    watch.see(answer=True)
    watch.time += LONGEST_SILENCE
    watch.see(unsent=True)
    assert not watch.pulse.gone


def test_of_an_operation_that_never_answers_no_more_is_sent() -> None:
    watch = Watch(timeout=3)
    for _ in range(ALIKE):
        assert not watch.pulse.stalled(Request("GET", FETCH))
        watch.see(took=3, late=True)
        watch.see(answer=True, url=LIST)
    assert "5 requests like this one in a row" in watch.pulse.stalled(Request("GET", f"{LIST}/another"))
    assert not watch.pulse.stalled(Request("GET", LIST))
    assert not watch.pulse.stalled(Request("DELETE", FETCH))
    watch.see(answer=True)
    assert not watch.pulse.stalled(Request("GET", FETCH))
    assert not watch.pulse.gone


def test_answers_that_fill_the_memory_end_the_run() -> None:
    watch = Watch()
    body = bytes(2 * 1024 * 1024)
    for _ in range(MOST_KEPT // len(body)):
        watch.see(answer=True, body=body)
    assert not watch.pulse.gone
    watch.see(answer=True, body=body)
    assert "128 MiB" in watch.pulse.gone


# ---------------------------------------------------------------------------------------------------------- the bound


def bound(only: str = "", **options: object) -> float:
    load_sections()
    chosen = [rule for rule in load_catalogue() if rule.id.startswith(only)]
    return bound_of(chosen, replace(Options(), **options), lambda: 0.0).total  # type: ignore[arg-type]


def test_the_bound_follows_from_what_is_asked_for() -> None:
    assert bound(timeout=1.0) < bound(timeout=10.0) < bound(timeout=60.0)
    assert bound(grace=0.0) < bound(grace=100.0)
    assert bound(only="FETCH") < bound()
    assert bound(only="TTL") > bound(only="FETCH")
    assert bound(jobs=1) > bound(jobs=4) == bound(jobs=8)
    assert bound(limits=Limits(rate=1.0)) > bound()
    assert bound(max_time=7.5) == 7.5


@pytest.mark.parametrize(
    ("seconds", "shown"), [(250, "4 min 10 s"), (60, "1 min"), (7325, "2 h 2 min 5 s"), (0, "0 s"), (9.6, "10 s")]
)
def test_the_bound_in_words(seconds: float, shown: str) -> None:
    assert str(Bound(seconds, 0.0)) == shown
    assert bound_in(f"this run ends within {shown}, whatever") == round(seconds)


def test_requests_and_waits_end_when_the_time_is_up() -> None:
    with raw_server(does.never) as server, Wire() as wire:
        target = Target(server.url, Credentials(USER, TOKEN))
        session = Session(target, wire=wire, budget=Budget(), timeout=30, until=time.monotonic() + 0.5)
        began = time.monotonic()
        with pytest.raises(NotRun, match="the time of the run is up"):
            session.send(Request("GET", target.streams_url()), clock=LiveClock(), credentials=target.credentials)
        with pytest.raises(NotRun, match="the time of the run is up"):
            session.pause(LiveClock(), 60)
        assert time.monotonic() - began < 5
    assert session.overdue
    assert not session.log


def test_a_run_whose_time_is_up_is_incomplete_and_has_cleaned_up() -> None:
    with serving({}) as url:
        words = ("--target", url, "--rule", "TTL-*", "--rule", "CREATE-*", "--grace", "5", "--max-time", "4")
        ended = run(*words, **_login())
        listed = Session(_target(url), wire=(wire := Wire()), budget=Budget()).send(
            Request("GET", _target(url).streams_url()), clock=LiveClock(), credentials=_target(url).credentials
        )
        wire.close()
    assert ended.code == 2, ended.said
    assert ended.bound == 4
    assert ended.seconds < 4 + 10
    assert "verdict: incomplete" in ended.out
    assert "the time of the run was up (4 s" in ended.out
    assert "the time of the run is up" in ended.out
    assert listed.response is not None
    assert listed.response.json()["streams"] == []


def test_a_run_within_its_time_says_nothing_of_it() -> None:
    with serving({}) as url:
        ended = run("--target", url, "--rule", "FETCH-BY-SID", **_login())
    assert ended.code == 0, ended.said
    assert "time of the run" not in ended.out


def _login() -> dict[str, str]:
    user = _target("http://x").credentials
    return {"TWILIO_ACCOUNT_SID": user.username, "TWILIO_AUTH_TOKEN": user.password}


def _target(url: str) -> Target:
    from faulty.serving import CREDENTIALS  # noqa: PLC0415

    return Target(url, CREDENTIALS)


# ----------------------------------------------------------------------------------------------------------- the wire


def test_what_can_be_unpacked_without_measure_is_not_unpacked() -> None:
    with raw_server(does.brotli) as server, Wire() as wire, pytest.raises(WireError, match="content coding 'br'"):
        wire.send(Request("GET", server.url), timeout=5)


def test_long_headers_are_refused() -> None:
    with raw_server(does.long_headers) as server, Wire() as wire, pytest.raises(WireError, match="headers of more"):
        wire.send(Request("GET", server.url), timeout=5)


def test_a_tls_handshake_that_takes_all_the_time_leaves_none_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline is that of the exchange: it holds also when it passes before the request was sent."""
    file = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with tls_server(file) as (url, _), socket.create_server(("127.0.0.1", 0)) as slow:
        port = int(url.rpartition(":")[2])

        def forward() -> None:  # the server's greeting comes late, then nothing
            connection, _ = slow.accept()
            with connection, socket.create_connection(("127.0.0.1", port)) as behind:
                behind.sendall(connection.recv(65536))
                greeting = behind.recv(65536)
                time.sleep(0.7)
                connection.sendall(greeting)
                behind.sendall(connection.recv(65536))
                time.sleep(5)

        threading.Thread(target=forward, daemon=True).start()
        began = time.monotonic()
        with Wire() as wire, pytest.raises(WireError, match="no whole answer"):
            wire.send(Request("GET", f"https://127.0.0.1:{slow.getsockname()[1]}"), timeout=1)
        assert time.monotonic() - began < 2.5


def test_only_a_broken_connection_is_worth_another_try() -> None:
    def problem(handler: does.Handler) -> WireError:
        with raw_server(handler) as server, Wire() as wire, pytest.raises(WireError) as caught:
            wire.send(Request("GET", server.url), timeout=0.5)
        return caught.value

    assert problem(does.reset_in_body).broken
    assert problem(does.close_in_body).broken
    assert problem(does.never).late
    assert not problem(does.endless).broken
    assert not problem(does.brotli).broken


# ------------------------------------------------------------------------------------------------------------ the JSON


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
        b"[" * 301 + b"]" * 301,
        b'{"a":' * 301 + b"1" + b"}" * 301,
        b"[" + b"{}," * 400_000 + b"{}]",
        b"[NaN]",
        b'{"a": 1, "a": 1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"9" * 100_000,
    ],
    ids=range(10),
)
def test_what_can_only_do_harm_is_no_json(text: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(NotJSON):
        parse_json(text)
    assert time.monotonic() - began < 2


def test_what_may_come_is_json() -> None:
    page = b'{"streams": [' + b",".join([b'{"a": [1, {"b": "c"}], "d": null}'] * 5_000) + b"]}"
    assert len(parse_json(page)["streams"]) == 5_000
    assert parse_json(b"[" * 300 + b"]" * 300)
    assert parse_json(b'"\\ud800"') == "\ud800"  # RFC 8259 lets it be; printing it is our trouble


def test_the_bound_is_printed_before_the_first_request() -> None:
    with raw_server(does.answering(b"<html>", "Content-Type: text/html")) as server:
        ended = run("--target", server.url)
    assert ended.code == 3
    assert re.fullmatch(
        r"this run ends within [\d hmins]+, whatever the target does; [^\n]+ takes about [\d hmins]+\n", ended.out
    )
