"""What streams and names must be like after any operations, and the checks that compare the target with that.

Only what the page itself promises is compared. What other documents say, such as that a freed name can be used again
or that publishing leaves the expiry alone, has rules of its own; here either answer brings the model up to date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.context import Context
from conformance.exchange import Exchange, NotJSON
from conformance.expect import describe, parse_date, refused, show
from conformance.outcomes import NotRun
from conformance.properties.generation import MESSAGES_A_STREAM, Retries
from conformance.properties.promised import expect_expiry
from conformance.properties.search import Broken, Story
from conformance.walk import Found, find_in_list, read_page

CONSTANT = ("sid", "unique_name", "account_sid", "service_sid", "date_created", "created_by")
TOO_LARGE = '{"d":"' + "x" * 5_000 + '"}'
BAD_TTL = "abc"
WALKS = 4  # in a list that others change a walk may lawfully miss a stream, but hardly four in a row
MOST_LIST_PAGES = 3


@dataclass(slots=True)
class Known:
    """A stream as the model knows it. `expires` is text, None for never; `expires_open`: nothing is promised of it."""

    label: str
    name: str | None
    sid: str
    body: dict[str, Any]
    expires: Any
    expires_open: bool = False
    later_is_fine: bool = False  # a message may have extended it
    messages: int = 0
    alive: bool = True


@dataclass(frozen=True, slots=True)
class Aim:
    """A reference that a request is addressed with, in words too, and the stream that it must lead to, if any."""

    reference: str
    shown: str
    holder: Known | None


@dataclass(slots=True)
class World:
    """All streams of one story, the target they should be on, and the story so far. Streams are picked by number."""

    ctx: Context
    number: int
    story: Story
    streams: list[Known] = field(default_factory=list)

    # ------------------------------------------------------------ steps

    def create(self, label: str | None, ttl: int | None) -> None:
        """Creates a stream; a name that is taken must be refused."""
        name = None if label is None else self.ctx.name(f"{self.number}-{label}")
        fields: dict[str, object] = {} if name is None else {"UniqueName": name}
        if ttl is not None:
            fields["Ttl"] = ttl = ttl if name else self.ctx.nameless_ttl
        exchange = self.ctx.streams.create(fields)
        shown = "a nameless stream" if label is None else f"a stream named …{label}"
        self._tell(f"create {shown}{f' with Ttl {ttl}' if ttl is not None else ''}", exchange)
        if holder := self._holder(name):
            self._expect_refused("the name is taken", exchange)
            self._look(holder)
            return
        if refused(exchange) and any(name is not None and stream.name == name for stream in self.streams):
            return  # whether a freed name can be used again at once is another rule's matter
        body = _stream(exchange)
        sid = body.get("sid")
        if not isinstance(sid, str):
            raise Broken("a stream with a sid", show(sid), exchange)
        if any(stream.sid == sid for stream in self.streams):
            raise Broken("a new stream with a sid of its own", f"the sid of an earlier one, {sid}", exchange)
        if body.get("unique_name") != name:
            raise Broken(f"unique_name {show(name)}", show(body.get("unique_name")), exchange)
        expect_expiry(body, ttl, exchange)
        known = Known(label or f"nameless {len(self.streams) + 1}", name, sid, body, body.get("date_expires"))
        self.streams.append(known)
        self._fetch(Aim(name or sid, f"…{known.label} by {'name' if name else 'sid'}", known))

    def create_refused(self, label: str) -> None:
        """A create with a bad Ttl is refused, and leaves no stream of that name that was not there before."""
        name = self.ctx.name(f"{self.number}-{label}")
        exchange = self.ctx.streams.create({"UniqueName": name, "Ttl": BAD_TTL})
        self._tell(f"create a stream named …{label} with Ttl {BAD_TTL!r}", exchange)
        self._expect_refused(f"{BAD_TTL!r} is no Ttl", exchange)
        self._fetch(Aim(name, f"…{label} by name", self._holder(name)))

    def update(self, which: int, ttl: int, *, by_name: bool) -> None:
        """Updates a stream. What is gone may be answered in any way but with a server error."""
        if (aim := self._aim(which, by_name=by_name)) is None:
            return
        exchange = self.ctx.streams.update(aim.reference, {"Ttl": ttl})
        self._tell(f"update {aim.shown} with Ttl {ttl}", exchange)
        if known := aim.holder:
            body = _stream(exchange)
            _expect_constants(known, body, exchange)
            expect_expiry(body, ttl, exchange)
            known.expires, known.expires_open, known.later_is_fine = body.get("date_expires"), False, False
        self._look_again(which, aim)

    def update_refused(self, which: int, *, by_name: bool) -> None:
        """An update with a bad Ttl is refused; what it leaves of the expiry is another rule's matter."""
        if (aim := self._aim(which, by_name=by_name)) is None:
            return
        exchange = self.ctx.streams.update(aim.reference, {"Ttl": BAD_TTL})
        self._tell(f"update {aim.shown} with Ttl {BAD_TTL!r}", exchange)
        if aim.holder:
            self._expect_refused(f"{BAD_TTL!r} is no Ttl", exchange)
            aim.holder.expires_open = True
        self._look_again(which, aim)

    def publish(self, which: int, *, by_name: bool) -> None:
        """Publishes a small message, which only a limiter may refuse."""
        if (aim := self._aim(which, by_name=by_name)) is None or not self._may_publish(aim):
            return
        exchange = self.ctx.streams.publish(aim.reference, '{"id": 1}')
        self._tell(f"publish to {aim.shown}", exchange)
        if aim.holder:
            aim.holder.later_is_fine = True
            if exchange.status != 429:
                _expect_success(exchange)
        self._look_again(which, aim)

    def publish_refused(self, which: int, *, by_name: bool) -> None:
        """Publishes a message that is too large."""
        if (aim := self._aim(which, by_name=by_name)) is None or not self._may_publish(aim):
            return
        exchange = self.ctx.streams.publish(aim.reference, TOO_LARGE)
        self._tell(f"publish {len(TOO_LARGE)} bytes to {aim.shown}", exchange)
        if aim.holder:
            self._expect_refused("the message is too large", exchange)
        self._look_again(which, aim)

    def delete(self, which: int, *, by_name: bool) -> None:
        """Deletes a stream; again, if it is gone already."""
        if (aim := self._aim(which, by_name=by_name)) is None:
            return
        retries = Retries(self.ctx)
        exchange = self.ctx.streams.delete(aim.reference)
        self._tell(f"delete {aim.shown}", exchange)
        if aim.holder:
            if not (refused(exchange) and retries.happened()):
                _expect_success(exchange)
            aim.holder.alive = False
        self._look_again(which, aim)
        if aim.holder:
            self._look_at_the_rest()

    def look(self, which: int) -> None:
        """Fetches a stream by its sid and by its name and compares it with the model."""
        if self.streams:
            self._look(self._pick(which))

    def list(self, which: int) -> None:
        """Looks whether the list shows a stream, as the model knows it, and does not show what was deleted."""
        if not self.streams:
            return
        known = self._pick(which)
        for _ in range(WALKS):
            with self.ctx.quiet():
                found = find_in_list(self.ctx, known.sid)
            if found.present == known.alive or not found.complete:
                break
        exchange, shown = found.exchanges[-1], f"…{known.label} by sid"
        self._tell(f"look for {shown} in the list", exchange)
        if not found.complete:
            return  # the list did not end, or was none: rules of the list say so
        if found.present != known.alive:
            expected, got = ("listed", "is not") if known.alive else ("listed no more", "still is")
            raise Broken(f"{shown} to be {expected}", f"that it {got}", exchange)
        if known.alive:
            _expect_same(known, _entry(found, known.sid), exchange)

    def clean(self) -> None:
        """Deletes what is alive; what is left when the run ends then is in the journal."""
        try:
            for known in self.streams:
                if known.alive:
                    self.ctx.streams.delete(known.sid)
        except NotRun:
            return

    # ------------------------------------------------------------ addresses

    def _pick(self, which: int) -> Known:
        return self.streams[which % len(self.streams)]

    def _holder(self, name: str | None) -> Known | None:
        """The living stream of that name."""
        return next((s for s in self.streams if s.alive and name is not None and s.name == name), None)

    def _aim(self, which: int, *, by_name: bool) -> Aim | None:
        """The sid or the name of a stream, which may have been deleted; None when there is no stream yet."""
        if not self.streams:
            return None
        known = self._pick(which)
        if by_name and known.name is not None:
            return Aim(known.name, f"…{known.label} by name", self._holder(known.name))
        return Aim(known.sid, f"…{known.label} by sid", known if known.alive else None)

    def _may_publish(self, aim: Aim) -> bool:
        """Counts the message. Few enough are sent that no limiter needs to refuse one."""
        if aim.holder is None:
            return True
        aim.holder.messages += 1
        return aim.holder.messages <= MESSAGES_A_STREAM

    # ------------------------------------------------------------ looking

    def _look_again(self, which: int, aim: Aim) -> None:
        """After a request by sid the stream is looked at by its name, if it has one, and the other way round."""
        known = aim.holder or self._pick(which)
        if known.name is not None and aim.reference != known.name:
            self._fetch(Aim(known.name, f"…{known.label} by name", self._holder(known.name)))
        else:
            self._fetch(Aim(known.sid, f"…{known.label} by sid", known if known.alive else None))

    def _look_at_the_rest(self) -> None:
        """After a delete: every other stream must be there still."""
        for known in self.streams:
            if known.alive:
                self._fetch(Aim(known.sid, f"…{known.label} by sid", known))

    def _look(self, known: Known) -> None:
        self._fetch(Aim(known.sid, f"…{known.label} by sid", known if known.alive else None))
        if known.name is not None:
            self._fetch(Aim(known.name, f"…{known.label} by name", self._holder(known.name)))

    def _fetch(self, aim: Aim) -> None:
        exchange = self.ctx.streams.fetch(aim.reference)
        self._tell(f"fetch {aim.shown}", exchange)
        if aim.holder is not None:
            _expect_same(aim.holder, _stream(exchange), exchange)
        elif not refused(exchange):
            raise Broken(f"{aim.shown} not to be found (404)", describe(exchange), exchange)

    def _tell(self, step: str, exchange: Exchange) -> None:
        """Adds a step; no answer and a server error break every story."""
        self.story.tell(step, exchange)
        if exchange.response is None or exchange.response.status >= 500:
            raise Broken("an answer below 500", describe(exchange), exchange)

    def _expect_refused(self, why: str, exchange: Exchange) -> None:
        if not refused(exchange):
            raise Broken(f"a refusal (4xx): {why}", describe(exchange), exchange)


