"""Sync Stream properties: their form wherever a stream is shown, and what they say about the stream."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import expect, show, stream_in, value
from conformance.operation import address_of
from conformance.outcomes import Blocked, Inconclusive
from conformance.passive import judge_each
from conformance.passive.stream import SID
from conformance.registry import rule, scenario
from conformance.resource import differences, shown_stream, succeeded
from conformance.sections.test_fetch import Unnamed
from conformance.server_time import expect_at
from conformance.streams import Stream
from conformance.traffic import Traffic
from conformance.walk import walk_list

WAIT = 4.0  # seconds: more than two dates of whole seconds and a Date header renewed once a second can differ by


@rule("STREAM-KEYS")
def test_keys(traffic: Traffic) -> None:
    """Every stream in every answer of the run must have all ten keys; more keys are welcome."""
    judge_each("STREAM-KEYS", traffic.streams)


@rule("STREAM-SID")
def test_sid(traffic: Traffic) -> None:
    """The sid of every stream in every answer of the run is compared with the pattern."""
    judge_each("STREAM-SID", traffic.streams)


@rule("STREAM-ACCOUNT-SID")
def test_account_sid(traffic: Traffic) -> None:
    """Every account_sid in the run is compared with the pattern, and with the account logged in or else each other."""
    judge_each("STREAM-ACCOUNT-SID", traffic.streams)
    account = traffic.target.credentials.account_sid
    for shown in traffic.streams:
        found = str(value(shown.body, "account_sid", shown.exchange))
        account = account or found
        expect(
            found.casefold() == account.casefold(),
            f"the account {account} under 'account_sid'{shown.where}",
            show(found),
            shown.exchange,
        )


@dataclass(frozen=True, slots=True)
class Homes:
    """A create in the target's service and one in the second, if there is one."""

    first: Exchange
    second: Exchange | None


@scenario()
def homes(ctx: Context) -> Homes:
    """A stream is created in the service and, when the run was given one, in a second service."""
    fields = {"Ttl": ctx.nameless_ttl}
    second = ctx.target.second_service
    return Homes(ctx.streams.create(fields), ctx.streams.create(fields, service=second) if second else None)


@rule("STREAM-SERVICE-SID")
def test_service_sid(homes: Homes, traffic: Traffic) -> None:
    """Every service_sid in the run is compared with the pattern and with the others shown for the same service.

    A service asked for by its sid must be shown under that sid, and two services under two.
    """
    judge_each("STREAM-SERVICE-SID", traffic.streams)
    known: dict[str, str] = {}
    for shown in traffic.streams:
        address = address_of(shown.exchange.request)
        if address is None:
            continue
        asked = address.service
        found = str(value(shown.body, "service_sid", shown.exchange))
        wanted = known.setdefault(asked, asked if SID["IS"].fullmatch(asked) else found)
        expect(
            found.casefold() == wanted.casefold(),
            f"the service_sid {wanted} for a stream of the service {asked!r}{shown.where}",
            show(found),
            shown.exchange,
        )
    if homes.second is not None and succeeded(homes.first) and succeeded(homes.second):
        first, second = (shown_stream(exchange).get("service_sid") for exchange in (homes.first, homes.second))
        expect(
            first != second,
            "two values of service_sid for streams of two services",
            f"{show(first)} for both",
            homes.first,
            homes.second,
        )


@rule("STREAM-UNIQUE-NAME")
def test_unique_name(fetch_unnamed: Unnamed, traffic: Traffic) -> None:
    """Every unique_name in the run must be a string or null, and null for a stream created without a name.

    That is judged in the answers to creates, and in a fetch of such a stream.
    """
    judge_each("STREAM-UNIQUE-NAME", traffic.streams)
    shown = shown_stream(fetch_unnamed.by_sid)
    if shown.get("sid") == fetch_unnamed.stream.sid:
        name = value(shown, "unique_name", fetch_unnamed.by_sid)
        wanted = "null under 'unique_name' of a stream created without a name"
        expect(name is None, wanted, show(name), fetch_unnamed.stream.exchange, fetch_unnamed.by_sid)


