"""Update a Sync Stream resource: Ttl changes, by both addresses and again and again, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_equal, expect_status, expect_success, stream_in, value
from conformance.outcomes import Blocked, Failed
from conformance.registry import rule, scenario
from conformance.resource import CHANGED_BY_UPDATE, KEPT_BY_UPDATE, differences, shown_stream, succeeded
from conformance.server_time import expect_at
from conformance.streams import Stream

WAIT = 4.0  # seconds between create and update: enough to tell a Ttl counted from either apart


@dataclass(frozen=True, slots=True)
class Renewal:
    """A stream, one update of its Ttl, and the fetches around it."""

    stream: Stream
    ttl: int
    before: Exchange
    updated: Exchange
    by_sid: Exchange
    by_name: Exchange


def _renew(ctx: Context, label: str, ttl: int, *, by_name: bool = False) -> Renewal:
    stream = ctx.make(label)
    name = ctx.name(label)
    ctx.streams.fetch(name)  # what a cache could keep
    before = ctx.streams.fetch(stream.sid)
    ctx.sleep(2)  # a change of a date shows once a second has passed
    return Renewal(
        stream,
        ttl,
        before=before,
        updated=ctx.streams.update(name if by_name else stream.sid, {"Ttl": ttl}),
        by_sid=ctx.streams.fetch(stream.sid),
        by_name=ctx.streams.fetch(name),
    )


@scenario(timed=True)
def update_by_sid(ctx: Context) -> Renewal:
    """A named stream is fetched, 2 s later updated by its sid, and fetched by sid and by name."""
    return _renew(ctx, "by-sid", 1800)


@scenario(timed=True)
def update_by_name(ctx: Context) -> Renewal:
    """A named stream is fetched, 2 s later updated by its name, and fetched by sid and by name."""
    return _renew(ctx, "by-name", 7200, by_name=True)


@rule("UPDATE-WORKS")
def test_update(update_by_sid: Renewal) -> None:
    """The update by sid must succeed and answer with the stream that has that sid."""
    _expect_updated(update_by_sid.updated, update_by_sid.stream)


@rule("UPDATE-BY-NAME")
def test_update_by_name(update_by_name: Renewal) -> None:
    """The update by name must succeed, answer with the stream, and move the date_expires that a fetch shows."""
    renewal = update_by_name
    _expect_updated(renewal.updated, renewal.stream)
    _expect_expiry(renewal.by_sid, renewal.updated, renewal.ttl)


@rule("UPDATE-STATUS")
def test_update_status(update_by_sid: Renewal, update_by_name: Renewal, updates_in_a_row: tuple[Repeated, ...]) -> None:
    """The status of each update that succeeded, by sid, by name and again and again, is compared with 200."""
    updates = [update_by_sid.updated, update_by_name.updated, *(one.updated for one in updates_in_a_row)]
    successes = [exchange for exchange in updates if succeeded(exchange)]
    if not successes:
        raise Blocked(f"no update succeeded: {describe(updates[0])}", updates[0])
    for exchange in successes:
        expect_status(exchange, 200, why="for an update")


def _expect_updated(exchange: Exchange, stream: Stream) -> None:
    expect_success(exchange, "an update with a Ttl to succeed (2xx)")
    expect_equal(value(stream_in(exchange), "sid", exchange), stream.sid, "the stream with sid", exchange)


def _expect_expiry(shown_by: Exchange, updated: Exchange, ttl: int) -> None:
    """The date_expires that an exchange shows lies Ttl seconds after the update."""
    date = value(stream_in(shown_by), "date_expires", shown_by)
    expect_at(date, updated, f"date_expires to be {ttl} s after the moment of the update", later=ttl, shown_by=shown_by)


@dataclass(frozen=True, slots=True)
class Terms:
    """Updates, each with the Ttl that it asked for."""

    updates: tuple[tuple[int, Exchange], ...]


@scenario(timed=True)
def new_terms(ctx: Context) -> Terms:
    """Streams are made, three with a Ttl and one without; 4 s later each gets another, shorter or longer, or its first.

    None is updated twice: that is the business of UPDATE-AGAIN.
    """
    streams = [(ttl, ctx.make(f"with-ttl-{ttl}")) for ttl in (1800, 90_000, 600)]
    streams.append((SAFETY_TTL, ctx.make("without-ttl", ttl=None)))
    ctx.sleep(WAIT)
    return Terms(tuple((ttl, ctx.streams.update(stream.sid, {"Ttl": ttl})) for ttl, stream in streams))


@rule("UPDATE-TTL")
def test_expiry_after_update(new_terms: Terms) -> None:
    """In the answer to each update date_expires is compared with the answer's Date header plus Ttl.

    2 s are allowed either way, and the time that the request took. Without a Date header our clock is the
    measure, and 15 minutes are allowed.
    """
    for ttl, exchange in new_terms.updates:
        expect_success(exchange, f"an update with Ttl={ttl} to succeed (2xx)")
        _expect_expiry(exchange, exchange, ttl)


@rule("UPDATE-STORED")
def test_update_is_stored(update_by_sid: Renewal) -> None:
    """The date_expires and date_updated of the update's answer must come back in fetches by sid and by name."""
    updated = update_by_sid.updated
    for how, fetched in (("sid", update_by_sid.by_sid), ("name", update_by_sid.by_name)):
        changed = differences(stream_in(updated), stream_in(fetched), CHANGED_BY_UPDATE)
        expect(not changed, f"a fetch by {how} to show what the update answered", changed, updated, fetched)


