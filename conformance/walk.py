"""Pages of a list, and walks over them by their links.

A link is never followed as it stands: the service it names and its query are put on the target's own list, so
nothing that a server writes into a link leads anywhere else. Links that don't name a list of streams are not
followed at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from conformance.context import Context
from conformance.exchange import Exchange, NotJSON
from conformance.target import Target, origin_of

MOST_PAGES = 60
STALE_PAGES = 3  # that many pages in a row with nothing new on them: a walk that doesn't end
LONGEST_LINK = 8000
LIST_PATH = re.compile(r"(?P<prefix>.*)/v1/Services/(?P<service>[^/]+)/Streams/?")
WRITABLE = re.compile(r"[!-~]+")  # what a URL can be made of

PAGE_URLS = ("first_page_url", "previous_page_url", "url", "next_page_url")
FIRST, PREVIOUS, SELF, NEXT = PAGE_URLS


@dataclass(frozen=True)
class Page:
    """A page as it came: its entries, whatever they are, and its meta."""

    exchange: Exchange
    entries: tuple[Any, ...]
    meta: dict[str, Any]

    @cached_property
    def sids(self) -> tuple[str, ...]:
        """The sids on the page, in their order; entries without one are left out."""
        found = (entry.get("sid") for entry in self.entries if isinstance(entry, dict))
        return tuple(sid for sid in found if isinstance(sid, str))

    @cached_property
    def marks(self) -> frozenset[str]:
        """What tells the entries from those of other pages: their sids, or all that they say."""
        sids = frozenset(self.sids)
        return sids if len(self.sids) == len(self) else sids | {repr(entry) for entry in self.entries}

    def __len__(self) -> int:
        return len(self.entries)

    def __bool__(self) -> bool:
        """With nothing on it, it is a page all the same: `if page` asks whether there is one."""
        return True


def read_page(exchange: Exchange) -> Page | None:
    """The page in a successful answer; None when there is none that can be read."""
    if exchange.status is None or not 200 <= exchange.status < 300:
        return None
    try:
        body = exchange.response.json() if exchange.response else None
    except NotJSON:
        return None
    if not isinstance(body, dict):
        return None
    streams, meta = body.get("streams"), body.get("meta")
    if not isinstance(streams, list) or not isinstance(meta, dict):
        return None
    return Page(exchange, tuple(streams), meta)


def split_link(link: object) -> SplitResult | None:
    """The parts of what may be a URL, absolute or not; None for anything that can't be one."""
    if not isinstance(link, str) or len(link) > LONGEST_LINK or not WRITABLE.fullmatch(link):
        return None
    try:
        parts = urlsplit(link)
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        return None
    return parts


def request_url(link: object, exchange: Exchange, target: Target) -> str | None:
    """What to ask the target for in order to follow a link of that exchange's answer; None when it leads to no list."""
    if not isinstance(link, str) or split_link(link) is None:
        return None
    try:
        parts = urlsplit(urljoin(exchange.request.url, link))
    except ValueError:
        return None
    match = LIST_PATH.fullmatch(parts.path)
    if match is None or parts.scheme not in {"http", "https"}:
        return None
    return target.streams_url(unquote(match["service"])) + (f"?{parts.query}" if parts.query else "")


def wrong_with(link: object, target: Target, services: frozenset[str]) -> str | None:
    """Why a link is not an absolute URL of the list; None when it is.

    `services` are the name and the sid of the service, either of which may be in the path. On the target's own
    origin the whole path counts; elsewhere (a canonical host) something may stand before `/v1`.
    """
    parts = split_link(link)
    if parts is None:
        return "no URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "no absolute http or https URL"
    match = LIST_PATH.fullmatch(parts.path)
    if match is None:
        return "no URL of a list of streams"
    if unquote(match["service"]).casefold() not in {service.casefold() for service in services}:
        return "a URL of another service's list"
    if origin_of(str(link)) == target.origin and match["prefix"] != urlsplit(target.url).path:
        return "a URL with another path than the list"
    return None


