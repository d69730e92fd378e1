"""Expiry: streams live until their Ttl has passed, and are gone after it by every way there is to reach them.

Each way is tried on streams of its own that nothing else touches, since in many servers the first look at an
expired stream deletes it and would hide that another way doesn't look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, refused, show, stream_in, value
from conformance.expiry import (
    TRIES,
    Life,
    Try,
    expect_alive,
    expect_gone,
    expires_in,
    next_look,
    succeeded,
    try_untouched,
    until_gone,
)
from conformance.outcomes import Failed, Inconclusive
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream, sid_in
from conformance.walk import Found, find_in_list

SHORT = 3  # seconds
USED, LONGER = 5, 15
HOUR = 3600
Way = Callable[[], Exchange]


@dataclass(frozen=True, slots=True)
class Used:
    """A stream that was used up to a second before its expiry, and one that was fetched from its expiry on."""

    used: Life
    uses: tuple[Exchange, ...]
    life: Life
    after: tuple[Exchange, ...]
    grace: float


@scenario(timed=True)
def used_life(ctx: Context) -> Used:
    """A stream with a Ttl of 5 s is fetched by sid and name and published to: at once, after 1.4 and after 2.7 s, side
    by side. Another is only fetched by sid, and from its expiry on until it is refused or the grace is over. With a
    target too slow for that the first is made and used once more, with a Ttl of 15 s, until just before its expiry."""
    stream, quiet = ctx.make("used", ttl=USED), ctx.make("quiet", ttl=USED)
    life, alone = expires_in(stream, USED), expires_in(quiet, USED)
    ways: list[Way] = [*_ways_to_use(ctx, stream, "used"), partial(ctx.streams.fetch, quiet.sid)]
    uses = _use(ctx, life, ways, (0, 1.4, 2.7))
    after = until_gone(ctx, alone, lambda: ctx.streams.fetch(quiet.sid))
    if not any(_tells_late(life, use) for use in uses) and all(map(succeeded, filter(life.owed, uses))):
        stream = ctx.make("used-longer", ttl=LONGER)
        life = expires_in(stream, LONGER)
        ways = _ways_to_use(ctx, stream, "used-longer")
        uses = _use(ctx, life, ways, (0, 8))
        last = life.surely_until - 2 * max(use.received - use.sent for use in uses)
        if last > uses[-1].received:
            uses += _use(ctx, life, ways, (last - life.start.received,))
    return Used(life, uses, alone, after, ctx.options.grace)


def _ways_to_use(ctx: Context, stream: Stream, label: str) -> list[Way]:
    fetch, publish = ctx.streams.fetch, ctx.streams.publish
    ways: list[Way] = [partial(fetch, stream.sid), partial(fetch, stream.name or ctx.name(label))]
    if "messages" not in ctx.options.without:
        ways.append(partial(publish, stream.sid, '{"age": 1}'))
    return ways


def _use(ctx: Context, life: Life, ways: Sequence[Way], ages: Sequence[float]) -> tuple[Exchange, ...]:
    """In all these ways at once, so many seconds after it was made."""
    uses: list[Exchange] = []
    for age in ages:
        ctx.sleep_until(life.start.received + age)
        uses.extend(ctx.parallel(ways))
    return tuple(uses)


def _tells_late(life: Life, use: Exchange) -> bool:
    """Whether it was made in the life's second half and answered while the stream was surely alive."""
    return life.owed(use) and use.sent - life.start.received > life.ttl / 2


@rule("TTL-LIVES")
def test_lives(used_life: Used) -> None:
    """Every use that was answered at least a second before the expiry must have succeeded, and one such must have
    been made in the second half of the life."""
    life = used_life.used
    expect_alive(life, used_life.uses, "the stream")
    if not any(_tells_late(life, use) for use in used_life.uses):
        raise Inconclusive("the target was too slow to use the stream shortly before its expiry", *used_life.uses)


@rule("TTL-GONE")
def test_gone(used_life: Used) -> None:
    """A fetch by sid must be refused at the latest when the grace after the expiry is over."""
    expect_gone(used_life.life, used_life.after, used_life.grace, "a fetch by the sid of an expired stream")


@rule("TTL-LATENESS")
def test_lateness(used_life: Used) -> Answer:
    """The time from the expiry to the last fetch that found the stream, and to the first that did not."""
    late = [answer.sent - used_life.life.over for answer in used_life.after if succeeded(answer)]
    first = next((answer for answer in used_life.after if refused(answer)), None)
    still = f"still there {late[-1]:.1f} s after its Ttl" if late else "never seen after its Ttl"
    if first is None:
        return Answer(f"{still}; not seen gone", used_life.after[-1:])
    return Answer(f"{still}, gone {first.received - used_life.life.over:.1f} s after it", (first,))


@dataclass(frozen=True, slots=True)
class Watched:
    """Streams that were asked for in one way only, from their expiry on: the life of each and what came back."""

    lives: tuple[tuple[Life, tuple[Exchange, ...]], ...]
    grace: float


