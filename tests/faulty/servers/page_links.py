"""Faults of the links between pages: where they lead, and how they look."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.lawful_lists import OffsetPager
from faulty.servers.listing import ChangedMeta
from reference_impl.api import Api
from reference_impl.paging import BACKWARD, FORWARD, Page, Pager, Position
from reference_impl.store import Store

LINKS = ("first_page_url", "previous_page_url", "url", "next_page_url")
HERE = re.compile(r"^https?://[^/]+")


def put(url: str, name: str, value: Any) -> str:
    """The URL with another value, or without the parameter for None."""
    base, _, query = url.partition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith(f"{name}=")]
    return f"{base}?{'&'.join(kept if value is None else [*kept, f'{name}={value}'])}"


class ChangedLinks(ChangedMeta):
    """Changes the links of a page that are there."""

    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, **{name: self.link(name, meta[name], meta, first) for name in LINKS if meta[name]}}

    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return url


# LIST-LINKS-ABSOLUTE


@fault("LIST-LINKS-ABSOLUTE", "Links are paths without an origin.")
class RelativeLinks(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return HERE.sub("", url)


@fault("LIST-LINKS-ABSOLUTE", "Links have no scheme.")
class LinksWithoutScheme(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return url.partition(":")[2]


@fault("LIST-LINKS-ABSOLUTE", "The next link alone is a query to put behind the path.")
class NextIsQuery(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return "?" + url.partition("?")[2] if name == "next_page_url" else url


@fault("LIST-LINKS-ABSOLUTE", "Links have no version in their path.")
class LinksWithoutVersion(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return url.replace("/v1/", "/")


@fault("LIST-LINKS-ABSOLUTE", "A link that there is not is empty text.", may=("LIST-PREVIOUS-NULL", "LIST-ENDS"))
class EmptyTextForNull(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {name: "" if value is None else value for name, value in meta.items()}


@fault("LIST-LINKS-ABSOLUTE", "Links of later pages lead to the lists of another service.", may=("LIST-*",))
class LinksToOtherService(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        other = next(service.sid for service in self.services.values() if service.sid not in url)
        return url if first else re.sub("IS[0-9a-f]{32}", other, url)


@fault("LIST-LINKS-ABSOLUTE", "The first link is the path of the service.")
class FirstIsService(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return url.replace("/Streams", "") if name == "first_page_url" else url


@fault("LIST-LINKS-ABSOLUTE", "Previous links alone begin with a slash.")
class PreviousIsPath(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return HERE.sub("", url) if name == "previous_page_url" else url


# LIST-NEXT-KEEPS-SIZE


@fault("LIST-NEXT-KEEPS-SIZE", "Next links have no PageSize, so the default goes on.")
class NextWithoutSize(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return put(url, "PageSize", None) if name == "next_page_url" else url


@fault("LIST-NEXT-KEEPS-SIZE", "A PageSize beside a token is not looked at: 50.")
class TokensAre50(Api):
    def parse_page_size(self, query: Any) -> int:
        return 50 if b"PageToken" in query else super().parse_page_size(query)


@fault("LIST-NEXT-KEEPS-SIZE", "Pages after the first hold one stream fewer.")
class OneFewerLater(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        size = max(1, size - 1) if position.sequence else size
        return super().read_page(store, service_sid, position, size, now)


@fault("LIST-NEXT-KEEPS-SIZE", "From the third page on, pages hold twice as many.", may=("LIST-SELF",))
class LaterPagesDouble(Api):
    def parse_page_query(self, request: Any) -> Any:
        query = super().parse_page_query(request)
        return replace(query, size=min(query.size * 2, 100)) if query.token and query.number == 2 else query


@fault("LIST-NEXT-KEEPS-SIZE", "Next links have a PageSize of 100.")
class NextIs100(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return put(url, "PageSize", 100) if name == "next_page_url" else url


# LIST-ENDS


@fault("LIST-ENDS", "The last page is its own next one.", may=("LIST-NO-REPEATS",))
class LastIsItsNext(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "next_page_url": meta["next_page_url"] or meta["url"]}


@fault("LIST-ENDS", "The last page leads back to the first.", may=("LIST-NO-REPEATS",))
class WalksInCircles(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "next_page_url": meta["next_page_url"] or meta["first_page_url"]}


@fault("LIST-ENDS", "Empty pages follow the last one without end.")
class EmptyWithoutEnd(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        return replace(page, next=Position(FORWARD, position.sequence + size))


@fault("LIST-ENDS", "The last page shows itself for ever, with a new token each time.", may=("LIST-NO-REPEATS",))
class LastForEver(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        number = len(store.after(service_sid, 0, 10**6, now))
        start = min(position.sequence, max(0, (number - 1) // size * size))
        page = super().read_page(store, service_sid, Position(FORWARD, start), size, now)
        return replace(page, next=Position(FORWARD, position.sequence + size))


# LIST-PREVIOUS


class ChangedPositions(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        return self.positions(page, position)

    def positions(self, page: Page, position: Position) -> Page:
        return page


@fault("LIST-PREVIOUS", "The page before every page is the first.")
class PreviousIsFirst(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "previous_page_url": meta["previous_page_url"] and meta["first_page_url"]}


@fault("LIST-PREVIOUS", "The page before a page is itself.")
class PreviousIsItself(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "previous_page_url": meta["previous_page_url"] and meta["url"]}


@fault("LIST-PREVIOUS", "No page has one before it.")
class NoPrevious(ChangedPositions):
    def positions(self, page: Page, position: Position) -> Page:
        return replace(page, previous=None)


@fault("LIST-PREVIOUS", "A page reached backwards has its streams in the opposite order.")
class BackwardsReversed(ChangedPositions):
    def positions(self, page: Page, position: Position) -> Page:
        return replace(page, streams=page.streams[::-1]) if position.direction == BACKWARD else page


@fault("LIST-PREVIOUS", "The page before ends with the first stream of the page that one comes from.")
class PreviousOverlaps(ChangedPositions):
    def positions(self, page: Page, position: Position) -> Page:
        return replace(page, previous=page.previous and Position(BACKWARD, page.previous.sequence + 1))


@fault("LIST-PREVIOUS", "A page reached backwards has no page before it.")
class OneStepBack(ChangedPositions):
    def positions(self, page: Page, position: Position) -> Page:
        return replace(page, previous=None) if position.direction == BACKWARD else page


@fault("LIST-PREVIOUS", "The next page of one that was reached backwards begins some streams late.")
class ForwardAgainIsLate(ChangedPositions):
    def positions(self, page: Page, position: Position) -> Page:
        if position.direction == FORWARD or page.next is None:
            return page
        return replace(page, next=Position(FORWARD, page.next.sequence + 5))


# LIST-PREVIOUS-NULL


@fault("LIST-PREVIOUS-NULL", "The page before the first is the first.")
class FirstIsItsPrevious(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "previous_page_url": meta["first_page_url"] if first else meta["previous_page_url"]}


@fault("LIST-PREVIOUS-NULL", "The first page has one before it, with Page=-1.")
class PreviousIsMinusOne(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        before = put(meta["url"], "Page", -1)
        return {**meta, "previous_page_url": before if first else meta["previous_page_url"]}


@fault("LIST-PREVIOUS-NULL", "The last page comes before the first, as in a ring.")
class PreviousIsLast(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "previous_page_url": meta["previous_page_url"] or f"{meta['url']}&PageToken=last"}


# LIST-FIRST


@fault("LIST-FIRST", "The first link leads to the page that shows it.", may=("LIST-FIRST-URL-FORM",))
class FirstIsSelf(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "first_page_url": meta["url"]}


@fault("LIST-FIRST", "The first link leads to the page before.", may=("LIST-FIRST-URL-FORM",))
class FirstIsPrevious(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "first_page_url": meta["previous_page_url"] or meta["first_page_url"]}


@fault("LIST-FIRST", "The first link of the last page leads to that page.", may=("LIST-FIRST-URL-FORM",))
class FirstOfLastIsLast(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return meta if meta["next_page_url"] else {**meta, "first_page_url": meta["url"]}


@fault("LIST-FIRST", "The first link leads to the second page.", may=("LIST-FIRST-URL-FORM",))
class FirstIsNext(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "first_page_url": meta["next_page_url"] if first and meta["next_page_url"] else meta["url"]}


@fault("LIST-FIRST", "The first link is of Page 0 and 50 streams, whatever the size.", may=("LIST-FIRST-URL-FORM",))
class FirstIs50(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return put(url, "PageSize", 50) if name == "first_page_url" else url


# LIST-SELF


@fault("LIST-SELF", "url is that of the first page everywhere.")
class SelfIsFirst(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "url": meta["first_page_url"]}


@fault("LIST-SELF", "url leads to the next page where there is one.")
class SelfIsNext(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "url": meta["next_page_url"] or meta["url"]}


@fault("LIST-SELF", "url leads to the page before where there is one.")
class SelfIsPrevious(ChangedMeta):
    def meta(self, meta: Any, first: bool, streams: Any) -> Any:
        return {**meta, "url": meta["previous_page_url"] or meta["url"]}


@fault("LIST-SELF", "url has no PageSize.")
class SelfWithoutSize(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return put(url, "PageSize", None) if name == "url" else url


# LIST-FIRST-URL-FORM


class FirstForm(ChangedLinks):
    def link(self, name: str, url: str, meta: Any, first: bool) -> Any:
        return self.form(url) if name == "first_page_url" else url

    def form(self, url: str) -> str:
        return url


@fault("LIST-FIRST-URL-FORM", "The first link has no query.", may=("LIST-FIRST",))
class FirstWithoutQuery(FirstForm):
    def form(self, url: str) -> str:
        return url.partition("?")[0]


@fault("LIST-FIRST-URL-FORM", "The first link has no Page.")
class FirstWithoutPage(FirstForm):
    def form(self, url: str) -> str:
        return put(url, "Page", None)


@fault("LIST-FIRST-URL-FORM", "The first link has Page=1.")
class FirstIsPage1(FirstForm):
    def form(self, url: str) -> str:
        return put(url, "Page", 1)


@fault("LIST-FIRST-URL-FORM", "The first link has a token, of the beginning.")
class FirstHasToken(FirstForm):
    def form(self, url: str) -> str:
        sid = url.split("/")[5]
        return put(url, "PageToken", self.pager.issue_token(sid, Position()))


@fault("LIST-FIRST-URL-FORM", "The first link has an empty token.")
class FirstHasEmptyToken(FirstForm):
    def form(self, url: str) -> str:
        return put(url, "PageToken", "")
