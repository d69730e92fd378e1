"""Unique names as texts: any characters, kept as they are, and found when percent-encoded in the path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import describe, json_object, refused, show
from conformance.naming import Naming, expect_found, expect_kept, give_name
from conformance.registry import Answer, rule, scenario
from conformance.streams import sid_in

# What a server may refuse, since nobody says that any character is taken, but must not change: letters of a living
# script beyond the Basic Multilingual Plane (Adlam), and Devanagari with a joiner in it.
UNUSUAL = ("\U0001e900\U0001e901\U0001e902", "क्\u200dष")
# Without letters that have a decomposed form, so that no lawful Unicode normalization changes them. The first two
# are equally long, so that a server that loses what is not ASCII sees the same name twice.
SCRIPTS = ("привет", "νερους", "漢字", "سلام", "नमः")
RESERVED = (" ", "?", "#", "%", "+", "&", "=", ":", "@", ";", '"', "'", "<", ">", "50%25", ",$!*()[]{}|^`~")


@scenario()
def exact_name(ctx: Context) -> Naming:
    """A stream is created with a name of small and capital letters, single and double spaces."""
    return give_name(ctx, ctx.name("exact") + " MiXed Case  and  SPACES iI")


@rule("NAME-EXACT")
def test_name_is_kept(exact_name: Naming) -> None:
    """The create's answer and the fetch by sid must show that very name."""
    expect_kept(exact_name, "a name with capitals and spaces")


@dataclass(frozen=True, slots=True)
class Scripts:
    usual: tuple[Naming, ...]
    unusual: tuple[Naming, ...]


@scenario()
def scripts(ctx: Context) -> Scripts:
    """Streams are created with names in Cyrillic, Greek, Chinese, Arabic and Devanagari; in Adlam, whose letters lie
    beyond the Basic Multilingual Plane; and in Devanagari with a zero-width joiner."""
    prefix = ctx.name("script")
    calls = [partial(give_name, ctx, f"{prefix}-{word}") for word in (*SCRIPTS, *UNUSUAL)]
    namings = tuple(ctx.parallel(calls, at_once=2))
    return Scripts(namings[: len(SCRIPTS)], namings[len(SCRIPTS) :])


@rule("NAME-UNICODE")
def test_names_in_any_script(scripts: Scripts) -> None:
    """Each name must be shown as given by create and fetch, and lead to its stream; the last two may be refused."""
    accepted = [naming for naming in scripts.unusual if not refused(naming.created)]
    for naming in (*scripts.usual, *accepted):
        expect_kept(naming, "a name outside ASCII")
        expect_found(naming, "a name outside ASCII")


@scenario()
def reserved(ctx: Context) -> tuple[tuple[str, Naming], ...]:
    """Streams are created with names that hold one reserved character each, one with "50%25", one with many others."""
    prefix = ctx.name("mark")
    names = [f"{prefix}-{number}-a{mark}b" for number, mark in enumerate(RESERVED)]
    namings = ctx.parallel([partial(give_name, ctx, name) for name in names], at_once=4)
    return tuple(zip(RESERVED, namings, strict=True))


@rule("NAME-RESERVED-CHARACTERS")
def test_reserved_characters(reserved: tuple[tuple[str, Naming], ...]) -> None:
    """Each name must be shown as given by create and fetch, and lead to its stream."""
    for mark, naming in reserved:
        expect_kept(naming, f"a name that holds {mark!r}")
        expect_found(naming, f"a name that holds {mark!r}")


@dataclass(frozen=True, slots=True)
class TwoCases:
    small: Exchange
    capital: Exchange


@scenario()
def two_cases(ctx: Context) -> TwoCases:
    """Two streams are created whose names differ in the case of letters only."""
    small, capital = ctx.name("case-abc"), ctx.name("case-ABC")
    return TwoCases(*(ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL}) for name in (small, capital)))


@rule("NAME-CASE")
def test_case_of_names(two_cases: TwoCases) -> Answer:
    """The answer to the second create is recorded."""
    exchanges = (two_cases.small, two_cases.capital)
    if sid_in(two_cases.small) is None:
        return Answer(f"unknown: the first create was answered with {describe(two_cases.small)}", exchanges)
    if sid_in(two_cases.capital) is None:
        return Answer(f"yes: {describe(two_cases.capital)}", exchanges)
    return Answer("no, each has a stream", exchanges)


@scenario()
def empty_names(ctx: Context) -> tuple[Exchange, Exchange]:
    """Two streams are created with an empty UniqueName."""
    fields = {"UniqueName": "", "Ttl": ctx.nameless_ttl}
    return ctx.streams.create(fields), ctx.streams.create(fields)


@rule("NAME-EMPTY")
def test_empty_name(empty_names: tuple[Exchange, Exchange]) -> Answer:
    """The names that the two answers show, or their statuses, are recorded."""
    return Answer(f"first {_shown(empty_names[0])}, then {_shown(empty_names[1])}", empty_names)


def _shown(exchange: Exchange) -> str:
    if sid_in(exchange) is None:
        return describe(exchange)
    return f"a stream with unique_name {show(json_object(exchange).get('unique_name'))}"


@scenario()
def slashes(ctx: Context) -> tuple[tuple[str, Naming], ...]:
    """Streams are created with names that hold a slash, a backslash, dots between slashes and dots at the end."""
    marks = ("a/b", "a\\b", "a/../b", "a..")
    return tuple((mark, give_name(ctx, ctx.name(f"part-{number}-{mark}"))) for number, mark in enumerate(marks))


@rule("NAME-SLASH")
def test_slashes(slashes: tuple[tuple[str, Naming], ...]) -> Answer:
    """Which of these names are found is recorded."""
    texts = []
    for mark, naming in slashes:
        sid = sid_in(naming.created)
        if sid is None:
            texts.append(f"{mark}: refused ({describe(naming.created)})")
        else:
            found = sid_in(naming.by_name) == sid
            texts.append(f"{mark}: {'found' if found else f'not found ({describe(naming.by_name)})'}")
    return Answer("; ".join(texts), tuple(naming.by_name for _, naming in slashes))
