"""Lawful variations of lists: their order, their paging, their links."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from faulty.registry import lawful
from reference_impl.api import Api
from reference_impl.errors import InvalidPageSizeError, InvalidPageTokenError, NotFoundError
from reference_impl.paging import BACKWARD, FORWARD, Page, Pager, Position
from reference_impl.parameters import DEFAULT_PAGE_SIZE
from reference_impl.store import Store
from reference_impl.web import parse_fields

LISTS = ("LIST-*", "*-FROM-LIST", "*-NEIGHBOURS", "STREAM-SAME-EVERYWHERE", "SERVICE-BY-SID", "PROPERTY-LIST")
ALL = 10**9


class KeyPager(Pager):
    """Pages by a sort key; a token holds the key that its page begins after."""

    def key(self, stream: Any) -> Any:
        return [stream.sequence]

    def sorted(self, store: Store, service_sid: str, now: float) -> list[Any]:
        return sorted(store.after(service_sid, 0, ALL, now), key=self.key)

    def read_page(self, store: Store, service_sid: str, position: Any, size: int, now: float) -> Page:
        streams, place = self.sorted(store, service_sid, now), position.sequence
        if position.direction == FORWARD:
            chosen = [s for s in streams if place == 0 or self.key(s) > place][:size]
        else:
            chosen = [s for s in streams if self.key(s) < place][-size:]
        # The page before an empty one ends with the very stream that the empty one comes after.
        first, last = (self.key(chosen[0]), self.key(chosen[-1])) if chosen else ([*(place or []), 0], place)
        return Page(chosen, self.previous(streams, first), self.next(streams, last, len(chosen) == size))

    def previous(self, streams: list[Any], first: Any) -> Any:
        return Position(BACKWARD, first) if any(self.key(s) < first for s in streams) else None

    def next(self, streams: list[Any], last: Any, full: bool) -> Any:
        return Position(FORWARD, last) if streams and any(self.key(s) > last for s in streams) else None

    def issue_token(self, service_sid: str, position: Any) -> str:
        text = json.dumps([service_sid, position.direction, position.sequence])
        return "PT" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def read_token(self, service_sid: str, token: str) -> Any:
        try:
            owner, direction, place = json.loads(base64.urlsafe_b64decode(token[2:] + "==="))
        except ValueError:
            raise InvalidPageTokenError from None
        if owner != service_sid or direction not in {FORWARD, BACKWARD}:
            raise InvalidPageTokenError
        return Position(direction, place)


@lawful("Lists the newest stream first.", rules=LISTS)
class NewestFirst(KeyPager):
    def key(self, stream: Any) -> Any:
        return [-stream.sequence]


@lawful("Lists by sid.", rules=LISTS)
class BySid(KeyPager):
    def key(self, stream: Any) -> Any:
        return [stream.sid]


@lawful("Lists by unique name, nameless streams first.", rules=LISTS)
class ByName(KeyPager):
    def key(self, stream: Any) -> Any:
        return [stream.unique_name or "", stream.sid]


@lawful("Lists the stream that was updated last first, so an update moves it.", rules=LISTS)
class LatestUpdateFirst(KeyPager):
    def key(self, stream: Any) -> Any:
        return [-stream.updated, stream.sequence]


@lawful("Offers a next page after every full one, so the last may be empty.", rules=LISTS)
class EmptyLastPage(KeyPager):
    def next(self, streams: list[Any], last: Any, full: bool) -> Any:
        return Position(FORWARD, last) if full else None


@lawful("Pages by cursor, and ends every walk with an empty page.", rules=LISTS)
class CursorToAnEmptyPage(KeyPager):
    def next(self, streams: list[Any], last: Any, full: bool) -> Any:
        return Position(FORWARD, last)

    def read_page(self, store: Store, service_sid: str, position: Any, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        return page if page.streams else Page([], page.previous, None)


class OffsetPager(Pager):
    """Pages by offset."""

    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        start = position.sequence
        streams = store.after(service_sid, 0, start + size + 1, now)[start:]
        previous = Position(FORWARD, max(0, start - size)) if start else None
        return Page(streams[:size], previous, Position(FORWARD, start + size) if len(streams) > size else None)


@lawful("Pages by offset.", rules=LISTS)
class ByOffset(OffsetPager):
    pass


@lawful("Pages by offset, the newest stream first.", rules=LISTS)
class ByOffsetNewestFirst(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        streams, start = store.after(service_sid, 0, ALL, now)[::-1], position.sequence
        previous = Position(FORWARD, max(0, start - size)) if start else None
        more = Position(FORWARD, start + size) if len(streams) > start + size else None
        return Page(streams[start : start + size], previous, more)


@lawful("Pages by offset, and ends every walk with an empty page.", rules=LISTS)
class AlwaysEmptyLastPage(OffsetPager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        end = Position(FORWARD, position.sequence + size) if page.streams else None
        return Page(page.streams, page.previous, end)


@lawful("Page tokens are long base64 with plus signs, slashes and equals signs, escaped in links.", rules=LISTS)
class LongTokens(Pager):
    def issue_token(self, service_sid: str, position: Position) -> str:
        token = super().issue_token(service_sid, position)
        return base64.b64encode((token + "\xfb\xff\xfe>?" * 40).encode("latin-1")).decode() + "+/=="

    def read_token(self, service_sid: str, token: str) -> Position:
        try:
            inner = base64.b64decode(token.removesuffix("+/==")).decode("latin-1")
        except ValueError:
            raise InvalidPageTokenError from None
        return super().read_token(service_sid, inner[:34])

    def page_url(self, list_url: str, size: int, page: int, token: str | None) -> str:
        return super().page_url(list_url, size, page, None if token is None else quote(token, safe=""))


@lawful("Page tokens are short numbers.", rules=LISTS)
class NumberTokens(Pager):
    def issue_token(self, service_sid: str, position: Position) -> str:
        return f"{position.sequence * 2 + (position.direction == FORWARD)}"

    def read_token(self, service_sid: str, token: str) -> Position:
        if not token.isascii() or not token.isdigit():
            raise InvalidPageTokenError
        return Position(FORWARD if int(token) % 2 else BACKWARD, int(token) // 2)


@lawful("Links carry the token in another query parameter, before PageSize and Page.", rules=LISTS)
class OtherTokenParameter(Api):
    def parse_page_token(self, query: Any) -> Any:
        return super().parse_page_token({b"PageToken": query[b"Cursor"]} if b"Cursor" in query else query)

    def render_meta(self, number: int, size: int, urls: Any) -> Any:
        return super().render_meta(number, size, {key: url and self.reordered(url) for key, url in urls.items()})

    def reordered(self, url: str) -> str:
        base, _, query = url.partition("?")
        pairs = [pair.replace("PageToken=", "Cursor=") for pair in reversed(query.split("&"))]
        return f"{base}?{'&'.join(pairs)}"


@lawful("The index of a page does not count on: it is 0 everywhere, in meta and in links.", rules=LISTS)
class AlwaysPageZero(Api):
    def render_meta(self, number: int, size: int, urls: Any) -> Any:
        return super().render_meta(0, size, urls)


@lawful(
    "Links name the first page by its plain URL whenever they lead there, with a token of its own for url.", rules=LISTS
)
class TokenForFirstPage(Api):
    def render_page(self, page: Any, request: Any, service: Any, query: Any) -> Any:
        body = super().render_page(page, request, service, query)
        if query.token is None:
            body["meta"]["url"] += "&PageToken=" + self.pager.issue_token(service.sid, Position())
        return body


@lawful("Shows the streams of a page also under a second key, and counts them.", rules=LISTS)
class CountsRecords(Api):
    def render_page(self, page: Any, request: Any, service: Any, query: Any) -> Any:
        body = super().render_page(page, request, service, query)
        meta = {**body["meta"], "total": 12345, "start": 0, "last_page_url": None}
        return {"meta": meta, "object": "list", "items": body["streams"], "streams": body["streams"]}


@lawful("Refuses a PageSize above 100.", rules=LISTS)
class RefusesLargePages(Api):
    def parse_page_size(self, query: Any) -> int:
        size = parse_fields(b"n=" + query.get(b"PageSize", b""))[b"n"]
        if size.isdigit() and int(size) > 100:
            raise InvalidPageSizeError
        return super().parse_page_size(query)


@lawful("Takes every PageSize that makes no sense for the default.", rules=LISTS)
class LenientPageSize(Api):
    def parse_page_size(self, query: Any) -> int:
        try:
            return super().parse_page_size(query)
        except InvalidPageSizeError:
            return DEFAULT_PAGE_SIZE


@lawful("Answers a page token that it does not know with 404.", rules=LISTS)
class UnknownTokenIsNotFound(Pager):
    def read_token(self, service_sid: str, token: str) -> Position:
        try:
            return super().read_token(service_sid, token)
        except InvalidPageTokenError:
            raise NotFoundError("/Streams") from None


@lawful("Begins anew at a page token that it does not know.", rules=LISTS)
class UnknownTokenBeginsAnew(Pager):
    def page_url(self, list_url: str, size: int, page: int, token: str | None) -> str:
        return super().page_url(list_url, size, page, token and quote(token, safe=""))

    def read_token(self, service_sid: str, token: str) -> Position:
        try:
            return super().read_token(service_sid, token)
        except InvalidPageTokenError:
            return Position()
