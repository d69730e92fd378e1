"""Pages of our own: who is subscribed, for tests that wait for it, and a page for people to look at."""

import json
from collections.abc import Mapping
from importlib.resources import files
from itertools import islice
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response as AsgiResponse

from reference_impl.errors import ApiError, NotFoundError
from reference_impl.parameters import SID_SHAPE
from reference_impl.store import Stream
from reference_impl.subscribers.api import SubscribersApi
from reference_impl.subscribers.tunnel import dump_data
from reference_impl.web import Request, parse_count, parse_fields

_SHOWN = 100  # streams of the page
_PAGES = {
    "/": ("page.html", "text/html"),
    "/_reference/page.js": ("page.js", "text/javascript"),
    "/_reference/page.css": ("page.css", "text/css"),
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ForbiddenError(ApiError):
    status, code = 403, 20403

    def __init__(self) -> None:
        super().__init__("This is for programs and pages of this machine only")


class Console:
    """Answers what is below /_reference, and the page at /."""

    def __init__(self, api: SubscribersApi, sessions: Mapping[Any, Any]) -> None:
        self.api = api
        self.sessions = sessions

    def takes(self, path: str) -> bool:
        return path == "/" or path.startswith("/_reference/")

    def answer(self, request: Request, *, allowed: bool) -> AsgiResponse:
        """Total: what is refused is an answer too."""
        try:
            if not allowed:
                raise ForbiddenError
            if request.method in {"GET", "HEAD"} and request.path in _PAGES:
                name, media_type = _PAGES[request.path]
                content = files("reference_impl.subscribers").joinpath("web", name).read_bytes()
                return AsgiResponse(content, 200, _HEADERS, media_type)
            status, body = self.operate(request)
        except ApiError as error:
            status, body = error.status, self.api.render_error(error)
        return AsgiResponse(json.dumps(body), status, _HEADERS, "application/json")

    def operate(self, request: Request) -> tuple[int, Any]:
        """Raises ApiError."""
        match request.path.split("/"), request.method:
            case ["", "_reference", "state"], "GET":
                return 200, self.state(request)
            case ["", "_reference", "streams", key, "subscribers"], "GET":
                stream = self.find(key, request)
                return 200, {"stream_sid": stream.sid, "subscribers": self.api.hub.count(stream.sid)}
            case ["", "_reference", "streams", key, "messages"], "POST":
                return 201, self.publish(self.find(key, request), request)
        raise NotFoundError(request.path)

    def find(self, key: str, request: Request) -> Stream:
        """In any service; the first that has the name. Raises NotFoundError."""
        store, name = self.api.store, unquote(key, errors="replace")
        find = store.find_by_sid if SID_SHAPE.fullmatch(name) else store.find_by_name
        for service in self.api.config.services:
            stream = find(service.sid, name, request.now)
            if stream is not None:
                return stream
        raise NotFoundError(f"/Streams/{key}")

    def publish(self, stream: Stream, request: Request) -> dict[str, Any]:
        """Raises ApiError. A page elsewhere can't send JSON here without being asked about it first, and the guard
        has refused it anyway."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise ForbiddenError
        try:
            text = json.loads((request.body or b"").decode())["data"]
        except (ValueError, RecursionError, KeyError, TypeError):
            text = ""
        data = self.api.parse_data({b"Data": text.encode() if isinstance(text, str) else dump_data(text)})
        self.api.check_rate(stream, request)
        sid = self.api.new_message_sid()
        self.api.hub.publish(stream.sid, sid, data)
        return {"sid": sid}

    def state(self, request: Request) -> dict[str, Any]:
        """What the page shows; of messages only those after the one numbered `after`."""
        query = parse_fields(request.query)
        after = parse_count(query.get(b"after", b"0").decode("latin-1")) or 0
        return {
            "connections": len(self.sessions),
            "published": self.api.hub.published,
            "lost": sum(connection.lost for connection in self.sessions.values()),
            "streams": [
                {
                    "sid": stream.sid,
                    "unique_name": stream.unique_name,
                    "service": service.unique_name,
                    "subscribers": self.api.hub.count(stream.sid),
                }
                for service in self.api.config.services
                for stream in islice(self.newest(service.sid, request.now), _SHOWN)
            ],
            "messages": [
                {
                    "number": message.number,
                    "stream_sid": message.stream_sid,
                    "sid": message.sid,
                    "data": message.data,
                    "reached": message.reached,
                }
                for message in self.api.hub.recent
                if message.number > after
            ],
        }

    def newest(self, service_sid: str, now: float) -> list[Stream]:
        """Those with subscribers are shown first."""
        streams = self.api.store.before(service_sid, 1 << 62, 1000, now)
        return sorted(streams, key=lambda stream: (not self.api.hub.count(stream.sid), -stream.sequence))
