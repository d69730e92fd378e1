"""Delete a Sync Stream resource: what is deleted is gone everywhere, and everything else stays."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import SAFETY_TTL, Context, made
from conformance.exchange import Exchange
from conformance.expect import answer, describe, expect, expect_refused, expect_status, expect_success, moment_of, show
from conformance.outcomes import Blocked, Inconclusive
from conformance.registry import rule, scenario
from conformance.resource import shown_stream, succeeded
from conformance.sections.test_fetch import Lifecycle
from conformance.streams import Stream
from conformance.walk import End, Walk, walk_list

WAIT = 2.0  # seconds between a stream and the next of its name, so that their dates differ


@dataclass(frozen=True, slots=True)
class Removal:
    """A stream that was deleted, and what was asked of it afterwards. `by_name` is None for a nameless one."""

    stream: Stream
    deleted: Exchange
    by_sid: Exchange
    by_name: Exchange | None


@scenario()
def deletes_by_sid(ctx: Context) -> tuple[Removal, ...]:
    """A named and a nameless stream are fetched, deleted by sid, and fetched by sid and by name."""
    removals = []
    for label in ("named", None):
        stream = ctx.make(label)
        ctx.streams.fetch(stream.sid)  # what a cache could keep
        if label:
            ctx.streams.fetch(ctx.name(label))
        deleted = ctx.streams.delete(stream.sid)
        by_sid = ctx.streams.fetch(stream.sid)
        removals.append(Removal(stream, deleted, by_sid, ctx.streams.fetch(ctx.name(label)) if label else None))
    return tuple(removals)


@scenario()
def delete_by_name(ctx: Context) -> Removal:
    """A stream is fetched by sid and by name, deleted by name, and fetched by both."""
    stream, name = ctx.make("by-name"), ctx.name("by-name")
    ctx.streams.fetch(stream.sid)
    ctx.streams.fetch(name)
    deleted = ctx.streams.delete(name)
    return Removal(stream, deleted, ctx.streams.fetch(stream.sid), ctx.streams.fetch(name))


@rule("DELETE-WORKS")
def test_delete(deletes_by_sid: tuple[Removal, ...]) -> None:
    """Both deletes must succeed, and fetches by the sids afterwards be refused."""
    for removal in deletes_by_sid:
        expect_success(removal.deleted, "a delete by sid to succeed (2xx)")
        expect_refused(removal.by_sid, "a fetch by the sid of a deleted stream")


@rule("DELETE-BY-NAME")
def test_delete_by_name(delete_by_name: Removal) -> None:
    """The delete must succeed, and fetches by sid and by name afterwards be refused."""
    expect_success(delete_by_name.deleted, "a delete by unique name to succeed (2xx)")
    expect_refused(delete_by_name.by_sid, "a fetch by the sid of a stream that was deleted by its name")
    if delete_by_name.by_name is not None:
        expect_refused(delete_by_name.by_name, "a fetch by the name of a stream that was deleted by its name")


@rule("DELETE-STATUS")
def test_delete_status(deletes_by_sid: tuple[Removal, ...], delete_by_name: Removal, lifecycle: Lifecycle) -> None:
    """Each delete that succeeded, by sid, by name and after an update, must have status 204 and no byte of a body."""
    deletes = [*(removal.deleted for removal in (*deletes_by_sid, delete_by_name)), lifecycle.deleted]
    successes = [exchange for exchange in deletes if succeeded(exchange)]
    if not successes:
        raise Blocked(f"no delete succeeded: {describe(deletes[0])}", deletes[0])
    for exchange in successes:
        body = expect_status(exchange, 204, why="for a delete").body
        expect(not body, "no body in the answer to a delete", f"{len(body)} bytes: {show(body)}", exchange)


@rule("DELETE-GONE-BY-NAME")
def test_gone_by_name(deletes_by_sid: tuple[Removal, ...]) -> None:
    """After the delete by sid the fetch by name must be refused."""
    for removal in deletes_by_sid:
        if removal.by_name is not None:
            expect_refused(removal.by_name, "a fetch by the name of a stream that was deleted by its sid")


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Streams that were deleted, by sid and by name, with the deletes, and walks over the list before and after."""

    streams: tuple[Stream, ...]
    deletes: tuple[Exchange, ...]
    walk: Walk


