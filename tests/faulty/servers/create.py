"""Faults of creating a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidRequestError
from reference_impl.store import Store, Stream
from reference_impl.web import Response


def name_of(api: Any, request: Any) -> str | None:
    """The unique name that a create asks for, unchecked."""
    value = api.read_form(request).get(b"UniqueName")
    return value.decode("utf-8", "replace") if value else None


# ---------------------------------------------------------------- CREATE-WORKS


@fault("CREATE-WORKS", "Asks for a unique name in every create.", may=("CREATE-NAMELESS-MANY",))
class NeedsAName(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if not name_of(self, request):
            raise InvalidRequestError("UniqueName is missing")
        return super().create_stream(request, service)


@fault("CREATE-WORKS", "Refuses a create that has no body, as if it were cut off.")
class NeedsABody(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if not request.body:
            error = ApiError("The body is missing")
            error.status, error.code = 411, 20001
            raise error
        return super().create_stream(request, service)


@fault("CREATE-WORKS", "Answers a create without parameters with 201 and the list of streams.", may=("STREAM-*",))
class ListsAfterNamelessCreate(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        if not request.body:
            return replace(self.list_streams(request, service), status=201)
        return response


@fault("CREATE-WORKS", "Answers a create with 201 and an empty object, and leaves the fetching to the client.")
class CreatesWithoutAWord(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        return replace(super().create_stream(request, service), body={})


@fault("CREATE-WORKS", "Sends the client from a create to the new stream with 303.")
class RedirectsAfterCreate(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        return Response(303, None, {"Location": response.body["url"]})


@fault("CREATE-WORKS", "Wraps the new stream into an envelope.", may=("STREAM-*",))
class WrapsNewStreams(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        return replace(response, body={"stream": response.body, "success": True})


# ---------------------------------------------------------------- CREATE-STATUS


@fault("CREATE-STATUS", "Answers a create with 200.")
class CreateAnswers200(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        return replace(super().create_stream(request, service), status=200)


@fault("CREATE-STATUS", "Answers a create with 202, as if the work were still to be done.")
class CreateAnswers202(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        return replace(super().create_stream(request, service), status=202)


@fault("CREATE-STATUS", "Answers the create of a nameless stream with 201, of a named one with 200.")
class NamedCreateAnswers200(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        return replace(response, status=200) if response.body["unique_name"] else response


@fault("CREATE-STATUS", "Answers the first create with 201 and all others with 200.")
class FirstCreateAnswers201(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        return response if self.__dict__.setdefault("first", request) is request else replace(response, status=200)


@fault("CREATE-STATUS", "Answers the create of a stream that expires with 200.")
class ExpiringCreateAnswers200(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        return replace(response, status=200) if response.body["date_expires"] else response


# ---------------------------------------------------------------- CREATE-NAMED


@fault("CREATE-NAMED", "Takes no notice of unique names.", may=("NAME-*",))
class DropsNames(Api):
    def parse_name(self, form: Any) -> str | None:
        super().parse_name(form)
        return None


@fault("CREATE-NAMED", "Keeps unique names in capitals, as a column without case shows them.")
class CreatesNamesInCapitals(Api):
    def parse_name(self, form: Any) -> str | None:
        name = super().parse_name(form)
        return name and name.upper()


@fault("CREATE-NAMED", "Cuts a unique name at its first hyphen.", may=("NAME-*",))
class CutsNamesAtHyphens(Api):
    def parse_name(self, form: Any) -> str | None:
        name = super().parse_name(form)
        serial = self.__dict__.setdefault("serials", [])
        serial.append(0)
        return name and f"{name.split('-')[0]}{len(serial)}"


@fault("CREATE-NAMED", "Gives a stream the name of the create before, as a field was not cleared.", may=("NAME-*",))
class NamesLikeTheOneBefore(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        if request.method != "POST" or "/Streams/" in request.path:
            return body
        before = self.__dict__.get("before", stream.unique_name)
        self.before = stream.unique_name or before
        return {**body, "unique_name": stream.unique_name and before}


@fault("CREATE-NAMED", "Takes the name from friendly_name's field only.", may=("NAME-*",))
class WantsFriendlyName(Api):
    def parse_name(self, form: Any) -> str | None:
        return super().parse_name({b"UniqueName": form[b"FriendlyName"]} if b"FriendlyName" in form else {})


@fault("CREATE-NAMED", "Makes names safe for URLs: every hyphen becomes an underscore.")
class SlugsNames(Api):
    def parse_name(self, form: Any) -> str | None:
        name = super().parse_name(form)
        return name and name.replace("-", "_")


@fault("CREATE-NAMED", "Shows the name in quotes.")
class QuotesNames(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        return {**body, "unique_name": stream.unique_name and f'"{stream.unique_name}"'}


# ---------------------------------------------------------------- CREATE-SIDS-DIFFER


@fault("CREATE-SIDS-DIFFER", "Makes sids of the second they are made in.")
class SidsOfTheSecond(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        self.now = now
        return super().add(service_sid, unique_name, ttl, now)

    def new_sid(self) -> str:
        return f"TO{int(self.now):032x}"


@fault("CREATE-SIDS-DIFFER", "Has one sid for all new streams.")
class OneSidForAll(Store):
    def new_sid(self) -> str:
        return "TO" + "0123456789abcdef" * 2


@fault(
    "CREATE-NAMELESS-MANY",
    "Makes the sid of a stream from its name, so all nameless ones share theirs.",
    may=("*",),
)
class SidsOfNames(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        self.seed = unique_name
        return super().add(service_sid, unique_name, ttl, now)

    def new_sid(self) -> str:
        return super().new_sid() if self.seed else "TO" + "0" * 32


@fault("CREATE-SIDS-DIFFER", "Repeats every sid once, as two workers share a counter.")
class RepeatsSids(Store):
    def new_sid(self) -> str:
        last = self.__dict__.pop("last", None)
        if last is None:
            last = self.last = super().new_sid()
        return last


@fault(
    "CREATE-NAMELESS-MANY",
    "Takes equal creates within five seconds for a repeated one, and answers with the first.",
    may=(
        "LIST-*",
        "PUBLISH-WORKS",
        "RATE-PER-STREAM",
    ),
)
class FoldsEqualCreates(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        made = self.__dict__.setdefault("made", {})
        when, response = made.get((service.sid, request.body), (0.0, None))
        if response is None or request.now - when > 5 or name_of(self, request):
            response = super().create_stream(request, service)
            made[service.sid, request.body] = request.now, response
        return response


# ---------------------------------------------------------------- CREATE-NAMELESS-MANY


@fault(
    "CREATE-NAMELESS-MANY",
    "A nameless stream takes the place of the nameless one before it.",
    may=("*",),
)
class KeepsOneNameless(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        if unique_name is None:
            before = self.__dict__.setdefault("nameless", {})
            old = self.find_by_sid(service_sid, before.get(service_sid, ""), now)
            before[service_sid] = stream.sid
            if old:
                self.remove(old)
        return stream


@fault(
    "CREATE-NAMELESS-MANY",
    "Keeps no more than two nameless streams; the oldest has to go.",
    may=("FETCH-BY-SID", "DELETE-*", "UPDATE-*", "RATE-*", "LIST-*", "STREAM-*"),
)
class KeepsTwoNameless(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        nameless = [s for s in self._streams.values() if s.unique_name is None and s.service_sid == service_sid]
        for old in nameless[:-2]:
            self.remove(old)
        return stream


@fault(
    "CREATE-NAMELESS-MANY",
    "Gives nameless streams the empty name, and finds by sid the one that got it first.",
    may=("FETCH-BY-SID", "DELETE-*", "UPDATE-*", "RATE-*"),
)
class SharesTheEmptyName(Store):
    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        stream = super().find_by_sid(service_sid, sid, now)
        if stream is None or stream.unique_name is not None:
            return stream
        return next(s for s in self._streams.values() if s.unique_name is None and s.service_sid == service_sid)


@fault("CREATE-WORKS", "Refuses a nameless stream once others have names.", may=("CREATE-NAMELESS-MANY",))
class NamesForAllOrNone(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        named = any(s.unique_name and s.service_sid == service.sid for s in self.store._streams.values())
        if named and not name_of(self, request):
            error = ApiError("Unique name already exists")
            error.status, error.code = 409, 54301
            raise error
        return super().create_stream(request, service)


# ---------------------------------------------------------------- CREATE-FORM-DECODED


class DecodesItsWay(Api):
    """Reads forms with a decoder of its own."""

    def decode(self, text: bytes) -> bytes:
        raise NotImplementedError

    def read_form(self, request: Any) -> dict[bytes, bytes]:
        fields = super().read_form(request)
        for pair in (request.body or b"").split(b"&") if fields else ():
            name, _, value = pair.partition(b"=")
            if name in fields:
                fields[name] = self.decode(value)
        return fields


TEXTS = ("NAME-*", "PUBLISH-*", "UPDATE-*")


@fault("CREATE-FORM-DECODED", "Leaves the plus sign of a form a plus sign.", may=TEXTS)
class KeepsPlusSigns(DecodesItsWay):
    def decode(self, text: bytes) -> bytes:
        return unquote_to_bytes(text)


@fault("CREATE-FORM-DECODED", "Decodes forms twice.", may=TEXTS)
class DecodesTwice(DecodesItsWay):
    def decode(self, text: bytes) -> bytes:
        return unquote_to_bytes(unquote_to_bytes(text.replace(b"+", b" ")).replace(b"+", b" "))


@fault("CREATE-FORM-DECODED", "Keeps percent-escapes of names as they come.", may=(*TEXTS, "STREAM-UNIQUE-NAME"))
class KeepsEscapes(Api):
    def parse_name(self, form: Any) -> str | None:
        raw = self.__dict__.get("raw")
        return raw if super().parse_name(form) else None

    def create_stream(self, request: Any, service: Any) -> Any:
        pairs = dict(pair.partition(b"=")[::2] for pair in (request.body or b"").split(b"&"))
        self.raw = pairs.get(b"UniqueName", b"").decode()
        return super().create_stream(request, service)


@fault("CREATE-FORM-DECODED", "Ends a form at an escaped ampersand, as it decodes before it splits.", may=TEXTS)
class DecodesBeforeItSplits(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        body = (request.body or b"").replace(b"%26", b"&").replace(b"%3D", b"=")
        return super().create_stream(replace(request, body=body), service)
