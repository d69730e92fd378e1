"""Unique names: how long, how unique, and free again after a delete."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, BrokenBarrierError

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import (
    describe,
    expect,
    expect_equal,
    expect_error,
    expect_refused,
    expect_success,
    json_object,
    show,
    stream_in,
    value,
)
from conformance.naming import Naming, expect_accepted, expect_found, expect_kept, give_name
from conformance.outcomes import Failed, Inconclusive
from conformance.registry import Answer, rule, scenario
from conformance.streams import Stream, encode, sid_in

LONGEST = 320
AT_ONCE, ROUNDS = 8, 5
TIMES = 2
TAKEN = 54301
SID_SHAPED = 54302


def _padded(name: str, filler: str, length: int = LONGEST) -> str:
    return name + filler * (length - len(name))


@dataclass(frozen=True, slots=True)
class LongNames:
    longest: Naming
    twin: Naming
    too_long: tuple[tuple[str, Exchange], ...]
    wide: tuple[tuple[int, Naming], ...]
    astral: Naming


@scenario()
def long_names(ctx: Context) -> LongNames:
    """Streams are created with names of 320 and 321 characters, ASCII ones and ones of more bytes.

    The names differ at their beginning, so that a name that is cut off does not meet another; but for two of 320
    characters that differ in the last one only.
    """
    longest = _padded(ctx.name("ascii"), "x")
    return LongNames(
        longest=give_name(ctx, longest),
        twin=give_name(ctx, longest[:-1] + "y"),
        too_long=tuple((filler, _one_more(ctx, filler)) for filler in "xд水"),
        wide=tuple(
            (size, give_name(ctx, _padded(ctx.name(f"wide-{size}"), filler))) for size, filler in ((2, "д"), (3, "水"))
        ),
        astral=give_name(ctx, _padded(ctx.name("astral"), "\N{OLD ITALIC LETTER A}")),
    )


def _one_more(ctx: Context, filler: str) -> Exchange:
    name = _padded(ctx.name(f"one-more-{len(filler.encode())}"), filler, LONGEST + 1)
    return ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL})


@rule("NAME-320-CHARACTERS")
def test_longest_name(long_names: LongNames) -> None:
    """Both creates with 320 ASCII characters must succeed, show the whole name, and be found by it."""
    for naming, what in (
        (long_names.longest, f"a name of {LONGEST} characters"),
        (long_names.twin, f"a name of {LONGEST} characters that differs from another in the last one"),
    ):
        expect_kept(naming, what)
        expect_found(naming, what)


@rule("NAME-321-CHARACTERS")
def test_name_too_long(long_names: LongNames) -> None:
    """The creates with 321 characters, of one, two and three bytes each, must be answered with a 4xx."""
    for filler, exchange in long_names.too_long:
        size = len(filler.encode())
        expect_refused(exchange, f"a name of {LONGEST + 1} characters, most of them of {size} bytes in UTF-8")


@rule("NAME-COUNTED-IN-CHARACTERS")
def test_characters_not_bytes(long_names: LongNames) -> None:
    """Both creates with 320 characters, filled up with ones of two and of three bytes, must show the whole name, and
    their streams be found by it."""
    for size, naming in long_names.wide:
        what = f"a name of {LONGEST} characters, most of them {size} bytes long in UTF-8,"
        expect_kept(naming, what)
        expect_found(naming, what)


@rule("NAME-ASTRAL")
def test_astral_name(long_names: LongNames) -> Answer:
    """A create with 320 characters, most of them beyond the Basic Multilingual Plane, is recorded."""
    naming = long_names.astral
    if sid_in(naming.created) is None:
        return Answer(f"{LONGEST} are too many, or none are taken: {describe(naming.created)}", (naming.created,))
    kept = json_object(naming.created).get("unique_name") == naming.name
    found = naming.by_name.status == 200
    return Answer(
        f"{LONGEST} are accepted, {'kept' if kept else 'changed'} and {'found' if found else 'not found'} by name",
        (naming.created, naming.by_name),
    )


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A stream, two creates with its name, the second after an update, and the stream before and after the first;
    and two creates with a name that is not ASCII."""

    stream: Stream
    before: Exchange
    duplicate: Exchange
    by_name: Exchange
    by_sid: Exchange
    updated: Exchange
    duplicate_after_update: Exchange
    unicode: tuple[Exchange, Exchange]

    @property
    def all(self) -> tuple[Exchange, ...]:
        """The creates that must be refused: the second only if the first stream was there, with its name, till then;
        the one that is not ASCII only if such a name was accepted."""
        kept = sid_in(self.by_name) == self.stream.sid and sid_in(self.updated) is not None
        plain = (self.duplicate, self.duplicate_after_update) if kept else (self.duplicate,)
        first, second = self.unicode
        if sid_in(first) is None or json_object(first).get("unique_name") != first.request.field("UniqueName"):
            return plain
        return (*plain, second)


