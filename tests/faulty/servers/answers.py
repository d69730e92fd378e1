"""Faults of answers of all kinds: their media type, their request id, and servers that fail."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.responses import Response as AsgiResponse

from faulty.registry import fault
from faulty.servers.names_race import ChecksFirst, Snapshot
from reference_impl.api import Api
from reference_impl.app import App
from reference_impl.web import parse_fields

# ANSWER-JSON


class Typed(App):
    """Sends a body and a media type of its own."""

    async def respond(self, response: Any, scope: Any, receive: Any, send: Any) -> None:
        if response.body is None:
            await super().respond(response, scope, receive, send)
            return
        body, media_type = self.typed(response, scope)
        headers = {**response.headers, **({"content-type": media_type} if media_type else {})}
        await AsgiResponse(body, response.status, headers)(scope, receive, send)

    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        raise NotImplementedError


@fault("ANSWER-JSON", "Sends JSON as text/plain.")
class JsonAsText(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        return self.encode(response), "text/plain; charset=utf-8"


@fault("ANSWER-JSON", "Sends JSON without a Content-Type.")
class JsonWithoutType(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        return self.encode(response), ""


@fault("ANSWER-JSON", "Sends lists as text/html, everything else right.")
class ListsAsHtml(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        listed = response.status == 200 and "streams" in response.body
        return self.encode(response), "text/html" if listed else "application/json"


@fault("ANSWER-JSON", "Sends errors as application/problem+json.")
class ErrorsAsProblems(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        return self.encode(response), "application/problem+json" if response.status >= 400 else "application/json"


@fault("ANSWER-JSON", "Sends an HTML page for what is not found.", may=("ERROR-*",))
class HtmlNotFound(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        if response.status == 404:
            return b"<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1>", "text/html"
        return self.encode(response), "application/json"


@fault("ANSWER-JSON", "Sends an HTML page to strangers and calls it JSON.", may=("AUTH-ERROR", "ERROR-*"))
class HtmlForStrangers(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        body = b"<html><body>401 Unauthorized</body></html>" if response.status == 401 else self.encode(response)
        return body, "application/json"


@fault(
    "ANSWER-JSON",
    "Puts )]}' before the answers to messages, against old browsers.",
    may=("PUBLISH-*", "SIZE-*", "RATE-*"),
)
class PrefixedMessages(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        published = response.status == 201 and scope["path"].endswith("/Messages")
        return (b")]}',\n" if published else b"") + self.encode(response), "application/json"


@fault(
    "ANSWER-JSON",
    "Writes names with accents in ISO 8859-1.",
    may=("NAME-*", "CREATE-FORM-DECODED", "PUBLISH-ECHO-UNICODE", "PUBLISH-*"),
)
class JsonInLatin1(Typed):
    def typed(self, response: Any, scope: Any) -> tuple[bytes, str]:
        return json.dumps(response.body, ensure_ascii=False).encode("latin-1", "replace"), "application/json"


# ANSWER-NO-SERVER-ERROR


class Fails(App):
    """Fails for some requests."""

    status = 500

    async def respond(self, response: Any, scope: Any, receive: Any, send: Any) -> None:
        if self.fails(response, scope):
            await AsgiResponse(b"Internal Server Error", self.status, media_type="text/plain")(scope, receive, send)
        else:
            await super().respond(response, scope, receive, send)

    def fails(self, response: Any, scope: Any) -> bool:
        raise NotImplementedError


FAILING = ("ANSWER-JSON", "ANSWER-REQUEST-ID", "ERROR-BODY")


@fault(
    "ANSWER-NO-SERVER-ERROR",
    "Fails for something that is not found.",
    may=(*FAILING, "*-UNKNOWN", "SERVICE-APART", "DELETE-*", "TTL-GONE"),
)
class FailsOnNotFound(Fails):
    def fails(self, response: Any, scope: Any) -> bool:
        return response.status == 404 and "/Streams/" in scope["path"]


@fault(
    "ANSWER-NO-SERVER-ERROR",
    "Fails when a name is taken: its database's refusal isn't handled.",
    may=(*FAILING, "NAME-*"),
)
class FailsOnTakenNames(Fails):
    def fails(self, response: Any, scope: Any) -> bool:
        return response.status == 409


@fault("ANSWER-NO-SERVER-ERROR", "Fails in every 20th answer to a GET.", may=("*",))
class FailsNowAndThen(Fails):
    count = 0

    def fails(self, response: Any, scope: Any) -> bool:
        self.count += scope["method"] == "GET"
        return scope["method"] == "GET" and self.count % 20 == 0


@fault("ANSWER-NO-SERVER-ERROR", "Fails when an Authorization header can't be decoded.", may=(*FAILING, "AUTH-*"))
class FailsOnGarbledLogins(App):
    def handle(self, request: Any) -> Any:
        response = super().handle(request)
        given = request.headers.get("authorization", "")
        if response.status == 401 and given.startswith("Basic ") and "=" not in given[-2:]:
            return replace(response, status=502)
        return response


@fault("ANSWER-NO-SERVER-ERROR", "Is out of service for every long list.", may=("LIST-*", "SERVICE-BY-SID", *FAILING))
class OutOfServiceForLongLists(Fails):
    status = 503

    def fails(self, response: Any, scope: Any) -> bool:
        return scope["method"] == "GET" and b"PageSize=100" in scope["query_string"]


@fault("ANSWER-NO-SERVER-ERROR", "Hangs up instead of refusing a large message.", may=("SIZE-*", "PUBLISH-*", "RATE-*"))
class HangsUpOnLargeMessages(App):
    async def respond(self, response: Any, scope: Any, receive: Any, send: Any) -> None:
        if response.status == 413:
            await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"10")]})
        else:
            await super().respond(response, scope, receive, send)


@fault("ANSWER-NO-SERVER-ERROR", "Never answers a method that it does not know.", may=("ERROR-METHOD",))
class SilentOnMethods(App):
    async def respond(self, response: Any, scope: Any, receive: Any, send: Any) -> None:
        if response.status != 405:
            await super().respond(response, scope, receive, send)


class FailsInRace(ChecksFirst):
    def create(self, request: Any, known: Any) -> Any:
        response = super().create(request, None)
        name = parse_fields(request.body)[b"UniqueName"].decode()
        raced = response.status == 409 and not any(key[1] == name for key in known)
        return replace(response, status=500) if raced else response


@fault("ANSWER-NO-SERVER-ERROR", "Fails for those who lose a race for a name.", may=("NAME-RACE", "ERROR-*"))
def fails_in_a_race() -> dict[str, Any]:
    return {"app": FailsInRace, "store": Snapshot}


# ANSWER-REQUEST-ID


@fault("ANSWER-REQUEST-ID", "Has no request id.")
class NoRequestId(Api):
    def finish(self, request: Any, response: Any) -> Any:
        finished = super().finish(request, response)
        return replace(finished, headers={k: v for k, v in finished.headers.items() if k != "Twilio-Request-Id"})


@fault("ANSWER-REQUEST-ID", "Has one request id for all answers.")
class OneRequestId(Api):
    def request_id(self) -> str:
        return self.__dict__.setdefault("constant", super().request_id())


@fault("ANSWER-REQUEST-ID", "Writes the request id as a UUID with hyphens.")
class UuidRequestId(Api):
    def request_id(self) -> str:
        digits = super().request_id()[2:]
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@fault("ANSWER-REQUEST-ID", "Leaves the request id out of errors.")
class NoRequestIdInErrors(Api):
    def finish(self, request: Any, response: Any) -> Any:
        finished = super().finish(request, response)
        return finished if response.status < 400 else replace(finished, headers=response.headers)


@fault("ANSWER-REQUEST-ID", "Leaves the request id out of answers without a body.")
class NoRequestIdWithoutBody(Api):
    def finish(self, request: Any, response: Any) -> Any:
        finished = super().finish(request, response)
        return replace(finished, headers=response.headers) if response.body is None else finished


@fault("ANSWER-REQUEST-ID", "Makes a request id of the path, so that a repeated request has the same.")
class RequestIdOfPath(Api):
    def finish(self, request: Any, response: Any) -> Any:
        finished = super().finish(request, response)
        digits = (request.path.encode().hex() * 2)[-32:].rjust(32, "0")
        return replace(finished, headers={**finished.headers, "Twilio-Request-Id": f"RQ{digits}"})


@fault("ANSWER-REQUEST-ID", "Cuts the leading zeros of request ids: some are a digit short.")
class ShortRequestIds(Api):
    count = 0

    def request_id(self) -> str:
        self.count += 1
        return super().request_id()[: 33 if self.count % 16 == 0 else 34]
