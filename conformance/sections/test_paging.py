"""Read multiple Sync Stream resources: from page to page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from conformance import paging
from conformance.churn import Finder, Tries, judge
from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import expect, show, value
from conformance.listing import Listing
from conformance.outcomes import Failed, Inconclusive
from conformance.registry import Answer, rule, scenario
from conformance.walk import (
    FIRST,
    MOST_PAGES,
    NEXT,
    PAGE_URLS,
    PREVIOUS,
    SELF,
    End,
    Page,
    Walk,
    read_page,
    walk,
    wrong_with,
)

TOO_MANY = "the service holds too many other streams to list them to the end"


def judge_walks(walks: tuple[Tries[Walk], ...], find: Finder[Walk]) -> None:
    """Judges those that came to an end of their own. Raises Inconclusive when none did, and when only walks that did
    not look right."""
    ended = [tries for tries in walks if any(each.end is not End.BOUND for each in tries.attempts)]
    if not ended:
        raise Inconclusive(TOO_MANY, *walks[0].attempts[0].exchanges[-1:])
    for tries in ended:
        judge(tries, find)
        if all(each.end is End.BOUND or find(each) for each in tries.attempts):
            raise Inconclusive(TOO_MANY, *tries.attempts[-1].exchanges[-1:])


def expect_followed(walks: tuple[Tries[Walk], ...]) -> None:
    """Raises Inconclusive for walks that broke off each time: what was not shown can't be judged."""
    for tries in walks:
        if all(each.end in {End.NO_LINK, End.NO_PAGE} for each in tries.attempts):
            each = tries.attempts[-1]
            raise Inconclusive(f"a walk could not be followed to its end: {each.end}", *each.exchanges[-2:])


@rule("LIST-COMPLETE")
def test_complete(listing: Listing) -> None:
    """Each walk to the end must show every stream that was created for it. Where the last page has one stream, or none
    behind a full one, every stream is looked for that was listed just before and is found by its sid afterwards."""
    judge_walks(listing.full, paging.missing(listing.own))
    for edge in listing.edges:
        judge_walks((edge.tries,), paging.missing(edge.there))


@rule("LIST-NO-REPEATS")
def test_no_repeats(listing: Listing) -> None:
    """No walk may show one of our streams twice, nor a page any stream."""
    for tries in (*listing.small, *listing.walks):
        judge(tries, paging.repeated(listing.own))
    expect_followed(listing.walks)


@rule("LIST-ENDS")
def test_ends(listing: Listing) -> None:
    """Each walk must come to a page whose next_page_url is null: without leading back to a page shown before, and
    without going on behind the last stream. One empty page at the end is fine."""
    expect_followed(listing.walks)
    judge_walks(listing.walks, paging.endless)


@rule("LIST-LINKS-ABSOLUTE")
def test_links_absolute(listing: Listing) -> None:
    """The four URLs of every page must be absolute http or https URLs whose path is that of the list, by the service's
    name or sid; another host is not judged. previous_page_url and next_page_url may be null."""
    target = listing.target
    services = frozenset({target.service, listing.service_sid})
    for page in listing.pages:
        for key in PAGE_URLS:
            link = page.meta.get(key)
            if link is None and key in {PREVIOUS, NEXT}:
                continue
            if wrong := wrong_with(link, target, services):
                expected = f"meta.{key} to be an absolute URL of the list that was asked for"
                raise Failed(expected, f"{show(link)}: {wrong}", page.exchange)


@rule("LIST-NEXT-KEEPS-SIZE")
def test_next_pages_keep_the_size(listing: Listing) -> None:
    """Every page behind the first one of a walk must hold as many streams as were asked for, unless no more follow."""
    for tries in (*listing.small, *listing.walks):
        judge(tries, paging.changed_size)
    expect_followed(listing.walks)


@rule("LIST-PREVIOUS")
def test_previous(listing: Listing) -> None:
    """previous_page_url is followed from the last page, and from the fourth page back to the first, then next_page_url
    twice; each of these pages must show the streams, in their order, that it showed on the way there. The page
    before an empty last page need only end with them."""
    for find in paging.BACKWARD:
        judge(listing.back, find)
    judge(listing.trip, paging.BACKWARD[0])


@rule("LIST-PREVIOUS-NULL")
def test_first_page_has_no_previous(listing: Listing) -> None:
    """previous_page_url must be null on every first page that was asked for without Page. Reached by going back, the
    first page may have one that leads to an empty page."""
    for exchange in listing.asked:
        page = read_page(exchange)
        if page is None:
            continue
        found = value(page.meta, PREVIOUS, exchange)
        expect(found is None, f"null under 'meta.{PREVIOUS}' of the first page", show(found), exchange)
    judge(listing.back, paging.before_first)


@rule("LIST-FIRST")
def test_first(listing: Listing) -> None:
    """first_page_url of a first, a middle and the last page must show the streams of the first page."""
    for find in paging.FIRSTS:
        judge(listing.trip, find)


@rule("LIST-SELF")
def test_self(listing: Listing) -> None:
    """The url of the first three pages and of the last, asked for at once, must show the streams of that page."""
    for find in paging.OWN_LINKS:
        judge(listing.trip, find)


