"""Faults of what says where a page begins: Page, which should move nothing, tokens, and the order of a list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import NotFoundError
from reference_impl.paging import Page, Pager, Position
from reference_impl.store import Store


class PageIsRead(Api):
    """Does something of its own with a Page that came without a token."""

    def list_streams(self, request: Any, service: Any) -> Any:
        query = self.parse_page_query(request)
        if query.token is None and query.number:
            return self.alone(request, service, query)
        return super().list_streams(request, service)

    def alone(self, request: Any, service: Any, query: Any) -> Any:
        return super().list_streams(request, service)


@fault("LIST-PAGE-ALONE", "Page without a token moves on by whole pages.")
class PageMoves(PageIsRead):
    def alone(self, request: Any, service: Any, query: Any) -> Any:
        response = super().alone(request, service, query)
        streams = self.store.after(service.sid, 0, 10**6, request.now)[query.number * query.size :][: query.size]
        return replace(response, body={**response.body, "streams": [self.render_stream(s, request) for s in streams]})


@fault("LIST-PAGE-ALONE", "Page without a token moves on by that many streams.")
class PageMovesByStreams(PageIsRead):
    def alone(self, request: Any, service: Any, query: Any) -> Any:
        response = super().alone(request, service, query)
        streams = self.store.after(service.sid, 0, 10**6, request.now)[query.number :][: query.size]
        return replace(response, body={**response.body, "streams": [self.render_stream(s, request) for s in streams]})


@fault("LIST-PAGE-ALONE", "Page without a token gives an empty page.")
class PageAloneIsEmpty(PageIsRead):
    def alone(self, request: Any, service: Any, query: Any) -> Any:
        response = super().alone(request, service, query)
        return replace(response, body={**response.body, "streams": []})


@fault("LIST-PAGE-ALONE", "Page without a token is not found.")
class PageAloneIsRefused(PageIsRead):
    def alone(self, request: Any, service: Any, query: Any) -> Any:
        raise NotFoundError(request.path)


@fault("LIST-PAGE-ALONE", "Page without a token takes the place of PageSize.")
class PageIsSize(PageIsRead):
    def parse_page_size(self, query: Any) -> int:
        alone = b"PageToken" not in query and query.get(b"Page", b"0") != b"0"
        return super().parse_page_size({b"PageSize": query[b"Page"]} if alone else query)


# Tokens and order


@fault("LIST-ENDS", "PageToken is not looked at: every page is the first.", may=("LIST-NO-REPEATS",))
class IgnoresTokens(Api):
    def parse_page_token(self, query: Any) -> Any:
        return None


@fault("LIST-COMPLETE", "Refuses a token when it comes back after the second page.")
class TokensEndAfterTwo(Api):
    def parse_page_query(self, request: Any) -> Any:
        query = super().parse_page_query(request)
        if query.token and query.number > 1:
            raise NotFoundError(request.path)
        return query


@fault("LIST-COMPLETE", "Skips a stream between pages of 50, and nowhere else.", may=("LIST-PREVIOUS",))
class SkipsAt50(Pager):
    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        page = super().read_page(store, service_sid, position, size, now)
        if size != 50 or not page.next:
            return page
        return replace(page, next=Position(page.next.direction, page.next.sequence + 1))


@fault(
    "LIST-NO-REPEATS",
    "Every other list is in the opposite order, as of two replicas.",
    may=("LIST-*", "DELETE-NEIGHBOURS"),
)
class TwoOrders(Pager):
    turn = False

    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        self.turn = not self.turn
        page = super().read_page(store, service_sid, position, size, now)
        if self.turn or not page.streams:
            return page
        streams = store.after(service_sid, 0, 10**6, now)
        return replace(page, streams=streams[::-1][streams.index(page.streams[0]) :][:size])