@scenario(timed=True)
def gone_by_name(ctx: Context) -> Watched:
    """Of two streams with a Ttl of 3 s one is left alone and one fetched by name at once; from their expiry on both
    are fetched by name, until they are refused or the grace is over."""
    lives = [(label, expires_in(ctx.make(label, ttl=SHORT), SHORT)) for label in ("named", "visited")]
    ctx.streams.fetch(ctx.name("visited"))
    watched = [(life, until_gone(ctx, life, partial(ctx.streams.fetch, ctx.name(label)))) for label, life in lives]
    return Watched(tuple(watched), ctx.options.grace)


@rule("TTL-GONE-BY-NAME")
def test_gone_by_name(gone_by_name: Watched) -> None:
    """A fetch by name must be refused at the latest when the grace after the expiry is over."""
    for life, after in gone_by_name.lives:
        expect_gone(life, after, gone_by_name.grace, "a fetch by the name of an expired stream")


@dataclass(frozen=True, slots=True)
class Looked:
    """Streams that were looked for in the list from their expiry on."""

    lives: tuple[tuple[Life, tuple[Found, ...]], ...]
    grace: float


def look_for(ctx: Context, sid: str, life: Life) -> tuple[Found, ...]:
    """Walks the list until it does not show the stream, or a walk began after the grace."""
    deadline = life.over + ctx.options.grace
    ctx.sleep_until(life.over + 0.5)
    looks = [find_in_list(ctx, sid)]
    while looks[-1].present and looks[-1].exchanges[0].sent <= deadline:
        ctx.sleep_until(next_look(looks[-1].exchanges[-1].received, deadline))
        looks.append(find_in_list(ctx, sid))
    return tuple(looks)


@scenario(timed=True)
def gone_from_list(ctx: Context) -> Looked:
    """Three streams, one with a name, one without and one that gets its Ttl by an update, live for 3 s, are left alone
    and from half a second after their expiry on looked for in the list, until they are not there or the grace is
    over."""
    named, nameless = ctx.make("listed", ttl=SHORT), ctx.make(ttl=SHORT)
    lives = [(named.sid, expires_in(named, SHORT)), (nameless.sid, expires_in(nameless, SHORT))]
    if "update" not in ctx.options.without:
        updated = ctx.make("updated", ttl=HOUR)
        change = ctx.streams.update(updated.sid, {"Ttl": SHORT})
        if succeeded(change):
            lives.append((updated.sid, Life(change, SHORT)))
    return Looked(tuple((life, look_for(ctx, sid, life)) for sid, life in lives), ctx.options.grace)


@rule("TTL-GONE-FROM-LIST")
def test_gone_from_list(gone_from_list: Looked) -> None:
    """All pages are walked: the streams must be on none of them at the latest when the grace is over."""
    for life, looks in gone_from_list.lives:
        expect_unlisted(life, looks[-1], gone_from_list.grace)


