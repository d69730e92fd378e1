"""Answers and errors: what holds for every answer, looked at in everything the run has seen."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange, Request
from conformance.expect import expect, expect_status, expect_success, json_object, refused, show
from conformance.operation import Operation, operation_of
from conformance.outcomes import Blocked, Failed, Inconclusive
from conformance.passive import judge_each
from conformance.passive.answers import REQUEST_ID_HEADER
from conformance.registry import rule, scenario
from conformance.resource import shown_stream
from conformance.streams import Stream
from conformance.traffic import Traffic

FEW_DROPPED, DROPPED_SHARE = 5, 0.05  # of an operation's tries, that a bad network may leave without an answer
LARGE = 65_536  # bytes of a body above which a server may hang up before it has read everything


@dataclass(frozen=True, slots=True)
class Refusals:
    """Requests that a server refuses, each for another reason."""

    exchanges: tuple[Exchange, ...]

    def and_all(self, traffic: Traffic) -> tuple[Exchange, ...]:
        """Everything seen, each exchange once."""
        return tuple({id(exchange): exchange for exchange in (*self.exchanges, *traffic)}.values())


@scenario()
def refusals(ctx: Context) -> Refusals:
    """Requests are made that are refused for different reasons.

    No credentials, an unknown stream and service, a taken name, a wrong Ttl, a method that streams do not have,
    a message that is no JSON and one that is too large.
    """
    streams, name = ctx.streams, ctx.name("taken")
    nowhere = "IS" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    return Refusals(
        (
            streams.create({"UniqueName": name, "Ttl": 3600}),
            streams.create({"UniqueName": name, "Ttl": 3600}),
            streams.create({"UniqueName": ctx.name("wrong-ttl"), "Ttl": -1}),
            streams.fetch(ctx.name("never-made")),
            streams.update(ctx.name("never-made"), {"Ttl": 60}),
            streams.delete(ctx.name("never-made")),
            streams.publish(ctx.name("never-made"), "{}"),
            streams.list(service=nowhere),
            streams.list(credentials=None),
            streams.send("PUT", ctx.target.stream_url(name)),
            streams.publish(name, "{"),
            streams.publish(name, '{"text": "' + "x" * 20_000 + '"}'),
        )
    )


@rule("ANSWER-JSON")
def test_answers_are_json(refusals: Refusals, traffic: Traffic) -> None:
    """Every answer of the run that has a body, server errors left out, must name that type and be strict JSON."""
    judge_each("ANSWER-JSON", refusals.and_all(traffic))


@rule("ANSWER-NO-SERVER-ERROR")
def test_no_server_errors(refusals: Refusals, traffic: Traffic) -> None:
    """No answer of the run may be a 5xx, and no request may go without an answer each time it is sent.

    A 503 is tried again after a pause, four times at most, and so is a connection that breaks off; only what came in
    the end counts. A 501 to a method that streams do not have, and time-outs, are left to other rules. Nothing is
    known when of an operation's requests that were sent again more than five, and one in twenty, had no answer either.
    """
    exchanges = refusals.and_all(traffic)
    judge_each("ANSWER-NO-SERVER-ERROR", exchanges)
    if silent := _never_answered(exchanges):
        raise Failed("an answer to every request", f"none: {silent.error}", silent)
    for operation in Operation:
        tries = _sent_again(traffic, operation)
        dropped = [exchange for exchange in tries if exchange.response is None]
        if len(dropped) > FEW_DROPPED + DROPPED_SHARE * len(tries):
            raise Inconclusive(
                f"{len(tries)} requests to {operation} were sent again, on connections of their own, as they had had no"
                f" answer, and {len(dropped)} of these had none either: the target drops them, or what lies before it",
                *dropped[:2],
            )


def _sent_again(traffic: Traffic, operation: Operation) -> list[Exchange]:
    """What was sent again after no answer, but for what the target may hang up on and what it took too long for."""
    return [
        exchange
        for exchange in traffic.again
        if operation_of(exchange.request) is operation and not _too_large(exchange) and not _too_late(exchange)
    ]


def _too_large(exchange: Exchange) -> bool:
    return len(exchange.request.body) >= LARGE


def _too_late(exchange: Exchange) -> bool:
    return "within" in (exchange.error or "")


def _never_answered(exchanges: tuple[Exchange, ...]) -> Exchange | None:
    """A request that the target left without an answer whenever it was sent.

    One create without an answer says nothing, since it is not sent again: an idle connection may lawfully be closed
    just as a request goes out. Everything else was tried again by the session before it counts.
    """
    answered = {_key(exchange.request) for exchange in exchanges if exchange.response}
    silent = [
        exchange
        for exchange in exchanges
        if exchange.response is None
        and not _too_late(exchange)
        and not _too_large(exchange)
        and _key(exchange.request) not in answered
    ]
    keys = [_key(exchange.request) for exchange in silent]
    return next(
        (
            exchange
            for exchange, key in zip(silent, keys, strict=True)
            if operation_of(exchange.request) is not Operation.CREATE or keys.count(key) > 1
        ),
        None,
    )


def _key(request: Request) -> tuple[object, ...]:
    return request.method, request.url, request.body, request.headers.get("Authorization")


@rule("ANSWER-REQUEST-ID")
def test_request_ids(refusals: Refusals, traffic: Traffic) -> None:
    """Every answer of the run, server errors left out, must have the header, and no two the same value."""
    exchanges = refusals.and_all(traffic)
    judge_each("ANSWER-REQUEST-ID", exchanges)
    seen: dict[str, Exchange] = {}
    for exchange in exchanges:
        found = exchange.response.headers.get(REQUEST_ID_HEADER) if exchange.response else None
        if found is None:
            continue
        if (other := seen.setdefault(found, exchange)) is not exchange:
            raise Failed(f"a {REQUEST_ID_HEADER} of its own for every answer", f"{show(found)} twice", other, exchange)


@rule("ERROR-BODY")
def test_error_bodies(refusals: Refusals, traffic: Traffic) -> None:
    """Every 4xx of the run must have a JSON object with these four keys and values of these types as its body."""
    judge_each("ERROR-BODY", refusals.and_all(traffic))


def _judge_errors(rule_id: str, exchanges: tuple[Exchange, ...]) -> None:
    """Raises Blocked when there were refusals, but none with a body that the rule could speak of."""
    try:
        judge_each(rule_id, exchanges)
    except Inconclusive:
        if found := next(filter(refused, exchanges), None):
            raise Blocked("no error had a body that could be read (ERROR-BODY says more)", found) from None
        raise


@rule("ERROR-STATUS-REPEATED")
def test_errors_repeat_the_status(refusals: Refusals, traffic: Traffic) -> None:
    """In every 4xx of the run the body's status is compared with the answer's."""
    _judge_errors("ERROR-STATUS-REPEATED", refusals.and_all(traffic))


@rule("ERROR-MORE-INFO")
def test_errors_point_to_their_page(refusals: Refusals, traffic: Traffic) -> None:
    """In every 4xx of the run more_info must be an absolute URL whose last part is the code; its host is free."""
    _judge_errors("ERROR-MORE-INFO", refusals.and_all(traffic))


@rule("ERROR-NO-PROBLEM-KEYS")
def test_errors_are_no_problem_details(refusals: Refusals, traffic: Traffic) -> None:
    """No error in a 4xx of the run may have one of these keys."""
    _judge_errors("ERROR-NO-PROBLEM-KEYS", refusals.and_all(traffic))


@rule("ERROR-NOT-FOUND-CODE")
def test_not_found_codes(refusals: Refusals, traffic: Traffic) -> None:
    """Every 404 of the run to one of the six operations must have one of these codes."""
    _judge_errors("ERROR-NOT-FOUND-CODE", refusals.and_all(traffic))


@dataclass(frozen=True, slots=True)
class OtherMethods:
    """PUT and PATCH where nothing takes them, and what was there before and after."""

    stream: Stream
    before: Exchange
    on_stream: tuple[Exchange, ...]
    on_list: Exchange
    on_messages: Exchange
    after: Exchange
    made: Exchange


@scenario()
def other_methods(ctx: Context) -> OtherMethods:
    """PUT and PATCH with a new Ttl go to a stream, PUT with a new name to the list, PUT to the messages.

    DELETE on the list is never sent: a careless server might delete streams of others.
    """
    streams, target = ctx.streams, ctx.target
    stream, name = ctx.make("kept"), ctx.name("made-by-put")
    ttl, new = b"Ttl=60", f"UniqueName={name}&Ttl=60".encode()
    evidence = OtherMethods(
        stream=stream,
        before=streams.fetch(stream.sid),
        on_stream=tuple(streams.send(method, target.stream_url(stream.sid), body=ttl) for method in ("PUT", "PATCH")),
        on_list=streams.send("PUT", target.streams_url(), body=new),
        on_messages=streams.send("PUT", target.messages_url(stream.sid), body=b"Data=%7B%7D"),
        after=streams.fetch(stream.sid),
        made=streams.fetch(name),
    )
    if not refused(evidence.made):
        streams.delete(name)
    return evidence


@rule("ERROR-METHOD")
def test_other_methods(other_methods: OtherMethods) -> None:
    """Each must be answered with 404 or 405; the stream must show the same dates, and the new name lead nowhere."""
    for exchange in (*other_methods.on_stream, other_methods.on_list, other_methods.on_messages):
        expect_status(exchange, 404, 405, why=f"for {exchange.request.method}, which Sync Streams do not know")
    expect_success(other_methods.before)
    expect_success(other_methods.after, "a stream to be there after a PUT and a PATCH that were refused")
    before, after = json_object(other_methods.before), json_object(other_methods.after)
    for key in ("date_expires", "date_updated"):
        expect(
            before.get(key) == after.get(key),
            f"the same {key} after a PUT and a PATCH that were refused, {show(before.get(key))}",
            show(after.get(key)),
            *other_methods.on_stream,
            other_methods.after,
        )
    name = dict(other_methods.on_list.request.form)["UniqueName"]  # a target may find some stream under any name
    made = shown_stream(other_methods.made).get("unique_name") == name
    expect(not made, "no stream from a PUT that was refused", "one", other_methods.on_list, other_methods.made)
