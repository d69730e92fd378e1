"""Faults of errors: what their bodies say, what is not found, and methods that are not known."""

from __future__ import annotations

from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, MethodNotAllowedError, NotFoundError
from reference_impl.parameters import SID_SHAPE
from reference_impl.web import Response


class ChangedErrors(Api):
    """Changes the bodies of errors."""

    def render_error(self, error: ApiError) -> Any:
        return self.changed(super().render_error(error), error)

    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        raise NotImplementedError


# ERROR-BODY

READS_ERRORS = (
    "AUTH-ERROR",
    "NAME-DUPLICATE-ERROR",
    "NAME-SID-SHAPED",
    "SIZE-ERROR",
    "RATE-ERROR",
    "TTL-ERROR",
    "PUBLISH-*",
)


@fault("ERROR-BODY", "Wraps errors in another object.", may=READS_ERRORS)
class WrappedErrors(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {"error": body}


@fault("ERROR-BODY", "Writes the code as a string.", may=READS_ERRORS)
class CodesAsText(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "code": str(error.code)}


@fault("ERROR-BODY", "Has no message for what is not found.")
class NoMessage(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "message": None if error.status == 404 else error.message}


@fault("ERROR-BODY", "Leaves more_info out.")
class NoMoreInfo(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {key: value for key, value in body.items() if key != "more_info"}


@fault("ERROR-BODY", "Leaves the status out of a refused login's error.")
class NoStatusForStrangers(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {key: value for key, value in body.items() if key != "status" or error.status != 401}


@fault("ERROR-BODY", "Has no body for a method that is not known.")
class NoBodyForMethods(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return None if error.status == 405 else body


@fault("ERROR-BODY", "Sends a list of errors when parameters are wrong.", may=READS_ERRORS)
class ListsOfErrors(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return [body] if error.status == 400 else body


@fault("ERROR-BODY", "Writes the status as text when a name is taken.")
class StatusAsText(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": "409 Conflict"} if error.status == 409 else body


# ERROR-STATUS-REPEATED


@fault("ERROR-STATUS-REPEATED", "Says 400 in every error.")
class AlwaysSays400(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": 400}


@fault("ERROR-STATUS-REPEATED", "Repeats the code where the status belongs.")
class StatusIsCode(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": error.code}


@fault("ERROR-STATUS-REPEATED", "Says 403 in the body of a 401.")
class Says403In401(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": 403 if error.status == 401 else error.status}


@fault("ERROR-STATUS-REPEATED", "Says 400 in the body of a 409.")
class Says400In409(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": 400 if error.status == 409 else error.status}


@fault("ERROR-STATUS-REPEATED", "Says 400 in the body of a 413.")
class Says400In413(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "status": 400 if error.status == 413 else error.status}


# ERROR-MORE-INFO


@fault("ERROR-MORE-INFO", "Gives the path of the page only.")
class RelativeMoreInfo(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "more_info": f"/docs/errors/{error.code}"}


@fault("ERROR-MORE-INFO", "Leads from every error to the same page.")
class OneMoreInfo(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "more_info": "https://www.twilio.com/docs/errors"}


@fault("ERROR-MORE-INFO", "Leads to the page of the HTTP status.")
class MoreInfoOfStatus(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "more_info": f"https://www.twilio.com/docs/errors/{error.status}"}


@fault("ERROR-MORE-INFO", "Leads from every refused parameter to the page of what is not found.")
class MoreInfoOf20404(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {
            **body,
            "more_info": body["more_info"] if error.status != 400 else "https://www.twilio.com/docs/errors/20404",
        }


@fault("ERROR-MORE-INFO", "Cuts a digit off the code in more_info, for codes of 54000 and above.")
class MoreInfoCut(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "more_info": body["more_info"][: -1 if error.code >= 54000 else None]}


# ERROR-NO-PROBLEM-KEYS


@fault("ERROR-NO-PROBLEM-KEYS", "Adds the type of a problem document.")
class AddsType(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {"type": "about:blank", **body}


@fault("ERROR-NO-PROBLEM-KEYS", "Adds a title.")
class AddsTitle(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "title": "Error"}


@fault("ERROR-NO-PROBLEM-KEYS", "Adds a title to the error of a refused message.")
class TitledMessageErrors(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "title": error.message} if error.code in {54006, 54008, 54009} else body


@fault("ERROR-NO-PROBLEM-KEYS", "Adds an empty type to the error of a method that is not known.")
class NullTypeForMethods(ChangedErrors):
    def changed(self, body: dict[str, Any], error: ApiError) -> Any:
        return {**body, "type": None} if error.status == 405 else body


# ERROR-METHOD


class Methods(Api):
    """Knows more methods."""

    def operation(self, method: str, route: Any) -> Any:
        try:
            return super().operation(method, route)
        except MethodNotAllowedError:
            known = self.more(method, route)
            if known is None:
                raise
            return known

    def more(self, method: str, route: Any) -> Any:
        raise NotImplementedError


def put_as_post(depth: int) -> dict[str, Any]:
    """A server that takes PUT for POST on paths of that depth."""

    def wrap(app: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            put = scope.get("method") == "PUT" and scope["path"].count("/") == depth
            await app({**scope, "method": "POST"} if put else scope, receive, send)

        return wrapped

    return {"asgi": wrap}


@fault("ERROR-METHOD", "Takes PUT for an update.")
def put_updates() -> dict[str, Any]:
    return put_as_post(5)


@fault("ERROR-METHOD", "Takes PUT on the list for a create.")
def put_creates() -> dict[str, Any]:
    return put_as_post(4)


@fault("ERROR-METHOD", "Takes PUT for a new message.", may=("MESSAGES-NOT-UPDATED",))
def put_publishes() -> dict[str, Any]:
    return put_as_post(6)


@fault("ERROR-METHOD", "Takes PATCH for an update, with nothing to change.")
class PatchAnswers(Methods):
    def more(self, method: str, route: Any) -> Any:
        return self.fetch_stream if (method, route.resource) == ("PATCH", "stream") else None


@fault("ERROR-METHOD", "Refuses PUT with 405 and deletes the stream first, to write it anew.")
class PutDeletes(Methods):
    def more(self, method: str, route: Any) -> Any:
        if (method, route.resource) != ("PUT", "stream"):
            return None

        def put(request: Any, stream: Any) -> Any:
            self.store.remove(stream)
            raise MethodNotAllowedError("PUT", "GET, POST, DELETE")

        return put


@fault("ERROR-METHOD", "Answers a method that it does not know with 400.")
class MethodsAre400(Methods):
    def more(self, method: str, route: Any) -> Any:
        error = MethodNotAllowedError(method, "GET, POST")
        error.status = 400
        raise error


@fault(
    "ERROR-METHOD", "Answers every method that it does not know with 200 and an empty object.", may=("MESSAGES-NOT-*",)
)
class MethodsAre200(Methods):
    def more(self, method: str, route: Any) -> Any:
        return lambda request, of: Response(200, {})


# ERROR-NOT-FOUND-CODE


class ChangedNotFound(Api):
    """Changes the code of what is not found."""

    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError as error:
            parts = request.path.split("/")
            error.code = self.code(error.code, request.method, parts)
            raise

    def code(self, code: int, method: str, parts: list[str]) -> int:
        raise NotImplementedError


@fault("ERROR-NOT-FOUND-CODE", "Writes 404 as the code.")
class CodeIs404(ChangedNotFound):
    def code(self, code: int, method: str, parts: list[str]) -> int:
        return 404


@fault("ERROR-NOT-FOUND-CODE", "Writes the code of a faulty parameter when a name leads nowhere.")
class UnknownNameIs20001(ChangedNotFound):
    def code(self, code: int, method: str, parts: list[str]) -> int:
        return code if len(parts) < 6 or SID_SHAPE.fullmatch(parts[5]) else 20001


@fault("ERROR-NOT-FOUND-CODE", "Writes another code when a delete finds nothing.")
class DeleteFindsNothing(ChangedNotFound):
    def code(self, code: int, method: str, parts: list[str]) -> int:
        return 54100 if method == "DELETE" else code


@fault("ERROR-NOT-FOUND-CODE", "Writes the code of documents for an unknown service.")
class ServiceCodeOfDocuments(ChangedNotFound):
    def code(self, code: int, method: str, parts: list[str]) -> int:
        return code if parts[3] in self.services else 54100


@fault("ERROR-NOT-FOUND-CODE", "Writes the code of a wrong message when its stream is not found.")
class MessageCode(ChangedNotFound):
    def code(self, code: int, method: str, parts: list[str]) -> int:
        return 54008 if parts[-1] == "Messages" else code
