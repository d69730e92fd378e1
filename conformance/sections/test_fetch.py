"""Fetch a Sync Stream resource: by sid, by name, and what is not there."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_equal, expect_status, stream_in, value
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A named stream's life: made, fetched by both addresses, updated, fetched again, listed, deleted, asked for."""

    stream: Stream
    by_sid: Exchange
    by_name: Exchange
    by_sid_again: Exchange
    updated: Exchange
    after_update: Exchange
    listed: Exchange
    deleted: Exchange
    gone: Exchange


@scenario()
def lifecycle(ctx: Context) -> Lifecycle:
    """A named stream is created, fetched by sid and by name, updated, fetched, listed, deleted and fetched again."""
    stream = ctx.make("life")
    streams = ctx.streams
    return Lifecycle(
        stream=stream,
        by_sid=streams.fetch(stream.sid),
        by_name=streams.fetch(stream.name or ctx.name("life")),
        by_sid_again=streams.fetch(stream.sid),
        updated=streams.update(stream.sid, {"Ttl": 1800}),
        after_update=streams.fetch(stream.sid),
        listed=streams.list({"PageSize": 100}),
        deleted=streams.delete(stream.sid),
        gone=streams.fetch(stream.sid),
    )


@rule("FETCH-BY-SID")
def test_fetch_by_sid(lifecycle: Lifecycle) -> None:
    """The stream just created is fetched by the sid in the create's answer; the answer must show that sid."""
    body = stream_in(lifecycle.by_sid)
    expect_equal(value(body, "sid", lifecycle.by_sid), lifecycle.stream.sid, "the stream with sid", lifecycle.by_sid)


@rule("FETCH-BY-NAME")
def test_fetch_by_name(lifecycle: Lifecycle) -> None:
    """The same stream is fetched by its unique name; the answer must show the same sid."""
    body = stream_in(lifecycle.by_name)
    expect_equal(value(body, "sid", lifecycle.by_name), lifecycle.stream.sid, "the stream with sid", lifecycle.by_name)


@rule("FETCH-STATUS")
def test_fetch_status(lifecycle: Lifecycle) -> None:
    """The status of both fetches is compared with 200."""
    expect_status(lifecycle.by_sid, 200)
    expect_status(lifecycle.by_name, 200)


@dataclass(frozen=True, slots=True)
class Several:
    """Three streams, each with the fetch by its sid and by its name."""

    streams: tuple[Stream, ...]
    by_sid: tuple[Exchange, ...]
    by_name: tuple[Exchange, ...]


@scenario()
def several(ctx: Context) -> Several:
    """Three streams are created with names that begin alike, then each is fetched by sid and by name."""
    labels = ("a", "ab", "abc")
    streams = tuple(ctx.make(label) for label in labels)
    return Several(
        streams,
        tuple(ctx.streams.fetch(stream.sid) for stream in streams),
        tuple(ctx.streams.fetch(ctx.name(label)) for label in labels),
    )


@rule("FETCH-RIGHT-ONE")
def test_fetch_answers_with_the_stream_asked_for(several: Several) -> None:
    """Each of six fetches must show the sid of the stream whose sid or name was asked for."""
    for stream, by_sid, by_name in zip(several.streams, several.by_sid, several.by_name, strict=True):
        for exchange in (by_sid, by_name):
            sid = value(stream_in(exchange), "sid", exchange)
            expect_equal(sid, stream.sid, "the stream with sid", exchange)


@rule("FETCH-CHANGES-NOTHING")
def test_fetch_changes_nothing(lifecycle: Lifecycle) -> None:
    """Two fetches of one stream, with a fetch by name between them, must show the same values."""
    first, second = stream_in(lifecycle.by_sid), stream_in(lifecycle.by_sid_again)
    changed = [key for key in first if first[key] != second.get(key)]
    expect(
        not changed,
        "the same values in two fetches one after the other",
        f"a change of {', '.join(changed)}",
        lifecycle.by_sid,
        lifecycle.by_sid_again,
    )


@dataclass(frozen=True, slots=True)
class Unknown:
    """Fetches of what does not exist."""

    sid: Exchange
    name: Exchange


@scenario()
def unknown(ctx: Context) -> Unknown:
    """A sid that no stream has and a name that was never used are fetched."""
    sid = "TO" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    return Unknown(ctx.streams.fetch(sid), ctx.streams.fetch(ctx.name("never-made")))


@rule("FETCH-UNKNOWN")
def test_fetch_unknown(unknown: Unknown) -> None:
    """Both answers must have status 404."""
    expect_status(unknown.sid, 404, why="for a sid that no stream has")
    expect_status(unknown.name, 404, why="for a name that no stream has")


@dataclass(frozen=True, slots=True)
class OtherCase:
    stream: Stream
    other: Exchange


@scenario()
def other_case(ctx: Context) -> OtherCase:
    """A stream is fetched by its sid with the case of the hexadecimal digits swapped."""
    stream = ctx.make()
    return OtherCase(stream, ctx.streams.fetch(stream.sid[:2] + stream.sid[2:].swapcase()))


@rule("FETCH-UPPER-CASE-SID")
def test_sid_in_the_other_case(other_case: OtherCase) -> Answer:
    """The answer is recorded."""
    exchange = other_case.other
    found = exchange.status is not None and exchange.status < 300
    return Answer("yes" if found else f"no: {describe(exchange)}", (exchange,))
