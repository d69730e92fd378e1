"""Create a Sync Stream resource: what a refused create leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import describe, expect, moment_of, refused, show
from conformance.outcomes import Inconclusive
from conformance.registry import rule, scenario
from conformance.resource import shown_stream
from conformance.server_time import SECOND, act_by_header
from conformance.walk import walk_list

ODD_TTL = (40_000, 80_000)  # seconds; far from what the other checks give


@dataclass(frozen=True, slots=True)
class Attempt:
    """A create that should be refused, the fetch by its name after it, and a right create with that name.

    `name` is what the stream would have, cut to the length allowed; `again` is None where the name itself is wrong.
    """

    what: str
    name: str
    create: Exchange
    fetch: Exchange
    again: Exchange | None


@dataclass(frozen=True, slots=True)
class Stray:
    """A create with a bad or taken name and a Ttl that nothing else has, by which a nameless stream of it is known."""

    what: str
    ttl: int
    create: Exchange


@dataclass(frozen=True, slots=True)
class Attempts:
    """`listed` are the entries that a walk over the list showed before any of the names was used again."""

    attempts: tuple[Attempt, ...]
    strays: tuple[Stray, ...]
    listed: tuple[tuple[dict[str, Any], Exchange], ...]


@scenario()
def refused_creates(ctx: Context) -> Attempts:
    """Creates with a wrong Ttl or name; fetches by those names; a look at the list; right creates with those names."""
    wrong = [(f"Ttl {ttl}", ctx.name(f"ttl-{i}"), ttl) for i, ttl in enumerate(("soon", "1.5", "-1", "31536001"))]
    tried = []
    for what, name, ttl in wrong:
        create = ctx.streams.create({"UniqueName": name, "Ttl": ttl})
        tried.append((what, name, create, ctx.streams.fetch(name)))
    long_name = ctx.name("long").ljust(321, "x")
    create = ctx.streams.create({"UniqueName": long_name, "Ttl": SAFETY_TTL})
    long = Attempt("a name of 321 characters", long_name[:320], create, ctx.streams.fetch(long_name[:320]), None)
    strays = _strays(ctx)
    listed: list[tuple[dict[str, Any], Exchange]] = []
    if "list" not in ctx.options.without:
        listed = [(e, p.exchange) for p in walk_list(ctx, 100).pages for e in p.entries if isinstance(e, dict)]
    attempts = [long]
    for what, name, create, fetch in tried:
        again = ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL}) if refused(create) else None
        attempts.append(Attempt(what, name, create, fetch, again))
    return Attempts(tuple(attempts), strays, tuple(listed))


def _strays(ctx: Context) -> tuple[Stray, ...]:
    """Creates with a name of a sid's shape and with a taken name, which are to be refused."""
    taken = ctx.name("taken")
    ctx.make("taken")
    digits = "".join(ctx.random.choices("0123456789abcdef", k=32))
    strays = []
    for what, name in (("a name of a sid's shape", f"TO{digits}"), ("a name that is taken", taken)):
        ttl = ctx.random.randint(*ODD_TTL)
        strays.append(Stray(what, ttl, ctx.streams.create({"UniqueName": name, "Ttl": ttl})))
    return tuple(strays)


@rule("CREATE-REFUSED-NO-EFFECT")
def test_refused_creates_have_no_effect(refused_creates: Attempts) -> None:
    """After a refusal nothing may be found by the name or listed under it, and the name must still be free.

    A name of 321 characters is looked for by its first 320 as well. Nor may the list show a nameless stream of
    that very moment with the Ttl of a create that was refused for its name.
    """
    judged = [attempt for attempt in refused_creates.attempts if refused(attempt.create)]
    if not judged:
        raise Inconclusive("no create was refused", *(attempt.create for attempt in refused_creates.attempts))
    for attempt in judged:
        nothing = f"no stream after a refused create with {attempt.what}"
        found = shown_stream(attempt.fetch).get("unique_name") == attempt.name
        expect(not found, nothing, "one that is found by its name", attempt.create, attempt.fetch)
        for entry, page in refused_creates.listed:
            expect(entry.get("unique_name") != attempt.name, nothing, "one in the list", attempt.create, page)
        expect(
            attempt.again is None or attempt.again.status != 409,
            f"the name to be free after a refused create with {attempt.what}",
            describe(attempt.again) if attempt.again else "",
            attempt.create,
            *((attempt.again,) if attempt.again else ()),
        )
    for stray in filter(lambda stray: refused(stray.create), refused_creates.strays):
        for entry, page in refused_creates.listed:
            nothing = f"no stream after a refused create with {stray.what}"
            found = f"a nameless one with its Ttl of {stray.ttl} s: {show(entry.get('sid'))}"
            expect(not _is_of(entry, stray), nothing, found, stray.create, page)


def _is_of(entry: dict[str, Any], stray: Stray) -> bool:
    """Whether a stream without a name was made at the moment of that create and with its Ttl."""
    span = act_by_header(stray.create)
    created, expires = moment_of(entry.get("date_created")), moment_of(entry.get("date_expires"))
    if entry.get("unique_name") is not None or created is None or expires is None:
        return False
    return created in span and expires in span.later(stray.ttl) and abs(expires - created - stray.ttl) <= SECOND