@scenario()
def deleted_and_listed(ctx: Context) -> Unlisted:
    """Three streams are created and the list walked over; two are deleted by sid, one by name; the list again."""
    named, other, nameless = ctx.make("named"), ctx.make("other"), ctx.make()
    walk_list(ctx, 100, until=named.sid)  # what a cache could keep
    deletes = tuple(ctx.streams.delete(reference) for reference in (named.sid, ctx.name("other"), nameless.sid))
    return Unlisted((named, other, nameless), deletes, walk_list(ctx, 100))


@rule("DELETE-GONE-FROM-LIST")
def test_gone_from_list(deleted_and_listed: Unlisted) -> None:
    """No page of the list may show the sid of a stream that was deleted before the walk began."""
    evidence = deleted_and_listed
    gone = {s.sid: d for s, d in zip(evidence.streams, evidence.deletes, strict=True) if succeeded(d)}
    if not gone:
        raise Inconclusive("no delete succeeded", *evidence.deletes)
    for page in evidence.walk.pages:
        for sid in page.sids:
            expect(
                sid not in gone,
                "no deleted stream in the list",
                f"{sid}",
                *filter(None, (gone.get(sid), page.exchange)),
            )
    if evidence.walk.end is not End.LAST:
        raise Inconclusive(f"the list could not be seen to its end: {evidence.walk.end}", evidence.walk.answer)


@dataclass(frozen=True, slots=True)
class Afterlife:
    """Writes to a stream that was deleted, each with its description, and two more deletes."""

    deleted: Exchange
    writes: tuple[tuple[str, Exchange], ...]
    again: tuple[Exchange, ...]


@scenario()
def afterlife(ctx: Context) -> Afterlife:
    """A stream is deleted by sid, deleted again by sid and by name, then updated and published to by both."""
    stream, name, streams = ctx.make("after"), ctx.name("after"), ctx.streams
    deleted = streams.delete(stream.sid)
    again = (streams.delete(stream.sid), streams.delete(name), streams.delete(stream.sid))
    writes: list[tuple[str, Exchange]] = []
    for how, reference in (("sid", stream.sid), ("name", name)):
        if "update" not in ctx.options.without:
            writes.append((f"an update by {how}", streams.update(reference, {"Ttl": 60})))
        if "messages" not in ctx.options.without:
            writes.append((f"a message by {how}", streams.publish(reference, '{"late":true}')))
    return Afterlife(deleted, tuple(writes), again)


@rule("DELETE-GONE-FOR-WRITES")
def test_gone_for_writes(afterlife: Afterlife) -> None:
    """Update and publish, by sid and by name, must be answered with 404 after the delete."""
    for what, exchange in afterlife.writes:
        expect_status(exchange, 404, why=f"to {what} of a deleted stream")


@rule("DELETE-TWICE")
def test_delete_twice(afterlife: Afterlife) -> None:
    """After the first delete three more, by sid, by name and by sid, must be answered with 404."""
    for exchange in afterlife.again:
        expect_status(exchange, 404, why="to the delete of a deleted stream")


@scenario()
def delete_unknown(ctx: Context) -> tuple[Exchange, Exchange]:
    """A sid that no stream has and a name that was never used are deleted."""
    sid = "TO" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    return ctx.streams.delete(sid), ctx.streams.delete(ctx.name("never-made"))


@rule("DELETE-UNKNOWN")
def test_delete_of_the_unknown(delete_unknown: tuple[Exchange, Exchange]) -> None:
    """Both deletes must be answered with 404."""
    by_sid, by_name = delete_unknown
    expect_status(by_sid, 404, why="to the delete of a sid that no stream has")
    expect_status(by_name, 404, why="to the delete of a name that no stream has")


@dataclass(frozen=True, slots=True)
class Survivor:
    """A stream that must stay, and what was asked of it after others were deleted. `by_name` None: it has no name."""

    stream: Stream
    by_sid: Exchange
    by_name: Exchange | None


@dataclass(frozen=True, slots=True)
class Survivors:
    """`walks`: up to three over the whole list, the last of them showing all survivors if any did."""

    survivors: tuple[Survivor, ...]
    deletes: tuple[Exchange, ...]
    walks: tuple[Walk, ...]


