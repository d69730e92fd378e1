"""One connection of an SDK: what it may do, what it is told. Free of I/O: bytes come in, bytes go out, and the time
is given."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Protocol

from reference_impl.config import Service
from reference_impl.subscribers.frames import OK, Frame, FrameError, decode, encode, new_id
from reference_impl.subscribers.hub import Notice
from reference_impl.subscribers.tokens import Claims, TokenError, read_token
from reference_impl.subscribers.tunnel import Caller, Tunnel

PING_EVERY = 30.0  # seconds; Twilio's Kotlin SDK gives a connection up after 45 without a frame
SILENCE = 60.0  # seconds after a ping without a frame from the client after which it is taken for dead
INIT_WITHIN = 30.0  # seconds
WARN_BEFORE = 180.0  # seconds before a token expires; for short ones a quarter of what is left
_CONFIRMATION = b'"method":"reply"'
_EARLY = 120  # bytes of a frame in which it stands, when it does


class Way(Protocol):
    """Where frames go. `send` never waits; a droppable frame may get lost when the client is slow."""

    def send(self, frame: bytes, *, droppable: bool) -> None: ...

    def close(self) -> None: ...


class Session:
    """States: waiting for init, open, closed."""

    def __init__(self, tunnel: Tunnel, way: Way, origin: str, now: float) -> None:
        self.tunnel = tunnel
        self.way = way
        self.origin = origin
        self.claims: Claims | None = None
        self.caller: Caller | None = None
        self.closed = False
        self.subscriptions: dict[str, int] = {}
        self._ping_at = now + PING_EVERY
        self._pinged: float | None = None  # when, if nothing was heard since
        self._warn_at: float | None = None
        self._init_by = now + INIT_WITHIN
        self._methods: Mapping[str, Callable[[Frame, float], None]] = {
            "reply": self.confirmed,
            "init": self.init,
            "update": self.update,
            "message": self.message,
            "put_notification_ctx": self.confirm,
            "delete_notification_ctx": self.confirm,
            "ping": self.confirm,
            "close": self.goodbye,
        }

    # From the client

    def receive(self, data: bytes, now: float) -> None:
        """A message from the client. What is no frame ends the connection; unknown methods are ignored."""
        if self.closed:
            return
        self._pinged = None
        if data.find(_CONFIRMATION, 0, _EARLY) > 0:
            return  # one for each notification, and nothing follows from them
        try:
            frame = decode(data)
        except FrameError as error:
            self.refuse(f"The message is no frame: {error}")
            return
        method = self._methods.get(frame.method)
        if self.caller is None and frame.method not in {"init", "close", "reply"}:
            self.end(401, "UNAUTHORIZED", 51215, "Send init first")
        elif method is not None:
            method(frame, now)

    def refuse(self, description: str) -> None:
        """The client can't be understood."""
        self.end(406, "NOT_ACCEPTABLE", None, description)

    def init(self, frame: Frame, now: float) -> None:
        if self.caller is not None:
            self.update(frame, now)
            return
        try:
            claims, service = self.admit(frame, now)
        except TokenError as error:
            self.reject(frame, error)
            self.leave()
            return
        self.caller = Caller(self, self.subscriptions, claims.identity, service, self.origin)
        self.take(claims, now)
        self.reply(frame, {"capabilities": ["client_update"], "continuation_token": token_hex(16)})

    def update(self, frame: Frame, now: float) -> None:
        """Another token, for the same identity and service."""
        assert self.caller is not None
        try:
            claims, service = self.admit(frame, now)
        except TokenError as error:
            self.reject(frame, error)
            return
        if (claims.identity, service) != (self.caller.identity, self.caller.service):
            self.reject(frame, TokenError(51215, "The token is for another identity or service"))
            return
        self.take(claims, now)
        self.reply(frame)

    def admit(self, frame: Frame, now: float) -> tuple[Claims, Service]:
        """Raises TokenError."""
        api = self.tunnel.api
        claims = read_token(frame.header.get("token"), api.config.account_sid, api.config.api_keys, now)
        service = api.services.get(claims.service)
        if service is None:
            raise TokenError(20106, "Invalid Access Token grants: there is no such Sync service")
        return claims, service

    def take(self, claims: Claims, now: float) -> None:
        self.claims = claims
        self._warn_at = claims.expires - min(WARN_BEFORE, (claims.expires - now) / 4)

    def message(self, frame: Frame, now: float) -> None:
        """A request through the connection."""
        assert self.caller is not None
        request = frame.header.get("http_request")
        method, path = (request.get("method"), request.get("path")) if isinstance(request, dict) else (None, None)
        if not isinstance(method, str) or not isinstance(path, str):
            self.reply(frame, status={"code": 400, "status": "BAD_REQUEST", "description": "http_request is missing"})
            return
        answer = self.tunnel.answer(method, path, frame.payload, self.caller, now)
        status = {"code": answer.status, "status": HTTPStatus(answer.status).phrase}
        self.reply(frame, {"http_status": status, "http_headers": {}}, answer.body)
        for notice, version in answer.notices:
            self.way.send(notice.frame(version), droppable=False)

    def confirmed(self, frame: Frame, now: float) -> None:
        """The client has got a frame of ours."""

    def goodbye(self, frame: Frame, now: float) -> None:  # noqa: ARG002
        self.leave()

    def confirm(self, frame: Frame, now: float) -> None:  # noqa: ARG002
        self.reply(frame)

    # To the client

    def reply(
        self,
        frame: Frame,
        header: Mapping[str, Any] | None = None,
        body: Any = None,
        status: Mapping[str, Any] | None = None,
    ) -> None:
        self.way.send(encode("reply", frame.id, {"status": status or OK, **(header or {})}, body), droppable=False)

    def reject(self, frame: Frame, error: TokenError) -> None:
        status = {"code": 401, "status": "UNAUTHORIZED", "description": error.message, "errorCode": error.code}
        self.reply(frame, status=status)

    def deliver(self, notice: Notice) -> None:
        """Something that happened on a stream that the client is subscribed to."""
        sid = notice.events[0]["stream_sid"]
        version = self.subscriptions.get(sid)
        if not notice.droppable:
            self.subscriptions.pop(sid, None)  # the stream is gone
        if version is not None:
            self.way.send(notice.frame(version), droppable=notice.droppable)

    # Time

    def due(self) -> float:
        """When `tick` has something to do."""
        if self.claims is None:
            return self._init_by
        times = [self._ping_at, self.claims.expires]
        return min(times if self._warn_at is None else [*times, self._warn_at])

    def tick(self, now: float) -> None:
        """Do what is due."""
        if self.closed:
            return
        if self.claims is None:
            if now >= self._init_by:
                self.end(401, "UNAUTHORIZED", 51215, "init did not come in time")
            return
        if now >= self.claims.expires:
            self.end(410, "GONE", 51207, "The access token has expired")
            return
        if self._pinged is not None and now - self._pinged > SILENCE:
            self.leave()
            return
        if self._warn_at is not None and now >= self._warn_at:
            self._warn_at = None
            self.notify("client_update", {"client_update_type": "token_about_to_expire"})
        if now >= self._ping_at:
            self._ping_at = now + PING_EVERY
            self._pinged = now if self._pinged is None else self._pinged
            self.notify("ping", {})

    def notify(self, method: str, header: dict[str, Any]) -> None:
        self.way.send(encode(method, new_id(), header), droppable=False)

    # The end

    def end(self, code: int, status: str, error_code: int | None, description: str) -> None:
        """Say why, and close."""
        told = {"code": code, "status": status, "description": description}
        if error_code is not None:
            told["errorCode"] = error_code
        self.notify("close", {"status": told})
        self.leave()

    def leave(self) -> None:
        """Close, and unsubscribe from everything; may be called again."""
        if not self.closed:
            self.closed = True
            for sid in self.subscriptions:
                self.tunnel.api.hub.unsubscribe(self, sid)
            self.subscriptions.clear()
            self.way.close()