@rule("STREAM-URL")
def test_url(traffic: Traffic) -> None:
    """The path of every url in the run must lead to the very stream that shows it; the host is not looked at."""
    judge_each("STREAM-URL", traffic.streams)


@rule("STREAM-URL-BY-SID")
def test_urls_by_sid(traffic: Traffic) -> None:
    """The path of every url and link in the run must hold the service_sid and sid of the stream that shows it."""
    judge_each("STREAM-URL-BY-SID", traffic.streams)


@rule("STREAM-LINKS")
def test_links(traffic: Traffic) -> None:
    """The links of every stream in the run must be an object, and every value in it an absolute http(s) URL."""
    judge_each("STREAM-LINKS", traffic.streams)


@rule("STREAM-LINKS-MESSAGES")
def test_messages_link(traffic: Traffic) -> None:
    """The path of every stream's messages link must be the stream's own path and /Messages."""
    judge_each("STREAM-LINKS-MESSAGES", traffic.streams)


@rule("STREAM-DATES")
def test_dates(traffic: Traffic) -> None:
    """Every date in the run must be read as an ISO 8601 date and time with Z or an offset."""
    judge_each("STREAM-DATES", traffic.streams)


@rule("STREAM-DATES-WHOLE-SECONDS")
def test_dates_of_whole_seconds(traffic: Traffic) -> None:
    """No date in the run may have a fraction."""
    judge_each("STREAM-DATES-WHOLE-SECONDS", traffic.streams)


@rule("STREAM-CREATED-BY")
def test_created_by(traffic: Traffic) -> None:
    """The creator in answers to create, and elsewhere that of streams with the suite's names, must be "system"."""
    judge_each("STREAM-CREATED-BY", traffic.streams)


@rule("STREAM-DATE-UPDATED-NEW")
def test_date_updated_of_new_stream(traffic: Traffic) -> None:
    """In every answer to a create the two dates are compared; with fractions they may differ by less than 1 s."""
    judge_each("STREAM-DATE-UPDATED-NEW", traffic.streams)


@dataclass(frozen=True, slots=True)
class Aging:
    """A stream updated by its sid 4 s after it was made and by its name 4 s later, and one made in between.

    `seen` is a fetch of the younger one, 4 s after it was made.
    """

    older: Stream
    younger: Stream
    updates: tuple[Exchange, Exchange]
    seen: Exchange


@scenario(timed=True)
def aging(ctx: Context) -> Aging:
    """A stream is created; 4 s later another one is, and the first is updated; 4 s later it is updated by its name.

    At last the other one is fetched.
    """
    older = ctx.make("older")
    ctx.sleep(WAIT)
    younger = ctx.make("younger")
    update = ctx.streams.update(older.sid, {"Ttl": 2 * SAFETY_TTL})
    ctx.sleep(WAIT)
    by_name = ctx.streams.update(ctx.name("older"), {"Ttl": SAFETY_TTL})
    return Aging(older, younger, (update, by_name), ctx.streams.fetch(younger.sid))


@rule("STREAM-DATE-CREATED")
def test_date_created(aging: Aging) -> None:
    """The date_created of two streams made 4 s apart is compared with the Date header of the answers.

    2 s are allowed either way, and the time that the request took. Without a Date header our clock is the
    measure, and 15 minutes are allowed. A fetch 4 s after the create must still show that moment.
    """
    what = "date_created to be the moment of the create"
    for stream in (aging.older, aging.younger):
        expect_at(value(stream.body, "date_created", stream.exchange), stream.exchange, what)
    later = shown_stream(aging.seen)
    if later.get("sid") == aging.younger.sid:
        expect_at(value(later, "date_created", aging.seen), aging.younger.exchange, what, shown_by=aging.seen)
    first, second = (stream.body["date_created"] for stream in (aging.older, aging.younger))
    expect(
        first != second,
        f"two values of date_created for streams made {WAIT:.0f} s apart",
        f"{show(first)} for both",
        aging.older.exchange,
        aging.younger.exchange,
    )


