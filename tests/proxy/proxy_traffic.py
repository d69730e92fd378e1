"""Exchanges as a Sync server and its clients would make them, for the proxy's tests."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import requests

from conformance.exchange import Exchange, Headers, Request, Response

ACCOUNT = "AC" + "0123456789abcdef" * 2
OTHER_ACCOUNT = "AC" + "f" * 32
SERVICE = "IS" + "1" * 32
OTHER_SERVICE = "IS" + "2" * 32
TOKEN = "4f2a9c7e81d05b36a1f0c2e47b9d8356"
BASE = "http://127.0.0.1:8000"
STARTED = 1_767_225_600.25
STREAMS = f"/v1/Services/{SERVICE}/Streams"


def basic(user: str = ACCOUNT, password: str = TOKEN) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def request(
    method: str,
    path: str,
    form: object = None,
    *,
    base: str = BASE,
    auth: tuple[str, str] | None = basic(),
    headers: tuple[tuple[str, str], ...] = (),
) -> Request:
    shown = [("Host", base.partition("://")[2]), ("User-Agent", "test/1")]
    shown += [auth] if auth else []
    body = b""
    if form is not None:
        body = form if isinstance(form, bytes) else urlencode(form).encode()  # type: ignore[arg-type]
        shown += [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body)))]
    return Request(method, base + path, Headers((*shown, *headers)), body)


def reply(status: int, value: object = None, *, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    body = b"" if value is None else json.dumps(value).encode()
    shown = (("Content-Type", "application/json"), *headers) if body else headers
    return Response(status, {200: "OK", 201: "Created", 204: "No Content"}.get(status, "Error"), Headers(shown), body)


def stream(name: str | None, number: int = 1, *, base: str = BASE, service: str = SERVICE) -> dict[str, object]:
    sid = f"TO{number:032x}"
    url = f"{base}/v1/Services/{service}/Streams/{sid}"
    return {
        "sid": sid,
        "unique_name": name,
        "account_sid": ACCOUNT,
        "service_sid": service,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": None,
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        "created_by": "system",
    }


def exchange(asked: Request, given: Response | None, *, at: float = 0.0, error: str | None = None) -> Exchange:
    return Exchange(asked, given, STARTED + at, STARTED + at + 0.01, error)


def create(name: str, number: int = 1, **options: object) -> Exchange:
    path = f"/v1/Services/{SERVICE}/Streams"
    return exchange(request("POST", path, {"UniqueName": name}, **options), reply(201, stream(name, number)))  # type: ignore[arg-type]


def fetch(number: int = 1, name: str = "orders", **options: object) -> Exchange:
    path = f"/v1/Services/{SERVICE}/Streams/TO{number:032x}"
    return exchange(request("GET", path, **options), reply(200, stream(name, number)))  # type: ignore[arg-type]


def work(url: str, session: requests.Session) -> list[tuple[int, object]]:
    """What a program does: create, find by name, publish, list, delete, find nothing."""
    made = session.post(url + STREAMS, data={"UniqueName": "Ana's orders", "Ttl": "60"})
    answers = [
        made,
        session.get(f"{url}{STREAMS}/Ana%27s%20orders"),
        session.post(made.json()["links"]["messages"], data={"Data": '{"to": "Ana"}'}),
        session.get(url + STREAMS),
        session.delete(made.json()["url"]),
        session.get(f"{url}{STREAMS}/Ana%27s%20orders"),
        requests.get(url + STREAMS, timeout=10),
    ]
    return [(answer.status_code, answer.json() if answer.content else None) for answer in answers]