def expect_unlisted(life: Life, last: Found, grace: float) -> None:
    """The last look must not have found the stream."""
    if not last.present:
        if not last.complete:
            raise Inconclusive("the list could not be walked to its end", *last.exchanges[-1:])
        return
    late = last.exchanges[0].sent - life.over
    if late < grace:
        raise Inconclusive("the list was not looked at after the grace", *last.exchanges[-1:])
    raise Failed(
        f"an expired stream not to be listed {grace:g} s after its expiry (--grace sets how late)",
        f"it is still listed {late:.1f} s after it",
        life.start,
        last.exchanges[-1],
    )


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes of one kind to expired streams, each untouched before: by sid, and by name."""

    tries: tuple[tuple[Try, ...], ...]
    grace: float


def writes(ctx: Context, ask: Callable[[str], Exchange]) -> Writes:
    """By sid, to three streams, and by name, to three others."""
    streams = [ctx.make(f"{number}", ttl=SHORT) for number in range(2 * TRIES)]
    lives = [(stream, expires_in(stream, SHORT)) for stream in streams]
    by_sid = [(stream.sid, life) for stream, life in lives[:TRIES]]
    by_name = [(stream.name or stream.sid, life) for stream, life in lives[TRIES:]]
    tries = ctx.parallel([partial(try_untouched, ctx, targets, ask) for targets in (by_sid, by_name)])
    return Writes(tuple(tries), ctx.options.grace)


@scenario(timed=True)
def expired_updates(ctx: Context) -> Writes:
    """Three streams with a Ttl of 3 s are left alone; the first is updated after its expiry, and while updates
    succeed the second a little later and the third when the grace is over. Three more are updated by name."""
    return writes(ctx, lambda sid: ctx.streams.update(sid, {"Ttl": HOUR}))


@scenario(timed=True)
def expired_publishes(ctx: Context) -> Writes:
    """The same with publishing."""
    return writes(ctx, lambda sid: ctx.streams.publish(sid, '{"late": true}'))


@scenario(timed=True)
def expired_deletes(ctx: Context) -> Writes:
    """The same with deleting."""
    return writes(ctx, ctx.streams.delete)


@rule("TTL-GONE-FOR-WRITES")
def test_gone_for_writes(expired_updates: Writes, expired_publishes: Writes, expired_deletes: Writes) -> None:
    """An update, a publish and a delete must be refused, by sid and by name, at the latest when the grace is over.
    Each is tried on streams that nothing has touched since they were made."""
    kinds = (("an update", expired_updates), ("a publish to", expired_publishes), ("a delete", expired_deletes))
    for what, written in kinds:
        what_of = what if what.endswith(" to") else f"{what} of"
        for how, tries in zip(("sid", "name"), written.tries, strict=True):
            answers = [attempt.answer for attempt in tries]
            expect_gone(tries[-1].life, answers, written.grace, f"{what_of} an expired stream by its {how}")


@dataclass(frozen=True, slots=True)
class NameReuse:
    """Creates under the name of an expired stream, and a fetch by that name after them."""

    first: Stream
    life: Life
    creates: tuple[Exchange, ...]
    fetched: Exchange
    grace: float


@scenario(timed=True)
def expired_name(ctx: Context) -> NameReuse:
    """A stream with a Ttl of 3 s is left alone; from 0.6 s after its expiry on a stream is created under its name,
    until that succeeds or the grace is over; then the name is fetched."""
    first = ctx.make("reused", ttl=SHORT)
    life = expires_in(first, SHORT)
    fields = {"UniqueName": ctx.name("reused"), "Ttl": HOUR}
    ctx.sleep_until(life.over + 0.5)
    creates = until_gone(ctx, life, lambda: ctx.streams.create(fields), gone=succeeded, times=1)
    return NameReuse(first, life, creates, ctx.streams.fetch(ctx.name("reused")), ctx.options.grace)


@rule("TTL-NAME-FREE")
def test_name_free(expired_name: NameReuse) -> None:
    """A create under the name must succeed at the latest when the grace is over; it must make a new stream, and a
    fetch by name must find that one."""
    last = expired_name.creates[-1]
    if not succeeded(last):
        late = last.sent - expired_name.life.over
        if late < expired_name.grace:
            raise Inconclusive("the last create came before the grace was over", last)
        raise Failed(
            f"the name of an expired stream to be free {expired_name.grace:g} s after its expiry"
            " (--grace sets how late)",
            f"{describe(last)} {late:.1f} s after it",
            expired_name.first.exchange,
            last,
        )
    sid = sid_in(last)
    expect(sid != expired_name.first.sid, "a new stream", f"the expired one's sid {show(sid)}", last)
    found = value(stream_in(expired_name.fetched), "sid", expired_name.fetched)
    expect(found == sid, f"the name to lead to the new stream {show(sid)}", show(found), last, expired_name.fetched)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Short-lived streams among others, and fetches of the others once those were gone."""

    lives: tuple[tuple[Life, tuple[Exchange, ...]], ...]
    others: tuple[tuple[str, Stream, Exchange], ...]


@scenario(timed=True)
def expiring_neighbour(ctx: Context) -> Neighbours:
    """A stream with a Ttl of 3 s is made among others with a longer Ttl, with 0 and with none; and four more, each
    followed by one of the others at once, while the rest of the run makes none. Once they have expired and are
    gone (or the grace is over) the others are fetched, by sid and by name."""
    kinds: tuple[tuple[str, int | None], ...] = (
        ("no Ttl", None), ("a Ttl of an hour", HOUR), ("a Ttl of two minutes", 120), ("a Ttl of 0", 0)
    )  # fmt: skip
    labels = ("endless", "hour", "minutes", "zero")
    others: list[tuple[str, Stream]] = []
    shorts: list[Stream] = []
    for (what, ttl), label in zip(kinds, labels, strict=True):
        if label == "minutes":
            shorts.append(ctx.make("h", ttl=SHORT))  # how another one's name begins
        others.append((what, ctx.make(label, ttl=ttl)))
    for number, (what, ttl) in enumerate(kinds):
        with ctx.quiet():
            shorts.append(ctx.make(f"short-{number}", ttl=SHORT))
            others.append((what, ctx.make(f"next-{number}", ttl=ttl)))
    lives = [(stream, expires_in(stream, SHORT)) for stream in shorts]
    watched = [(life, until_gone(ctx, life, partial(ctx.streams.fetch, stream.sid))) for stream, life in lives]
    fetched = [
        (what, stream, ctx.streams.fetch(reference))
        for what, stream in others
        for reference in (stream.sid, stream.name or stream.sid)
    ]
    return Neighbours(tuple(watched), tuple(fetched))


@rule("TTL-OTHERS-STAY")
def test_others_stay(expiring_neighbour: Neighbours) -> None:
    """Every fetch of the others must find the stream that was made."""
    for what, stream, fetched in expiring_neighbour.others:
        expected = f"a stream with {what} to stay when its neighbour expires"
        expect(succeeded(fetched), expected, describe(fetched), stream.exchange, fetched)
        sid = value(stream_in(fetched), "sid", fetched)
        expect(sid == stream.sid, f"{expected}, {show(stream.sid)}", show(sid), fetched)
