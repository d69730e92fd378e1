"""A request and a response as plain values, and what is read from a request's bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from reference_impl.errors import InvalidRequestError

FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is as sent, percent-encoding and all; header names are lower case; `body` is None when
    it was larger than the server reads; `origin` is scheme and authority; `now` is when it was complete."""

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes | None
    origin: str
    now: float


@dataclass(frozen=True, slots=True)
class Response:
    """One response. `body` is a JSON value, None for no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_fields(encoded: bytes) -> dict[bytes, bytes]:
    """The fields of a form or query, names and values decoded to bytes; of a repeated field the last counts.
    Broken percent-encoding stands for itself. Raises InvalidRequestError for more than 1000 fields."""
    if encoded.count(b"&") >= _MAX_FIELDS:
        raise InvalidRequestError(f"Too many parameters: at most {_MAX_FIELDS} are accepted")
    fields = {}
    for pair in encoded.split(b"&"):
        name, _, value = pair.partition(b"=")
        fields[_decode(name)] = _decode(value)
    return fields


def _decode(text: bytes) -> bytes:
    text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM_TYPE


def decode_segment(segment: str) -> str | None:
    """A path segment without its percent-encoding (`+` is a plus); None when it is no UTF-8."""
    if "%" not in segment and segment.isascii():
        return segment
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return None


def parse_count(text: str) -> int | None:
    """A number of ASCII digits and nothing else, else None. Numbers beyond ten digits all read as 10**10."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= 10 else 10**10