@rule("STREAM-DATE-UPDATED")
def test_date_updated(aging: Aging) -> None:
    """The date_updated in the answers to two updates, 4 s apart, is compared with the Date header of each.

    2 s are allowed either way, and the time that the request took. Without a Date header our clock is the
    measure, and 15 minutes are allowed.
    """
    judged = [exchange for exchange in aging.updates if succeeded(exchange)]
    if not judged:
        raise Blocked("no update succeeded", *aging.updates)
    before, exchange_before = aging.older.body.get("date_updated"), aging.older.exchange
    for exchange in judged:
        date = value(stream_in(exchange), "date_updated", exchange)
        expect_at(date, exchange, "date_updated to be the moment of the update")
        expect(
            date != before,
            f"date_updated to move on with an update at least {WAIT:.0f} s after the latest",
            f"{show(date)} as before",
            exchange_before,
            exchange,
        )
        before, exchange_before = date, exchange


@dataclass(frozen=True, slots=True)
class Views:
    """The fetches by sid and by name, and the page and entry of the list that show the stream, if one was found."""

    by_sid: Exchange
    by_name: Exchange
    page: Exchange | None
    entry: dict[str, object]


@dataclass(frozen=True, slots=True)
class Everywhere:
    """All views of a stream as it was made, and again after an update."""

    stream: Stream
    new: Views
    updated: Exchange
    later: Views


@scenario()
def everywhere(ctx: Context) -> Everywhere:
    """A named stream is created, fetched by sid and by name and looked for in the list; all again after an update."""
    stream = ctx.make("everywhere")
    new = _views(ctx, stream)
    return Everywhere(stream, new, ctx.streams.update(stream.sid, {"Ttl": 2 * SAFETY_TTL}), _views(ctx, stream))


def _views(ctx: Context, stream: Stream) -> Views:
    name = ctx.name("everywhere")
    by_sid, by_name = ctx.streams.fetch(stream.sid), ctx.streams.fetch(name)
    for _ in range(3):  # in a list that others change meanwhile an entry may lawfully be skipped
        with ctx.quiet():
            pages = walk_list(ctx, 100, until=stream.sid).pages
        for page in pages:
            for entry in page.entries:
                if isinstance(entry, dict) and (entry.get("sid") == stream.sid or entry.get("unique_name") == name):
                    return Views(by_sid, by_name, page.exchange, entry)
    return Views(by_sid, by_name, None, {})


@rule("STREAM-SAME-EVERYWHERE")
def test_the_same_everywhere(everywhere: Everywhere) -> None:
    """Fetch by sid, fetch by name and the entry of the list are compared with the create's answer, value by value.

    After an update the three are compared with one another. Only the ten properties count, and of the links only
    the messages. A stream that is not found in the list is the business of LIST-COMPLETE.
    """
    created, views = everywhere.stream.exchange, everywhere.new
    _expect_alike("the create's answer", everywhere.stream.body, created, "the fetch by sid", views.by_sid)
    _expect_alike("the create's answer", everywhere.stream.body, created, "the fetch by name", views.by_name)
    if succeeded(everywhere.updated):
        later = everywhere.later
        _expect_alike("the fetch by sid", stream_in(later.by_sid), later.by_sid, "the fetch by name", later.by_name)
        if later.page is not None:
            _expect_entry_alike(later, stream_in(later.by_sid), later.by_sid, "the fetch by sid")
    if views.page is None:
        raise Inconclusive("the stream could not be found in the list", created)
    _expect_entry_alike(views, everywhere.stream.body, created, "the create's answer")


def _expect_alike(one: str, body: dict[str, object], shown_by: Exchange, other: str, exchange: Exchange) -> None:
    found = differences(body, stream_in(exchange))
    expect(not found, f"the same stream in {one} and in {other}", found, shown_by, exchange)


def _expect_entry_alike(views: Views, body: dict[str, object], shown_by: Exchange, one: str) -> None:
    found = differences(body, views.entry)
    expect(
        not found, f"the same stream in {one} and in the list", found, shown_by, *((views.page,) if views.page else ())
    )
