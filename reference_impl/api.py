"""The six operations of Sync Streams: `Api.handle` takes a request and gives a response, and never waits.

Twilio's documents leave some things open. What this server does there:

| question | choice |
|---|---|
| empty UniqueName, empty Ttl | as if not given |
| UniqueName in an update | ignored, like every unknown field |
| update without Ttl | 200 and the stream as it was, date_updated included |
| field given twice | the last one counts |
| unique names | exact text, case and all; any Unicode, counted in code points; streams share them with nothing else |
| name too long, or no UTF-8 | 400, 54302 |
| size of Data | bytes of the text as received, 4096 pass; looked at before its syntax |
| empty Data | as if not given: 400, 20001 |
| Data whose root is an array or scalar | accepted |
| NaN, Infinity, numbers beyond a double, no UTF-8, more than 256 levels | 400, 54008 |
| PageSize over 100 | 100; 0, negative or text: 400, 54454 |
| Page that is no number | 400, 20001 |
| page token from elsewhere | 400, 54453 |
| order of a list | creation |
| expiry | exact; the whole Ttl is lived, so up to a second after date_expires, which is cut to seconds |
| rate limit | 30 in any one second; refused and faulty messages do not count |
| unknown stream, service or path | 404, 20404; credentials are checked first |
| sids in a path | exact, lower case |
| other content types than a form | the body is not looked at |
| HEAD | like GET, without the body |
| body over 1 MiB | 413, 54006, not read any further |
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any

from reference_impl.config import Config, Service
from reference_impl.errors import ApiError, MethodNotAllowedError, NotFoundError, RateLimitError, UnauthorizedError
from reference_impl.limiter import Limiter
from reference_impl.paging import Page, Pager, Position
from reference_impl.parameters import SID_SHAPE, PageQuery, Parameters
from reference_impl.resources import error_json, http_date, meta_json, stream_json
from reference_impl.store import Store, Stream
from reference_impl.web import Request, Response, decode_segment

# Resource -> method -> name of the operation, so that a subclass can replace an operation.
OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "streams": {"GET": "list_streams", "HEAD": "list_streams", "POST": "create_stream"},
    "stream": {"GET": "fetch_stream", "HEAD": "fetch_stream", "POST": "update_stream", "DELETE": "delete_stream"},
    "messages": {"POST": "publish_message"},
}


@dataclass(frozen=True, slots=True)
class Route:
    """What a path names: a key of OPERATIONS, and the path's segments as sent."""

    resource: str
    service: str
    stream: str = ""