@scenario()
def duplicates(ctx: Context) -> Duplicates:
    """A stream's name is used for a second create with another Ttl, and for a third after the stream was updated.

    A name with other than ASCII characters is used twice.
    """
    stream, name, streams = ctx.make("twice"), ctx.name("twice"), ctx.streams
    before = streams.fetch(stream.sid)
    duplicate = streams.create({"UniqueName": name, "Ttl": 60})
    by_name, by_sid = streams.fetch(name), streams.fetch(stream.sid)
    updated = streams.update(stream.sid, {"Ttl": 1800})
    again = streams.create({"UniqueName": name, "Ttl": 60})
    fields = {"UniqueName": name + "-имя-名", "Ttl": SAFETY_TTL}
    unicode = (streams.create(fields), streams.create(fields))
    return Duplicates(stream, before, duplicate, by_name, by_sid, updated, again, unicode)


@rule("NAME-UNIQUE")
def test_names_are_unique(duplicates: Duplicates) -> None:
    """All further creates must be answered with a 4xx."""
    for exchange in duplicates.all:
        expect_refused(exchange, "a name that another stream has")


@rule("NAME-DUPLICATE-ERROR")
def test_duplicate_error(duplicates: Duplicates) -> None:
    """Status and code of all further creates are compared."""
    for exchange in duplicates.all:
        expect_error(exchange, 409, (TAKEN,), "the name is taken")


@dataclass(frozen=True, slots=True)
class LateDuplicate:
    """A create with a name that has been taken for a while, and the stream that has it before and after."""

    stream: Stream
    before: Exchange
    duplicate: Exchange
    after: tuple[Exchange, ...]


@scenario(timed=True)
def late_duplicate(ctx: Context) -> LateDuplicate:
    """A stream's name is used for another create, without a Ttl, 2 s after the stream was made."""
    stream, name, streams = ctx.make("late"), ctx.name("late"), ctx.streams
    before = streams.fetch(stream.sid)
    ctx.sleep(2)  # a date that moves shows once a second has passed
    duplicate = streams.create({"UniqueName": name})
    return LateDuplicate(stream, before, duplicate, (streams.fetch(name), streams.fetch(stream.sid)))


@rule("NAME-DUPLICATE-KEEPS-FIRST")
def test_duplicate_keeps_the_first(duplicates: Duplicates, late_duplicate: LateDuplicate) -> None:
    """After a refused create, at once and 2 s after the first, fetches by name and by sid must show the first stream
    with its dates."""
    at_once = LateDuplicate(
        duplicates.stream, duplicates.before, duplicates.duplicate, (duplicates.by_name, duplicates.by_sid)
    )
    for evidence in (at_once, late_duplicate):
        before = stream_in(evidence.before)
        for exchange in evidence.after:
            expect_success(exchange, "the first stream to be there after a refused duplicate")
            after = json_object(exchange)
            expect_equal(after.get("sid"), evidence.stream.sid, "the stream with sid", evidence.duplicate, exchange)
            for key in ("date_expires", "date_updated"):
                what = f"after a refused duplicate the first stream's {key}"
                expect_equal(after.get(key), before.get(key), what, evidence.duplicate, exchange)


@dataclass(frozen=True, slots=True)
class Round:
    """Creates with one name at the same moment, and whom the name leads to afterwards."""

    name: str
    creates: tuple[Exchange, ...]
    found: Exchange

    @property
    def winners(self) -> tuple[Exchange, ...]:
        return tuple(e for e in self.creates if e.status is not None and 200 <= e.status < 300)

    @property
    def decidable(self) -> bool:
        return len(self.winners) > 1 or all(exchange.response for exchange in self.creates)


