"""mitmproxy's messages as our types, and back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mitmproxy import http

from conformance.exchange import Exchange, Headers, Request, Response
from proxy import giveback
from proxy.player import Answer
from proxy.wire import TooLarge, decode, outgoing


@dataclass(frozen=True, slots=True)
class Handled:
    """What is known of a flow between its hooks.

    Not kept in the flow's own metadata, which mitmproxy may write to a file.
    """

    asked: Request
    base: str
    keep_host: bool
    answer: Answer | None = None
    upstream: str | None = None


def authority(host: str, port: int, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == {"http": 80, "https": 443}.get(scheme) else f"{shown}:{port}"


def _pairs(headers: http.Headers) -> Headers:
    return Headers(tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.fields))


def _target(request: http.Request) -> str:
    """Path and query as sent; bytes that may not stand in a URL are percent-encoded."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in request.data.path)


def _unpacked(message: http.Message) -> bytes | None:
    """The body with its content coding undone, None when it is in another than it claims. Raises TooLarge."""
    return decode(message.raw_content or b"", message.headers.get("content-encoding", "").strip().lower())


def request_of(flow: http.HTTPFlow, base: str) -> Request:
    """The flow's request as the client made it, content coding undone. Raises TooLarge."""
    request = flow.request
    path = _target(request)
    body = _unpacked(request)
    if body is None:
        body = request.raw_content or b""
    return Request(request.method, base + (path if path.startswith("/") else f"/{path}"), _pairs(request.headers), body)


def exchange_of(flow: http.HTTPFlow, asked: Request) -> Exchange:
    """The flow as an exchange, content coding undone; without a response when there was a transport error."""
    sent = flow.request.timestamp_start
    if flow.response is None:
        return Exchange(asked, None, sent, time.time(), flow.error.msg if flow.error else "the connection failed")
    given = flow.response
    headers = _pairs(given.headers)
    received = given.timestamp_end or time.time()
    try:
        body = _unpacked(given)
    except TooLarge:
        return Exchange(asked, None, sent, received, "a body that is too large once it is unpacked")
    if body is None:  # not in the coding it claims: kept as it is, without the claim
        body = given.raw_content or b""
        headers = Headers(tuple((name, value) for name, value in headers.items if name.lower() != "content-encoding"))
    response = Response(given.status_code, given.data.reason.decode("latin-1"), headers, body)
    return Exchange(asked, response, sent, received)


def injected(response: Response, asked: Request | None) -> http.Response:
    sent = outgoing(response, asked or Request("GET", "/"))
    fields = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent.headers.items
    ]
    now = time.time()
    reason = sent.reason.encode("latin-1", "replace")
    return http.Response(b"HTTP/1.1", sent.status, reason, http.Headers(fields), sent.body, None, now, now)


def point_back(response: http.Response, upstream: str, base: str) -> None:
    """Links of the upstream to itself lead to the proxy instead, as the client's next requests should come here."""
    for name, value in response.headers.fields:
        if upstream.encode() in value:
            response.headers[name] = giveback.base(value.decode("latin-1"), upstream, base)
    try:
        text = (_unpacked(response) or b"").decode()
    except (ValueError, TooLarge):
        return
    changed = giveback.base(text, upstream, base)
    if changed != text:
        response.content = changed.encode()