class Api(Parameters):
    """All that the server does, from its parts. Every method is one promise."""

    def __init__(self, config: Config, store: Store, limiter: Limiter, pager: Pager) -> None:
        self.config = config
        self.store = store
        self.limiter = limiter
        self.pager = pager
        self.services = {key: service for service in config.services for key in (service.unique_name, service.sid)}
        self.logins = {config.account_sid: config.auth_token, **config.api_keys}
        self._known_logins = {
            "Basic " + b64encode(f"{user}:{password}".encode()).decode() for user, password in self.logins.items()
        }

    def handle(self, request: Request) -> Response:
        """The answer to a request. Total: what it refuses is an answer too."""
        try:
            response = self.answer(request)
        except ApiError as refusal:
            response = self.error(refusal)
        return self.finish(request, response)

    def answer(self, request: Request) -> Response:
        """The operation's response. Raises ApiError."""
        self.authenticate(request)
        route = self.route(request.path)
        operation = self.operation(request.method, route)
        service = self.find_service(route, request)
        if route.resource == "streams":
            return operation(request, service)
        return operation(request, self.find_stream(service, route, request))

    def finish(self, request: Request, response: Response) -> Response:
        """Add the headers that every response has."""
        headers = {
            **response.headers,
            "Twilio-Request-Id": self.request_id(),
            "Date": http_date(int(request.now)),
        }
        return replace(response, headers=headers)

    def request_id(self) -> str:
        return "RQ" + token_hex(16)

    def error(self, error: ApiError) -> Response:
        return Response(error.status, self.render_error(error), error.headers)

    # Finding what a request is about

    def authenticate(self, request: Request) -> None:
        """Raises UnauthorizedError unless the request has a login of the account."""
        given = request.headers.get("authorization", "")
        if given in self._known_logins:
            return
        scheme, _, encoded = given.partition(" ")
        try:
            user, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise UnauthorizedError from None
        if scheme.lower() != "basic" or self.logins.get(user) != password:
            raise UnauthorizedError

    def route(self, path: str) -> Route:
        """What the path names; its segments are split before they are decoded. Raises NotFoundError."""
        match path.split("/"):
            case ["", "v1", "Services", service, "Streams"]:
                return Route("streams", service)
            case ["", "v1", "Services", service, "Streams", stream] if stream:
                return Route("stream", service, stream)
            case ["", "v1", "Services", service, "Streams", stream, "Messages"] if stream:
                return Route("messages", service, stream)
        raise NotFoundError(path.removeprefix("/v1"))

    def operation(self, method: str, route: Route) -> Callable[..., Response]:
        """The method to call. Raises MethodNotAllowedError."""
        operations = OPERATIONS[route.resource]
        if method not in operations:
            raise MethodNotAllowedError(method, ", ".join(operations))
        operation: Callable[..., Response] = getattr(self, operations[method])
        return operation

    def find_service(self, route: Route, request: Request) -> Service:  # noqa: ARG002
        """By IS sid or unique name. Raises NotFoundError."""
        service = self.services.get(decode_segment(route.service) or "")
        if service is None:
            raise NotFoundError(f"/Services/{route.service}")
        return service

    def find_stream(self, service: Service, route: Route, request: Request) -> Stream:
        """By TO sid or unique name. Raises NotFoundError."""
        key = decode_segment(route.stream)
        stream = None
        if key is not None:
            find = self.store.find_by_sid if SID_SHAPE.fullmatch(key) else self.store.find_by_name
            stream = find(service.sid, key, request.now)
        if stream is None:
            raise NotFoundError(f"/Services/{route.service}/Streams/{route.stream}")
        return stream

    # The operations

    def create_stream(self, request: Request, service: Service) -> Response:
        form = self.read_form(request)
        name = self.parse_name(form)
        ttl = self.parse_ttl(form)
        stream = self.store.add(service.sid, name, ttl, request.now)
        return Response(201, self.render_stream(stream, request))

    def list_streams(self, request: Request, service: Service) -> Response:
        query = self.parse_page_query(request)
        position = self.pager.read_token(service.sid, query.token) if query.token else Position()
        page = self.pager.read_page(self.store, service.sid, position, query.size, request.now)
        return Response(200, self.render_page(page, request, service, query))

    def fetch_stream(self, request: Request, stream: Stream) -> Response:
        return Response(200, self.render_stream(stream, request))

    def update_stream(self, request: Request, stream: Stream) -> Response:
        ttl = self.parse_ttl(self.read_form(request))
        if ttl is not None:
            stream = self.store.set_ttl(stream, ttl, request.now)
        return Response(200, self.render_stream(stream, request))

    def delete_stream(self, request: Request, stream: Stream) -> Response:  # noqa: ARG002
        self.store.remove(stream)
        return Response(204)

    def publish_message(self, request: Request, stream: Stream) -> Response:
        data = self.parse_data(self.read_form(request))
        self.check_rate(stream, request)
        return Response(201, self.render_message(self.new_message_sid(), data))

    def check_rate(self, stream: Stream, request: Request) -> None:
        """Count a message. Raises RateLimitError."""
        if not self.limiter.allow(self.rate_key(stream), request.now):
            raise RateLimitError(self.limiter.limit)

    def rate_key(self, stream: Stream) -> str:
        """What the rate limit is counted for."""
        return stream.sid

    # Rendering

    def list_url(self, request: Request, service_sid: str) -> str:
        return f"{request.origin}/v1/Services/{service_sid}/Streams"

    def render_stream(self, stream: Stream, request: Request) -> dict[str, Any]:
        return stream_json(stream, self.config.account_sid, self.list_url(request, stream.service_sid))

    def render_page(self, page: Page, request: Request, service: Service, query: PageQuery) -> dict[str, Any]:
        size, number = query.size, query.number
        base = self.list_url(request, service.sid)

        def url(page_number: int, position: Position | None) -> str | None:
            if position is None:
                return None
            return self.pager.page_url(base, size, page_number, self.pager.issue_token(service.sid, position))

        urls = {
            "first_page_url": self.pager.page_url(base, size, 0, None),
            "previous_page_url": url(max(number - 1, 0), page.previous),
            "url": self.pager.page_url(base, size, number, query.token),
            "next_page_url": url(number + 1, page.next),
        }
        return {
            "streams": [self.render_stream(stream, request) for stream in page.streams],
            "meta": self.render_meta(number, size, urls),
        }

    def render_meta(self, number: int, size: int, urls: dict[str, str | None]) -> dict[str, Any]:
        return meta_json(number, size, urls)

    def new_message_sid(self) -> str:
        return "TZ" + token_hex(16)

    def render_message(self, sid: str, data: Any) -> dict[str, Any]:
        return {"sid": sid, "data": data}

    def render_error(self, error: ApiError) -> dict[str, Any]:
        return error_json(error)
