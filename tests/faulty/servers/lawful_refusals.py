"""Lawful variations of what is refused and how: error codes, names, fields that nobody documented."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from faulty.registry import lawful
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidNameError, InvalidRequestError, NotFoundError
from reference_impl.store import Store
from reference_impl.web import FORM_TYPE

REFUSALS = ("ERROR-*", "*-UNKNOWN", "DELETE-*", "SERVICE-*", "ANSWER-*", "UPDATE-*", "PUBLISH-*", "PROPERTY-*")
NAMES = ("NAME-*", "CREATE-*", "STREAM-*", "PROPERTY-CREATE", "PROPERTY-MODEL")


class NotFoundCode(Api):
    """Says that something is not there with another code."""

    def code(self, path: str) -> int:
        raise NotImplementedError

    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError as error:
            error.code = self.code(error.message)
            raise


@lawful("Not found is 54050 for a service and 54300 for a stream.", rules=REFUSALS)
class NotFoundCodes(NotFoundCode):
    def code(self, path: str) -> int:
        return 54300 if "/Streams/" in path else 54050


@lawful("Not found is 54250, in other words.", rules=REFUSALS)
class NotFound54250(NotFoundCode):
    def code(self, path: str) -> int:
        return 54250

    def render_error(self, error: Any) -> Any:
        body = super().render_error(error)
        return {**body, "message": "No such stream"} if error.status == 404 else body


@lawful("A message without Data is answered with 54251.", rules=REFUSALS)
class MissingData54251(Api):
    def parse_data(self, form: Any) -> Any:
        try:
            return super().parse_data(form)
        except InvalidRequestError as error:
            error.code = 54251
            raise


@lawful("Looks at a form before it looks for the stream that it is for.", rules=REFUSALS)
class FormFirst(Api):
    def find_stream(self, service: Any, route: Any, request: Any) -> Any:
        if route.resource == "stream" and request.method == "POST":
            self.parse_ttl(self.read_form(request))
        return super().find_stream(service, route, request)


@lawful("Names that differ only in case are the same name.", rules=NAMES)
class IgnoresCase(Store):
    def name_key(self, service_sid: str, unique_name: str) -> tuple[str, str]:
        return service_sid, unique_name.casefold()


@lawful("Refuses an empty UniqueName.", rules=NAMES)
class RefusesEmptyNames(Api):
    def parse_name(self, form: Any) -> Any:
        if form.get(b"UniqueName") == b"":
            raise InvalidNameError("UniqueName is empty")
        return super().parse_name(form)


@lawful("Counts names in UTF-16, where an emoji counts twice.", rules=NAMES)
class CountsUtf16(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(name.encode("utf-16-le", "surrogatepass")) > 640:
            raise InvalidNameError("UniqueName is too long")


@lawful("Something in front of the server decodes %2F in a path, so names with slashes are not found.", rules=NAMES)
class DecodesSlashes(Api):
    def route(self, path: str) -> Any:
        return super().route(re.sub("%2[fF]", "/", path))


@lawful("Refuses names with slashes, backslashes, or of dots only.", rules=NAMES)
class RefusesSlashes(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if re.search(r"[/\\]|^\.+$", name):
            raise InvalidNameError("UniqueName has a character that a path can't carry")


class Strict(Api):
    """Refuses fields that an operation does not know."""

    def create_stream(self, request: Any, service: Any) -> Any:
        self.only(request, b"UniqueName", b"Ttl")
        return super().create_stream(request, service)

    def update_stream(self, request: Any, stream: Any) -> Any:
        self.only(request, b"Ttl")
        return super().update_stream(request, stream)

    def only(self, request: Any, *known: bytes) -> None:
        if set(self.read_form(request)) - {b"", *known}:
            raise InvalidRequestError("There is a parameter that this operation does not know")


@lawful("Refuses form fields that the page does not know.", rules=("CREATE-*", "UPDATE-*", "NAME-*", "PROPERTY-*"))
class RefusesUnknownFields(Strict):
    pass


@lawful("Reads parameters from a JSON body as well.", rules=("CREATE-*", "ANSWER-*", "PROPERTY-CREATE"))
class ReadsJson(Api):
    def read_form(self, request: Any) -> Any:
        if "json" in request.headers.get("content-type", ""):
            try:
                fields = json.loads(request.body)
            except ValueError:
                raise InvalidRequestError("The body is not JSON") from None
            pairs = (
                {key: value for key, value in fields.items() if value is not None} if isinstance(fields, dict) else {}
            )
            request = replace(request, body=urlencode(pairs).encode(), headers={"content-type": FORM_TYPE})
        return super().read_form(request)


@lawful("Refuses a body that is no form with 415.", rules=("CREATE-*", "ANSWER-*", "ERROR-*", "PROPERTY-CREATE"))
class RefusesOtherBodies(Api):
    def read_form(self, request: Any) -> Any:
        if request.body and not request.headers.get("content-type", "").startswith(FORM_TYPE):
            error = InvalidRequestError("Give the parameters as a form")
            error.status = 415
            raise error
        return super().read_form(request)


@lawful("Refuses an update without Ttl with 54010.", rules=("UPDATE-*", "STREAM-*", "TTL-*", "PROPERTY-*"))
class RefusesEmptyUpdates(Api):
    def update_stream(self, request: Any, stream: Any) -> Any:
        if not self.read_form(request).get(b"Ttl"):
            error = ApiError("Ttl is missing")
            error.code = 54010
            raise error
        return super().update_stream(request, stream)


@lawful("An update without Ttl moves the date of update.", rules=("UPDATE-*", "STREAM-*", "TTL-*", "PROPERTY-*"))
class EmptyUpdateTouches(Api):
    def update_stream(self, request: Any, stream: Any) -> Any:
        response = super().update_stream(request, stream)
        current = self.store._streams[stream.sequence]
        self.store._streams[stream.sequence] = touched = replace(current, updated=request.now)
        return replace(response, body=self.render_stream(touched, request))


@lawful("An update with an empty Ttl takes the expiry away.", rules=("UPDATE-*", "TTL-*", "PROPERTY-*"))
class EmptyTtlClears(Api):
    def update_stream(self, request: Any, stream: Any) -> Any:
        if self.read_form(request).get(b"Ttl") == b"":
            stream = self.store.set_ttl(stream, 0, request.now)
        return super().update_stream(request, stream)
