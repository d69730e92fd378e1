"""The frames of the SDK's transport: each is one binary WebSocket message.

    TWILSOCK V3.0 <bytes of the header>\\r\\n<header, JSON>\\r\\n[<payload>\\r\\n]

The header has `method` and `id`, and with a payload its `payload_size` in bytes and its `payload_type`. The SDK leaves
out the line's end after a payload.
"""

import json
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

MAGIC = b"TWILSOCK V3.0 "
JSON_TYPE = "application/json"
OK = {"code": 200, "status": "OK"}
_LINE = b"\r\n"
_MAX_DIGITS = 7
_encode_json = json.JSONEncoder(separators=(",", ":")).encode


class FrameError(Exception):
    """A message that is no frame; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as received. `header` holds everything beside method and id too; `payload` are its bytes."""

    method: str
    id: str
    header: dict[str, Any]
    payload: bytes

    def json(self) -> Any:
        """The payload as JSON. Raises FrameError."""
        return _read_json(self.payload, "payload")


def new_id() -> str:
    return "TM" + token_hex(16)


def encode(method: str, frame_id: str, header: dict[str, Any] | None = None, payload: Any = None) -> bytes:
    """A frame's bytes; a payload of None is none. All is ASCII, so bytes and characters are the same."""
    fields = {"method": method, "id": frame_id, **(header or {})}
    body = b""
    if payload is not None:
        body = _encode_json(payload).encode()
        fields |= {"payload_size": len(body), "payload_type": JSON_TYPE}
        body += _LINE
    else:
        fields["payload_size"] = 0
    text = _encode_json(fields).encode()
    return b"%b%d\r\n%b\r\n%b" % (MAGIC, len(text), text, body)


def decode(data: bytes) -> Frame:
    """The frame that a message is. Raises FrameError: a frame must be whole, and nothing may follow it."""
    if not data.startswith(MAGIC):
        raise FrameError("it doesn't begin with TWILSOCK V3.0")
    end = data.find(_LINE, len(MAGIC), len(MAGIC) + _MAX_DIGITS + 2)
    digits = data[len(MAGIC) : max(end, 0)]
    if not digits.isdigit():
        raise FrameError("the size of its header can't be read")
    start = end + 2
    stop = start + int(digits)
    if data[stop : stop + 2] != _LINE:
        raise FrameError("its header is not as long as it says")
    header = _read_json(data[start:stop], "header")
    if not isinstance(header, dict):
        raise FrameError("its header is no object")
    method, frame_id, size = header.get("method"), header.get("id"), header.get("payload_size", 0)
    if not (isinstance(method, str) and isinstance(frame_id, str)):
        raise FrameError("its header has no method or no id")
    rest = data[stop + 2 :]
    if type(size) is not int or size < 0 or rest[size:] not in (b"", _LINE) or len(rest) < size:
        raise FrameError("its payload is not as long as it says")
    return Frame(method, frame_id, header, rest[:size])


def _read_json(data: bytes, what: str) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        raise FrameError(f"its {what} is no JSON") from None