@rule("UPDATE-KEEPS-REST")
def test_update_keeps_the_rest(update_by_sid: Renewal, update_by_name: Renewal) -> None:
    """All properties but the two dates are compared: before the update, in its answer, and in a fetch after it.

    The stream must also still be found by its name.
    """
    for renewal in (update_by_sid, update_by_name):
        if not succeeded(renewal.updated):
            continue
        before = stream_in(renewal.before)
        for exchange in (renewal.updated, renewal.by_sid):
            expect_success(exchange, "the stream to be there after an update")
            changed = differences(before, stream_in(exchange), KEPT_BY_UPDATE)
            expect(
                not changed,
                "an update to change nothing but date_expires and date_updated",
                changed,
                renewal.before,
                exchange,
            )
        found = shown_stream(renewal.by_name).get("sid")
        kept = f"the stream {renewal.stream.sid} to be found by its name after an update"
        expect(found == renewal.stream.sid, kept, describe(renewal.by_name), renewal.updated, renewal.by_name)


@dataclass(frozen=True, slots=True)
class Repeated:
    """One of several updates of one stream, with the fetches by sid and by name after it."""

    how: str
    ttl: int
    updated: Exchange
    by_sid: Exchange
    by_name: Exchange


@scenario()
def updates_in_a_row(ctx: Context) -> tuple[Repeated, ...]:
    """One stream is updated five times, by sid and by name in turns, and fetched by both after each."""
    stream, name = ctx.make("again"), ctx.name("again")
    rounds = []
    for how, ttl in (("sid", 1800), ("sid", 5400), ("name", 2400), ("name", 9000), ("sid", SAFETY_TTL)):
        updated = ctx.streams.update(stream.sid if how == "sid" else name, {"Ttl": ttl})
        rounds.append(Repeated(how, ttl, updated, ctx.streams.fetch(stream.sid), ctx.streams.fetch(name)))
    return tuple(rounds)


@rule("UPDATE-AGAIN")
def test_updates_in_a_row(updates_in_a_row: tuple[Repeated, ...]) -> None:
    """Each update must succeed, a fetch by sid show the new date_expires, and the stream be found by its name."""
    for number, one in enumerate(updates_in_a_row, 1):
        expect_success(one.updated, f"update {number} of one stream, by its {one.how}, to succeed (2xx)")
        for address, exchange in (("sid", one.by_sid), ("name", one.by_name)):
            expect_success(exchange, f"the stream to be found by its {address} after update {number}")
        _expect_expiry(one.by_sid, one.updated, one.ttl)