@scenario()
def race(ctx: Context) -> tuple[Round, ...]:
    """Eight creates with one name are sent at the same moment, five times with different names."""
    return tuple(_race(ctx, ctx.name(f"round-{number}")) for number in range(ROUNDS))


def _race(ctx: Context, name: str) -> Round:
    body = encode({"UniqueName": name, "Ttl": SAFETY_TTL})
    ready = Barrier(AT_ONCE)

    def create() -> Exchange:
        with suppress(BrokenBarrierError):
            ready.wait(timeout=5)
        # After a broken connection what the name leads to may be the winner, which must stay.
        return ctx.streams.create_as(body, name, alone=False)

    creates = tuple(ctx.parallel([create] * AT_ONCE, at_once=AT_ONCE))
    found = ctx.streams.fetch(name)
    for sid in dict.fromkeys(sid for sid in map(sid_in, (*creates, found)) if sid):
        ctx.streams.delete(sid)
    return Round(name, creates, found)


@rule("NAME-RACE")
def test_one_of_eight_wins(race: tuple[Round, ...]) -> None:
    """In each round one create must succeed, and the name must lead to its stream; rounds with a lost answer are
    left out."""
    decidable = [item for item in race if item.decidable]
    if not decidable:
        raise Inconclusive("in every round an answer was lost", *race[0].creates)
    for item in decidable:
        statuses = ", ".join(str(exchange.status) for exchange in item.creates)
        if len(item.winners) != 1:
            raise Failed(
                f"one success among {AT_ONCE} creates with one name at the same moment",
                f"{len(item.winners)} (the statuses were {statuses})",
                *(item.winners or item.creates),
            )
        winner = item.winners[0]
        sid = value(json_object(winner), "sid", winner)
        expect_success(item.found, "the stream that won to be found by its name")
        found = json_object(item.found).get("sid")
        expect(found == sid, f"the name to lead to the stream that won, {show(sid)}", show(found), winner, item.found)


@scenario()
def sid_shaped_names(ctx: Context) -> tuple[Exchange, ...]:
    """Three streams are created with names of two capitals and 32 hexadecimal digits: TO…, IS… and ZZ…."""
    digits = ["".join(ctx.random.choices("0123456789abcdef", k=32)) for _ in range(3)]
    names = [prefix + text for prefix, text in zip(("TO", "IS", "ZZ"), digits, strict=True)]
    return tuple(ctx.streams.create({"UniqueName": name, "Ttl": 60}) for name in names)


@rule("NAME-SID-SHAPED")
def test_sid_shaped_names(sid_shaped_names: tuple[Exchange, ...]) -> None:
    """Status and code of all three answers are compared."""
    for exchange in sid_shaped_names:
        expect_error(exchange, 400, (SID_SHAPED,), f"a name shaped like a sid, {exchange.request.field('UniqueName')}")


@dataclass(frozen=True, slots=True)
class Reuse:
    """A name that was freed by deleting its stream, and used again."""

    how: str
    old_sid: str
    deleted: Exchange
    naming: Naming


@scenario()
def reused_names(ctx: Context) -> tuple[Reuse, ...]:
    """Two named streams are deleted, one by sid and one by name; then each name is used for a new stream. That is
    done twice with each name."""
    reuses = []
    for how in ("by sid", "by name"):
        label = how.replace(" ", "-")
        sid, name = ctx.make(label).sid, ctx.name(label)
        for _ in range(TIMES):
            deleted = ctx.streams.delete(sid if how == "by sid" else name)
            reuses.append(Reuse(how, sid, deleted, give_name(ctx, name)))
            sid = sid_in(reuses[-1].naming.created) or sid
    return tuple(reuses)


@rule("NAME-FREE-AFTER-DELETE")
def test_names_are_free_after_delete(reused_names: tuple[Reuse, ...]) -> None:
    """All creates must succeed, and the fetches by name show the new streams' sids.

    A new stream with the sid of the old one is the business of DELETE-RECREATED-IS-NEW.
    """
    for reuse in reused_names:
        what = f"the name of a stream that was deleted {reuse.how}"
        expect_accepted(reuse.naming, what)
        if sid_in(reuse.naming.created) == reuse.old_sid:
            continue
        expect_found(reuse.naming, what)
