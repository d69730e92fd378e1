"""Ttl: the values that are taken and refused, and the date_expires that they lead to. Waits for little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import expect, expect_error, expect_refused, expect_success, show, stream_in, value
from conformance.expiry import Life, expect_gone, until_gone
from conformance.registry import rule, scenario
from conformance.server_time import expect_expiry
from conformance.streams import sid_in

DAY = 86_400
MAXIMUM = 31_536_000
# Minutes for seconds, milliseconds in 32 bits (24.8 days), days, months and summer time all show in one of these.
ORDINARY = (60, 90, 3600, DAY + 1, 30 * DAY, 200 * DAY)
NAMELESS = (120, 2 * DAY)
LATER = 5.0  # seconds: longer than the Ttl of any stream that other scenarios let expire
TOO_LONG = (MAXIMUM + 1, 2**32 + 60)  # the second is a minute once it has been cut to 32 bits
NEGATIVE = (-1, -3600)
NOT_INTEGER = ("soon", "1.5", "60s")
AT_UPDATE: tuple[object, ...] = (MAXIMUM + 1, -1, "soon", "1.5")


@dataclass(frozen=True, slots=True)
class Creates:
    """A create for each Ttl asked for."""

    by_ttl: Mapping[object, Exchange]

    def __getitem__(self, ttl: object) -> Exchange:
        return self.by_ttl[ttl]


def create_each(ctx: Context, ttls: tuple[object, ...]) -> Creates:
    names = {ttl: ctx.name(f"{number}") for number, ttl in enumerate(ttls)}
    return Creates({ttl: ctx.streams.create({"UniqueName": names[ttl], "Ttl": ttl}) for ttl in ttls})


@scenario()
def lawful_ttls(ctx: Context) -> Creates:
    """Streams are created with Ttls from a minute to the maximum of a year."""
    return create_each(ctx, (*ORDINARY, MAXIMUM))


@scenario()
def nameless_ttls(ctx: Context) -> Creates:
    """Two streams without a name are created with Ttls of two minutes and of two days."""
    return Creates({ttl: ctx.streams.create({"Ttl": ttl}) for ttl in NAMELESS})


@rule("TTL-DATE-EXPIRES")
def test_date_expires(lawful_ttls: Creates, nameless_ttls: Creates) -> None:
    """For six Ttls from a minute to 200 days, and two of nameless streams, date_expires must be the time of the
    create plus Ttl, give or take a second for rounding. That time is taken from date_created or the Date header, so
    clocks may differ."""
    for ttl in ORDINARY:
        expect_expiry(lawful_ttls[ttl], ttl, "date_created")
    for ttl in NAMELESS:
        expect_expiry(nameless_ttls[ttl], ttl, "date_created")


@dataclass(frozen=True, slots=True)
class Brief:
    """A stream created with a Ttl of 1, and fetches of it from its expiry on."""

    created: Exchange
    after: tuple[Exchange, ...]
    grace: float


@scenario(timed=True)
def one_second(ctx: Context) -> Brief:
    """A stream is created with a Ttl of 1 and from its expiry on fetched by sid until it is refused or the grace is
    over."""
    created = ctx.streams.create({"UniqueName": ctx.name("brief"), "Ttl": 1})
    sid = sid_in(created)
    after = until_gone(ctx, Life(created, 1), partial(ctx.streams.fetch, sid)) if sid else ()
    return Brief(created, after, ctx.options.grace)


@rule("TTL-ONE")
def test_one_second(one_second: Brief) -> None:
    """A create with a Ttl of 1 must succeed, date_expires must be a second after the time of the create, and a fetch
    must be refused at the latest when the grace is over."""
    created = one_second.created
    expect_success(created, "a Ttl of 1 to be accepted")
    expect_expiry(created, 1, "date_created")
    if one_second.after:
        expect_gone(Life(created, 1), one_second.after, one_second.grace, "a fetch of a stream made with a Ttl of 1")


@dataclass(frozen=True, slots=True)
class Endless:
    """Streams that never expire, each with a fetch of it: made without Ttl, with 0 and with an empty one."""

    absent: Exchange
    absent_fetched: Exchange
    absent_later: Exchange
    zero: Exchange
    zero_fetched: Exchange
    empty: Exchange
    empty_fetched: Exchange


@scenario(timed=True)
def endless(ctx: Context) -> Endless:
    """Behind one with a Ttl, streams are created without Ttl, with a Ttl of 0 and with an empty Ttl, and fetched
    afterwards; the first of them once more after 5 s."""
    streams = ctx.streams
    names = [ctx.name(label) for label in ("absent", "zero", "empty")]
    ctx.make("before", ttl=600)  # whose Ttl must not be handed on
    absent = streams.create({"UniqueName": names[0]})
    zero = streams.create({"UniqueName": names[1], "Ttl": 0})
    empty = streams.create({"UniqueName": names[2], "Ttl": ""})
    fetched = [
        streams.fetch(name_or_sid(exchange, name)) for exchange, name in zip((absent, zero, empty), names, strict=True)
    ]
    ctx.sleep_until(absent.received + LATER)
    later = streams.fetch(name_or_sid(absent, names[0]))
    return Endless(absent, fetched[0], later, zero, fetched[1], empty, fetched[2])


def name_or_sid(exchange: Exchange, name: str) -> str:
    """How to fetch what was created: by its sid if the answer shows one."""
    return sid_in(exchange) or name


def expect_endless(exchange: Exchange, what: str) -> None:
    """The stream in the answer must have null as its date_expires."""
    found = value(stream_in(exchange), "date_expires", exchange)
    expect(found is None, f"date_expires to be null for {what}", show(found), exchange)


@rule("TTL-ABSENT")
def test_without_ttl(endless: Endless) -> None:
    """date_expires must be null in the answers to the create without Ttl and to the fetch after it, and the stream
    must be there 5 s later."""
    expect_endless(endless.absent, "a stream made without Ttl")
    expect_endless(endless.absent_fetched, "a stream made without Ttl")
    expect_success(endless.absent_later, f"a stream made without Ttl to be there {LATER:g} s later (2xx)")


@rule("TTL-ZERO")
def test_zero(endless: Endless) -> None:
    """A create with a Ttl of 0 must succeed; the stream must be there afterwards, and date_expires be
    null both times."""
    expect_success(endless.zero, "a Ttl of 0 to be accepted")
    expect_endless(endless.zero, "a stream made with a Ttl of 0")
    expect_success(endless.zero_fetched, "a stream made with a Ttl of 0 to be there (2xx)")
    expect_endless(endless.zero_fetched, "a stream made with a Ttl of 0")


@rule("TTL-EMPTY")
def test_empty(endless: Endless) -> None:
    """A create with an empty Ttl must succeed, and date_expires must be null in its answer and in a fetch."""
    expect_success(endless.empty, "an empty Ttl to be accepted")
    expect_endless(endless.empty, "a stream made with an empty Ttl")
    expect_success(endless.empty_fetched, "a stream made with an empty Ttl to be there (2xx)")
    expect_endless(endless.empty_fetched, "a stream made with an empty Ttl")


@dataclass(frozen=True, slots=True)
class Updates:
    """Updates of one stream, by the Ttl they asked for."""

    by_ttl: Mapping[object, Exchange]
    maximum: Exchange


@scenario()
def ttl_updates(ctx: Context) -> Updates:
    """A stream is updated with the maximum Ttl and with Ttls that are too long, negative, text and a fraction."""
    stream = ctx.make("updated")
    maximum = ctx.streams.update(stream.sid, {"Ttl": MAXIMUM})
    return Updates({ttl: ctx.streams.update(stream.sid, {"Ttl": ttl}) for ttl in AT_UPDATE}, maximum)


@rule("TTL-MAXIMUM")
def test_maximum(lawful_ttls: Creates, ttl_updates: Updates) -> None:
    """A create and an update with a Ttl of 31,536,000 must succeed, the create with date_expires that much after it."""
    expect_success(lawful_ttls[MAXIMUM], f"a Ttl of {MAXIMUM} to be accepted by a create")
    expect_expiry(lawful_ttls[MAXIMUM], MAXIMUM, "date_created")
    expect_success(ttl_updates.maximum, f"a Ttl of {MAXIMUM} to be accepted by an update")


@scenario()
def unlawful_ttls(ctx: Context) -> Creates:
    """Creates with Ttls that are too long, negative, text and a fraction."""
    return create_each(ctx, (*TOO_LONG, *NEGATIVE, *NOT_INTEGER))


def expect_ttls_refused(creates: Creates, updates: Updates, ttls: tuple[object, ...]) -> None:
    for ttl in ttls:
        expect_refused(creates[ttl], f"a create with a Ttl of {ttl}")
    for ttl in ttls:
        if ttl in updates.by_ttl:
            expect_refused(updates.by_ttl[ttl], f"an update with a Ttl of {ttl}")


@rule("TTL-ABOVE-MAXIMUM")
def test_above_maximum(unlawful_ttls: Creates, ttl_updates: Updates) -> None:
    """A create and an update with 31,536,001 and a create with 2^32 + 60 must be refused."""
    expect_ttls_refused(unlawful_ttls, ttl_updates, TOO_LONG)


@rule("TTL-NEGATIVE")
def test_negative(unlawful_ttls: Creates, ttl_updates: Updates) -> None:
    """Creates with -1 and -3600 and an update with -1 must be refused."""
    expect_ttls_refused(unlawful_ttls, ttl_updates, NEGATIVE)


@rule("TTL-NOT-INTEGER")
def test_not_integer(unlawful_ttls: Creates, ttl_updates: Updates) -> None:
    """Creates with a word, with 1.5 and with 60s, and updates with a word and with 1.5 must be refused."""
    expect_ttls_refused(unlawful_ttls, ttl_updates, NOT_INTEGER)


@rule("TTL-ERROR")
def test_error(unlawful_ttls: Creates, ttl_updates: Updates) -> None:
    """Each of the creates and updates with a bad Ttl must be answered with 400 and code 54011."""
    for ttl, exchange in (*unlawful_ttls.by_ttl.items(), *ttl_updates.by_ttl.items()):
        expect_error(exchange, 400, (54011,), f"a Ttl of {ttl}")
