"""What is published reaches the subscribers, as Twilio's Sync SDKs would see it.

Nothing of this is documented: it is how the SDK behaves and what it needs. Delivery is not guaranteed and may come in
another order, so what does not arrive is told, never judged.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import expect, expect_equal, show
from conformance.messages import compact, message_in, message_sid, payload, same_json
from conformance.outcomes import Blocked, Failed, Inconclusive, Unsupported
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream
from conformance.subscribers.access import Access
from conformance.subscribers.connection import Event, NoConnection, Reply, Subscriber

LIFETIME = 3600.0  # seconds that a token is good for
WHOLE = 10.0  # seconds that what was published is waited for at most
QUIET = 2.0  # seconds without anything new, after which no more is expected
AFTERWARDS = 0.7  # seconds in which what should not come may still come
REFUSED = (401, 403)
PUBLISHED, REMOVED = "stream_message_published", "stream_removed"
TEXTS: tuple[Any, ...] = ({"text": "é ✓ 𝄞"}, {"a": [1, {"b": None}], "c": True}, {}, {"number": 1.5})


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a publish was accepted for: over REST with its exchange, else through a subscriber."""

    sid: str
    stream_sid: str
    data: Any
    exchange: Exchange | None = None

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return () if self.exchange is None else (self.exchange,)


@dataclass(frozen=True, slots=True)
class Ear:
    """A subscriber of one stream: what became of its subscription, and everything that it was told."""

    name: str
    stream_sid: str
    asked: Reply
    correlation_id: int
    events: tuple[Event, ...]
    removed_in_time: bool

    @property
    def messages(self) -> tuple[dict[str, Any], ...]:
        return tuple(event.body for event in self.events if event.type == PUBLISHED)


@dataclass(frozen=True, slots=True)
class Heard:
    """Two streams, the subscribers of each, what was published to them, and the deletion of the first.

    `sender` is the ear that published `own` through its connection. `problem` says why nobody could connect."""

    problem: str = ""
    streams: tuple[Stream, ...] = ()
    opened: tuple[Reply, ...] = ()  # the first stream, by its sid and by its name
    ears: tuple[Ear, ...] = ()
    sent: tuple[Sent, ...] = ()
    sender: str = ""
    own: Sent | None = None
    deleted: Exchange | None = None

    @property
    def connected(self) -> Heard:
        """Itself; raises Blocked when nobody could connect."""
        if self.problem:
            raise Blocked(f"no subscriber could connect: {self.problem}")
        return self

    def arrivals(self) -> Iterator[tuple[Ear, dict[str, Any]]]:
        """Every message that came to anybody. Raises Inconclusive when none did."""
        found = [(ear, message) for ear in self.connected.ears for message in ear.messages]
        if not found:
            raise Inconclusive("no message arrived at any subscriber, which nobody promises, so nothing can be told")
        yield from found

    def sent_as(self, sid: object) -> Sent | None:
        return next((sent for sent in self.sent if sent.sid == sid), None)


def access_of(ctx: Context) -> Access:
    if ctx.options.subscribers is None:
        raise Unsupported("needs to know where subscribers connect: give --subscribers URL")
    return ctx.options.subscribers


def service_of(stream: Stream) -> str:
    sid = stream.body.get("service_sid")
    if not isinstance(sid, str):
        raise Blocked("the stream does not say which service it is in", stream.exchange)
    return sid


@scenario()
def subscribed(ctx: Context) -> Heard:
    """Three subscribers of one stream and one of another; both streams get messages over REST, and the first gets one
    through a subscriber's connection. Then the first stream is deleted."""
    access = access_of(ctx)
    first, second = ctx.make("heard"), ctx.make("apart")
    now = time.time()
    token = access.signer.token("conformance", service_of(first), begins=now - 60, ends=now + LIFETIME)
    try:
        with ExitStack() as stack:
            peers = [stack.enter_context(Subscriber(access.url, timeout=ctx.options.timeout)) for _ in range(4)]
            for peer in peers:
                reply = peer.init(token)
                if _status(reply.header) != 200:
                    return Heard(f"the reply to init had the status {show(reply.header.get('status'))}")
            return _listen(ctx, first, second, peers)
    except NoConnection as error:
        return Heard(str(error))


