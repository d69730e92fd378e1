"""When the server did something, on the server's own clock, which may be minutes away from ours.

Three witnesses: a date that the answer itself shows (`date_created`, `date_updated`), its `Date` header, and our
clock, moved by the difference that another exchange showed. Each gives a span, for dates come in whole seconds
that may have been cut off or rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange, NotJSON
from conformance.expect import describe, expect, moment, moment_of, server_date, show, stream_in
from conformance.outcomes import Inconclusive

SECOND = 1.0  # how far two dates may be apart that were cut off or rounded differently
CLOCK_ERROR = 900.0  # seconds that a clock without a Date header may be off: less than the nearest time zone


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the epoch on the server's clock, ends included."""

    earliest: float
    latest: float

    def later(self, seconds: float) -> Span:
        return Span(self.earliest + seconds, self.latest + seconds)

    def overlaps(self, other: Span) -> bool:
        return self.earliest <= other.latest and other.earliest <= self.latest

    def __contains__(self, moment: float) -> bool:
        return self.earliest <= moment <= self.latest


def shown_date(exchange: Exchange, key: str) -> float | None:
    """The date under a key of the stream in the answer; None when none can be read there."""
    try:
        body: Any = exchange.response.json() if exchange.response else None
    except NotJSON:
        return None
    return moment_of(body.get(key)) if isinstance(body, dict) else None


def by_own_date(exchange: Exchange, key: str) -> Span | None:
    """By `date_created` of a create, `date_updated` of an update."""
    shown = shown_date(exchange, key)
    return None if shown is None else Span(shown - SECOND, shown + SECOND)


def by_header(exchange: Exchange) -> Span | None:
    """By the `Date` header, which tells when the answer was made, cut off, and may be a second old."""
    date = server_date(exchange)
    return None if date is None else Span(date - exchange.elapsed - SECOND, date + 2 * SECOND)


def act_by_header(exchange: Exchange) -> Span:
    """By the `Date` header, for a date that may be cut off as well; without one by our clock, generously."""
    header = by_header(exchange)
    if header is None:
        return Span(exchange.sent - CLOCK_ERROR, exchange.received + CLOCK_ERROR)
    return Span(header.earliest - SECOND, header.latest)


def by_our_clock(exchange: Exchange, measured: Exchange | None) -> Span | None:
    """By our clock and what a create, `measured`, showed of the difference between the two clocks."""
    created = shown_date(measured, "date_created") if measured else None
    if measured is None or created is None:
        return None
    ahead = Span(created - measured.received - SECOND, created - measured.sent + SECOND)
    return Span(exchange.sent + ahead.earliest - SECOND, exchange.received + ahead.latest + SECOND)


def witnesses(exchange: Exchange, key: str, measured: Exchange | None = None) -> tuple[Span, ...]:
    """When the server did it, by every witness worth hearing; empty when there is none.

    `key` names the date of the act: `date_created` for a create, `date_updated` for an update. It is the most
    exact one, and enough unless the `Date` header contradicts it. Our clock is asked only when the server says
    nothing.
    """
    own, header = by_own_date(exchange, key), by_header(exchange)
    if own and header and own.overlaps(header):
        return (own,)
    if said := tuple(span for span in (own, header) if span):
        return said
    ours = by_our_clock(exchange, measured)
    return (ours,) if ours else ()


def expect_expiry(exchange: Exchange, ttl: int, key: str, measured: Exchange | None = None) -> None:
    """`date_expires` must be Ttl seconds after the call, by one of the witnesses at least.

    A witness that is wrong breaks another rule, so where they contradict each other one that agrees is enough.
    """
    body = stream_in(exchange)
    spans = witnesses(exchange, key, measured)
    expires = moment(body, "date_expires", exchange)
    if not spans:
        raise Inconclusive(f"neither {key} nor a Date header tells when the server did this", exchange)
    reference = shown_date(exchange, key)
    since = f"{key} + " if reference is not None else "the time of the call + "
    got = f"{body.get('date_expires')!r}"
    if reference is not None:
        got += f", which is {expires - reference:g} s after {key} {body.get(key)!r}"
    expect(
        any(expires in span.later(ttl) for span in spans),
        f"date_expires to be {since}{ttl} s, give or take one second ({describe(exchange)})",
        got,
        exchange,
    )


def expect_at(
    date: object, exchange: Exchange, what: str, *, later: float = 0.0, shown_by: Exchange | None = None
) -> None:
    """A date, `what` in words, must lie `later` seconds after the moment at which the server did what was asked.

    That moment is read from the `Date` header and from nothing in the body: a date can't bear witness for itself.
    Without the header our clock is the measure, and a generous one. `shown_by` is the exchange that shows the date,
    when that is another one.
    """
    header = exchange.response.headers.get("Date") if by_header(exchange) and exchange.response else None
    basis = f"by its Date header, {header}" if header else "by our clock, give or take 15 min"
    found = moment_of(date)
    expect(
        found is not None and found in act_by_header(exchange).later(later),
        f"{what} (which was {basis})",
        show(date),
        *dict.fromkeys((exchange, shown_by or exchange)),
    )
