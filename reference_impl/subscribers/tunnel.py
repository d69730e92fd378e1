"""The requests that the SDK sends through its connection: the operations on streams in JSON, and subscriptions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from reference_impl.config import Service
from reference_impl.errors import ApiError, InvalidRequestError, InvalidTtlError, MethodNotAllowedError, NotFoundError
from reference_impl.parameters import MAX_TTL, SID_SHAPE
from reference_impl.resources import stream_json
from reference_impl.store import Stream
from reference_impl.subscribers.api import SubscribersApi
from reference_impl.subscribers.hub import VERSION, Notice, Subscriber
from reference_impl.web import Request

MAX_SUBSCRIPTIONS = 1000  # of one connection, and in one request
DELIVERY = {"estimated_delivery_in_ms": 1000, "max_batch_size": MAX_SUBSCRIPTIONS}


class StreamNotFoundError(ApiError):
    status, code = 404, 54300

    def __init__(self) -> None:
        super().__init__("Stream not found")


class TooManySubscriptionsError(ApiError):
    def __init__(self) -> None:
        super().__init__(f"Too many subscriptions: a connection takes at most {MAX_SUBSCRIPTIONS}")


class UnsupportedError(ApiError):
    status = 501

    def __init__(self) -> None:
        super().__init__("This server has Sync Streams only, no Documents, Lists or Maps")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: the connection, and what its token lets it use."""

    subscriber: Subscriber
    subscriptions: dict[str, int]  # stream sid -> version of the events
    identity: str
    service: Service
    origin: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: the API's status, the body if there is one, and what the caller is told after that."""

    status: int
    body: Any = None
    notices: tuple[tuple[Notice, int], ...] = ()


