"""When something happened on the target's own clock, which may differ from ours."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exchange import Exchange
from conformance.expect import expect, parse_date, server_date, show

SLACK = 2.0  # seconds: both the Date header and the dates are whole seconds, and servers renew Date once a second
CLOCK_ERROR = 900.0  # seconds that a clock without a Date header may be off: less than the nearest time zone


@dataclass(frozen=True, slots=True)
class Window:
    """Between which seconds since the epoch the target carried out a request, and how that is known."""

    earliest: float
    latest: float
    basis: str

    def holds(self, moment: float, *, later: float = 0.0) -> bool:
        """Whether a moment lies in the window moved on by that many seconds."""
        return self.earliest + later <= moment <= self.latest + later


def window_of(exchange: Exchange) -> Window:
    """When the request was carried out, by the answer's Date header, else by our clock and generously."""
    date = server_date(exchange)
    if date is None:
        return Window(exchange.sent - CLOCK_ERROR, exchange.received + CLOCK_ERROR, "by our clock, give or take 15 min")
    header = exchange.response.headers.get("Date") if exchange.response else None
    return Window(date - exchange.elapsed - SLACK, date + SLACK, f"by its Date header, {header}")


def moment_of(value: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 date in a body; None for anything else."""
    try:
        parsed = parse_date(value) if isinstance(value, str) else None
        return None if parsed is None else parsed.timestamp()
    except (OverflowError, ValueError):
        return None


def expect_at(
    value: object, exchange: Exchange, what: str, *, later: float = 0.0, shown_by: Exchange | None = None
) -> None:
    """A date of a body lies `later` seconds after the moment at which the target carried out the exchange.

    `what` names the date; `shown_by` is the exchange that shows it, when that is another one.
    """
    window = window_of(exchange)
    found = moment_of(value)
    expect(
        found is not None and window.holds(found, later=later),
        f"{what} (which was {window.basis})",
        show(value),
        *(dict.fromkeys((exchange, shown_by or exchange))),
    )
