"""The SDK's messages: a line with the length of a JSON header, the header, and perhaps a JSON payload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from conformance.messages import compact

NEWLINE = b"\r\n"
START = b"TWILSOCK V3.0 "


class NotAFrame(ValueError):
    """What came is no message of this protocol; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `header` with its method and id, and the payload as a JSON value, None when there is none."""

    header: dict[str, Any]
    payload: Any = None

    @property
    def method(self) -> object:
        return self.header.get("method")


def pack(message: Message) -> bytes:
    """The bytes of a message."""
    header, payload = dict(message.header), b""
    if message.payload is not None:
        payload = compact(message.payload).encode()
        header |= {"payload_size": len(payload), "payload_type": "application/json"}
    text = compact(header).encode()
    return b"".join((START, str(len(text)).encode(), NEWLINE, text, NEWLINE, payload))


def unpack(data: bytes) -> Message:
    """The message that these bytes are. Raises NotAFrame."""
    first, newline, rest = data.partition(NEWLINE)
    length = first.removeprefix(START)
    if not newline or length == first or not length.isdigit() or len(length) > 9:
        raise NotAFrame("it does not begin with 'TWILSOCK V3.0' and a length")
    size = int(length)
    if rest[size : size + 2] != NEWLINE:
        raise NotAFrame(f"its header does not end after {size} bytes")
    header = _value(rest[:size], "header")
    if not isinstance(header, dict):
        raise NotAFrame("its header is no JSON object")
    body, wanted = rest[size + 2 :], header.get("payload_size", 0)
    if type(wanted) is not int or wanted < 0 or len(body) < wanted:
        raise NotAFrame("its payload is not as long as payload_size says")
    return Message(header, _value(body[:wanted], "payload") if wanted else None)


def _value(data: bytes, what: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise NotAFrame(f"its {what} is no JSON") from None
