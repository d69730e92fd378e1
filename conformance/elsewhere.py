"""Do the target's links lead to another host? The suite follows none of them, and a reader should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from conformance.exchange import Exchange, NotJSON
from conformance.target import Target, origin_of


def note_on_links(exchanges: Iterable[Exchange], target: Target) -> str | None:
    """A sentence on the links that lead elsewhere than to the target; None when none does."""
    found: dict[str, None] = {}
    links = dict.fromkeys(link for exchange in exchanges for link in _links(exchange))
    # What stands before the path: of thousands of links there are one or two.
    for start in dict.fromkeys("/".join(link.split("/", 3)[:3]) for link in links):
        try:
            scheme, host, port = origin_of(start)
        except ValueError:
            continue
        if (scheme, host, port) != target.origin:
            usual = port == (443 if scheme == "https" else 80)
            found[f"{scheme}://{host}" + ("" if usual else f":{port}")] = None
    if not found:
        return None
    shown = ", ".join([*list(found)[:3], *(["…"] if len(found) > 3 else [])])
    return f"links on the target's answers lead to {shown}; the suite sent nothing there and asked the target instead"


def _links(exchange: Exchange) -> Iterator[str]:
    """Every URL that stands where the page has one: in a stream, in a list's streams and in its meta."""
    if exchange.response is None or not 200 <= exchange.response.status < 300:
        return
    try:
        body = exchange.response.json()
    except NotJSON:
        return
    if not isinstance(body, dict):
        return
    listed = body.get("streams")
    for shown in (body, body.get("meta"), *(listed if isinstance(listed, list) else ())):
        if isinstance(shown, dict):
            links = shown.get("links")
            yield from _texts(value for key, value in shown.items() if key == "url" or key.endswith("_url"))
            yield from _texts(links.values() if isinstance(links, dict) else ())


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))
