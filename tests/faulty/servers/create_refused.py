"""Faults of creating a stream: the form's type, and what a refused create leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.create import name_of
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidNameError, InvalidTtlError
from reference_impl.store import Stream
from reference_impl.web import FORM_TYPE

# ---------------------------------------------------------------- CREATE-FORM-CHARSET


def with_charset(request: Any) -> bool:
    return ";" in request.headers.get("content-type", "")


def retyped(request: Any, media_type: str) -> Any:
    return replace(request, headers={**request.headers, "content-type": media_type})


@fault("CREATE-FORM-CHARSET", "Compares the whole Content-Type, so a form with a charset is no form to it.")
class ComparesWholeType(Api):
    def read_form(self, request: Any) -> dict[bytes, bytes]:
        return {} if with_charset(request) else super().read_form(request)


@fault("CREATE-FORM-CHARSET", "Refuses a form with a charset with 415.")
class RefusesCharset(Api):
    def read_form(self, request: Any) -> dict[bytes, bytes]:
        if with_charset(request):
            error = ApiError("Unsupported media type")
            error.status = 415
            raise error
        return super().read_form(request)


@fault("CREATE-FORM-CHARSET", "Fails when a Content-Type has a parameter.", may=("ANSWER-NO-SERVER-ERROR",))
class BreaksOnCharset(Api):
    def read_form(self, request: Any) -> dict[bytes, bytes]:
        media_type = request.headers.get("content-type", FORM_TYPE)
        if media_type != FORM_TYPE and media_type.startswith(FORM_TYPE):
            raise LookupError(f"unknown encoding: {media_type}")
        return super().read_form(request)


@fault("CREATE-FORM-CHARSET", "Takes capital letters in the charset for another type of body.")
class KnowsSmallCharsetOnly(Api):
    def read_form(self, request: Any) -> dict[bytes, bytes]:
        media_type = request.headers.get("content-type", "")
        return {} if media_type != media_type.lower() else super().read_form(request)


@fault("CREATE-FORM-CHARSET", "Reads a form with a charset, but its last field with the charset's name behind it.")
class GluesCharset(Api):
    def read_form(self, request: Any) -> dict[bytes, bytes]:
        fields = super().read_form(request)
        if with_charset(request) and b"UniqueName" in fields:
            fields[b"UniqueName"] += b"; charset=UTF-8"
        return fields


# ---------------------------------------------------------------- CREATE-REFUSED-NO-EFFECT


@fault("CREATE-REFUSED-NO-EFFECT", "Creates the stream before it looks at the Ttl.")
class CreatesBeforeTtl(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        form = self.read_form(request)
        try:
            return super().create_stream(request, service)
        except InvalidTtlError:
            self.store.add(service.sid, self.parse_name(form), None, request.now)
            raise


@fault("CREATE-REFUSED-NO-EFFECT", "Takes the name of a create for used before it looks at the Ttl.")
class BooksTheName(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        booked = self.__dict__.setdefault("booked", set())
        name = name_of(self, request)
        if (service.sid, name) in booked:
            error = ApiError("Unique name already exists")
            error.status, error.code = 409, 54301
            raise error
        try:
            return super().create_stream(request, service)
        except InvalidTtlError:
            if name:
                booked.add((service.sid, name))
            raise


@fault("CREATE-REFUSED-NO-EFFECT", "Refuses names that are too long, and keeps a stream with the name's beginning.")
class KeepsCutNames(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        try:
            return super().create_stream(request, service)
        except InvalidNameError:
            name = (name_of(self, request) or "")[:320]
            if not self.store.find_by_name(service.sid, name, request.now):
                self.store.add(service.sid, name, self.parse_ttl(self.read_form(request)), request.now)
            raise


@fault(
    "CREATE-REFUSED-NO-EFFECT",
    "Refuses a nameless create with a bad Ttl, but makes the stream.",
    uncatchable="A nameless stream without a Ttl can't be told from those that other people make meanwhile.",
)
class CreatesNamelessBeforeTtl(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        try:
            return super().create_stream(request, service)
        except InvalidTtlError:
            if not name_of(self, request):
                self.store.add(service.sid, None, None, request.now)
            raise


@fault("CREATE-REFUSED-NO-EFFECT", "Refuses a name of the shape of a sid, but makes a nameless stream for it.")
class CreatesNamelessForBadName(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        try:
            return super().create_stream(request, service)
        except InvalidNameError:
            self.store.add(service.sid, None, self.parse_ttl(self.read_form(request)), request.now)
            raise


@fault("CREATE-REFUSED-NO-EFFECT", "Looks at a Ttl over the maximum when the stream is made, and leaves it.")
class RollsNothingBack(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        form = self.read_form(request)
        text = form.get(b"Ttl", b"")
        if text.isdigit() and int(text) > 31_536_000:
            self.store.add(service.sid, self.parse_name(form), 3600, request.now)
            raise InvalidTtlError
        return super().create_stream(request, service)


@fault("CREATE-REFUSED-NO-EFFECT", "A refused duplicate leaves a nameless stream behind.")
class DuplicateLeavesNameless(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        name = name_of(self, request)
        found: Stream | None = name and self.store.find_by_name(service.sid, name, request.now)  # type: ignore[assignment]
        if found:
            self.store.add(service.sid, None, self.parse_ttl(self.read_form(request)), request.now)
        return super().create_stream(request, service)
