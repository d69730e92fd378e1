"""Messages sent to a stream at given moments, made by hand: what rules about the rate look at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.exchange import Exchange, Headers, Request, Response

ACCOUNT = 20429  # the account's own limit
STREAM = 54009  # the stream's
JSON_TYPE = Headers.of({"Content-Type": "application/json"})


def message(
    at: float, status: int | None = 201, *, took: float = 0.05, code: int = 0, error: str = "reset"
) -> Exchange:
    """A message that was sent at that moment and answered `took` seconds later; no answer without a status."""
    request = Request("POST", "http://127.0.0.1/v1/Services/default/Streams/TO1/Messages")
    if status is None:
        return Exchange(request, None, at, at + took, error)
    return Exchange(request, Response(status, "", JSON_TYPE, json.dumps({"code": code}).encode()), at, at + took)


def refused(at: float, *, took: float = 0.05, status: int = 429, code: int = STREAM) -> Exchange:
    return message(at, status, took=took, code=code)


def row(count: int, every: float, *, start: float = 0.0, **kind: Any) -> tuple[Exchange, ...]:
    """That many messages, one every so many seconds."""
    return tuple(message(start + number * every, **kind) for number in range(count))


def with_refusals(exchanges: Iterable[Exchange], *numbers: int) -> tuple[Exchange, ...]:
    """The same messages, of which these were refused."""
    return tuple(refused(e.sent, took=e.elapsed) if n in numbers else e for n, e in enumerate(exchanges))
