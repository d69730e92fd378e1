"""Which of the six operations a request is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from conformance.exchange import Request

PATH = re.compile(r".*/v1/Services/(?P<service>[^/]+)/Streams(?:/(?P<stream>[^/]+)(?P<messages>/Messages)?)?/?")


class Operation(StrEnum):
    CREATE = "create"
    FETCH = "fetch"
    LIST = "list"
    UPDATE = "update"
    DELETE = "delete"
    PUBLISH = "publish"


_OPERATIONS = {
    ("streams", "POST"): Operation.CREATE,
    ("streams", "GET"): Operation.LIST,
    ("stream", "GET"): Operation.FETCH,
    ("stream", "POST"): Operation.UPDATE,
    ("stream", "DELETE"): Operation.DELETE,
    ("messages", "POST"): Operation.PUBLISH,
}


@dataclass(frozen=True, slots=True)
class Address:
    """What a path points at, percent-decoded. `stream` is a sid or a name, None for the list."""

    service: str
    stream: str | None
    messages: bool


def address_of(request: Request) -> Address | None:
    """The address in the request's path; None when it is not one of Sync Streams."""
    return _address_in(request.url)


@lru_cache(maxsize=16_384)  # every passive rule asks this of every request of a run
def _address_in(url: str) -> Address | None:
    match = PATH.fullmatch(urlsplit(url).path)
    if match is None:
        return None
    stream = match["stream"]
    return Address(
        unquote(match["service"]), None if stream is None else unquote(stream), match["messages"] is not None
    )


def operation_of(request: Request) -> Operation | None:
    """The operation; None when path and method are none of the page's."""
    address = address_of(request)
    if address is None:
        return None
    kind = "messages" if address.messages else "streams" if address.stream is None else "stream"
    return _OPERATIONS.get((kind, request.method))