@scenario()
def delete_neighbours(ctx: Context) -> Survivors:
    """Of seven streams, made one after the other and with names alike, three are deleted; the others are looked for."""
    named = {label: ctx.make(label) for label in ("ab", "a", "abc", "b")}
    first, chosen, last = ctx.make(), ctx.make(), ctx.make()
    deletes = tuple(ctx.streams.delete(one) for one in (ctx.name("a"), named["b"].sid, chosen.sid))
    survivors = [
        Survivor(named[label], ctx.streams.fetch(named[label].sid), ctx.streams.fetch(ctx.name(label)))
        for label in ("ab", "abc")
    ]
    survivors += [Survivor(stream, ctx.streams.fetch(stream.sid), None) for stream in (first, last)]
    walks: list[Walk] = []
    wanted = {survivor.stream.sid for survivor in survivors}
    while len(walks) < 3 and not (walks and wanted <= _listed(walks[-1])):
        with ctx.quiet():
            walks.append(walk_list(ctx, 100))
    return Survivors(tuple(survivors), deletes, tuple(walks))


def _listed(walk: Walk) -> set[str]:
    return {sid for page in walk.pages for sid in page.sids}


@rule("DELETE-NEIGHBOURS")
def test_delete_leaves_others_alone(delete_neighbours: Survivors) -> None:
    """The four streams that were not deleted must be found by sid, by name and in the list.

    The list is walked over up to three times, because it may lawfully skip an entry while others change it.
    """
    for survivor in delete_neighbours.survivors:
        for exchange in filter(None, (survivor.by_sid, survivor.by_name)):
            found = shown_stream(exchange).get("sid")
            what = f"the stream {survivor.stream.sid} to be there after others were deleted"
            expect(found == survivor.stream.sid, what, describe(exchange), *delete_neighbours.deletes, exchange)
    seen = set().union(*map(_listed, delete_neighbours.walks))
    missing = [one.stream.sid for one in delete_neighbours.survivors if one.stream.sid not in seen]
    if missing and delete_neighbours.walks[-1].end is not End.LAST:
        raise Inconclusive("the list could not be seen to its end", delete_neighbours.walks[-1].answer)
    expect(
        not missing,
        "streams to stay in the list when others are deleted",
        f"{', '.join(missing)} missing from it",
        *delete_neighbours.deletes,
        delete_neighbours.walks[-1].answer,
    )


@dataclass(frozen=True, slots=True)
class Rebirth:
    """A deleted stream, the one made under its name 2 s later, and fetches by the old sid and the name after that."""

    old: Stream
    new: Stream
    by_old_sid: Exchange
    by_name: Exchange


@scenario(timed=True)
def rebirth(ctx: Context) -> Rebirth:
    """A stream is made, updated and deleted; 2 s later its name is used again, with another Ttl."""
    old, name = ctx.make("twice"), ctx.name("twice")
    deleted = ctx.streams.delete(old.sid)
    if not succeeded(deleted):
        raise Blocked(f"the delete did not work: {describe(deleted)}", deleted)
    ctx.sleep(WAIT)
    new = made(ctx.streams.create({"UniqueName": name, "Ttl": 3 * SAFETY_TTL}))
    return Rebirth(old, new, ctx.streams.fetch(old.sid), ctx.streams.fetch(name))


@rule("DELETE-RECREATED-IS-NEW")
def test_recreated_stream_is_new(rebirth: Rebirth) -> None:
    """The new stream's sid and dates must be its own, and the old sid lead nowhere."""
    old, new = rebirth.old, rebirth.new
    exchanges = (old.exchange, new.exchange)
    expect(new.sid.casefold() != old.sid.casefold(), "a new sid for a stream made anew", f"{new.sid} again", *exchanges)
    for source, body in ((new.exchange, new.body), (rebirth.by_name, shown_stream(rebirth.by_name))):
        if body.get("sid") != new.sid:
            continue  # a name that leads elsewhere is the business of NAME-FREE-AFTER-DELETE
        for key in ("date_created", "date_expires"):
            before, after = moment_of(old.body.get(key)), moment_of(body.get(key))
            fresh = before is None or after is None or after > before
            got = f"{show(body.get(key))}, of the deleted one"
            expect(fresh, f"a {key} of its own for a stream made anew", got, old.exchange, source)
    answer(rebirth.by_old_sid)
    expect(
        not succeeded(rebirth.by_old_sid),
        "the sid of a deleted stream to lead nowhere once its name is used again",
        describe(rebirth.by_old_sid),
        *exchanges,
        rebirth.by_old_sid,
    )
