"""What can be wrong with the paging of a list: pure functions from what was gathered to a `Problem` or None.

Each looks at one attempt only, and at one promise only; `conformance.churn` decides what a problem is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

from conformance.churn import Finder, Problem
from conformance.exchange import Exchange
from conformance.expect import describe, show
from conformance.walk import NEXT, End, Page, Walk, read_page

DEFAULT_SIZE = 50
SHOWN = 3  # sids in a message
MANY = 10  # streams: more than come or go between two requests for pages


def asked(size: int | None) -> str:
    return "without PageSize" if size is None else f"with PageSize={size}"


def some(sids: Iterable[str]) -> str:
    """A few of the sids, in words."""
    found = sorted(sids)
    return ", ".join(found[:SHOWN]) + (" and others" if len(found) > SHOWN else "")


def cut_short(walk: Walk) -> Problem | None:
    """A walk that could not be followed to its end because of a link or an answer."""
    number = len(walk.pages)
    if walk.end is End.NO_PAGE:
        got = f"{describe(walk.answer)} for page {number + 1}"
        expected = f"next_page_url to lead to the next page, {asked(walk.size)}"
        return Problem((walk.end, number, walk.answer.status), expected, got, walk.exchanges[-2:])
    if walk.end is End.NO_LINK:
        link = walk.pages[-1].meta.get(NEXT)
        expected = "next_page_url to be the URL of the next page, or null"
        return Problem((walk.end, number), expected, f"{show(link)} on page {number}", walk.exchanges[-1:])
    return None


def missing(own: frozenset[str]) -> Finder[Walk]:
    """Streams of `own`, or others that are known to be there, that a whole walk does not show."""

    def find(walk: Walk) -> Problem | None:
        if problem := cut_short(walk):
            return problem
        lost = own - walk.sids
        if walk.end is End.BOUND or not lost:
            return None
        expected = f"all {len(own)} streams that are known to be there, on the pages {asked(walk.size)}"
        got = f"{len(own) - len(lost)}: missing are {some(lost)}"
        return Problem(frozenset(lost), expected, got, walk.exchanges)

    return find


def repeated(own: frozenset[str]) -> Finder[Walk]:
    """A stream twice on one page; or one of `own` on two pages, which those of others may lawfully be, but not most of
    a page on another."""

    def find(walk: Walk) -> Problem | None:
        counts = Counter(sid for page in walk.shown for sid in page.sids if sid in own)
        twice = {sid for sid, count in counts.items() if count > 1}
        for page in walk.shown:
            twice.update(sid for sid, count in Counter(page.sids).items() if count > 1)
        again = frozenset[str]().union(*(_again(*pages) for pages in combinations(walk.shown, 2)))
        twice |= again
        if not twice:
            return None
        pages = {number: page for number, page in enumerate(walk.shown, 1) if twice & set(page.sids)}
        numbers = ", ".join(map(str, list(pages)[:8]))
        got = f"{len(twice)} twice, on pages {numbers}: {some(twice)}"
        expected = f"every stream once, on the pages {asked(walk.size)}"
        return Problem(
            frozenset(twice), expected, got, tuple(page.exchange for page in pages.values()), gross=bool(again)
        )

    return find


def _again(page: Page, other: Page) -> frozenset[str]:
    """What both show, when it is most of one of them."""
    both = frozenset(page.sids) & frozenset(other.sids)
    return both if len(both) >= MANY and 2 * len(both) > min(len(page), len(other)) else frozenset()


def endless(walk: Walk) -> Problem | None:
    """A walk that leads in circles, or goes on behind an empty page without anything to show."""
    number = len(walk.pages)
    if walk.end in {End.LOOP, End.STALE}:
        got = f"{walk.end}, behind page {len(walk.shown)}"
        return Problem(
            (walk.end, number), f"the walk {asked(walk.size)} to end with a next_page_url of null", got,
            walk.exchanges[len(walk.shown) - 1 :],
        )  # fmt: skip
    for index, page in enumerate(walk.pages):
        if not page.entries and page.meta.get(NEXT) is not None and not any(map(len, walk.pages[index:])):
            expected = "next_page_url to be null on an empty page with nothing behind it"
            return Problem((End.STALE, index), expected, show(page.meta.get(NEXT)), (page.exchange,))
    return None


def wrong_first_size(walk: Walk) -> Problem | None:
    """A first page that does not hold as many as asked for. There must be more streams than that."""
    if not walk.pages:
        return cut_short(walk)
    size, count = walk.size or DEFAULT_SIZE, len(walk.pages[0])
    if count == size:
        return None
    expected = f"{size} streams on the first page {asked(walk.size)}, as there are more"
    return Problem(count, expected, str(count), walk.exchanges[:1])


def changed_size(walk: Walk) -> Problem | None:
    """A next page with more streams than asked for, or with fewer although others follow."""
    size = walk.size or DEFAULT_SIZE
    pages = walk.shown
    for index, page in enumerate(pages[1:], start=1):
        more = any(map(len, pages[index + 1 :]))
        if len(page) > size or (len(page) < size and more):
            got = f"{len(page)} on page {index + 1}" + (", and more behind it" if more else "")
            expected = f"{size} streams on each page of a walk {asked(walk.size)}, fewer only on the last"
            return Problem((index, len(page)), expected, got, (pages[index - 1].exchange, page.exchange))
    return None


@dataclass(frozen=True, slots=True)
class Led:
    """A link that was followed: `key` of the page `start` must lead to what the page `wanted` shows.

    `expected` says so in words. `exchange` is None when the link was null or led to no list.
    """

    start: Page
    key: str
    wanted: Page
    exchange: Exchange | None
    expected: str


@dataclass(frozen=True, slots=True)
class Trip:
    """A walk forward to `walk.end`, during which and after which other links were followed.

    `own_links`: pages' url. `backward`: previous pages from the end of the walk on, and forward again from there.
    `firsts`: first_page_url of the first, a middle and the last page. `before_first`: where previous_page_url of
    the first page led, when the way back came to it and it had one.
    """

    walk: Walk
    own_links: tuple[Led, ...]
    backward: tuple[Led, ...]
    firsts: tuple[Led, ...]
    before_first: Page | None

    @property
    def pages(self) -> tuple[Page, ...]:
        """Every page that was seen."""
        answers = [led.exchange for led in (*self.own_links, *self.backward, *self.firsts) if led.exchange]
        found = [page for page in map(read_page, answers) if page]
        return (*self.walk.pages, *found, *((self.before_first,) if self.before_first else ()))

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every answer, pages or not."""
        links = (*self.own_links, *self.backward, *self.firsts)
        last = (self.before_first.exchange,) if self.before_first else ()
        return (*self.walk.exchanges, *(led.exchange for led in links if led.exchange), *last)


