"""Create a Sync Stream resource: with and without its parameters, in every form that the encoding allows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import partial

from conformance.context import SAFETY_TTL, Context, made
from conformance.exchange import Exchange
from conformance.expect import (
    describe,
    expect,
    expect_equal,
    expect_status,
    expect_success,
    stream_in,
    text,
    value,
)
from conformance.outcomes import Blocked
from conformance.registry import Answer, rule, scenario
from conformance.resource import shown_stream, succeeded
from conformance.streams import FORM, Stream, sid_in


@dataclass(frozen=True, slots=True)
class Creates:
    """One create with an empty body, and three with a name, with Ttl after it, before it and not at all."""

    bare: Exchange
    named: tuple[tuple[str, Exchange], ...]


@scenario()
def creates(ctx: Context) -> Creates:
    """Streams are created without any parameter, with a name, and with a name and a Ttl in both orders."""
    orders: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("name-first", ("UniqueName", "Ttl")),
        ("name-last", ("Ttl", "UniqueName")),
        ("name-only", ("UniqueName",)),
    )
    named = []
    for label, fields in orders:
        values = {"UniqueName": ctx.name(label), "Ttl": SAFETY_TTL}
        named.append((ctx.name(label), ctx.streams.create([(field, values[field]) for field in fields])))
    return Creates(ctx.streams.create(), tuple(named))


@rule("CREATE-WORKS")
def test_create_without_parameters(creates: Creates) -> None:
    """The create with an empty body must succeed, and its answer be an object with a sid."""
    expect_success(creates.bare, "a create without any parameter to succeed (2xx)")
    sid = text(stream_in(creates.bare), "sid", creates.bare)
    expect(sid != "", "the new stream's sid under 'sid'", "an empty text", creates.bare)


@rule("CREATE-STATUS")
def test_create_status(creates: Creates) -> None:
    """The status of each of the four creates that succeeded is compared with 201."""
    answers = [creates.bare, *(exchange for _, exchange in creates.named)]
    successes = [exchange for exchange in answers if succeeded(exchange)]
    if not successes:
        raise Blocked(f"no create succeeded: {describe(creates.bare)}", creates.bare)
    for exchange in successes:
        expect_status(exchange, 201, why="for a create")


@rule("CREATE-NAMED")
def test_create_with_a_name(creates: Creates) -> None:
    """The three creates with a name must succeed and show that very name under unique_name."""
    for name, exchange in creates.named:
        expect_success(exchange, f"a create with the unused name {name!r} to succeed (2xx)")
        expect_equal(value(stream_in(exchange), "unique_name", exchange), name, "the unique_name", exchange)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Streams made at the same moment and one after the other."""

    streams: tuple[Stream, ...]


@scenario()
def crowd(ctx: Context) -> Crowd:
    """Eight named streams are created, six of them at the same moment and two one after the other."""
    together = ctx.parallel([partial(ctx.make, f"together-{i}") for i in range(6)])
    return Crowd((*together, ctx.make("then"), ctx.make("and-then")))


@rule("CREATE-SIDS-DIFFER")
def test_every_create_has_a_sid_of_its_own(crowd: Crowd) -> None:
    """No two of the eight creates may answer with the same sid, case aside."""
    counts = Counter(stream.sid.casefold() for stream in crowd.streams)
    twice = [stream for stream in crowd.streams if counts[stream.sid.casefold()] > 1]
    expect(
        not twice,
        f"{len(crowd.streams)} different sids for {len(crowd.streams)} creates",
        f"{len(counts)}: {twice[0].sid if twice else ''} came more than once",
        *(stream.exchange for stream in twice),
    )


@dataclass(frozen=True, slots=True)
class Nameless:
    """Creates without a name, the fetches by sid right after each, and those once all, and a named one, were made."""

    created: tuple[Exchange, ...]
    at_once: tuple[Exchange | None, ...]
    named: Exchange
    in_the_end: tuple[Exchange | None, ...]


@scenario()
def nameless(ctx: Context) -> Nameless:
    """Four streams are created without a name and fetched by sid, then one with a name; then each once more."""

    def fetch(created: Exchange) -> Exchange | None:
        return ctx.streams.fetch(sid) if (sid := sid_in(created)) else None

    pairs = [(created, fetch(created)) for created in (ctx.streams.create({"Ttl": ctx.nameless_ttl}) for _ in range(4))]
    named = ctx.make("named")  # a fetch that shows this one in the end says nothing about streams without a name
    return Nameless(
        created=tuple(created for created, _ in pairs),
        at_once=tuple(fetched for _, fetched in pairs),
        named=ctx.streams.fetch(named.sid),
        in_the_end=tuple(fetch(created) for created, _ in pairs),
    )


