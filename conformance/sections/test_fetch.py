"""Fetch a Sync Stream resource: by sid, by name, and what is not there."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_equal, expect_status, expect_success, stream_in, value
from conformance.outcomes import Blocked
from conformance.registry import Answer, rule, scenario
from conformance.resource import differences, succeeded
from conformance.streams import Stream

LATER_FETCHES = 4


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


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A stream without a name, the fetch by its sid, and some more once a stream with a name was made."""

    stream: Stream
    by_sid: Exchange
    later: tuple[Exchange, ...]


@scenario()
def fetch_unnamed(ctx: Context) -> Unnamed:
    """A stream without a name is created and fetched by its sid, then, behind another create, four times more."""
    stream = ctx.make()
    by_sid = ctx.streams.fetch(stream.sid)
    ctx.make("beside")
    return Unnamed(stream, by_sid, tuple(ctx.streams.fetch(stream.sid) for _ in range(LATER_FETCHES)))


@rule("FETCH-BY-SID")
def test_fetch_by_sid(lifecycle: Lifecycle, fetch_unnamed: Unnamed) -> None:
    """A named and a nameless stream are fetched by sid as soon as they are created, and again; every answer must show
    that sid."""
    for exchange in (lifecycle.by_sid, lifecycle.by_sid_again):
        _expect_stream(exchange, lifecycle.stream, "sid")
    for exchange in (fetch_unnamed.by_sid, *fetch_unnamed.later):
        _expect_stream(exchange, fetch_unnamed.stream, "sid")


@rule("FETCH-BY-NAME")
def test_fetch_by_name(lifecycle: Lifecycle) -> None:
    """The stream just created is fetched by its unique name; the answer must show the same sid."""
    _expect_stream(lifecycle.by_name, lifecycle.stream, "name")


def _expect_stream(exchange: Exchange, stream: Stream, how: str) -> None:
    """The fetch, by sid or by name, found that stream."""
    expect_success(exchange, f"the stream {stream.sid} to be found by its {how}")
    expect_equal(value(stream_in(exchange), "sid", exchange), stream.sid, "the stream with sid", exchange)


@rule("FETCH-STATUS")
def test_fetch_status(lifecycle: Lifecycle, fetch_unnamed: Unnamed) -> None:
    """The status of each fetch that succeeded, by sid and by name, is compared with 200."""
    fetches = (
        lifecycle.by_sid,
        lifecycle.by_name,
        lifecycle.by_sid_again,
        lifecycle.after_update,
        fetch_unnamed.by_sid,
    )
    successes = [exchange for exchange in fetches if succeeded(exchange)]
    if not successes:
        raise Blocked(f"no fetch succeeded: {describe(lifecycle.by_sid)}", lifecycle.by_sid)
    for exchange in successes:
        expect_status(exchange, 200, why="for a fetch")


@dataclass(frozen=True, slots=True)
class Several:
    """Streams with names alike, each with the fetch by its sid and by its name."""

    streams: tuple[Stream, ...]
    by_sid: tuple[Exchange, ...]
    by_name: tuple[Exchange, ...]


@scenario()
def several(ctx: Context) -> Several:
    """Streams are created whose names begin alike or match as patterns; then each is fetched by sid and by name."""
    labels = ("ab", "a", "abc", "abd", "a_c", "a-b")
    streams = tuple(ctx.make(label) for label in labels)
    return Several(
        streams,
        tuple(ctx.streams.fetch(stream.sid) for stream in streams),
        tuple(ctx.streams.fetch(ctx.name(label)) for label in labels),
    )


@rule("FETCH-RIGHT-ONE")
def test_fetch_answers_with_the_stream_asked_for(several: Several) -> None:
    """Each of twelve fetches must show the sid of the stream whose sid or name was asked for."""
    for stream, by_sid, by_name in zip(several.streams, several.by_sid, several.by_name, strict=True):
        _expect_stream(by_sid, stream, "sid")
        _expect_stream(by_name, stream, f"name {stream.name!r}")


@dataclass(frozen=True, slots=True)
class Unmoved:
    """Fetches of one stream: two by sid and one by name, and the same 2 s later."""

    first: Exchange
    later: tuple[Exchange, ...]


@scenario(timed=True)
def unmoved(ctx: Context) -> Unmoved:
    """A stream is fetched by sid and by name, and 2 s later by sid, by name and by sid."""
    stream, name = ctx.make("unmoved"), ctx.name("unmoved")
    first, second = ctx.streams.fetch(stream.sid), ctx.streams.fetch(name)
    ctx.sleep(2)  # a date that moves with a fetch shows once a second has passed
    return Unmoved(first, (second, *(ctx.streams.fetch(reference) for reference in (stream.sid, name, stream.sid))))


@rule("FETCH-CHANGES-NOTHING")
def test_fetch_changes_nothing(unmoved: Unmoved) -> None:
    """The latest fetch by sid is compared with the first one, 2 s and three fetches before, in all ten properties."""
    latest = unmoved.later[-1]
    changed = differences(stream_in(unmoved.first), stream_in(latest))
    expect(not changed, "the same values in two fetches 2 s apart", changed, unmoved.first, latest)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Fetches of what does not exist."""

    sid: Exchange
    near: Exchange
    name: Exchange
    longer: Exchange


@scenario()
def unknown(ctx: Context) -> Unknown:
    """Fetched are a random sid, a stream's sid with its last digit changed, an unused name, and a name and more."""
    stream, fetch = ctx.make("known"), ctx.streams.fetch
    sid = "TO" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    near = stream.sid[:-1] + ("0" if stream.sid[-1] != "0" else "1")
    return Unknown(fetch(sid), fetch(near), fetch(ctx.name("never-made")), fetch(ctx.name("known-and-more")))


@rule("FETCH-UNKNOWN")
def test_fetch_unknown(unknown: Unknown) -> None:
    """All four answers must have status 404."""
    expect_status(unknown.sid, 404, why="for a sid that no stream has")
    expect_status(unknown.near, 404, why="for the sid of a stream with its last digit changed")
    expect_status(unknown.name, 404, why="for a name that no stream has")
    expect_status(unknown.longer, 404, why="for the name of a stream with more after it")


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
    return Answer("yes" if succeeded(exchange) else f"no: {describe(exchange)}", (exchange,))
