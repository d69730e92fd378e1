"""Names put to the test: a stream is made with a name, and looked for by its sid and by that name."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import expect, expect_success, json_object, show, stream_in, text
from conformance.streams import sid_in


@dataclass(frozen=True, slots=True)
class Naming:
    """A create with that name and the fetches after it; `by_sid` is None when the create showed no sid."""

    name: str
    created: Exchange
    by_sid: Exchange | None
    by_name: Exchange


def give_name(ctx: Context, name: str) -> Naming:
    """Creates a stream with exactly that name and fetches it by its sid and by the name, percent-encoded."""
    created = ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL})
    sid = sid_in(created)
    return Naming(name, created, ctx.streams.fetch(sid) if sid else None, ctx.streams.fetch(name))


def expect_accepted(naming: Naming, what: str) -> None:
    """The create succeeded. `what` says which kind of name it was."""
    expect_success(naming.created, f"a stream with {what} to be created (2xx)")


def expect_kept(naming: Naming, what: str) -> None:
    """The create's answer and the fetch by sid show exactly that name."""
    expect_accepted(naming, what)
    for exchange in (naming.created, naming.by_sid):
        if exchange is None:
            continue
        found = text(stream_in(exchange), "unique_name", exchange)
        expect(
            found == naming.name,
            f"{what} as it was given, {show(naming.name)}",
            difference(naming.name, found),
            exchange,
        )


def expect_found(naming: Naming, what: str) -> None:
    """The fetch by name shows the stream that was created."""
    expect_accepted(naming, what)
    wanted = text(json_object(naming.created), "sid", naming.created)
    expect_success(naming.by_name, f"the stream with {what} to be found by that name")
    found = json_object(naming.by_name).get("sid")
    expect(found == wanted, f"the stream {show(wanted)} under {what}", show(found), naming.created, naming.by_name)


def difference(wanted: str, found: str) -> str:
    """`found` in words that show where it differs, also when both are long."""
    if len(wanted) != len(found):
        return f"{len(found)} characters instead of {len(wanted)}: {show(found)}"
    at = next((i for i, (a, b) in enumerate(zip(wanted, found, strict=True)) if a != b), 0)
    return f"{show(found)}, which differs from character {at + 1} on"
