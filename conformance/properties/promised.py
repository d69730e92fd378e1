"""What the page promises of the date_expires in an answer."""

from __future__ import annotations

from typing import Any

from conformance.exchange import Exchange
from conformance.expect import parse_date, server_date, show
from conformance.properties.search import Broken

DATE_SLACK = 5.0  # seconds between the Date header and the moment that a Ttl counts from


def expect_expiry(body: dict[str, Any], ttl: int | None, exchange: Exchange) -> None:
    """Raises Broken unless date_expires is about `ttl` seconds after the server's own time, and null without a Ttl."""
    came = body.get("date_expires")
    if ttl is None:
        if came is not None:
            raise Broken("date_expires null without a Ttl", show(came), exchange)
        return
    moment = parse_date(came) if isinstance(came, str) else None
    if moment is None:
        raise Broken(f"a date_expires for a Ttl of {ttl}", show(came), exchange)
    now = server_date(exchange)
    if now is not None and abs(moment.timestamp() - now - ttl) > DATE_SLACK:
        raise Broken(f"date_expires {ttl} s after the answer's Date", show(came), exchange)
