"""Do the target's links lead to another host? The suite follows none of them, and a reader should know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from conformance.resource import shown_stream
from conformance.target import origin_of
from conformance.traffic import Traffic


def note_on_links(traffic: Traffic) -> str | None:
    """A sentence on the links that lead elsewhere than to the target; None when none does."""
    target = traffic.target
    found: dict[str, None] = {}
    # What stands before the path: of thousands of links there are one or two.
    for start in dict.fromkeys("/".join(link.split("/", 3)[:3]) for link in _links(traffic)):
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


def _links(traffic: Traffic) -> Iterator[str]:
    """Every URL that stands where the page has one: in a stream and in a list's meta."""
    metas = (shown_stream(exchange).get("meta") for exchange in traffic)
    for shown in (*(stream.body for stream in traffic.streams), *metas):
        if isinstance(shown, dict):
            links = shown.get("links")
            yield from _texts(value for key, value in shown.items() if key == "url" or key.endswith("_url"))
            yield from _texts(links.values() if isinstance(links, dict) else ())


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))