@rule("LIST-FIRST-URL-FORM")
def test_form_of_first_url(listing: Listing) -> None:
    """The query of first_page_url, on every page of the walks, is compared with PageSize=<size>, Page=0 and no
    PageToken, in any order."""
    for size, page in _walked(listing):
        link = page.meta.get(FIRST)
        query = _parameters(link)
        wanted = str(size or paging.DEFAULT_SIZE)
        fits = query.get("PageSize") == wanted and query.get("Page") == "0" and "PageToken" not in query
        expected = f"PageSize={wanted} and Page=0 and no PageToken in first_page_url"
        expect(fits, expected, show(link), page.exchange)


def _walked(listing: Listing) -> Iterator[tuple[int | None, Page]]:
    for tries in (*listing.small, *listing.walks):
        for each in tries.attempts:
            yield from ((each.size, page) for page in each.pages)


def _parameters(link: object) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) if isinstance(link, str) else {}
    except ValueError:
        return {}


@rule("LIST-PAGE-INDEX")
def test_page_index(listing: Listing) -> None:
    """meta.page of every first page asked for without Page is compared with 0."""
    for tries in (*listing.small, *listing.walks):
        for each in tries.attempts:
            for page in each.pages[:1]:
                found = value(page.meta, "page", page.exchange)
                expect(found == 0, "0 under 'meta.page' of the first page", show(found), page.exchange)


@rule("LIST-PAGE-ALONE")
def test_page_alone(listing: Listing) -> None:
    """With Page=1, 2 and 3 and no token, the list must begin as without Page."""
    judge(listing.alone, paging.moved_by_page)


@rule("LIST-URL-PARAMETERS")
def test_url_parameters(listing: Listing) -> Answer:
    """The parameters of the four URLs and meta.page are recorded from one walk."""
    each = listing.walks[0].attempts[-1]
    texts = []
    for key in (FIRST, SELF, NEXT, PREVIOUS):
        names = {" ".join(_parameters(page.meta.get(key))) for page in each.pages if page.meta.get(key) is not None}
        texts.append(f"{key}: {' or '.join(sorted(names)) or 'none'}")
    numbers = ", ".join(show(page.meta.get("page")) for page in each.pages[:5])
    return Answer(f"{'; '.join(texts)}; meta.page: {numbers}", each.exchanges)


CHANGE_STREAMS, CHANGE_SIZE, CREATED = 20, 10, 2


@dataclass(frozen=True, slots=True)
class Changing:
    """A walk during which our streams were deleted (one that had been shown, one that had not) and created."""

    walk: Walk
    stayed: frozenset[str]
    deleted: frozenset[str]
    created: frozenset[str]


@scenario()
def walk_under_change(ctx: Context) -> Changing:
    """Twenty streams are created and listed ten at a time. When some of them have been shown and others not, one of
    either is deleted and two are created; then the walk goes on."""
    own = frozenset(stream.sid for stream in ctx.parallel(partial(ctx.make, f"{n}") for n in range(CHANGE_STREAMS)))
    first = ctx.streams.list({"PageSize": CHANGE_SIZE})
    shown: set[str] = set(getattr(read_page(first), "sids", ()))
    deleted: set[str] = set()
    created: set[str] = set()

    def change() -> None:
        deleted.update((min(own & shown), min(own - shown)))
        for sid in deleted:
            ctx.streams.delete(sid)
        created.update(ctx.make(f"new-{number}").sid for number in range(CREATED))

    def follow(url: str) -> Exchange:
        if not deleted and own & shown and own - shown:
            change()
        exchange = ctx.streams.follow(url)
        shown.update(getattr(read_page(exchange), "sids", ()))
        return exchange

    # Many creates at the head of a list shift it by whole pages: pages with nothing new are no sign of a loop here.
    walked = walk(first, follow, target=ctx.target, size=CHANGE_SIZE, stale_pages=MOST_PAGES)
    return Changing(walked, own - deleted, frozenset(deleted), frozenset(created))


@rule("LIST-WALK-UNDER-CHANGE")
def test_walk_under_change(walk_under_change: Changing) -> Answer:
    """How often the walk showed the streams that stayed, those that were created and those that were deleted."""
    each = walk_under_change
    if each.walk.end is not End.LAST or not each.deleted:
        why = TOO_MANY if each.walk.end is End.BOUND else f"the walk ended with {each.walk.end}"
        when = "after" if each.deleted else "before"
        pages = f"{len(each.walk.pages)} pages of {CHANGE_SIZE}, {when} anything was changed"
        return Answer(f"it could not be seen: {why} ({pages})", each.walk.exchanges[-2:])
    shown = [sid for page in each.walk.pages for sid in page.sids]
    stayed, created, deleted = (len(sids.intersection(shown)) for sids in (each.stayed, each.created, each.deleted))
    twice = sum(shown.count(sid) > 1 for sid in each.stayed)
    words = (
        f"of {len(each.stayed)} streams that stayed {stayed} were shown and {twice} of them twice;"
        f" of {len(each.created)} created meanwhile {created}; of {len(each.deleted)} deleted, one of them"
        f" after it had been shown, {deleted}"
    )
    return Answer(words, each.walk.exchanges)
