"""The link from one page of a list to the next, as a URL that may be asked."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from conformance.exchange import Exchange, NotJSON
from conformance.target import Target


def next_url(target: Target, page: Exchange) -> str | None:
    """Where the next page is on the target's own origin, wherever the link points; None without a link."""
    try:
        body = page.response.json() if page.response else None
    except NotJSON:
        return None
    meta = body.get("meta") if isinstance(body, dict) else None
    link = meta.get("next_page_url") if isinstance(meta, dict) else None
    if not isinstance(link, str) or not link:
        return None
    try:
        there, here = urlsplit(urljoin(page.request.url, link)), urlsplit(target.url)
    except ValueError:
        return None
    return here._replace(path=there.path, query=there.query).geturl()
