"""Expiry that moves: by an update, never by a message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_success, moment, show, stream_in, value
from conformance.expiry import Life, expect_gone, expires_in, need, succeeded, until_gone
from conformance.outcomes import Inconclusive
from conformance.registry import rule, scenario
from conformance.streams import Stream

SHORT, LONGER = 3, 15  # seconds
USED = 4
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Prolonged:
    """A stream updated early in its life, and fetches after its old expiry."""

    old: Life
    updated: Exchange
    after: tuple[Exchange, ...]
    published: tuple[Exchange, ...]


def prolong(ctx: Context, ttl: int) -> Prolonged:
    """A stream with a Ttl of 3 s is updated at once, or with a target too slow for that another with a Ttl of 15 s;
    after its old expiry it is fetched by sid, then by sid and by name, and published to."""
    label = "prolonged"
    stream, old, updated = _update_at_once(ctx, label, SHORT, ttl)
    if not old.owed(updated):
        label = "prolonged-longer"
        stream, old, updated = _update_at_once(ctx, label, LONGER, ttl)
    after = []
    for late in (0.3, 1.5):
        ctx.sleep_until(old.over + late)
        after.append(ctx.streams.fetch(stream.sid))
    after.append(ctx.streams.fetch(stream.name or ctx.name(label)))
    published = () if "messages" in ctx.options.without else (ctx.streams.publish(stream.sid, '{"still": "here"}'),)
    return Prolonged(old, updated, tuple(after), published)


def _update_at_once(ctx: Context, label: str, first: int, second: int) -> tuple[Stream, Life, Exchange]:
    """A stream made with one Ttl, its life by that, and the update that gives it the other."""
    stream = ctx.make(label, ttl=first)
    return stream, expires_in(stream, first), ctx.streams.update(stream.sid, {"Ttl": second})


def expect_prolonged(evidence: Prolonged, what: str) -> None:
    if not evidence.old.owed(evidence.updated):
        raise Inconclusive("the target was too slow to update the stream before its expiry", evidence.updated)
    expect_success(evidence.updated, f"{what} to succeed (2xx)")
    for used in (*evidence.after, *evidence.published):
        expect(
            succeeded(used),
            f"the stream to live on after {what}, past the Ttl of {evidence.old.ttl:g} s that it was made with",
            f"{describe(used)} {used.received - evidence.old.over:.1f} s after that",
            evidence.updated,
            used,
        )


@scenario(timed=True)
def extended(ctx: Context) -> Prolonged:
    """A stream with a Ttl of 3 s (15 with a slow target) gets a Ttl of an hour at once; after its old expiry it is
    fetched and published to."""
    return prolong(ctx, HOUR)


@rule("TTL-UPDATE-EXTENDS")
def test_update_extends(extended: Prolonged) -> None:
    """All fetches after the old expiry, by sid and by name, must find the stream, and a message must be accepted."""
    expect_prolonged(extended, "an update with a longer Ttl")


@scenario(timed=True)
def cleared(ctx: Context) -> Prolonged:
    """A stream with a Ttl of 3 s (15 with a slow target) gets a Ttl of 0 at once; after its old expiry it is fetched
    and published to."""
    return prolong(ctx, 0)


@rule("TTL-UPDATE-CLEARS")
def test_update_clears(cleared: Prolonged) -> None:
    """The update must succeed with null as date_expires, all fetches must find the stream with null, and a message
    must be accepted."""
    expect_prolonged(cleared, "an update with a Ttl of 0")
    for exchange in (cleared.updated, *cleared.after):
        found = value(stream_in(exchange), "date_expires", exchange)
        expect(found is None, "date_expires to be null after an update with a Ttl of 0", show(found), exchange)


@dataclass(frozen=True, slots=True)
class Shortened:
    """Streams that got a short Ttl by an update: how they were made, the update's life, and what came after it."""

    streams: tuple[tuple[str, Life, tuple[Exchange, ...]], ...]
    grace: float


@scenario(timed=True)
def shortened(ctx: Context) -> Shortened:
    """Three streams, with a Ttl of an hour, of 0 and with none, get a Ttl of 2 s and are fetched from their expiry
    on until they are refused or the grace is over."""
    made = [
        (what, ctx.make(label, ttl=ttl))
        for what, label, ttl in (("an hour", "hour", HOUR), ("none", "none", None), ("0", "zero", 0))
    ]
    lives = [(what, stream, Life(ctx.streams.update(stream.sid, {"Ttl": 2}), 2)) for what, stream in made]
    return Shortened(
        tuple(
            (what, life, until_gone(ctx, life, partial(ctx.streams.fetch, stream.sid))) for what, stream, life in lives
        ),
        ctx.options.grace,
    )


@rule("TTL-UPDATE-SHORTENS")
def test_update_shortens(shortened: Shortened) -> None:
    """Each of the streams must be refused at the latest when the grace after its new expiry is over."""
    for what, life, after in shortened.streams:
        expect_success(life.start, "an update with a Ttl of 2 to succeed (2xx)")
        expect_gone(life, after, shortened.grace, f"a fetch of a stream made with a Ttl of {what} and updated to 2 s")


@dataclass(frozen=True, slots=True)
class Talked:
    """A stream that was published to all the time: fetches while it lived, and after."""

    life: Life
    published: tuple[Exchange, ...]
    late_fetch: Exchange
    after: tuple[Exchange, ...]
    grace: float


@scenario(timed=True)
def published_life(ctx: Context) -> Talked:
    """A stream with a Ttl of 4 s is published to four times in its first 2.4 s, then fetched; from its expiry on it
    is published to and fetched in turns, until a fetch is refused or the grace is over."""
    stream = ctx.make("talked", ttl=USED)
    life = expires_in(stream, USED)
    published = []
    for age in (0.6, 1.2, 1.8, 2.4):
        ctx.sleep_until(life.start.sent + age)
        published.append(ctx.streams.publish(stream.sid, '{"still": "here"}'))
    late_fetch = ctx.streams.fetch(stream.sid)
    ctx.sleep_until(life.start.sent + 3.2)
    published.append(ctx.streams.publish(stream.sid, '{"still": "here"}'))

    def publish_and_fetch() -> Exchange:
        published.append(ctx.streams.publish(stream.sid, '{"still": "here"}'))
        return ctx.streams.fetch(stream.sid)

    after = until_gone(ctx, life, publish_and_fetch)
    return Talked(life, tuple(published), late_fetch, after, ctx.options.grace)


@rule("TTL-PUBLISH-DOES-NOT-EXTEND")
def test_publish_does_not_extend(published_life: Talked) -> None:
    """date_expires must be the same, give or take a second, after four messages in 2.4 s, and the stream must be gone
    at the latest when the grace is over, however much is published."""
    if not any(succeeded(exchange) for exchange in published_life.published):
        need(published_life.published[0], "publishing")
    created, fetched = published_life.life.start, published_life.late_fetch
    if published_life.life.owed(fetched) and succeeded(fetched):
        before = moment(stream_in(created), "date_expires", created)
        after = moment(stream_in(fetched), "date_expires", fetched)
        expect(
            abs(after - before) <= 1,
            "date_expires to stay as it was when messages are published",
            f"it moved by {after - before:g} s",
            created,
            *published_life.published[:4],
            fetched,
        )
    expect_gone(
        published_life.life,
        published_life.after,
        published_life.grace,
        "a fetch of an expired stream that is published to",
    )
