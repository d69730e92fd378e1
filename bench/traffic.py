"""Typical exchanges with Sync Streams: creates of named streams with a Ttl, and the answers that belong to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from conformance.exchange import Exchange, Headers, Request, Response

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "5d1c0b7ea90f4c3e8d62b7159f30ace4"
SERVICE = "IS" + "1" * 32
STREAMS = f"/v1/Services/{SERVICE}/Streams"
HOST = "127.0.0.1:8000"
STARTED = 1_767_225_600.0
LOGIN = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


def stream(number: int, base: str = f"http://{HOST}", name: str | None = None) -> dict[str, Any]:
    """A stream resource with all its keys."""
    url = f"{base}{STREAMS}/TO{number:032x}"
    return {
        "sid": f"TO{number:032x}",
        "unique_name": name or f"orders-{number:06d}",
        "account_sid": ACCOUNT,
        "service_sid": SERVICE,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": "2026-01-01T01:00:00Z",
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        "created_by": "system",
    }


def page(size: int) -> dict[str, Any]:
    """A page of a list of streams."""
    url = f"http://{HOST}{STREAMS}?PageSize={size}&Page=0"
    meta = {"page": 0, "page_size": size, "first_page_url": url, "previous_page_url": None, "url": url}
    return {
        "streams": [stream(number) for number in range(size)],
        "meta": {**meta, "next_page_url": None, "key": "streams"},
    }


def create_form(number: int) -> bytes:
    return urlencode({"UniqueName": f"orders-{number:06d}", "Ttl": 3600}).encode()


def message(method: str, path: str, body: bytes = b"", *, host: str = HOST, login: str = LOGIN) -> bytes:
    """A request as it goes over a connection."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: {login}", "Accept: application/json"]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def create_bytes(number: int, host: str = HOST) -> bytes:
    """The create of one stream as it goes over a connection."""
    return message("POST", STREAMS, create_form(number), host=host)


def answer_headers(body: bytes) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Twilio-Request-Id", "RQ" + "7" * 32),
        ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    )


def answer_bytes() -> bytes:
    """The same create's answer for every request, as it goes over a connection."""
    body = json.dumps(stream(1)).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in answer_headers(body))
    return f"HTTP/1.1 201 Created\r\n{head}\r\n".encode() + body


def exchange(number: int, base: str = f"http://{HOST}") -> Exchange:
    """The create of one stream and its answer."""
    form = create_form(number)
    asked = (
        ("Host", base.partition("://")[2]),
        ("Authorization", LOGIN),
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(form))),
    )
    body = json.dumps(stream(number, base)).encode()
    request = Request("POST", base + STREAMS, Headers(asked), form)
    response = Response(201, "Created", Headers(answer_headers(body)), body)
    sent = STARTED + number * 0.01
    return Exchange(request, response, sent, sent + 0.005)


def exchanges(count: int, base: str = f"http://{HOST}") -> Iterator[Exchange]:
    return (exchange(number, base) for number in range(count))
