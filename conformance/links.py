"""The link from one page of a list to the next, as a URL that may be asked."""

from __future__ import annotations

from conformance.exchange import Exchange, NotJSON
from conformance.target import Target
from conformance.walk import request_url


def next_url(target: Target, page: Exchange) -> str | None:
    """Where the next page is on the target's own origin, wherever the link points; None without a link to a list."""
    try:
        body = page.response.json() if page.response else None
    except NotJSON:
        return None
    meta = body.get("meta") if isinstance(body, dict) else None
    return request_url(meta.get("next_page_url"), page, target) if isinstance(meta, dict) else None
