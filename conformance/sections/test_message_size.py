"""Messages of up to 4 KB are accepted and larger ones refused, counted in bytes.

The page does not say where exactly the limit lies: 4,000 bytes are within it in any reading, 4,200 beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import (
    describe,
    expect,
    expect_error,
    expect_refused,
    expect_success,
    refused,
    show,
    stream_in,
    succeeded,
)
from conformance.messages import many_fields, message_in, payload, same_json
from conformance.outcomes import Blocked, Inconclusive
from conformance.registry import Answer, rule, scenario

WITHIN, BEYOND, FAR_BEYOND = 4_000, 4_200, 65_536
TOO_LARGE = 54006
SMALL = '{"id": 1}'
TWO, THREE, FOUR = "é", "日", "😀"
CHARACTERS = {"é (two bytes)": TWO, "日 (three bytes)": THREE, "😀 (four bytes)": FOUR}


@dataclass(frozen=True, slots=True)
class Sizes:
    """Messages sent to one stream, each with what it was made of."""

    answers: tuple[tuple[str, Exchange], ...]


def _publish_each(ctx: Context, texts: dict[str, str]) -> Sizes:
    stream = ctx.make()
    return Sizes(tuple((what, ctx.streams.publish(stream.sid, text)) for what, text in texts.items()))


def _publish_by_name(ctx: Context, texts: dict[str, str]) -> Sizes:
    """The same to a stream's name; nothing where not even a small message can be published by name."""
    ctx.make("named")
    name = ctx.name("named")
    if not succeeded(ctx.streams.publish(name, payload(50))):
        return Sizes(())
    return Sizes(tuple((f"{what}, by name,", ctx.streams.publish(name, text)) for what, text in texts.items()))


def _expect_accepted(sizes: Sizes) -> None:
    for what, exchange in sizes.answers:
        expect_success(exchange, f"a message of {what} to be accepted (2xx)")


def _expect_too_large(sizes: Sizes) -> None:
    for what, exchange in sizes.answers:
        if exchange.response is None:
            raise Inconclusive(f"no answer to a message of {what}: {exchange.error}", exchange)
        expect_refused(exchange, f"a message of {what} is too large")


@scenario()
def small_messages(ctx: Context) -> Sizes:
    """A stream is sent the smallest object and objects of 7, 100 and 1,024 bytes."""
    return _publish_each(
        ctx,
        {"2 bytes": "{}", "7 bytes": '{"a":1}', "100 bytes": payload(100), "1,024 bytes": payload(1024)},
    )


@rule("SIZE-SMALL")
def test_small_messages(small_messages: Sizes) -> None:
    """All must be accepted."""
    _expect_accepted(small_messages)


@scenario()
def ascii_within(ctx: Context) -> Sizes:
    """A stream is sent 3,999 and 4,000 bytes of ASCII, in one value and in many fields."""
    texts = {f"{size:,} bytes of ASCII": payload(size) for size in (WITHIN - 1, WITHIN)}
    return _publish_each(ctx, {**texts, f"{WITHIN:,} bytes in many fields": many_fields(WITHIN)})


@scenario()
def ascii_within_by_name(ctx: Context) -> Sizes:
    """A stream is sent 4,000 bytes of ASCII by its name."""
    return _publish_by_name(ctx, {f"{WITHIN:,} bytes of ASCII": payload(WITHIN)})


@rule("SIZE-4000-ASCII")
def test_ascii_within_the_limit(ascii_within: Sizes, ascii_within_by_name: Sizes) -> None:
    """All must be accepted."""
    _expect_accepted(ascii_within)
    _expect_accepted(ascii_within_by_name)


@scenario()
def unicode_within(ctx: Context) -> Sizes:
    """A stream is sent 4,000 bytes in characters of two, three and four bytes, as they are, and in escapes."""
    texts = {f"{WITHIN:,} bytes of {what}": payload(WITHIN, unit) for what, unit in CHARACTERS.items()}
    texts[f"{WITHIN:,} bytes of \\u escapes"] = payload(WITHIN, r"\u00e9")
    return _publish_each(ctx, texts)


@rule("SIZE-4000-UNICODE")
def test_unicode_within_the_limit(unicode_within: Sizes) -> None:
    """All must be accepted: a server that counts what it would write itself, in escapes, refuses some."""
    _expect_accepted(unicode_within)


@scenario()
def ascii_beyond(ctx: Context) -> Sizes:
    """A stream is sent 4,200 and 5,000 bytes of ASCII, in one value and in many fields."""
    texts = {f"{size:,} bytes of ASCII": payload(size) for size in (BEYOND, 5_000)}
    return _publish_each(ctx, {**texts, f"{BEYOND:,} bytes in many fields": many_fields(BEYOND)})


@scenario()
def ascii_beyond_by_name(ctx: Context) -> Sizes:
    """A stream is sent 4,200 bytes of ASCII by its name."""
    return _publish_by_name(ctx, {f"{BEYOND:,} bytes of ASCII": payload(BEYOND)})


