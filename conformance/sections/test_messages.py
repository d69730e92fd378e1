"""Messages are published, and nothing else can be done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.context import Context
from conformance.exchange import Exchange, NotJSON
from conformance.expect import (
    answer,
    describe,
    expect,
    expect_error,
    expect_status,
    expect_success,
    json_object,
    show,
    succeeded,
    value,
)
from conformance.messages import MESSAGE_SID, linked_messages_url, message_in
from conformance.outcomes import Blocked, Failed
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream, sid_in

INVALID_DATA = 54008
NAMED = '{"text": "by name"}'


@dataclass(frozen=True, slots=True)
class Published:
    """One stream, and messages published to it by its sid and its link, which is None when there is none to follow."""

    stream: Stream
    messages: tuple[Exchange, ...]
    link: Exchange | None


@scenario()
def published(ctx: Context) -> Published:
    """A stream gets four equal messages by its sid, as soon as it was made, and one at the URL that its links name."""
    stream = ctx.make()
    links = stream.body.get("links")
    link = linked_messages_url(links.get("messages") if isinstance(links, dict) else None, ctx.target)
    return Published(
        stream,
        tuple(ctx.streams.publish(stream.sid, '{"id": 1}') for _ in range(4)),
        ctx.streams.send("POST", link, body=b"Data=%7B%22id%22%3A3%7D", message=True) if link else None,
    )


@dataclass(frozen=True, slots=True)
class Named:
    """Messages published by a stream's name, two to one stream and one to a stream whose name needs escapes."""

    plain: tuple[Exchange, Exchange]
    escaped: Exchange

    @property
    def all(self) -> tuple[Exchange, ...]:
        return (*self.plain, self.escaped)


@scenario()
def published_by_name(ctx: Context) -> Named:
    """A stream gets two messages by its name, and one with spaces and capitals in its name gets one."""
    plain, escaped = "plain", "With Capitals and spaces"
    for label in (plain, escaped):
        ctx.make(label)
    return Named(
        (ctx.streams.publish(ctx.name(plain), NAMED), ctx.streams.publish(ctx.name(plain), NAMED)),
        ctx.streams.publish(ctx.name(escaped), NAMED),
    )


@scenario()
def published_to_lasting(ctx: Context) -> Exchange:
    """A stream without a Ttl gets a message, and is deleted."""
    stream = ctx.make(ttl=None)
    message = ctx.streams.publish(stream.sid, '{"id": 1}')
    ctx.streams.delete(stream.sid)
    return message


def _expect_published(exchange: Exchange, what: str) -> None:
    """A status of success, and no error in the body. Raises Blocked for 429: when that may come is the subject of
    the rules of the rate."""
    if exchange.status == 429:
        raise Blocked(f"{what} was refused for its rate: {describe(exchange)}", exchange)
    expect_success(exchange, f"{what} to be accepted (2xx)")
    body = message_in(exchange) or {}
    expect(not {"code", "message", "status"} <= body.keys(), f"{what} to be accepted", describe(exchange), exchange)


@rule("PUBLISH-WORKS")
def test_publish_by_sid(published: Published, published_to_lasting: Exchange) -> None:
    """All messages by sid must be answered with a status of success, and not with an error in the body."""
    for number, exchange in enumerate(published.messages, start=1):
        _expect_published(exchange, f"message {number} to one stream")
    _expect_published(published_to_lasting, "the message to a stream without a Ttl")


@rule("PUBLISH-BY-NAME")
def test_publish_by_name(published_by_name: Named) -> None:
    """All messages by name must be answered with a status of success."""
    for exchange in published_by_name.plain:
        expect_success(exchange, "the message by the stream's name to be accepted (2xx)")
    expect_success(published_by_name.escaped, "the message by a name that is percent-encoded to be accepted (2xx)")


@rule("PUBLISH-BY-LINK")
def test_publish_by_link(published: Published) -> None:
    """The path of the link is asked on the target's own origin; the message must be accepted there."""
    if published.link is None:
        links = published.stream.body.get("links")
        raise Failed("a URL of the stream's messages under links.messages", show(links), published.stream.exchange)
    expect_success(published.link, "the message at the URL in links.messages to be accepted (2xx)")


@rule("PUBLISH-STATUS")
def test_publish_status(published: Published, published_by_name: Named) -> None:
    """The status of every accepted message is compared with 201."""
    for exchange in (*published.messages, *published_by_name.all):
        if exchange.status is not None and 200 <= exchange.status < 300:
            expect_status(exchange, 201)


@rule("PUBLISH-SID")
def test_publish_sid(published: Published, published_by_name: Named) -> None:
    """Each accepted message must show a sid of the right form, and no two, of equal data or to other streams even,
    the same one."""
    seen: dict[str, Exchange] = {}
    for exchange in (*published.messages, *published_by_name.all):
        if exchange.status is None or not 200 <= exchange.status < 300:
            continue
        sid = value(json_object(exchange), "sid", exchange)
        well_formed = isinstance(sid, str) and MESSAGE_SID.fullmatch(sid)
        expect(well_formed, "TZ and 32 hexadecimal digits under 'sid'", show(sid), exchange)
        if sid in seen:
            raise Failed("a sid of its own for every message", f"{sid} for two messages", seen[sid], exchange)
        seen[sid] = exchange


@dataclass(frozen=True, slots=True)
class Unpublishable:
    """What a stream must refuse: no Data at all, and texts that are not JSON."""

    missing: tuple[tuple[str, Exchange], ...]
    not_json: tuple[tuple[str, Exchange], ...]