def list_is_short(ctx: Context) -> bool:
    """Whether the list is short enough to be walked in passing."""
    with ctx.quiet():
        found = find_in_list(ctx, "")
    return found.complete and len(found.exchanges) <= MOST_LIST_PAGES


def _entry(found: Found, sid: str) -> dict[str, Any]:
    page = read_page(found.exchanges[-1])
    entries = page.entries if page else ()
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("sid") == sid), {})


def _stream(exchange: Exchange) -> dict[str, Any]:
    _expect_success(exchange)
    try:
        body = exchange.response.json() if exchange.response else None
    except NotJSON as error:
        raise Broken("a stream in JSON", str(error), exchange) from None
    if not isinstance(body, dict):
        raise Broken("a stream", show(body), exchange)
    return body


def _expect_success(exchange: Exchange) -> None:
    if exchange.status is None or not 200 <= exchange.status < 300:
        raise Broken("a success (2xx)", describe(exchange), exchange)


def _expect_same(known: Known, body: dict[str, Any], exchange: Exchange) -> None:
    _expect_constants(known, body, exchange)
    came = body.get("date_expires")
    if not (known.expires_open or _same(came, known.expires) or _later(known, came)):
        raise Broken(f"date_expires {show(known.expires)}, as it was answered before", show(came), exchange)


def _expect_constants(known: Known, body: dict[str, Any], exchange: Exchange) -> None:
    for key in CONSTANT:
        was, came = known.body.get(key), body.get(key)
        if not _same(was, came):
            raise Broken(f"{key} {show(was)}, as the create said", show(came), exchange)


def _seconds(value: object) -> float | None:
    moment = parse_date(value) if isinstance(value, str) else None
    return None if moment is None else moment.timestamp()


def _same(one: object, other: object) -> bool:
    """Equal, or the same second written in another way."""
    first, second = _seconds(one), _seconds(other)
    return one == other or (first is not None and second is not None and abs(first - second) < 1)


def _later(known: Known, came: object) -> bool:
    """Whether a message moved the expiry away, which is for another rule to judge."""
    before, after = _seconds(known.expires), _seconds(came)
    return known.later_is_fine and before is not None and after is not None and after >= before