@rule("SIZE-4200-ASCII")
def test_ascii_beyond_the_limit(ascii_beyond: Sizes, ascii_beyond_by_name: Sizes) -> None:
    """All must be refused with a 4xx."""
    _expect_too_large(ascii_beyond)
    _expect_too_large(ascii_beyond_by_name)


@scenario()
def unicode_beyond(ctx: Context) -> Sizes:
    """A stream is sent 4,200 bytes in characters of two, three and four bytes, as they are."""
    return _publish_each(
        ctx, {f"{BEYOND:,} bytes of {what}": payload(BEYOND, unit) for what, unit in CHARACTERS.items()}
    )


@rule("SIZE-4200-UNICODE")
def test_unicode_beyond_the_limit(unicode_beyond: Sizes) -> None:
    """All must be refused with a 4xx: a server that counts characters accepts them."""
    _expect_too_large(unicode_beyond)


@scenario()
def large_messages(ctx: Context) -> Sizes:
    """A stream is sent 64 KiB by its sid and by its name."""
    stream = ctx.make("large")
    publish = ctx.streams.publish
    return Sizes(
        (
            ("64 KiB, by sid,", publish(stream.sid, payload(FAR_BEYOND))),
            ("64 KiB, by name,", publish(ctx.name("large"), payload(FAR_BEYOND))),
        )
    )


@rule("SIZE-LARGE")
def test_large_messages(large_messages: Sizes) -> None:
    """Both must be refused with a 4xx. A connection that breaks off before the answer decides nothing."""
    _expect_too_large(large_messages)


@rule("SIZE-ERROR")
def test_too_large_error(ascii_beyond: Sizes, unicode_beyond: Sizes, large_messages: Sizes) -> None:
    """Every refusal must have status 413 and code 54006."""
    sent = (*ascii_beyond.answers, *unicode_beyond.answers, *large_messages.answers)
    refusals = [(what, exchange) for what, exchange in sent if refused(exchange)]
    if not refusals:
        raise Blocked("no message was refused for its size (SIZE-LARGE says more)", *(e for _, e in sent[-1:]))
    for what, exchange in refusals:
        expect_error(exchange, 413, (TOO_LARGE,), f"a message of {what} is too large")


@dataclass(frozen=True, slots=True)
class Unharmed:
    """A stream before and after messages that are too large."""

    first: Exchange
    before: Exchange
    too_large: tuple[Exchange, ...]
    after: Exchange
    small: Exchange


@scenario()
def after_too_large(ctx: Context) -> Unharmed:
    """A stream is sent a small message, fetched, sent 4,200 bytes and twice 64 KiB, fetched again and sent the small
    message again."""
    stream = ctx.make("unharmed")
    publish = ctx.streams.publish
    return Unharmed(
        publish(stream.sid, SMALL),
        ctx.streams.fetch(stream.sid),
        tuple(publish(stream.sid, payload(size)) for size in (BEYOND, FAR_BEYOND, FAR_BEYOND)),
        ctx.streams.fetch(stream.sid),
        publish(stream.sid, SMALL),
    )


@rule("SIZE-REFUSED-NO-HARM")
def test_too_large_does_no_harm(after_too_large: Unharmed) -> None:
    """The stream must show the same values as before, and accept the small message with the answer that it had
    before."""
    harm = after_too_large
    if all(map(refused, harm.too_large)):
        before, after = stream_in(harm.before), stream_in(harm.after)
        changed = [key for key in before if before[key] != after.get(key)]
        expect(
            not changed,
            "a stream that a refused message leaves as it was",
            f"a change of {', '.join(changed)}",
            harm.before,
            harm.after,
        )
    expect_success(harm.small, "a small message after ones that were too large to be accepted (2xx)")
    if not succeeded(harm.first):
        return
    data, again = ((message_in(exchange) or {}).get("data") for exchange in (harm.first, harm.small))
    expected = f"in 'data' what the same message was answered with before, {show(data)}"
    expect(same_json(data, again), expected, show(again), harm.first, harm.small)


@scenario()
def size_boundary(ctx: Context) -> Sizes:
    """A stream is sent messages about the limit, white space around a small one, and many escapes of few bytes."""
    texts = {f"{size} bytes": payload(size) for size in (4_001, 4_050, 4_095, 4_096, 4_097, 4_100, 4_150)}
    texts["4200 bytes, 2200 of them white space"] = payload(2_000) + " " * 2_200
    texts["4200 bytes of escapes for 1407 bytes"] = payload(BEYOND, r"\u00e9")
    return _publish_each(ctx, texts)


@rule("SIZE-BOUNDARY")
def test_size_boundary(size_boundary: Sizes) -> Answer:
    """What was accepted is recorded."""
    told = []
    for what, exchange in size_boundary.answers:
        accepted = exchange.status is not None and exchange.status < 300
        told.append(f"{what}: {'accepted' if accepted else describe(exchange)}")
    return Answer("; ".join(told), tuple(exchange for _, exchange in size_boundary.answers))