class Tunnel:
    """Answers requests over the parts of the REST server."""

    def __init__(self, api: SubscribersApi) -> None:
        self.api = api

    def answer(self, method: str, path: str, payload: bytes, caller: Caller, now: float) -> Reply:
        """The reply to a request. Total: what is refused is a reply too."""
        try:
            return self.operate(method, path, payload, caller, now)
        except ApiError as error:
            body = {"status": error.status, "code": error.code, "message": error.message}
            return Reply(error.status, body)

    def operate(self, method: str, path: str, payload: bytes, caller: Caller, now: float) -> Reply:
        """Raises ApiError."""
        match path.split("/"), method:
            case ["", "v3", "Streams"], "POST":
                return self.create_stream(_read(payload), caller, now)
            case ["", "v3", "Streams", key], "GET":
                return Reply(200, self.render(self.find(key, caller, now), caller))
            case ["", "v3", "Streams", key], "POST":
                return self.set_ttl(self.find(key, caller, now), _read(payload), caller, now)
            case ["", "v3", "Streams", key], "DELETE":
                return self.delete_stream(self.find(key, caller, now), caller)
            case ["", "v3", "Streams", key, "Messages"], "POST":
                return self.publish(self.find(key, caller, now), _read(payload), caller, now)
            case ["", "v3" | "v4", "Subscriptions"], "POST":
                return self.change_subscriptions(_read(payload), caller, now)
            case (
                (["", "v3", "Streams"] | ["", "v3", "Streams", _] | ["", "v3", "Streams", _, "Messages"]) as found,
                _,
            ):
                raise MethodNotAllowedError(method, "GET, POST and DELETE" if len(found) == 4 else "POST")
            case ["", "v3", "Documents" | "Lists" | "Maps" | "Insights", *_], _:
                raise UnsupportedError
        raise NotFoundError(path)

    def find(self, key: str, caller: Caller, now: float) -> Stream:
        """By sid or unique name, percent-encoded. Raises StreamNotFoundError."""
        store, name = self.api.store, unquote(key, errors="replace")
        find = store.find_by_sid if SID_SHAPE.fullmatch(name) else store.find_by_name
        stream = find(caller.service.sid, name, now)
        if stream is None:
            raise StreamNotFoundError
        return stream

    def create_stream(self, body: Mapping[str, Any], caller: Caller, now: float) -> Reply:
        name = body.get("unique_name")
        if not isinstance(name, str | None):
            raise InvalidRequestError("unique_name must be a string")
        if name:
            self.api.check_name(name)
        ttl = _ttl(body)
        stream = self.api.store.add(caller.service.sid, name or None, ttl, now, caller.identity)
        return Reply(201, self.render(stream, caller))

    def set_ttl(self, stream: Stream, body: Mapping[str, Any], caller: Caller, now: float) -> Reply:
        ttl = _ttl(body)
        if ttl is not None:
            stream = self.api.store.set_ttl(stream, ttl, now)
        return Reply(200, self.render(stream, caller))

    def delete_stream(self, stream: Stream, caller: Caller) -> Reply:
        # The SDK tells its own program that the stream is gone.
        self.unsubscribe(stream.sid, caller)
        self.api.store.remove(stream)
        return Reply(204)

    def publish(self, stream: Stream, body: Mapping[str, Any], caller: Caller, now: float) -> Reply:
        if "data" not in body:
            raise InvalidRequestError("data is missing: give the message as JSON")
        data = self.api.parse_data({b"Data": dump_data(body["data"])})
        self.api.check_rate(stream, Request("POST", "", b"", {}, b"", caller.origin, now))
        sid = self.api.new_message_sid()
        self.api.hub.publish(stream.sid, sid, data, caller.subscriber)
        return Reply(201, {"sid": sid})

    def change_subscriptions(self, body: Mapping[str, Any], caller: Caller, now: float) -> Reply:
        """Establish or cancel. What became of each comes in notices after the reply."""
        version = body.get("event_protocol_version", VERSION)
        requests, correlation = body.get("requests"), body.get("correlation_id")
        if type(version) is not int or not isinstance(requests, list) or len(requests) > MAX_SUBSCRIPTIONS:
            raise InvalidRequestError("event_protocol_version or requests can't be read")
        if body.get("action") not in {"establish", "cancel"} or isinstance(correlation, list | dict):
            raise InvalidRequestError("action or correlation_id can't be read")
        version = min(version, VERSION)
        change = self.establish if body["action"] == "establish" else self.cancel
        told: dict[str, list[dict[str, Any]]] = {}
        for request in requests:
            if not isinstance(request, dict) or not isinstance(request.get("object_sid"), str):
                raise InvalidRequestError("a request has no object_sid")
        for request in requests:
            event_type, more = change(request["object_sid"], request.get("object_type"), version, caller, now)
            event = {"object_sid": request["object_sid"], "object_type": request.get("object_type"), **more}
            told.setdefault(event_type, []).append(event)
        return Reply(202, DELIVERY, tuple(_notices(told, version, correlation)))

    def establish(
        self, sid: str, object_type: Any, version: int, caller: Caller, now: float
    ) -> tuple[str, dict[str, Any]]:
        try:
            if object_type != "stream":
                raise UnsupportedError
            if self.api.store.find_by_sid(caller.service.sid, sid, now) is None:
                raise StreamNotFoundError
            if len(caller.subscriptions) >= MAX_SUBSCRIPTIONS and sid not in caller.subscriptions:
                raise TooManySubscriptionsError
        except ApiError as error:
            refusal = {"status": error.status, "code": error.code, "message": error.message}
            return "subscription_failed", {"error": refusal}
        caller.subscriptions[sid] = version
        self.api.hub.subscribe(caller.subscriber, sid)
        return "subscription_established", {"replay_status": "completed", "last_event_id": -1}

    def cancel(
        self,
        sid: str,
        object_type: Any,  # noqa: ARG002
        version: int,  # noqa: ARG002
        caller: Caller,
        now: float,  # noqa: ARG002
    ) -> tuple[str, dict[str, Any]]:
        self.unsubscribe(sid, caller)
        return "subscription_canceled", {}

    def unsubscribe(self, sid: str, caller: Caller) -> None:
        caller.subscriptions.pop(sid, None)
        self.api.hub.unsubscribe(caller.subscriber, sid)

    def render(self, stream: Stream, caller: Caller) -> dict[str, Any]:
        return stream_json(stream, self.api.config.account_sid, f"{caller.origin}/v3/Streams")


def _notices(told: Mapping[str, list[dict[str, Any]]], version: int, correlation: Any) -> Any:
    for event_type, events in told.items():
        groups = [events] if version >= VERSION else [[event] for event in events]
        for group in groups:
            yield Notice(event_type, group, correlation), version


def _read(payload: bytes) -> dict[str, Any]:
    """A request's body. Raises InvalidRequestError."""
    try:
        body = json.loads(payload.decode()) if payload else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise InvalidRequestError("The body is no JSON object")
    return body


def _ttl(body: Mapping[str, Any]) -> int | None:
    ttl = body.get("ttl")
    if ttl is not None and (type(ttl) is not int or not 0 <= ttl <= MAX_TTL):
        raise InvalidTtlError
    return ttl


def dump_data(data: Any) -> bytes:
    """A message's JSON text as the limit of its size counts it: compact, in UTF-8."""
    try:
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
        return json.dumps(data, separators=(",", ":")).encode()