class End(StrEnum):
    """How a walk ended."""

    LAST = "a page without a next page"
    BOUND = "more pages than a walk may have"
    FOUND = "the stream looked for was found"
    LOOP = "a next page that had been shown before"
    STALE = "pages with nothing new on them"
    NO_LINK = "a next_page_url that can't be followed"
    NO_PAGE = "an answer that is no page"


@dataclass(frozen=True, slots=True)
class Walk:
    """The pages from the first on by next_page_url. `size` is the PageSize asked for, None for none.

    `answer` is the last answer, `pages[-1].exchange` unless that answer was no page.
    """

    size: int | None
    pages: tuple[Page, ...]
    end: End
    answer: Exchange

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every answer, in order."""
        answers = tuple(page.exchange for page in self.pages)
        return answers if self.end is not End.NO_PAGE else (*answers, self.answer)

    @property
    def sids(self) -> frozenset[str]:
        """Those of the streams on all pages."""
        return frozenset(sid for page in self.pages for sid in page.sids)

    @property
    def shown(self) -> tuple[Page, ...]:
        """The pages, without those at the end of an endless walk that show nothing new."""
        if self.end not in {End.LOOP, End.STALE}:
            return self.pages
        seen: set[str] = set()
        length = 1
        for number, page in enumerate(self.pages, start=1):
            if page.marks - seen:
                length = number
            seen |= page.marks
        return self.pages[:length]


def walk(
    first: Exchange,
    follow: Callable[[str], Exchange],
    *,
    target: Target,
    size: int | None,
    most_pages: int = MOST_PAGES,
    stale_pages: int = STALE_PAGES,
    until: str | None = None,
) -> Walk:
    """Goes from the first page on by next_page_url; `follow` asks for a URL of the target.

    Ends at the last page, after `most_pages`, on the page that shows the sid `until`, when a next page is one
    that was asked for before, after `stale_pages` in a row with nothing new, and when it can't go on.
    """
    pages: list[Page] = []
    asked: set[str] = set()
    seen: set[str] = set()
    stale = 0
    answer = first

    def ended(end: End) -> Walk:
        return Walk(size, tuple(pages), end, answer)

    while True:
        asked.add(answer.request.url)
        page = read_page(answer)
        if page is None:
            return ended(End.NO_PAGE)
        pages.append(page)
        if until in page.sids:
            return ended(End.FOUND)
        stale = 0 if page.marks - seen else stale + 1
        seen |= page.marks
        link = page.meta.get(NEXT)
        if link is None:
            return ended(End.LAST)
        url = request_url(link, answer, target)
        if url is None:
            return ended(End.NO_LINK)
        if url in asked:
            return ended(End.LOOP)
        if stale >= stale_pages:
            return ended(End.STALE)
        if len(pages) >= most_pages:
            return ended(End.BOUND)
        answer = follow(url)


def walk_list(
    ctx: Context,
    size: int | None,
    *,
    service: str | None = None,
    most_pages: int = MOST_PAGES,
    until: str | None = None,
) -> Walk:
    """A walk over the list of a service (by default the target's) at that PageSize."""
    first = ctx.streams.list({} if size is None else {"PageSize": size}, service=service)
    return walk(
        first, ctx.streams.follow, target=ctx.target, size=size, most_pages=most_pages, until=until
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a sid is in the list. `complete`: found, or looked for on every page up to the last."""

    present: bool
    complete: bool
    exchanges: tuple[Exchange, ...]


def find_in_list(ctx: Context, sid: str, *, service: str | None = None) -> Found:
    """Looks for a sid in the list of a service, 100 streams at a time, until it is found or the list ends.

    Takes no quiet itself, so that it can be called while `ctx.quiet()` is held; in a list that changes meanwhile
    a server that pages by offset may lawfully skip an entry.
    """
    found = walk_list(ctx, 100, service=service, until=sid)
    present = found.end is End.FOUND
    return Found(present, present or found.end is End.LAST, found.exchanges)
