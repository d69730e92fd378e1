"""The rate at which messages may be published: 30 a second for each stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, expect_error, moment, show, stream_in, value
from conformance.outcomes import Blocked, Failed, Inconclusive
from conformance.pace import (
    BURST_WINDOW,
    CLEARLY_MORE,
    MOST_LAWFUL,
    RATE,
    accepted,
    account_limited,
    achieved,
    expect_all_accepted,
    limited,
    most_accepted,
    steady,
    turned_away,
    wrongly_refused,
)
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream
from conformance.volleys import MOST_AT_ONCE, at_once, calls, paced, pressed, retried

# A spacing at which 30 messages fall within one second but 31 don't, with a fifth of a spacing to spare on both
# sides for the way they take: 29 a second is too little for it, 30 is enough.
SPACING = 0.034
SUSTAINED = 324  # messages: 11 s, longer than the burst window
SLOWEST_PACE = 26.0
MOST_REFUSED = 0.2  # of a steady volley: far more than waits in queues can make of it
PRESSURE = 76.0  # messages a second, more than any lawful limiter takes for 10 s
REST = BURST_WINDOW + 1.0
ENOUGH_REFUSALS = 5
LONGEST_FLOOD = 20.0  # seconds: enough for a slow target to drain a full bucket
ROUNDS = 3
WINDOW = 1.0  # seconds: the shortest in which a lawful limiter counts
SOON = 0.5  # seconds
BY_NAME = 20  # messages: with those after them fewer than any window holds


@dataclass(frozen=True, slots=True)
class Volley:
    """Messages to one stream by their numbers, and those that had to be sent again."""

    attempts: tuple[Exchange, ...]
    retried: tuple[Exchange, ...] = ()

    @property
    def refusals(self) -> tuple[Exchange, ...]:
        """Those turned away: the 4xx, or whatever else came where there are none."""
        away = tuple(exchange for exchange in self.attempts if turned_away(exchange))
        return tuple(exchange for exchange in away if limited(exchange)) or away


def spread(volley: Volley) -> float:
    """Seconds from the first answer to the last: some measure of those in which the messages were taken."""
    received = [exchange.received for exchange in volley.attempts]
    return max(received) - min(received)


@scenario(timed=True)
def thirty_at_once(ctx: Context) -> tuple[Volley, ...]:
    """Thirty messages are sent at once to a new stream. Where their answers took more than a second to come in, it is
    tried again on another stream, up to three times."""
    volleys: list[Volley] = []
    while len(volleys) < ROUNDS and not any(spread(volley) <= WINDOW for volley in volleys):
        stream = ctx.make(f"thirty-{len(volleys)}" if volleys else "thirty")
        volleys.append(Volley(at_once(ctx, stream.sid, RATE), retried(ctx, stream.sid)))
    return tuple(volleys)


@rule("RATE-30-AT-ONCE")
def test_thirty_at_once(thirty_at_once: tuple[Volley, ...]) -> None:
    """All thirty must be accepted: the stream has seen no other message, so no limiter has a reason to refuse one.
    Thirty that were taken over more than a second do not tell: a lower limit would have let them pass too."""
    for volley in thirty_at_once:
        expect_all_accepted(volley.attempts, volley.retried, "thirty messages at once on a quiet stream")
    shortest = min(map(spread, thirty_at_once))
    if shortest > WINDOW:
        raise Inconclusive(
            f"thirty messages could not be got to the target within {WINDOW:g} s: their answers came in over"
            f" {shortest:.1f} s, and a limit below 30 a second would not have shown",
            thirty_at_once[-1].attempts[-1],
        )


def telling(volley: Volley) -> bool:
    """Whether it settles the matter: a refusal was surely wrong, or the pace was held and few were turned away."""
    if wrongly_refused(volley.attempts, volley.retried):
        return True
    share = sum(turned_away(exchange) for exchange in volley.attempts) / len(volley.attempts)
    return achieved(volley.attempts) >= SLOWEST_PACE and share <= MOST_REFUSED


@scenario(timed=True)
def sustained(ctx: Context) -> tuple[Volley, ...]:
    """324 messages are sent to a new stream, one every 34 ms (29.4 a second) for 11 s. Where that pace could not be
    held, or more than a fifth was refused, it is tried once more on another stream."""
    volleys: list[Volley] = []
    while len(volleys) < 2 and not any(telling(volley) for volley in volleys):
        stream = ctx.make(f"sustained-{len(volleys)}")
        volleys.append(Volley(paced(ctx, stream.sid, SUSTAINED, every=SPACING), retried(ctx, stream.sid)))
    return tuple(volleys)


@rule("RATE-SUSTAINED")
def test_sustained(sustained: tuple[Volley, ...]) -> None:
    """A refusal counts unless more than 30 messages can have arrived in the second before it, or more than 30 a second
    in the seconds before that, given when each was sent and answered. Where that leaves doubt but the messages
    were steady, more than a fifth refused counts too."""
    what = "messages sent at no more than 30 a second"
    for volley in sustained:
        attempts = volley.attempts
        expect_all_accepted(attempts, volley.retried, what)
        refusals = [exchange for exchange in attempts if turned_away(exchange)]
        if steady(attempts) and len(refusals) > MOST_REFUSED * len(attempts):
            got = f"{len(refusals)} of {len(attempts)} refused, first: {describe(refusals[0])}"
            raise Failed(f"{what} to be accepted", got, refusals[0])
    if not any(telling(volley) for volley in sustained):
        pace = max(achieved(volley.attempts) for volley in sustained)
        raise Inconclusive(
            f"{RATE} messages a second could not be sent evenly enough to tell: {pace:.1f} a second were, and a refusal"
            " may have been due to messages that came in a heap",
            sustained[-1].attempts[-1],
        )


@dataclass(frozen=True, slots=True)
class Flood:
    """A stream flooded until it refused; what was asked of it and of others then; and thirty messages after a rest.

    `beside` holds, for each round, the flooded stream's answers and those of a new one. `looks` are fetches before
    and after a round. Everything after the flood is empty when nothing was refused.
    """

    stream: Stream
    volley: Volley
    beside: tuple[tuple[tuple[Exchange, ...], tuple[Exchange, ...]], ...]
    looks: tuple[Exchange, ...]
    updated: Exchange | None
    after_update: Exchange | None
    recovered: Volley

    @property
    def attempts(self) -> tuple[Exchange, ...]:
        """All messages to the flooded stream before the rest."""
        return (*self.volley.attempts, *(exchange for flooded, _ in self.beside for exchange in flooded))


def flood_it(ctx: Context, sid: str) -> list[Exchange]:
    """As fast as possible, 24 at a time, until five are turned away, too many are accepted or 20 s are over."""
    sent: list[Exchange] = []
    while True:
        sent += at_once(ctx, sid, MOST_AT_ONCE, first=len(sent))
        lasted = max(exchange.received for exchange in sent) - sent[0].sent
        if (
            sum(turned_away(exchange) for exchange in sent) >= ENOUGH_REFUSALS
            or sum(accepted(exchange) for exchange in sent) > CLEARLY_MORE
            or lasted > LONGEST_FLOOD
        ):
            return sent


@scenario(timed=True)
def flood(ctx: Context) -> Flood:
    """A stream without a name is flooded by its sid until it refuses five messages. Then, three times, eight more
    messages go to it and five at once to a new one; between that it is fetched, updated and fetched again. After 11 s
    of rest it gets thirty messages at once."""
    stream = ctx.make()
    fresh = [ctx.make() for _ in range(ROUNDS)]
    volley = flood_it(ctx, stream.sid)
    if not any(turned_away(exchange) for exchange in volley):
        return Flood(stream, Volley(tuple(volley), retried(ctx, stream.sid)), (), (), None, None, Volley(()))
    beside, looks, sent = [], [], len(volley)
    for other in fresh[:2]:
        beside.append(side_by_side(ctx, stream.sid, other.sid, sent))
        sent += 8
        looks.append(ctx.streams.fetch(stream.sid))
    updated = ctx.streams.update(stream.sid, {"Ttl": 7200})
    after_update = ctx.streams.fetch(stream.sid)
    beside.append(side_by_side(ctx, stream.sid, fresh[2].sid, sent))
    again = retried(ctx, stream.sid)
    ctx.sleep_until(max(exchange.received for exchange in beside[-1][0]) + REST)
    recovered = at_once(ctx, stream.sid, RATE, first=sent + 8)
    later = retried(ctx, stream.sid)[len(again) :]
    return Flood(
        stream, Volley(tuple(volley), again), tuple(beside), tuple(looks), updated, after_update,
        Volley(recovered, later),
    )  # fmt: skip


def side_by_side(
    ctx: Context, flooded: str, other: str, first: int
) -> tuple[tuple[Exchange, ...], tuple[Exchange, ...]]:
    """Eight messages to the flooded stream and five to the other, all at once."""
    both = [*calls(ctx, flooded, 8, first=first), *calls(ctx, other, 5)]
    answers = tuple(ctx.parallel(both, at_once=len(both)))
    return answers[:8], answers[8:]


@dataclass(frozen=True, slots=True)
class Pressure(Volley):
    """Messages to a stream by its name, and a fetch by the name right after them."""

    look: Exchange | None = None


@scenario(timed=True)
def pressure(ctx: Context) -> Pressure:
    """A stream is published to by its name 76 times a second for 10 s, or until it is certain that no more than 630
    of the messages can be accepted; right after that it is fetched by its name."""
    ctx.make("pressed")
    name = ctx.name("pressed")
    count = round(PRESSURE * BURST_WINDOW)

    def enough(known: Sequence[Exchange]) -> bool:
        taken = sum(accepted(exchange) for exchange in known)
        return taken > CLEARLY_MORE or taken + count - len(known) <= CLEARLY_MORE

    attempts = pressed(ctx, name, count, every=1 / PRESSURE, enough=enough)
    return Pressure(attempts, retried(ctx, name), ctx.streams.fetch(name))


@dataclass(frozen=True, slots=True)
class TwoAddresses:
    """Messages to a new stream by its sid until some were refused, then by its name, then by its sid again."""

    by_sid: tuple[Exchange, ...]
    by_name: tuple[Exchange, ...]
    by_sid_again: tuple[Exchange, ...]


@scenario(timed=True)
def two_addresses(ctx: Context) -> TwoAddresses:
    """A new stream is published to by its sid, 24 at once, until five messages are refused or half a second has
    passed; then 20 messages follow by its name and five by its sid. Where that took too long to tell anything, it is
    tried again on another stream, three times at most."""
    for number in range(ROUNDS):
        seen = publish_by_both(ctx, f"two-addresses-{number}")
        if quick_enough(seen):
            break
    return seen


def publish_by_both(ctx: Context, label: str) -> TwoAddresses:
    stream = ctx.make(label)
    by_sid: list[Exchange] = []
    while sum(map(turned_away, by_sid)) < ENOUGH_REFUSALS:
        if by_sid and ctx.clock.latest - by_sid[0].sent > SOON:
            return TwoAddresses(tuple(by_sid), (), ())
        by_sid += at_once(ctx, stream.sid, MOST_AT_ONCE, first=len(by_sid))
    sent = len(by_sid)
    by_name = at_once(ctx, ctx.name(label), BY_NAME, first=sent)
    return TwoAddresses(tuple(by_sid), by_name, at_once(ctx, stream.sid, 5, first=sent + BY_NAME))


def quick_enough(seen: TwoAddresses) -> bool:
    """Within a second of a stream's first message no window slides past one; and until the last message by name a
    bucket that was empty at the first refusal must gain fewer than were sent by name."""
    refusals = [exchange for exchange in seen.by_sid if limited(exchange)]
    everything = (*seen.by_sid, *seen.by_name, *seen.by_sid_again)
    if not refusals or not seen.by_name:
        return False
    lasted = max(exchange.received for exchange in everything) - min(exchange.sent for exchange in everything)
    gained = RATE * (max(e.received for e in seen.by_name) - min(e.sent for e in refusals)) + 1
    return lasted < WINDOW and gained + 2 < BY_NAME - 2


def counted_apart(seen: TwoAddresses) -> bool:
    """Whether messages by name were taken between refusals by sid. Where a fixed window had ended between those, there
    would be room in the new one for all that were sent by name and after them."""
    taken = sum(map(accepted, seen.by_name))
    return quick_enough(seen) and all(map(limited, seen.by_sid_again)) and taken >= BY_NAME - 2


@rule("RATE-REFUSED")
def test_refused(flood: Flood, pressure: Pressure, two_addresses: TwoAddresses) -> None:
    """A flood by sid and a steady 76 a second by name: of neither may more than 630 be accepted in any 10 s. The most
    that a limiter can lawfully let through is 600, where two windows of 300 meet or a bucket of 300 is refilled.

    And where a new stream refuses messages by its sid in its first second, it must not go on taking them by its name.
    """
    few: list[int] = []
    if counted_apart(two_addresses):
        raise Failed(
            f"messages beyond {RATE} a second to be refused, however the stream is addressed",
            f"{sum(map(accepted, two_addresses.by_name))} of {BY_NAME} by its name were, between refusals by its sid",
            two_addresses.by_name[0],
            two_addresses.by_sid_again[0],
        )
    for how, attempts in (("by sid", flood.attempts), ("by name", pressure.attempts)):
        most = most_accepted(attempts)
        few.append(most if sum(map(turned_away, attempts)) < ENOUGH_REFUSALS else CLEARLY_MORE)
        if most > CLEARLY_MORE:
            raise Failed(
                f"messages beyond {RATE} a second to be refused: a stream takes at most {MOST_LAWFUL} in any 10 s,"
                " where two windows of 300 meet",
                f"{most} sent {how} were accepted within 10 s",
                attempts[-1],
            )
    if min(few) < CLEARLY_MORE:
        raise Inconclusive(
            f"the target was too slow to be sent more than it may accept: it took {min(few)} messages in 10 s and"
            f" hardly refused any, {CLEARLY_MORE} would tell"
        )


def need_refusals(flood: Flood) -> None:
    """Raises when no message of the flood was refused."""
    if flood.volley.refusals:
        return
    most = most_accepted(flood.attempts)
    if most > CLEARLY_MORE:
        raise Blocked(f"no message was refused, although {most} were sent within 10 s", flood.attempts[-1])
    raise Inconclusive(f"no message was refused: only {most} could be sent in 10 s")


@rule("RATE-ERROR")
def test_error(flood: Flood, pressure: Pressure) -> None:
    """Every message of the flood by sid, and of the steady 76 a second by name, that was turned away must have been
    answered with 429 and code 54009."""
    refusals = (*flood.volley.refusals, *pressure.refusals)
    if not refusals:
        need_refusals(flood)
    for exchange in refusals:
        expect_error(exchange, 429, (54009,), "a message beyond the rate")


@rule("RATE-PER-STREAM")
def test_per_stream(flood: Flood) -> None:
    """While one stream is over its limit, none of five messages to a new stream may be refused the same way. Three
    rounds, each with another new stream. Nor may all messages of the flood be refused: its stream is new, too."""
    if not any(accepted(exchange) for exchange in flood.volley.attempts):
        if all(exchange.status == 429 for exchange in flood.volley.refusals):
            raise Failed(
                "a new stream to take messages, whatever is published to others",
                f"none of {len(flood.volley.attempts)} was accepted, first: {describe(flood.volley.attempts[0])}",
                flood.volley.attempts[0],
            )
        raise Blocked("no message to the flooded stream was accepted", flood.volley.attempts[0])
    for flooded, other in flood.beside:
        for exchange in other:
            expect(
                not turned_away(exchange) or not like_any(exchange, flood.volley.refusals),
                "five messages to a quiet stream to be accepted while another stream is over its limit",
                describe(exchange),
                flooded[0],
                exchange,
            )


def like_any(exchange: Exchange, refusals: tuple[Exchange, ...]) -> bool:
    """Whether it was turned away as those were: with 429, or with the status of one of them."""
    return exchange.status == 429 or any(exchange.status == other.status for other in refusals)


@rule("RATE-RECOVERS")
def test_recovers(flood: Flood) -> None:
    """Thirty messages at once, 11 s after the last one to the flooded stream, must all be accepted: by then every
    window has passed and every bucket holds thirty again."""
    need_refusals(flood)
    what = f"after {REST:g} s of rest thirty messages at once on a stream that was over its limit"
    expect_all_accepted(flood.recovered.attempts, flood.recovered.retried, what)


@rule("RATE-REFUSED-NO-HARM")
def test_refused_messages_do_no_harm(flood: Flood, pressure: Pressure) -> None:
    """The flooded stream must be found by sid and be updated; two fetches with refused messages between them must
    show the same, date_updated set aside where a message was accepted in between, and no earlier date_expires than
    the create. The stream that was under steady
    pressure must be found by its name."""
    need_refusals(flood)
    what = "a stream that is over its message limit to be fetched (2xx)"
    if pressure.look and pressure.refusals:
        expect(accepted(pressure.look), what, describe(pressure.look), pressure.refusals[-1], pressure.look)
    for look in (*flood.looks, *(look for look in (flood.after_update,) if look)):
        expect(accepted(look), what, describe(look), flood.volley.refusals[0], look)
        sid = value(stream_in(look), "sid", look)
        expect(sid == flood.stream.sid, f"the flooded stream {show(flood.stream.sid)}", show(sid), look)
    first, second = (stream_in(look) for look in flood.looks)
    aside = {"date_updated"} if any(accepted(exchange) for exchange in flood.beside[1][0]) else set()
    changed = [key for key in first if key not in aside and first[key] != second.get(key)]
    expect(not changed, "refused messages to change nothing", f"a change of {', '.join(changed)}", *flood.looks)
    made, look = flood.stream.exchange, flood.looks[0]
    sooner = moment(stream_in(made), "date_expires", made) - moment(first, "date_expires", look)
    expect(sooner <= 1, "refused messages not to shorten a Ttl", f"date_expires {sooner:g} s earlier", made, look)
    updated, shown = flood.updated, flood.after_update
    if updated is None or shown is None:
        return
    expect(accepted(updated), "a stream over its message limit to be updated (2xx)", describe(updated), updated)
    dates = [moment(stream_in(exchange), "date_expires", exchange) for exchange in (updated, shown)]
    expect(
        abs(dates[0] - dates[1]) <= 1,
        "a fetch to show the date_expires of the update, though messages are refused",
        f"{dates[1] - dates[0]:+g} s of difference",
        updated,
        shown,
    )


@rule("RATE-BURST")
def test_burst(flood: Flood, pressure: Pressure) -> Answer:
    """The messages of the flood that were accepted before the first refusal; and, under steady pressure, the time
    from the first refusal to the next message that was accepted."""
    refusals = flood.volley.refusals
    if not refusals:
        return Answer(f"none of {len(flood.volley.attempts)} messages was refused")
    first = min(refusals, key=lambda exchange: exchange.received)
    before = sum(accepted(exchange) and exchange.sent < first.received for exchange in flood.volley.attempts)
    text = f"about {before} were accepted before the first refusal"
    if pressed_refusals := pressure.refusals:
        start = min(pressed_refusals, key=lambda exchange: exchange.sent)
        later = [e for e in pressure.attempts if accepted(e) and e.sent > start.received]
        soon = f"{later[0].received - start.received:.1f} s" if later else "not while it was published to"
        text += f"; the next was accepted after: {soon}"
    if any(account_limited(exchange) for exchange in flood.volley.attempts):
        text += "; the account's own limit was reached too"
    return Answer(text, (first,))