@dataclass(frozen=True, slots=True)
class Renaming:
    """An update that names a UniqueName, and fetches after it by sid, by the old name and by the new one.

    A stream without a name has no old one.
    """

    stream: Stream
    old: str | None
    given: str
    updated: Exchange
    by_sid: Exchange
    by_old: Exchange | None
    by_given: Exchange | None


@scenario()
def renamings(ctx: Context) -> tuple[Renaming, ...]:
    """Updates give a new and an empty UniqueName beside a Ttl; then fetches by sid, by the old and by the new name.

    So does an update of a stream without a name.
    """
    done = []
    for label, given in (("renamed", ctx.name("new-name")), ("unnamed", ""), (None, ctx.name("first-name"))):
        stream, old = ctx.make(label), ctx.name(label) if label else None
        updated = ctx.streams.update(stream.sid, {"UniqueName": given, "Ttl": 1800})
        by_sid, by_old = ctx.streams.fetch(stream.sid), ctx.streams.fetch(old) if old else None
        by_given = ctx.streams.fetch(given) if given else None
        done.append(Renaming(stream, old, given, updated, by_sid, by_old, by_given))
    return tuple(done)


@rule("UPDATE-NAME-IGNORED")
def test_update_does_not_rename(renamings: tuple[Renaming, ...]) -> None:
    """Whether the update is accepted or refused, the stream must keep its name and be found by no other."""
    for one in renamings:
        what = f"the stream to keep its unique_name after an update with UniqueName={one.given}"
        for exchange in (one.updated, one.by_sid):
            kept = shown_stream(exchange).get("unique_name", one.old)
            expect(kept == one.old, f"{what}, {one.old!r}", f"{kept!r}", one.updated, exchange)
        if one.by_old is not None:
            found = shown_stream(one.by_old).get("sid") == one.stream.sid
            expect(found, f"{what}, {one.old!r}, and be found by it", describe(one.by_old), one.updated, one.by_old)
        if one.by_given is not None and shown_stream(one.by_given).get("sid") == one.stream.sid:
            raise Failed(what, f"it is found by {one.given!r}", one.updated, one.by_given)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stream that must not change, fetched before and after others were updated."""

    stream: Stream
    before: Exchange
    after: Exchange


@scenario(timed=True)
def update_neighbours(ctx: Context) -> tuple[Neighbour, ...]:
    """Ten streams are made in a row, three of them with names alike; 2 s later one is updated by name, three by sid."""
    made = {label: ctx.make(label) for label in ("ab", "a", "abc")}
    row = [ctx.make() for _ in range(7)]  # every second one is updated, so that each has a neighbour on both sides
    others = (made["ab"], made["abc"], *row[::2])
    before = [ctx.streams.fetch(stream.sid) for stream in others]
    ctx.sleep(2)  # a change of date_updated shows once a second has passed
    ctx.streams.update(ctx.name("a"), {"Ttl": 90_000})
    for chosen in row[1::2]:
        ctx.streams.update(chosen.sid, {"Ttl": 180_000})
    return tuple(Neighbour(s, b, ctx.streams.fetch(s.sid)) for s, b in zip(others, before, strict=True))


@rule("UPDATE-NEIGHBOURS")
def test_update_leaves_others_alone(update_neighbours: tuple[Neighbour, ...]) -> None:
    """The six streams that were not updated are fetched before and after, and compared in all ten properties."""
    for one in update_neighbours:
        if not succeeded(one.before):
            continue
        what = f"the stream {one.stream.sid} to stay as it was while others were updated"
        expect_success(one.after, what)
        changed = differences(stream_in(one.before), stream_in(one.after))
        expect(not changed, what, changed, one.before, one.after)