def _listen(ctx: Context, first: Stream, second: Stream, peers: list[Subscriber]) -> Heard:
    opened = tuple(
        peers[0].request("GET", f"/v3/Streams/{quote(reference, safe='')}")
        for reference in (first.sid, ctx.name("heard"))
    )
    homes = (first, first, first, second)
    asked = [
        peer.subscribe(stream.sid, number) for number, (peer, stream) in enumerate(zip(peers, homes, strict=True), 1)
    ]
    _until(ctx, lambda: all(any(_settles(event) for event in peer.events) for peer in peers))
    sent: list[Sent] = []
    for number, data in enumerate((*TEXTS, payload(4000))):
        text = data if isinstance(data, str) else compact(data)
        for stream in (first, second) if number % 2 else (first,):
            exchange = ctx.streams.publish(stream.sid, text)
            body, sid = message_in(exchange), message_sid(exchange)
            if body is not None and sid is not None:
                sent.append(Sent(sid, stream.sid, body.get("data"), exchange))
    sender = peers[2]
    own = _publish_through(sender, opened[0], first.sid)
    sent += [own] if own else []
    wanted = sum(
        sum(homes[i] is stream for i in range(4))
        for s in sent
        for stream in (first, second)
        if s.stream_sid == stream.sid
    )
    _until(
        ctx, lambda: sum(_count(peer) for peer in peers) >= wanted - bool(own), lambda: sum(_count(p) for p in peers)
    )
    ctx.sleep(AFTERWARDS)
    deleted = ctx.streams.delete(first.sid)
    _until(ctx, lambda: all(any(event.type == REMOVED for event in peer.events) for peer in peers[:3]))
    ears = tuple(
        Ear(f"subscriber {n}", stream.sid, reply, n, tuple(peer.events), _gone(peer, stream.sid))
        for n, (peer, stream, reply) in enumerate(zip(peers, homes, asked, strict=True), 1)
    )
    return Heard("", (first, second), opened, ears, tuple(sent), ears[2].name, own, deleted)


def _publish_through(peer: Subscriber, opened: Reply, stream_sid: str) -> Sent | None:
    """A message through the connection, at the URL that the opened stream names."""
    links = opened.body.get("links") if isinstance(opened.body, dict) else None
    url = links.get("messages") if isinstance(links, dict) else None
    path = urlsplit(url).path if isinstance(url, str) else f"/v3/Streams/{stream_sid}/Messages"
    data = {"through": "a connection"}
    reply = peer.request("POST", path, {"data": data})
    sid = reply.body.get("sid") if isinstance(reply.body, dict) else None
    return Sent(sid, stream_sid, data) if isinstance(sid, str) else None


def _until(ctx: Context, done: Callable[[], bool], progress: Callable[[], int] = lambda: 0) -> None:
    """Waits; no longer than QUIET without progress, and WHOLE in all."""
    end = time.monotonic() + WHOLE
    quiet, seen = time.monotonic() + QUIET, progress()
    while not done() and time.monotonic() < min(end, quiet):
        ctx.sleep(0.02)
        if (now := progress()) != seen:
            quiet, seen = time.monotonic() + QUIET, now


def _settles(event: Event) -> bool:
    return event.type in {"subscription_established", "subscription_failed"}


def _count(peer: Subscriber) -> int:
    return sum(event.type == PUBLISHED for event in peer.events)


def _gone(peer: Subscriber, stream_sid: str) -> bool:
    return any(event.type == REMOVED and event.body.get("stream_sid") == stream_sid for event in peer.events)


def _status(header: dict[str, Any]) -> object:
    status = header.get("status")
    return status.get("code") if isinstance(status, dict) else None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a token that is not good was answered with: the status of the reply, or why there was none."""

    what: str
    status: object
    problem: str = ""


@scenario()
def bad_tokens(ctx: Context) -> tuple[Tried, ...]:
    """Connects with a token signed by another secret, one that has expired, and one whose text was changed."""
    access = access_of(ctx)
    stream = ctx.make("tokens")
    now, service = time.time(), service_of(stream)
    forger = type(access.signer)(access.signer.account_sid, access.signer.key_sid, access.signer.secret + "x")
    good = access.signer.token("conformance", service, begins=now - 60, ends=now + LIFETIME)
    other = access.signer.token("somebody else", service, begins=now - 60, ends=now + LIFETIME)
    tokens = {
        "signed with another secret": forger.token("conformance", service, begins=now - 60, ends=now + LIFETIME),
        "that has expired": access.signer.token("conformance", service, begins=now - 7200, ends=now - LIFETIME),
        "with the signature of another": ".".join((*other.split(".")[:2], good.split(".")[2])),
    }
    tried = []
    for what, token in tokens.items():
        try:
            with Subscriber(access.url, timeout=ctx.options.timeout) as peer:
                tried.append(Tried(what, _status(peer.init(token).header)))
        except NoConnection as error:
            tried.append(Tried(what, None, str(error)))
    return tuple(tried)


@rule("SUBSCRIBE-CONNECTS")
def connects(subscribed: Heard) -> None:
    """Every subscriber's init with a good token must be answered with status 200."""
    if subscribed.problem:
        raise Failed("a subscriber with a good token to be let in", subscribed.problem)


@rule("SUBSCRIBE-TOKEN-REFUSED")
def token_refused(bad_tokens: tuple[Tried, ...]) -> None:
    """No token that is not good may be answered with status 200; the connection may just be closed."""
    for tried in bad_tokens:
        expect(tried.status != 200, f"a token {tried.what} to be refused", "the subscriber was let in")


