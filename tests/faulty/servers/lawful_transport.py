"""Lawful variations of HTTP: headers, encodings, connections, latency, and a 503 now and then."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from faulty.registry import lawful
from faulty.wrappers import stepping_in, with_headers, without
from reference_impl.api import Api
from reference_impl.errors import MethodNotAllowedError

HTTP = (
    "ANSWER-*",
    "ERROR-*",
    "CREATE-*",
    "FETCH-*",
    "LIST-*",
    "DELETE-*",
    "PUBLISH-*",
    "SIZE-*",
    "AUTH-*",
    "PROPERTY-*",
)


@lawful("The content type names its charset.", rules=HTTP)
def WithCharset() -> Any:  # noqa: N802 - the name of a server
    def change(pairs: Any) -> Any:
        kind = [(b"content-type", b'Application/JSON; charset="utf-8"')]
        return without(pairs, b"content-type") + (kind if len(without(pairs, b"content-type")) < len(pairs) else [])

    return {"asgi": with_headers(change)}


@lawful("Bodies come in chunks, without a Content-Length.", rules=HTTP)
def Chunked() -> Any:  # noqa: N802
    def wrap(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def sending(event: Any) -> None:
                if event["type"] == "http.response.start":
                    await send({**event, "headers": without(event["headers"], b"content-length")})
                    return
                body = event.get("body", b"")
                for start in range(0, len(body), 700):
                    await send({"type": "http.response.body", "body": body[start : start + 700], "more_body": True})
                await send({"type": "http.response.body", "body": b""})

            await app(scope, receive, sending)

        return wrapped

    return {"asgi": wrap}


@lawful("Bodies are compressed with gzip.", rules=HTTP)
def Gzip() -> Any:  # noqa: N802
    return {"asgi": lambda app: GZipMiddleware(app, minimum_size=1)}


@lawful("Every connection is closed after its answer.", rules=("RATE-*", *HTTP))
def ClosesConnections() -> Any:  # noqa: N802
    return {"asgi": with_headers(lambda pairs: [*pairs, (b"connection", b"close")])}


class OldTransport:
    """Makes HTTP/1.0 of what is written: no Content-Length, the end of the connection is the end of the body."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 "):
            head, blank, body = data.partition(b"\r\n\r\n")
            head = re.sub(rb"\r\n(?i:content-length|connection):[^\r]*", b"", head)
            data = b"HTTP/1.0 " + head.removeprefix(b"HTTP/1.1 ") + blank + body
        self._transport.write(data)


class OldProtocol(H11Protocol):
    def connection_made(self, transport: Any) -> None:
        super().connection_made(OldTransport(transport))  # type: ignore[arg-type]


@lawful("Speaks HTTP/1.0: a body ends when its connection does.", rules=HTTP)
def SpeaksHttp10() -> Any:  # noqa: N802
    return {**ClosesConnections(), "uvicorn": {"http": OldProtocol}}


@lawful("Header names are in capitals.", rules=("RATE-*", *HTTP))
def HeadersInCapitals() -> Any:  # noqa: N802
    in_capitals = with_headers(lambda pairs: [(name.upper(), value) for name, value in pairs])
    return {"asgi": in_capitals, "uvicorn": {"http": H11Protocol}}  # httptools' protocol writes them in lower case


@lawful("Answers have more headers: cookies, caching, limits, two of a kind.", rules=HTTP)
def MoreHeaders() -> Any:  # noqa: N802
    more = [
        (b"set-cookie", b"session=1; Path=/; HttpOnly"),
        (b"set-cookie", b"Authorization=Basic; Path=/"),
        (b"cache-control", b"no-store"),
        (b"etag", b'"0"'),
        (b"x-ratelimit-remaining", b"0"),
        (b"x-powered-by", b"AT-5000"),
        (b"twilio-concurrent-requests", b"1"),
        (b"strict-transport-security", b"max-age=31536000"),
        (b"vary", b"Origin"),
    ]
    return {"asgi": with_headers(lambda pairs: [*more, *pairs])}


@lawful("Asks for HTTP Basic in lower case, with another realm and a charset.", rules=("AUTH-*",))
def OtherChallenge() -> Any:  # noqa: N802
    def change(pairs: Any) -> Any:
        challenge = (b"www-authenticate", b'basic realm="Sync, of a kind", charset="UTF-8"')
        return [challenge if name == b"www-authenticate" else (name, value) for name, value in pairs]

    return {"asgi": with_headers(change)}


@lawful(
    "Every answer takes 120 ms.",
    rules=("RATE-*", "TTL-*", "STREAM-DATE*", "NAME-RACE", "LIST-COMPLETE", "UPDATE-TTL", "SIZE-*"),
)
def Slow() -> Any:  # noqa: N802
    def wrap(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(0.12)
            await app(scope, receive, send)

        return wrapped

    return {"asgi": wrap}


@lawful(
    "The first answers come after a second, as from a server that wakes up.",
    rules=("TTL-*", "STREAM-*", "CREATE-*", "RATE-*"),
)
def WakesUp() -> Any:  # noqa: N802
    count = itertools.count()

    def wrap(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            if next(count) < 6:
                await asyncio.sleep(1.0)
            await app(scope, receive, send)

        return wrapped

    return {"asgi": wrap}


def busy(every: int, status: int, body: Any, *headers: tuple[bytes, bytes]) -> Any:
    """Parts of a server that is too busy for every so-many-th request, beginning early in a run."""
    count = itertools.count(every - 5)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = (b"content-type", b"text/html" if isinstance(body, bytes) else b"application/json")
    request_id = (b"twilio-request-id", b"RQ" + b"0" * 32)
    return {"asgi": stepping_in(lambda _: next(count) % every == 0, status, text, (kind, request_id, *headers))}


@lawful(
    "Answers every 60th request with 503 and a page in HTML, without Retry-After.", rules=("RATE-*", "TTL-*", *HTTP)
)
def Busy() -> Any:  # noqa: N802
    return busy(60, 503, b"<html><body>Service Unavailable</body></html>")


@lawful("Answers every 150th request with 503 and Retry-After: 1.", rules=("NAME-*", "STREAM-*", "UPDATE-*", *HTTP))
def BusyForASecond() -> Any:  # noqa: N802
    error = {"code": 20503, "message": "Busy", "more_info": "https://www.twilio.com/docs/errors/20503", "status": 503}
    return busy(150, 503, error, (b"retry-after", b"1"))


@lawful("Answers one request with 503, and no other.")
def BusyOnce() -> Any:  # noqa: N802
    return busy(10**9, 503, b"")


@lawful(
    "Answers every 90th request with 429 and 20429, as a busy account does.",
    rules=("RATE-*", "NAME-*", "LIST-*", *HTTP),
)
def BusyAccount() -> Any:  # noqa: N802
    error = {"code": 20429, "message": "Too Many Requests", "status": 429}
    return busy(90, 429, {**error, "more_info": "https://www.twilio.com/docs/errors/20429"})


@lawful(
    "Knows no HEAD, and says of every method that it does not know that there is nothing.",
    rules=("ERROR-*", "MESSAGES-*", "ANSWER-*"),
)
class UnknownMethodsNotFound(Api):
    def operation(self, method: str, route: Any) -> Any:
        error = MethodNotAllowedError(method, "GET")
        error.status, error.code = 404, 20404
        if method == "HEAD":
            raise error
        try:
            return super().operation(method, route)
        except MethodNotAllowedError:
            raise error from None


@lawful("Answers OPTIONS for browsers, and allows every origin.", rules=("ERROR-*", "MESSAGES-*", "ANSWER-*", "AUTH-*"))
def AnswersBrowsers() -> Any:  # noqa: N802
    allow = (b"access-control-allow-origin", b"*")
    options = stepping_in(
        lambda scope: scope["method"] == "OPTIONS", 200, b"", (allow, (b"twilio-request-id", b"RQ" + b"1" * 32))
    )
    return {"asgi": lambda app: options(with_headers(lambda pairs: [*pairs, allow])(app))}
