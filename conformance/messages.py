"""Message payloads of a wanted size, and when two JSON values are the same."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from conformance.exchange import Exchange, NotJSON
from conformance.target import Target
from conformance.walk import split_link

MESSAGES_PATH = re.compile(r".*/v1/Services/(?P<service>[^/]+)/Streams/(?P<stream>[^/]+)/Messages(?P<slash>/?)")
MESSAGE_SID = re.compile(r"TZ[0-9a-fA-F]{32}")
EMPTY_TEXT = len(b'{"d":""}')


def payload(size: int, unit: str = "x") -> str:
    """A JSON object as text of exactly `size` bytes in UTF-8. `unit`, which may be an escape, fills it."""
    room = size - EMPTY_TEXT
    count, rest = divmod(room, len(unit.encode()))
    return f'{{"d":"{unit * count}{"x" * rest}"}}'


def many_fields(size: int) -> str:
    """A JSON object as text of exactly `size` bytes in which keys take half the room and no value is long."""
    names = range((size - len("{}")) // len('"key-0001":"some text",'))
    text = "{" + ",".join(f'"key-{number:04}":"some text"' for number in names) + "}"
    return text[:-2] + "x" * (size - len(text)) + text[-2:]


def same_json(one: Any, other: Any) -> bool:
    """Equality as JSON values: numbers by value, never equal to booleans; the order of keys doesn't matter."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return type(one) is type(other) and bool(one == other)


def compact(value: Any) -> str:
    """JSON text without white space, characters beyond ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def message_in(exchange: Exchange) -> dict[str, Any] | None:
    """The object in a successful answer to a publish; None when there is none."""
    if exchange.response is None or not 200 <= exchange.response.status < 300:
        return None
    try:
        body = exchange.response.json()
    except NotJSON:
        return None
    return body if isinstance(body, dict) else None


def message_sid(exchange: Exchange) -> str | None:
    """The well-formed sid of the message in a successful answer; None when there is none."""
    sid = (message_in(exchange) or {}).get("sid")
    return sid if isinstance(sid, str) and MESSAGE_SID.fullmatch(sid) else None


def linked_messages_url(link: object, target: Target) -> str | None:
    """Where a stream's link to its messages leads, taken over to the target: hosts in links are never asked.

    What follows the messages' path, a slash or a query, stays as it is. None when it is no URL of a stream's messages.
    """
    parts = split_link(link)
    match = MESSAGES_PATH.fullmatch(parts.path) if parts else None
    if parts is None or match is None:
        return None
    url = target.messages_url(unquote(match["stream"]), unquote(match["service"])) + match["slash"]
    return f"{url}?{parts.query}" if parts.query else url
