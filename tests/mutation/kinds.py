"""Exchanges of one kind: those that differ in nothing but sids, dates, names and the like."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

from conformance.exchange import Exchange

PASSING = re.compile(rb"[0-9a-fA-F]{32}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|conformance-[\w.-]+|127\.0\.0\.1:\d+")
MOVING_HEADERS = frozenset({"date", "content-length", "authorization"})


def kind_of(exchange: Exchange) -> Hashable:
    """What tells it from others: everything but what changes from request to request by itself."""
    request, response = exchange.request, exchange.response
    asked = (request.method, _still(request.url.encode("utf-8", "replace")), _still(request.body[:2000]))
    if response is None:
        return (asked, exchange.error)
    headers = tuple(
        (name, _still(value.encode("utf-8", "replace")))
        for name, value in response.headers
        if name.lower() not in MOVING_HEADERS
    )
    return (asked, response.status, headers, _still(response.body))


def one_of_each(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The first exchange of each kind, in their order."""
    found: dict[Hashable, Exchange] = {}
    for exchange in exchanges:
        found.setdefault(kind_of(exchange), exchange)
    return tuple(found.values())


def _still(text: bytes) -> bytes:
    return PASSING.sub(b"*", text)
