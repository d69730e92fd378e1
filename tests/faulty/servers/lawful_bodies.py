"""Lawful variations of what stands in the bodies: order, additions, the form of sids, dates and links."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from secrets import token_hex
from typing import Any

from faulty.registry import lawful
from reference_impl.api import Api
from reference_impl.app import App
from reference_impl.config import Config, make_services
from reference_impl.store import Store

SHAPES = ("STREAM-*", "LIST-*", "ERROR-*", "ANSWER-*", "PUBLISH-*", "FETCH-*", "CREATE-*", "DELETE-*", "PROPERTY-*")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Rewrites(App):
    """Changes every object of every body, from the inside out."""

    def encode(self, response: Any) -> bytes:
        return super().encode(replace(response, body=self.walk(response.body, "data" in (response.body or {}))))

    def walk(self, value: Any, message: bool) -> Any:
        if isinstance(value, list):
            return [self.walk(item, message) for item in value]
        if isinstance(value, dict):
            return self.change({key: item if message else self.walk(item, message) for key, item in value.items()})
        return value

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


@lawful("The keys of all objects are in the opposite order.", rules=SHAPES)
class KeysBackwards(Rewrites):
    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(body.items()))


@lawful("Every object has more fields than documented, nulls, objects and lists among them.", rules=SHAPES)
class MoreFields(Rewrites):
    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        extra = "https://example.org/more" if "messages" in body else {"kind": [1, None, "x"]}
        return {**body, "zz_extra": extra, **({} if "messages" in body else {"revision": None, "Status": 7})}


@lawful("Streams have more links, and errors say more.", rules=SHAPES)
class MoreLinks(Api):
    def render_stream(self, stream: Any, request: Any) -> Any:
        body = super().render_stream(stream, request)
        body["links"]["permissions"] = body["url"] + "/Permissions"
        return body

    def render_error(self, error: Any) -> Any:
        return {**super().render_error(error), "user_error": True, "details": {"why": "because"}}


@lawful("Error messages are in other words, and in other letters.", rules=SHAPES)
class OtherWords(Api):
    def render_error(self, error: Any) -> Any:
        return {**super().render_error(error), "message": "Das ging leider nicht: ¡lo siento! 申し訳ありません"}


@lawful("Bodies are indented over several lines.", rules=SHAPES)
class Indented(App):
    def encode(self, response: Any) -> bytes:
        return (json.dumps(response.body, indent=4) + "\r\n").encode()


@lawful("Text beyond ASCII stands in bodies as UTF-8, not as escapes.", rules=("NAME-*", *SHAPES))
class RawUnicode(App):
    def encode(self, response: Any) -> bytes:
        try:
            return json.dumps(response.body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return super().encode(response)


class UpperCaseStore(Store):
    """Makes sids in capitals."""

    def new_sid(self) -> str:
        return "TO" + token_hex(16).upper()


class AnyCaseApi(Api):
    """Knows a sid also by its text in another case; `fold` says how it is kept."""

    fold = staticmethod(str.upper)

    def find_stream(self, service: Any, route: Any, request: Any) -> Any:
        if re.fullmatch("TO[0-9a-fA-F]{32}", route.stream):
            found = self.store.find_by_sid(service.sid, "TO" + self.fold(route.stream[2:]), request.now)
            if found:
                return found
        return super().find_stream(service, route, request)

    def new_message_sid(self) -> str:
        return "TZ" + self.fold(super().new_message_sid()[2:])


@lawful("All sids are in capitals: of streams, messages and services.")
def UpperCaseSids() -> Any:  # noqa: N802 - the name of a server
    services = make_services(Config().account_sid, sids={"default": "IS" + "ABCDEF01" * 4, "second": "IS" + "F" * 32})
    return {"store": UpperCaseStore, "api": AnyCaseApi, "config": Config(services=services)}


@lawful("Finds a stream by its sid in any case.", rules=("FETCH-*", "SERVICE-*", "DELETE-*", "UPDATE-*", "PROPERTY-*"))
class SidsInAnyCase(AnyCaseApi):
    fold = staticmethod(str.lower)


class Dates(Api):
    """Writes dates in another form."""

    def date(self, text: str) -> str:
        raise NotImplementedError

    def render_stream(self, stream: Any, request: Any) -> Any:
        body = super().render_stream(stream, request)
        dates = {
            key: self.date(value) for key, value in body.items() if isinstance(value, str) and ISO.fullmatch(value)
        }
        return {**body, **dates}


@lawful(
    "Dates have the offset +00:00 in place of Z.",
    rules=("STREAM-*", "TTL-*", "UPDATE-*", "FETCH-*", "LIST-ENTRIES", "PROPERTY-*"),
)
class DatesWithOffset(Dates):
    def date(self, text: str) -> str:
        return text.replace("Z", "+00:00")


class MovesDates(Api):
    """Shows another second for an instant than the one that it is in."""

    shift = 0.5

    def render_stream(self, stream: Any, request: Any) -> Any:
        expires = None if stream.expires is None else stream.expires + self.shift
        moved = replace(
            stream, created=stream.created + self.shift, updated=stream.updated + self.shift, expires=expires
        )
        return super().render_stream(moved, request)


@lawful(
    "Dates are rounded to the nearest second, not cut.",
    rules=("STREAM-*", "TTL-*", "UPDATE-*", "DELETE-*", "PROPERTY-*"),
)
class RoundsDates(MovesDates):
    pass


@lawful("Links lead to https://sync.twilio.com, wherever the server stands.")
class CanonicalLinks(Api):
    def list_url(self, request: Any, service_sid: str) -> str:
        return f"https://sync.twilio.com/v1/Services/{service_sid}/Streams"


@lawful("Links lead to a name of the server that its clients can't resolve.", rules=SHAPES)
class InternalLinks(Api):
    def list_url(self, request: Any, service_sid: str) -> str:
        return f"http://emulator.internal:8443/v1/Services/{service_sid}/Streams"


@lawful(
    "A message's answer has more to it: its stream, its service and a date.",
    rules=("PUBLISH-*", "SIZE-*", "PROPERTY-*"),
)
class MessagesSayMore(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return {"date_created": "2024-01-01T00:00:00Z", "data": data, "sid": sid, "links": {}, "ttl": None}
