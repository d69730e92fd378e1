"""Faults of messages that are to be refused: without data, or with data that is no JSON."""

from __future__ import annotations

import ast
import json
from typing import Any

from faulty.registry import fault
from faulty.servers.messages import by_name, refusal
from reference_impl.api import Api
from reference_impl.app import App
from reference_impl.errors import InvalidDataError, InvalidRequestError, NotFoundError, ServerError
from reference_impl.web import Response

# PUBLISH-MISSING-DATA


class MissingData(Api):
    """Does something of its own when there is no Data."""

    def publish_message(self, request: Any, stream: Any) -> Any:
        if b"Data" not in self.read_form(request):
            return self.missing(request)
        return super().publish_message(request, stream)

    def missing(self, request: Any) -> Any:
        return Response(201, self.render_message(self.new_message_sid(), None))


@fault("PUBLISH-MISSING-DATA", "Publishes null when there is no Data.")
class MissingDataIsNull(MissingData):
    pass


@fault("PUBLISH-MISSING-DATA", "Fails with 500 when there is no Data.", may=("ANSWER-NO-SERVER-ERROR",))
class MissingDataFails(MissingData):
    def missing(self, request: Any) -> Any:
        raise ServerError


@fault("PUBLISH-MISSING-DATA", "Answers with 422 when there is no Data.")
class MissingDataIs422(MissingData):
    def missing(self, request: Any) -> Any:
        raise refusal(422)


@fault("PUBLISH-MISSING-DATA", "Refuses an empty body, but publishes an empty object when a form lacks Data.")
class OtherFieldsWillDo(MissingData):
    def missing(self, request: Any) -> Any:
        if not request.body:
            raise InvalidRequestError("Data is missing")
        return super().missing(request)


@fault("PUBLISH-MISSING-DATA", "Answers a message by name without Data with 404.")
class MissingDataNotFound(MissingData):
    def missing(self, request: Any) -> Any:
        raise NotFoundError(request.path) if by_name(request) else refusal(400)


# PUBLISH-NOT-JSON


class Lax(Api):
    """Reads more than JSON; `read` gives the value or raises ValueError."""

    def parse_data(self, form: Any) -> Any:
        try:
            return super().parse_data(form)
        except InvalidDataError:
            try:
                return self.read(form[b"Data"].decode())
            except (ValueError, SyntaxError, RecursionError):
                raise InvalidDataError("no JSON") from None

    def read(self, text: str) -> Any:
        raise NotImplementedError


@fault("PUBLISH-NOT-JSON", "Takes what is no JSON for a string.")
class TextWillDo(Lax):
    def read(self, text: str) -> Any:
        return text


@fault("PUBLISH-NOT-JSON", "Takes the first JSON value of a text and ignores what follows.", may=("ANSWER-JSON",))
class FirstValueWillDo(Lax):
    def read(self, text: str) -> Any:
        return json.JSONDecoder(parse_constant=float.fromhex).raw_decode(text)[0]


@fault("PUBLISH-NOT-JSON", "Takes NaN and Infinity for numbers.", may=("ANSWER-*", "PUBLISH-BIG-NUMBERS"))
class NanWillDo(Lax):
    def read(self, text: str) -> Any:
        return json.loads(text)


@fault("PUBLISH-NOT-JSON", "Takes single quotes and trailing commas.", may=("ANSWER-JSON",))
class PythonWillDo(Lax):
    def read(self, text: str) -> Any:
        return ast.literal_eval(text)


@fault("PUBLISH-NOT-JSON", "Completes an object whose last bracket is missing.")
class CompletesJson(Lax):
    def read(self, text: str) -> Any:
        return json.loads(text + "}")


@fault("PUBLISH-NOT-JSON", "Only looks whether there are brackets around the data.")
class BracketsWillDo(Lax):
    def read(self, text: str) -> Any:
        if not (text.strip().startswith("{") and text.strip().endswith("}")):
            raise ValueError
        return {}


class NotJson(Api):
    """Says in another way that Data is no JSON."""

    status, code = 400, 54008

    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except InvalidDataError:
            raise refusal(self.status, self.code) from None


@fault("PUBLISH-NOT-JSON", "Answers data that is no JSON with code 20001.")
class NotJson20001(NotJson):
    code = 20001


@fault("PUBLISH-NOT-JSON", "Answers data that is no JSON with 422.")
class NotJson422(NotJson):
    status = 422


@fault("PUBLISH-NOT-JSON", "Answers data that is no JSON with 500.", may=("ANSWER-NO-SERVER-ERROR",))
class NotJson500(NotJson):
    status = 500


@fault("PUBLISH-NOT-JSON", "Answers data that is no JSON with a page in HTML.", may=("ANSWER-JSON", "ERROR-*"))
class NotJsonInHtml(App):
    def encode(self, response: Any) -> bytes:
        return (
            b"<h1>Bad Request</h1>"
            if response.status == 400 and response.body["code"] == 54008
            else super().encode(response)
        )
