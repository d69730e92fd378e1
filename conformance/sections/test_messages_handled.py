"""Messages can't be listed, fetched, updated or deleted."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, succeeded
from conformance.messages import message_sid
from conformance.outcomes import Inconclusive
from conformance.registry import rule, scenario

MESSAGE = '{"id": 1}'
HEX = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Handled:
    """Everything that is tried with messages other than publishing them."""

    queried: tuple[Exchange, ...]
    updated: tuple[Exchange, ...]
    deleted: tuple[Exchange, ...]
    after: Exchange


@scenario()
def handled_messages(ctx: Context) -> Handled:
    """After one message its list is asked for, and it is fetched, written to and deleted by its sid; all this by the
    stream's sid and by its name. In the end the stream gets another message.

    A server that showed no sid is asked for one that no message has.
    """
    stream = ctx.make("handled")
    sid = message_sid(ctx.streams.publish(stream.sid, MESSAGE)) or "TZ" + "".join(ctx.random.choices(HEX, k=32))
    queried, updated, deleted = [], [], []
    for reference in (stream.sid, ctx.name("handled")):
        messages = ctx.target.messages_url(reference)
        one = f"{messages}/{sid}"
        queried += [ctx.streams.send("GET", url) for url in (messages, one, f"{messages}?PageSize=20")]
        updated += [
            ctx.streams.send(method, url, body=b"Data=%7B%22id%22%3A2%7D")
            for method, url in (("POST", one), ("PUT", one), ("PATCH", one), ("PUT", messages), ("PATCH", messages))
        ]
        deleted += [ctx.streams.send("DELETE", url) for url in (one, messages)]
    after = ctx.streams.publish(stream.sid, MESSAGE)
    return Handled(tuple(queried), tuple(updated), tuple(deleted), after)


def _expect_impossible(exchanges: tuple[Exchange, ...]) -> None:
    """None of the requests may succeed. Raises Inconclusive when one got no answer at all."""
    for exchange in exchanges:
        if exchange.response is None:
            raise Inconclusive(f"there was no answer to {exchange.request.method}: {exchange.error}", exchange)
        expect(
            not 200 <= exchange.response.status < 300,
            f"{exchange.request.method} {exchange.request.path} not to succeed (404 or 405)",
            describe(exchange),
            exchange,
        )


@rule("MESSAGES-NOT-QUERIED")
def test_messages_are_not_queried(handled_messages: Handled) -> None:
    """Neither a GET of the messages nor of one message may succeed."""
    _expect_impossible(handled_messages.queried)


@rule("MESSAGES-NOT-UPDATED")
def test_messages_are_not_updated(handled_messages: Handled) -> None:
    """POST, PUT and PATCH of one message, PUT and PATCH of all may not succeed."""
    _expect_impossible(handled_messages.updated)


@rule("MESSAGES-NOT-DELETED")
def test_messages_are_not_deleted(handled_messages: Handled) -> None:
    """Neither DELETE of one message nor of all may succeed, nor delete the stream."""
    _expect_impossible(handled_messages.deleted)
    what = "the stream to take messages after attempts to update and delete them"
    tried = (*handled_messages.updated, *handled_messages.deleted)
    done = next((exchange for exchange in tried if succeeded(exchange)), None)
    if done is not None:
        what += f", of which {done.request.method} {done.request.path} was not refused"
    found = describe(handled_messages.after)
    expect(succeeded(handled_messages.after), what, found, handled_messages.after, *filter(None, (done,)))