@rule("CREATE-NAMELESS-MANY")
def test_any_number_without_a_name(nameless: Nameless) -> None:
    """All four creates must succeed, each with a sid of its own, and where a stream with a name is found by its sid
    they must be found so too, at once and when there are four."""
    sids = [sid_in(exchange) for exchange in nameless.created]
    for exchange in nameless.created:
        expect_success(exchange, "a further create without UniqueName to succeed (2xx)")
    expect(
        len(set(sids)) == len(sids), "four streams for four creates without a name", f"sids {sids}", *nameless.created
    )
    if not succeeded(nameless.named):  # then nothing is found by its sid, which is for FETCH-BY-SID to say
        return
    for created, *fetches in zip(nameless.created, nameless.at_once, nameless.in_the_end, strict=True):
        sid = text(stream_in(created), "sid", created)
        for fetched in fetches:
            if fetched is None:
                continue
            expect_success(fetched, f"the nameless stream {sid} to be found by its sid, as one with a name is")
            shown = shown_stream(fetched)
            if shown.get("unique_name", "") is None:  # a fetch that shows a named one is the business of FETCH-BY-SID
                expect_equal(shown.get("sid"), sid, "the stream with sid", created, fetched)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it was sent, the name that it means, and the answer."""

    body: bytes
    name: str
    exchange: Exchange


@scenario()
def encoded_forms(ctx: Context) -> tuple[Form, ...]:
    """Creates with names written in the ways that form encoding has for one text, among them letters as escapes."""
    forms = []
    for label, written, meant in (
        ("plus", "a+b", "a b"),
        ("space", "a%20b", "a b"),
        ("escaped-plus", "a%2Bb", "a+b"),
        ("lower-case", "a%2bb%3d%26c", "a+b=&c"),
        ("percent", "100%2525", "100%25"),
        ("letters", "%41%62%43", "AbC"),
    ):
        start = ctx.name(label)
        body = f"UniqueName={start}-{written}&Ttl={SAFETY_TTL}".encode()
        forms.append(_send_form(ctx, body, f"{start}-{meant}"))
    start = ctx.name("key")
    forms.append(_send_form(ctx, f"Unique%4Eame={start}&T%74l={SAFETY_TTL}".encode(), start))
    return tuple(forms)


def _send_form(ctx: Context, body: bytes, name: str) -> Form:
    exchange = ctx.streams.create_as(body, name)
    if sid := sid_in(exchange):
        ctx.streams.delete(sid)
    return Form(body, name, exchange)


@rule("CREATE-FORM-DECODED")
def test_forms_are_decoded(encoded_forms: tuple[Form, ...]) -> None:
    """Each create must succeed and show the name that its form means."""
    for form in encoded_forms:
        written = form.body.decode("ascii")
        expect_success(form.exchange, f"a create with the form {written} to succeed (2xx)")
        name = value(stream_in(form.exchange), "unique_name", form.exchange)
        expect_equal(name, form.name, f"for the form {written} the unique_name", form.exchange)


@scenario()
def forms_with_charset(ctx: Context) -> tuple[tuple[str, Exchange], ...]:
    """Creates with a name whose Content-Type carries a charset, with and without a space before it."""
    answers = []
    for label, parameter in (("spaced", "; charset=UTF-8"), ("tight", ";charset=utf-8")):
        name = ctx.name(label)
        headers = {"Content-Type": FORM + parameter}
        answers.append((name, ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL}, headers=headers)))
    return tuple(answers)


@rule("CREATE-FORM-CHARSET")
def test_forms_with_charset(forms_with_charset: tuple[tuple[str, Exchange], ...]) -> None:
    """Each create must succeed and show the name that was given."""
    for name, exchange in forms_with_charset:
        kind = exchange.request.headers.get("Content-Type")
        expect_success(exchange, f"a create with Content-Type {kind} to succeed (2xx)")
        found = value(stream_in(exchange), "unique_name", exchange)
        expect_equal(found, name, f"with Content-Type {kind} the unique_name", exchange)


@scenario()
def create_with_unknown_field(ctx: Context) -> Exchange:
    """A create with a field FriendlyName beside UniqueName and Ttl."""
    return ctx.streams.create({"UniqueName": ctx.name("odd"), "Ttl": SAFETY_TTL, "FriendlyName": "a friend"})


@rule("CREATE-UNKNOWN-FIELD")
def test_unknown_field(create_with_unknown_field: Exchange) -> Answer:
    """The answer is recorded."""
    exchange = create_with_unknown_field
    what = "the field is ignored" if succeeded(exchange) else "the create is refused"
    return Answer(f"{what}: {describe(exchange)}", (exchange,))


@dataclass(frozen=True, slots=True)
class JSONCreate:
    name: str
    exchange: Exchange


@scenario()
def create_from_json(ctx: Context) -> JSONCreate:
    """A create whose body is a JSON object with UniqueName and Ttl, and says so."""
    name = ctx.name("json")
    body = json.dumps({"UniqueName": name, "Ttl": SAFETY_TTL}).encode()
    headers = {"Content-Type": "application/json"}
    exchange = ctx.streams.create_as(body, name, headers=headers)
    if succeeded(exchange) and sid_in(exchange):
        ctx.streams.delete(made(exchange).sid)
    return JSONCreate(name, exchange)


@rule("CREATE-JSON-BODY")
def test_json_body(create_from_json: JSONCreate) -> Answer:
    """The answer is recorded, and whether the parameters in the JSON counted."""
    exchange = create_from_json.exchange
    if not succeeded(exchange):
        return Answer(f"the create is refused: {describe(exchange)}", (exchange,))
    counted = shown_stream(exchange).get("unique_name") == create_from_json.name
    return Answer(f"a stream is made and the JSON is {'read' if counted else 'ignored'}", (exchange,))