@rule("SUBSCRIBE-OPENS")
def opens(subscribed: Heard) -> None:
    """The stream asked for by sid and by name through the connection is the one that was created over REST, with the
    URLs that the SDK goes on with."""
    heard = subscribed.connected
    created = heard.streams[0]
    for how, reply in zip(("sid", "unique name"), heard.opened, strict=True):
        what = f"the stream that a subscriber opens by its {how}"
        if reply.status != 200 or not isinstance(reply.body, dict):
            raise Failed(f"{what} with status 200", f"status {show(reply.status)}", created.exchange)
        expect_equal(reply.body.get("sid"), created.sid, f"the sid of {what}", created.exchange)
        expect_equal(reply.body.get("unique_name"), created.name, f"the unique_name of {what}", created.exchange)
        links = reply.body.get("links")
        urls = (reply.body.get("url"), links.get("messages") if isinstance(links, dict) else None)
        for url in urls:
            fine = isinstance(url, str) and bool(urlsplit(url).path.strip("/"))
            expect(fine, f"url and links.messages of {what} to be URLs with a path", show(url), created.exchange)


@rule("SUBSCRIBE-ESTABLISHED")
def established(subscribed: Heard) -> None:
    """Each subscriber is told that its subscription is established, with the correlation_id that it gave."""
    for ear in subscribed.connected.ears:
        expect(
            any(
                event.type == "subscription_established"
                and event.correlation_id == ear.correlation_id
                and event.body.get("object_sid") == ear.stream_sid
                for event in ear.events
            ),
            f"{ear.name} to be told that its subscription {ear.correlation_id} to {ear.stream_sid} is established",
            f"status {show(ear.asked.status)}, then {_told(ear)}",
        )


@rule("SUBSCRIBE-DATA")
def data(subscribed: Heard) -> None:
    """Whatever arrives has the sid of a published message, and its data."""
    for ear, message in subscribed.arrivals():
        sent = subscribed.sent_as(message.get("message_sid"))
        if sent is None:
            raise Failed("nothing to arrive but what was published", f"{ear.name} got {show(message)}")
        fine = same_json(message.get("message_data"), sent.data)
        expect(
            fine,
            f"message {sent.sid} to arrive as {show(sent.data)}",
            show(message.get("message_data")),
            *sent.exchanges,
        )


@rule("SUBSCRIBE-STREAM-ONLY")
def stream_only(subscribed: Heard) -> None:
    """A message arrives at subscribers of the stream that it was published to, and under that stream's sid."""
    for ear, message in subscribed.arrivals():
        sent = subscribed.sent_as(message.get("message_sid"))
        if sent is not None:
            there = f"{ear.name}, subscribed to {ear.stream_sid}, got it under {show(message.get('stream_sid'))}"
            fine = ear.stream_sid == sent.stream_sid == message.get("stream_sid")
            expect(fine, f"message {sent.sid} to arrive on {sent.stream_sid} only", there, *sent.exchanges)


@rule("SUBSCRIBE-ONCE")
def once(subscribed: Heard) -> None:
    """No connection gets a message twice."""
    counts = Counter((ear.name, str(message.get("message_sid"))) for ear, message in subscribed.arrivals())
    (name, sid), most = counts.most_common(1)[0]
    sent = subscribed.sent_as(sid)
    expect(most == 1, f"message {sid} to arrive once", f"{name} got it {most} times", *(sent.exchanges if sent else ()))


@rule("SUBSCRIBE-NOT-TO-SENDER")
def not_to_sender(subscribed: Heard) -> None:
    """The connection that published a message is not told of it: the SDK shows its own messages by itself."""
    heard = subscribed.connected
    if heard.own is None:
        raise Inconclusive("nothing could be published through a subscriber's connection")
    sender = next(ear for ear in heard.ears if ear.name == heard.sender)
    back = [message for message in sender.messages if message.get("message_sid") == heard.own.sid]
    expect(not back, "a message not to be sent back to the connection that published it", show(back))


@rule("SUBSCRIBE-REMOVED")
def removed(subscribed: Heard) -> None:
    """After the deletion of the stream its subscribers are told so within seconds; others are not."""
    heard = subscribed.connected
    deleted = () if heard.deleted is None else (heard.deleted,)
    for ear in heard.ears:
        wanted = ear.stream_sid == heard.streams[0].sid
        expect(
            ear.removed_in_time is wanted,
            f"{ear.name} {'to be told' if wanted else 'not to be told'} that {ear.stream_sid} was removed",
            _told(ear),
            *deleted,
        )


@rule("SUBSCRIBE-EVERYONE")
def everyone(subscribed: Heard) -> Answer:
    """Counts what arrived of all messages for all subscribers of their streams; nobody promises that all do."""
    heard = subscribed.connected
    due = {
        (ear.name, sent.sid)
        for ear in heard.ears
        for sent in heard.sent
        if ear.stream_sid == sent.stream_sid and not (sent is heard.own and ear.name == heard.sender)
    }
    came = {(ear.name, message.get("message_sid")) for ear in heard.ears for message in ear.messages}
    missing = tuple(
        x for sent in heard.sent if any((e.name, sent.sid) in due - came for e in heard.ears) for x in sent.exchanges
    )
    return Answer(f"{len(due & came)} of {len(due)} deliveries arrived", missing)


def _told(ear: Ear) -> str:
    kinds = Counter(event.type for event in ear.events)
    return ", ".join(f"{kind} ({count})" for kind, count in kinds.items()) or "no event"
