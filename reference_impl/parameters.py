"""What the parameters of a request mean, and which values are refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.config import Config
from reference_impl.errors import (
    ApiError,
    DataTooLargeError,
    InvalidDataError,
    InvalidNameError,
    InvalidPageSizeError,
    InvalidPageTokenError,
    InvalidRequestError,
    InvalidTtlError,
)
from reference_impl.web import Request, is_form, parse_count, parse_fields

MAX_NAME = 320
MAX_TTL = 31_536_000
MAX_DATA = 4096
MAX_DEPTH = 256
DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 100
SID_SHAPE = re.compile("[A-Z]{2}[a-f0-9]{32}")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The page asked for: `number` is the client's own count, `token` says where the page begins."""

    size: int
    number: int
    token: str | None


class Parameters:
    """Reads and checks the parameters of the operations, one method each."""

    config: Config

    def read_form(self, request: Request) -> dict[bytes, bytes]:
        """The body's fields; none when it is no form. Raises DataTooLargeError, InvalidRequestError."""
        if request.body is None:
            raise DataTooLargeError(self.config.max_body)
        return parse_fields(request.body) if is_form(request) else {}

    def parse_name(self, form: Mapping[bytes, bytes]) -> str | None:
        """Raises InvalidNameError."""
        name = _text(form, b"UniqueName", InvalidNameError("UniqueName is not UTF-8"))
        if not name:
            return None
        self.check_name(name)
        return name

    def check_name(self, name: str) -> None:
        """Raises InvalidNameError."""
        if len(name) > MAX_NAME:
            raise InvalidNameError(f"UniqueName is too long: at most {MAX_NAME} characters are accepted")
        if SID_SHAPE.fullmatch(name):
            raise InvalidNameError("UniqueName has the shape of a SID; give a name of another shape")

    def parse_ttl(self, form: Mapping[bytes, bytes]) -> int | None:
        """Seconds, None when not given. Raises InvalidTtlError."""
        text = _text(form, b"Ttl", InvalidTtlError())
        if not text:
            return None
        ttl = parse_count(text)
        if ttl is None or ttl > MAX_TTL:
            raise InvalidTtlError
        return ttl

    def parse_data(self, form: Mapping[bytes, bytes]) -> Any:
        """The JSON value of a message. Raises InvalidRequestError, DataTooLargeError, InvalidDataError."""
        data = form.get(b"Data")
        if not data:
            raise InvalidRequestError("Data is missing: give the message as JSON text")
        self.check_size(data)
        try:
            value = json.loads(data.decode(), parse_constant=_refuse_constant, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise InvalidDataError("too many levels" if isinstance(error, RecursionError) else str(error)) from None
        # Counting brackets is cheap and bounds the depth from above, so few messages need the walk.
        if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
            raise InvalidDataError(f"at most {MAX_DEPTH} levels are accepted")
        return value

    def check_size(self, data: bytes) -> None:
        """Raises DataTooLargeError."""
        if len(data) > MAX_DATA:
            raise DataTooLargeError(MAX_DATA)

    def parse_page_query(self, request: Request) -> PageQuery:
        """Raises ApiError for the parameter that is wrong."""
        query = parse_fields(request.query)
        return PageQuery(self.parse_page_size(query), self.parse_page_number(query), self.parse_page_token(query))

    def parse_page_size(self, query: Mapping[bytes, bytes]) -> int:
        """Raises InvalidPageSizeError."""
        text = _text(query, b"PageSize", InvalidPageSizeError())
        if not text:
            return DEFAULT_PAGE_SIZE
        size = parse_count(text)
        if not size:
            raise InvalidPageSizeError
        return min(size, MAX_PAGE_SIZE)

    def parse_page_number(self, query: Mapping[bytes, bytes]) -> int:
        """Raises InvalidRequestError."""
        refusal = InvalidRequestError("Invalid Page: give a whole number of at least 0")
        number = parse_count(_text(query, b"Page", refusal) or "0")
        if number is None:
            raise refusal
        return number

    def parse_page_token(self, query: Mapping[bytes, bytes]) -> str | None:
        """Raises InvalidPageTokenError."""
        return _text(query, b"PageToken", InvalidPageTokenError()) or None


def _text(fields: Mapping[bytes, bytes], name: bytes, refusal: ApiError) -> str | None:
    value = fields.get(name)
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        raise refusal from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not part of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is beyond a double")
    return number


def _depth(value: Any) -> int:
    """Levels of arrays and objects, without recursion."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth
