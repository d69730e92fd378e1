"""Small ASGI wrappers: what happens to a response between the application and the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Pairs = list[tuple[bytes, bytes]]
App = Callable[[Any, Any, Any], Awaitable[None]]


def with_headers(change: Callable[[Pairs], Pairs]) -> Callable[[App], App]:
    """A wrapper that changes the headers of every response."""

    def wrap(app: App) -> App:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def sending(event: Any) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": change(list(event["headers"]))}
                await send(event)

            await app(scope, receive, sending)

        return wrapped

    return wrap


def without(pairs: Pairs, *names: bytes) -> Pairs:
    """The headers but those, whose names are given in lower case."""
    return [(name, value) for name, value in pairs if name.lower() not in names]


def stepping_in(due: Callable[[Any], bool], status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Any:
    """A wrapper that answers the requests that are `due`, by their scope, itself."""

    def wrap(app: App) -> App:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or not due(scope):
                await app(scope, receive, send)
                return
            while (await receive()).get("more_body"):
                pass
            length = (b"content-length", str(len(body)).encode())
            await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
            await send({"type": "http.response.body", "body": body})

        return wrapped

    return wrap
