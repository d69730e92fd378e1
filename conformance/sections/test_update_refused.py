"""Update a Sync Stream resource: what is refused, what is unknown, and what is left open."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_status, expect_success, refused, stream_in
from conformance.outcomes import Blocked
from conformance.registry import Answer, rule, scenario
from conformance.resource import differences, shown_stream, succeeded
from conformance.streams import Stream


@dataclass(frozen=True, slots=True)
class Refusal:
    """An update with a bad Ttl between two fetches."""

    ttl: str
    before: Exchange
    updated: Exchange
    after: Exchange


@scenario(timed=True)
def refused_updates(ctx: Context) -> tuple[Refusal, ...]:
    """A stream is made; 2 s later come updates with wrong Ttls, by sid and by name in turns, each between fetches."""
    stream, name = ctx.make("refused"), ctx.name("refused")
    before = ctx.streams.fetch(stream.sid)
    ctx.sleep(2)  # a change of date_updated shows once a second has passed
    done = []
    for index, ttl in enumerate(("-1", "soon", "1.5", "31536001", "99999999999999999999")):
        updated = ctx.streams.update(name if index % 2 else stream.sid, {"Ttl": ttl})
        after = ctx.streams.fetch(stream.sid)
        done.append(Refusal(ttl, before, updated, after))
        before = after
    return tuple(done)


@rule("UPDATE-REFUSED-NO-EFFECT")
def test_refused_update_changes_nothing(refused_updates: tuple[Refusal, ...]) -> None:
    """Around each update that was refused, the fetches are compared in all ten properties."""
    judged = [one for one in refused_updates if refused(one.updated) and succeeded(one.before)]
    if not judged:
        text = "no update with a bad Ttl was refused (TTL-NEGATIVE and TTL-NOT-INTEGER say more)"
        raise Blocked(text, *(one.updated for one in refused_updates))
    for one in judged:
        what = f"the stream to stay as it was after a refused update with Ttl={one.ttl}"
        expect_success(one.after, what)
        changed = differences(stream_in(one.before), stream_in(one.after))
        expect(not changed, what, changed, one.before, one.updated, one.after)


@dataclass(frozen=True, slots=True)
class Strangers:
    """Updates of what does not exist, and the fetches after them."""

    sid: str
    name: str
    by_sid: Exchange
    by_name: Exchange
    sid_after: Exchange
    name_after: Exchange


@scenario()
def update_unknown(ctx: Context) -> Strangers:
    """A sid that no stream has and a name that was never used are updated, then fetched."""
    sid, name = "TO" + "".join(ctx.random.choices("0123456789abcdef", k=32)), ctx.name("never-made")
    by_sid, by_name = (ctx.streams.update(reference, {"Ttl": 60}) for reference in (sid, name))
    return Strangers(sid, name, by_sid, by_name, ctx.streams.fetch(sid), ctx.streams.fetch(name))


@rule("UPDATE-UNKNOWN")
def test_update_of_the_unknown(update_unknown: Strangers) -> None:
    """Both updates must be answered with 404, and fetches by that sid and name must not find a stream of theirs."""
    expect_status(update_unknown.by_sid, 404, why="to an update of a sid that no stream has")
    expect_status(update_unknown.by_name, 404, why="to an update of a name that no stream has")
    for key, wanted, exchange in (
        ("sid", update_unknown.sid, update_unknown.sid_after),
        ("unique_name", update_unknown.name, update_unknown.name_after),
    ):
        made = shown_stream(exchange).get(key) == wanted
        expect(not made, "an update of the unknown to create nothing", f"a stream with {key} {wanted}", exchange)


@scenario()
def empty_update(ctx: Context) -> tuple[Stream, Exchange]:
    """A stream with a Ttl gets an update with an empty body."""
    stream = ctx.make("empty")
    return stream, ctx.streams.update(stream.sid)


@rule("UPDATE-EMPTY")
def test_update_without_ttl(empty_update: tuple[Stream, Exchange]) -> Answer:
    """The answer is recorded, and whether date_expires changed."""
    stream, exchange = empty_update
    if not succeeded(exchange):
        return Answer(f"it is refused: {describe(exchange)}", (exchange,))
    kept = not differences(stream.body, shown_stream(exchange), ("date_expires",))
    return Answer(f"{describe(exchange)}, and date_expires {'stays' if kept else 'changes'}", (exchange,))