# What lenient readers take for JSON: names and quotes of other languages, a part of a text, a text cut short.
NOT_JSON = ("hello", '{"id": ', '{"id": 1', "{id: 1}", "{'id': 1}", '{"id": 1,}', '{"id": NaN}', '{"id": 1} and more')


@scenario()
def unpublishable(ctx: Context) -> Unpublishable:
    """A stream is sent an empty form, a form without Data, and Data of texts that are not JSON; and an empty form by
    its name, if that takes a message."""
    stream, name, publish = ctx.make("unpublishable"), ctx.name("unpublishable"), ctx.streams.publish
    other = ctx.streams.send("POST", ctx.target.messages_url(stream.sid), body=b"Body=%7B%7D", message=True)
    missing = [("an empty form", publish(stream.sid, None)), ("a form without Data", other)]
    if succeeded(publish(name, NAMED)):
        missing.append(("an empty form to the stream's name", publish(name, None)))
    return Unpublishable(tuple(missing), tuple((text, publish(stream.sid, text)) for text in NOT_JSON))


@rule("PUBLISH-MISSING-DATA")
def test_publish_without_data(unpublishable: Unpublishable) -> None:
    """Each answer must have status 400."""
    for what, exchange in unpublishable.missing:
        expect_status(exchange, 400, why=f"for {what}")


@rule("PUBLISH-NOT-JSON")
def test_publish_what_is_not_json(unpublishable: Unpublishable) -> None:
    """Each answer must have status 400 and code 54008."""
    for text, exchange in unpublishable.not_json:
        expect_error(exchange, 400, (INVALID_DATA,), f"{text!r} is not JSON")


@dataclass(frozen=True, slots=True)
class Stray:
    """Messages to streams that don't exist, and what the name leads to afterwards."""

    sid: Exchange
    name: Exchange
    after: Exchange


@scenario()
def stray_messages(ctx: Context) -> Stray:
    """A message is sent to a sid that no stream has and to a name that was never used, which is then fetched."""
    sid = "TO" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    name = ctx.name("never-made")
    return Stray(ctx.streams.publish(sid, '{"id": 1}'), ctx.streams.publish(name, '{"id": 1}'), ctx.streams.fetch(name))


@rule("PUBLISH-UNKNOWN")
def test_publish_to_nothing(stray_messages: Stray) -> None:
    """Both answers must have status 404, and no stream of that name may be there afterwards."""
    expect_status(stray_messages.sid, 404, why="for a sid that no stream has")
    expect_status(stray_messages.name, 404, why="for a name that no stream has")
    made = sid_in(stray_messages.after)
    expect(made is None, "no stream made by the message", f"the stream {made}", stray_messages.after)


@dataclass(frozen=True, slots=True)
class Answers:
    """Texts sent as Data, each with its answer."""

    answers: tuple[tuple[str, Exchange], ...]


def _told(exchange: Exchange) -> str:
    """What came back for a message, in a few words."""
    if exchange.status is None or not 200 <= exchange.status < 300:
        return describe(exchange)
    try:
        body = answer(exchange).json()
    except NotJSON:
        body = None
    data: Any = body.get("data") if isinstance(body, dict) else body
    return f"accepted, answered with {show(data)}"


def _survey(answers: Answers) -> Answer:
    told = "; ".join(f"{text}: {_told(exchange)}" for text, exchange in answers.answers)
    return Answer(told, tuple(exchange for _, exchange in answers.answers))


def _publish_all(ctx: Context, *texts: str) -> Answers:
    stream = ctx.make()
    return Answers(tuple((text, ctx.streams.publish(stream.sid, text)) for text in texts))


@scenario()
def message_roots(ctx: Context) -> Answers:
    """A stream is sent an array, a string, a number, true and null."""
    return _publish_all(ctx, "[1]", '"text"', "1", "true", "null")


@rule("PUBLISH-ROOT")
def test_message_roots(message_roots: Answers) -> Answer:
    """The answers are recorded."""
    return _survey(message_roots)


@scenario()
def big_numbers(ctx: Context) -> Answers:
    """A stream is sent integers beyond 2^53, a fraction of many digits, and a number beyond a double."""
    texts = ("9007199254740993", "12345678901234567890123", "0.1234567890123456789", "1e400")
    return _publish_all(ctx, *(f'{{"n":{text}}}' for text in texts))


@rule("PUBLISH-BIG-NUMBERS")
def test_big_numbers(big_numbers: Answers) -> Answer:
    """The answers are recorded."""
    return _survey(big_numbers)


@dataclass(frozen=True, slots=True)
class Touched:
    before: Exchange
    message: Exchange
    after: Exchange


@scenario(timed=True)
def touched_by_message(ctx: Context) -> Touched:
    """More than two seconds after a stream was made it gets a message; it is fetched before and after."""
    stream = ctx.make()
    before = ctx.streams.fetch(stream.sid)
    ctx.sleep(2.1)
    return Touched(before, ctx.streams.publish(stream.sid, '{"id": 1}'), ctx.streams.fetch(stream.sid))


@rule("PUBLISH-TOUCHES-STREAM")
def test_publish_touches_stream(touched_by_message: Touched) -> Answer:
    """The two dates of update are compared."""
    touched = touched_by_message
    expect_success(touched.message)
    before, after = (
        value(json_object(exchange), "date_updated", exchange) for exchange in (touched.before, touched.after)
    )
    text = "no" if before == after else f"yes, from {show(before)} to {show(after)}"
    return Answer(text, (touched.before, touched.message, touched.after))
