"""Read multiple Sync Stream resources: what a page of a list looks like, and how much is on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance import paging
from conformance.churn import judge
from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import answer, describe, expect, expect_success, json_object, meta_in, show, value
from conformance.listing import Listing, gather_listing
from conformance.outcomes import Failed, Inconclusive
from conformance.registry import Answer, rule, scenario
from conformance.walk import FIRST, NEXT, PREVIOUS, SELF, End, Page, find_in_list, read_page, walk_list

STREAM_KEYS = (
    "sid", "unique_name", "account_sid", "service_sid", "url", "links",
    "date_expires", "date_created", "date_updated", "created_by",
)  # fmt: skip
MOST_RECORDS = 100


@scenario()
def listing(ctx: Context) -> Listing:
    """About 125 streams are created, a few of them nameless and one without Ttl, then listed by next_page_url to the
    end at PageSize 49, 50, 51, 99, 100 and without, at a size that leaves nothing and one that leaves one stream for
    the last page, and a few pages at 1 and 2. At 40, links are followed as well: url of several pages,
    previous_page_url back from the last page and from the fourth, and first_page_url of a first, a middle and the last
    page. Page is given without a token, and PageSize above 100 and below 1. Meanwhile nothing else of the run creates
    or deletes; what looks wrong is looked at again, four to seven times, because other people's streams may come and
    go, and four times more when what other scenarios let expire is gone.
    """
    return gather_listing(ctx)


def _good(listing: Listing) -> Iterator[Exchange]:
    """Every successful answer to a list."""
    return (each for each in listing.answers if each.status is not None and 200 <= each.status < 300)


@rule("LIST-SHAPE")
def test_list_shape(listing: Listing) -> None:
    """Every list asked for with a PageSize of 1 to 100 or none must succeed, and every page must be an object with a
    list under "streams" and an object under "meta"; so must the pages that links led to."""
    for exchange in listing.asked:
        expect_success(exchange, "the list to be answered (2xx)")
    for exchange in _good(listing):
        streams = value(json_object(exchange), "streams", exchange)
        expect(isinstance(streams, list), "a list under 'streams'", show(streams), exchange)
        meta_in(exchange)


@rule("LIST-STATUS")
def test_list_status(listing: Listing) -> None:
    """The status of every successful list is compared with 200."""
    for exchange in _good(listing):
        expect(exchange.status == 200, "200", describe(exchange), exchange)


@rule("LIST-META-KEYS")
def test_meta_keys(listing: Listing) -> None:
    """On every page: page and page_size are whole numbers, key, url and first_page_url strings, and the other two
    URLs strings or null."""
    for page in listing.pages:
        for key in ("page", "page_size"):
            found = value(page.meta, key, page.exchange)
            whole = isinstance(found, int) and not isinstance(found, bool) and found >= 0
            expect(whole, f"a whole number under 'meta.{key}'", show(found), page.exchange)
        for key in ("key", SELF, FIRST):
            found = value(page.meta, key, page.exchange)
            expect(isinstance(found, str), f"a string under 'meta.{key}'", show(found), page.exchange)
        for key in (PREVIOUS, NEXT):
            found = value(page.meta, key, page.exchange)
            fits = found is None or isinstance(found, str)
            expect(fits, f"a string or null under 'meta.{key}'", show(found), page.exchange)


@rule("LIST-META-KEY")
def test_meta_key(listing: Listing) -> None:
    """meta.key of every page is compared with "streams"."""
    for page in listing.pages:
        found = value(page.meta, "key", page.exchange)
        expect(found == "streams", "'streams' under 'meta.key'", show(found), page.exchange)


@rule("LIST-NO-TOP-LEVEL-URI")
def test_no_top_level_uri(listing: Listing) -> None:
    """No page may have a key "uri" beside "streams" and "meta"."""
    for page in listing.pages:
        body = json_object(page.exchange)
        expect("uri" not in body, "no key 'uri' beside 'streams' and 'meta'", show(body.get("uri")), page.exchange)


@rule("LIST-ENTRIES")
def test_entries(listing: Listing) -> None:
    """Every entry of every page must be an object with those of a stream's ten keys that the answers to the creates
    had, and with the same service_sid. What the values look like is for the rules of streams."""
    bodies = [stream.body for stream in listing.made]
    keys = [key for key in STREAM_KEYS if all(key in body for body in bodies)]
    services = [show(body.get("service_sid")) for body in bodies]
    for page in listing.pages:
        for entry in page.entries:
            if not isinstance(entry, dict):
                raise Failed("an object for each stream of a list", show(entry), page.exchange)
            lacking = [key for key in keys if key not in entry]
            got = f"{show(entry.get('sid'))} without {', '.join(lacking)}"
            expect(not lacking, "each stream of a list whole, as it was when created", got, page.exchange)
            of = show(entry.get("service_sid"))
            expected = f"streams of the service {services[0]} only"
            expect(of in services, expected, f"{show(entry.get('sid'))} of {of}", page.exchange)


@rule("LIST-PAGE-SIZE-DEFAULT")
def test_default_page_size(listing: Listing) -> None:
    """The first page asked for without PageSize must hold 50 streams, as there are more than 100."""
    judge(next(tries for tries in listing.walks if tries.attempts[0].size is None), paging.wrong_first_size)


@rule("LIST-PAGE-SIZE")
def test_page_size(listing: Listing) -> None:
    """The first page at PageSize 1, 2, 49, 50, 51, 99 and 100 must hold as many, as there are more than 100."""
    for tries in (*listing.small, *listing.walks):
        if tries.attempts[0].size is not None:
            judge(tries, paging.wrong_first_size)


@rule("LIST-PAGE-SIZE-ECHOED")
def test_page_size_echoed(listing: Listing) -> None:
    """meta.page_size of every page of the walks is compared with the PageSize asked for, or 50."""
    for tries in (*listing.small, *listing.walks):
        for each in tries.attempts:
            size = each.size or paging.DEFAULT_SIZE
            for number, page in enumerate(each.pages, start=1):
                found = value(page.meta, "page_size", page.exchange)
                expected = f"{size} under 'meta.page_size' of page {number} {paging.asked(each.size)}"
                expect(found == size, expected, show(found), page.exchange)


@rule("LIST-PAGE-SIZE-MAXIMUM")
def test_page_size_maximum(listing: Listing) -> None:
    """At PageSize 101, 1000, 10000000000, 0 and -1 a page may hold at most 100 of the more than 100 streams; a refusal
    is fine as well."""
    for page in (*listing.pages, *filter(None, map(read_page, listing.nonsense))):
        expect(len(page) <= MOST_RECORDS, "at most 100 streams on a page", str(len(page)), page.exchange)


@rule("LIST-PAGE-SIZE-ABOVE")
def test_page_size_above(listing: Listing) -> Answer:
    """The answers to PageSize 101 and 1000 are recorded."""
    return Answer("; ".join(f"{_asked(each)}: {_outcome(each)}" for each in listing.above), listing.above)


def _asked(exchange: Exchange) -> str:
    return exchange.request.url.partition("?")[2]


def _outcome(exchange: Exchange) -> str:
    page = read_page(exchange)
    if page is None:
        return describe(exchange)
    return f"{len(page)} streams, page_size {show(page.meta.get('page_size'))}"


@dataclass(frozen=True, slots=True)
class Oddities:
    """Lists asked for with parameters that mean nothing."""

    sizes: tuple[Exchange, ...]
    tokens: tuple[Exchange, ...]


@scenario()
def list_oddities(ctx: Context) -> Oddities:
    """Lists are asked for with a PageSize of 0, -1, "ten", 1.5 and nothing, and with two made-up page tokens."""
    token = "PT" + "".join(ctx.random.choices("0123456789abcdef", k=32))
    return Oddities(
        tuple(ctx.streams.list({"PageSize": size}) for size in ("0", "-1", "ten", "1.5", "")),
        tuple(ctx.streams.list({"PageSize": 20, "Page": 1, "PageToken": each}) for each in ("made-up", token)),
    )


@rule("LIST-PAGE-SIZE-NONSENSE")
def test_nonsense_page_size(list_oddities: Oddities) -> Answer:
    """The answers to five such sizes are recorded."""
    sizes = list_oddities.sizes
    return Answer("; ".join(f"{_asked(each)}: {_outcome(each)}" for each in sizes), sizes)


@rule("LIST-BAD-TOKEN")
def test_bad_token(list_oddities: Oddities) -> Answer:
    """The answers to a token that is no token and to one of the usual form are recorded."""
    tokens = list_oddities.tokens
    words = ("no token's form", "a token's form")
    return Answer("; ".join(f"{word}: {_outcome(each)}" for word, each in zip(words, tokens, strict=True)), tokens)


@dataclass(frozen=True, slots=True)
class Fresh:
    """For each stream made: whether a list just after showed it (None: the list was too long to tell)."""

    listed: tuple[bool | None, ...]
    exchanges: tuple[tuple[Exchange, ...], ...]


FRESH_ENOUGH, FRESH_MOST, LATE = 2, 6, 3


@scenario()
def fresh_listed(ctx: Context) -> Fresh:
    """A list is read, a stream is created and looked for in the list at once, while the run creates no other; first
    with a name, then without, and so on up to six times when one is not there, because a list that others change
    meanwhile may lawfully skip one."""
    listed: list[bool | None] = []
    exchanges = []
    while listed.count(True) < FRESH_ENOUGH + listed.count(False) and len(listed) < FRESH_MOST and None not in listed:
        with ctx.quiet():
            walk_list(ctx, 100)
            stream = ctx.make(None if len(listed) % 2 else f"{len(listed)}")
            found = find_in_list(ctx, stream.sid)
        listed.append(found.present if found.complete else None)
        exchanges.append((stream.exchange, *found.exchanges))
    return Fresh(tuple(listed), tuple(exchanges))


@rule("LIST-SHOWS-NEW")
def test_new_streams_are_listed(fresh_listed: Fresh) -> None:
    """Of two to six streams looked for, less than three may be missing, and some must have been found."""
    late = [each for there, each in zip(fresh_listed.listed, fresh_listed.exchanges, strict=True) if there is False]
    if len(late) >= LATE:
        got = f"{len(late)} of {len(fresh_listed.listed)} that were missing from the whole list read at once"
        raise Failed("every new stream in the list", got, *late[-1])
    if True not in fresh_listed.listed or len(late) == LATE - 1:
        answer(fresh_listed.exchanges[-1][-1])
        raise Inconclusive("the service holds too many other streams, or they changed too much, to find a new one")


def in_creation_order(pages: tuple[Page, ...], listing: Listing) -> str:
    """The order of our streams on these pages, in words."""
    by_sid = {stream.sid: stream for stream in listing.made}
    shown = [by_sid[sid] for page in pages for sid in page.sids if sid in by_sid]
    older = newer = 0
    for place, one in enumerate(shown):
        for other in shown[place + 1 :]:
            # Creates overlap: only those are in order of which one was answered before the other was sent.
            older += one.exchange.received < other.exchange.sent
            newer += other.exchange.received < one.exchange.sent
    sids = [stream.sid for stream in shown]
    if older and not newer:
        return "oldest first"
    if newer and not older:
        return "newest first"
    if sids in (sorted(sids), sorted(sids, reverse=True)):
        return "by sid"
    names = [stream.name or "" for stream in shown]
    if names in (sorted(names), sorted(names, reverse=True)):
        return "by unique name"
    return "no order that shows: not by creation, sid or unique name"


@rule("LIST-ORDER")
def test_order(listing: Listing) -> Answer:
    """The order of our streams in one walk is compared with their creation, sids and names."""
    walk = max((tries.attempts[-1] for tries in listing.walks), key=lambda each: each.end is End.LAST)
    if sum(sid in listing.own for page in walk.pages for sid in page.sids) < 2:
        why = f"a walk of {len(walk.pages)} pages showed less than two of our streams: {walk.end}"
        return Answer(f"it could not be seen: {why}", walk.exchanges[-2:])
    return Answer(in_creation_order(walk.pages, listing), walk.exchanges)