def astray(links: Callable[[Trip], tuple[Led, ...]], place: int) -> Finder[Trip]:
    """The link at that place, when it does not lead to the records it should lead to, in their order.

    Each place is judged by itself, so that in a list that changes all of them need not be right at the same time.
    """

    def find(trip: Trip) -> Problem | None:
        followed = links(trip)
        if not followed:
            return Problem("nothing", "pages whose links can be followed", str(trip.walk.end), trip.walk.exchanges[:2])
        return _astray(followed[place]) if place < len(followed) else None

    return find


def _astray(led: Led) -> Problem | None:
    if led.exchange is None:
        link = led.start.meta.get(led.key)
        return Problem((led.expected, str(link)), led.expected, f"a link of {show(link)}", (led.start.exchange,))
    evidence = (led.wanted.exchange, led.start.exchange, led.exchange)
    page = read_page(led.exchange)
    if page is None:
        got = f"{describe(led.exchange)} at {led.exchange.request.url}"
        return Problem((led.expected, led.exchange.status), led.expected, got, evidence)
    if page.sids == led.wanted.sids or (not led.start.entries and _ends_with(page.sids, led.wanted.sids)):
        return None
    got = f"other streams at {led.exchange.request.url}: {compare(page.sids, led.wanted.sids)}"
    # A few changes between two requests shift a page a little; they don't put most of another page in its place.
    gross = 2 * len(set(page.sids) & set(led.wanted.sids)) < min(len(page), len(led.wanted))
    return Problem((led.expected, page.sids), led.expected, got, evidence, gross=gross)


def _ends_with(got: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether it is the page before an empty one: a cursor counts a whole page back from there, not from the page
    before it, so that more may stand in front of what that page showed."""
    return bool(wanted) and got[-len(wanted) :] == wanted


def compare(got: tuple[str, ...], wanted: tuple[str, ...]) -> str:
    """How one page's sids differ from another's, in words."""
    both = len(set(got) & set(wanted))
    if len(got) == len(wanted) == both:
        return "the same ones in another order"
    return f"{len(got)}, of which {both} are among the {len(wanted)} expected"


def before_first(trip: Trip) -> Problem | None:
    """A page with streams on it before the first page. An empty one is lawful, as an empty last page is."""
    page = trip.before_first
    if page is None or not page.entries or any(map(_astray, trip.backward)):
        return None
    expected = "no streams before the first page, reached by previous_page_url from the last"
    return Problem(page.sids, expected, f"{len(page)} at {page.exchange.request.url}", (page.exchange,))


@dataclass(frozen=True, slots=True)
class Alone:
    """The first page without Page, then lists with Page and without a token."""

    first: Exchange
    moved: tuple[Exchange, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        return tuple(page for page in map(read_page, (self.first, *self.moved)) if page)


def moved_by_page(alone: Alone) -> Problem | None:
    """A list with Page alone that does not begin as the first page does."""
    first = read_page(alone.first)
    if first is None:
        return Problem(alone.first.status, "the first page of the list", describe(alone.first), (alone.first,))
    for exchange in alone.moved:
        page = read_page(exchange)
        where = exchange.request.url.partition("?")[2]
        expected = f"the streams of the first page for {where}, as Page is for the client alone"
        if page is None:
            return Problem((where, exchange.status), expected, describe(exchange), (alone.first, exchange))
        # The last list asked for has no PageSize, so it goes on behind the first page's streams.
        if page.sids[: len(first.sids)] != first.sids:
            got = f"other streams: {compare(page.sids, first.sids)}"
            return Problem((where, page.sids), expected, got, (alone.first, exchange))
    return None


MOST_LINKS = 5
OWN_LINKS = tuple(astray(lambda trip: trip.own_links, place) for place in range(MOST_LINKS))
BACKWARD = tuple(astray(lambda trip: trip.backward, place) for place in range(MOST_LINKS))
FIRSTS = tuple(astray(lambda trip: trip.firsts, place) for place in range(MOST_LINKS))
