"""Faults of publishing messages, and of what can't be done with them afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidRequestError, MethodNotAllowedError, NotFoundError, ServerError
from reference_impl.web import Response


def refusal(status: int, code: int = 20001) -> ApiError:
    """An error with that status."""
    error = InvalidRequestError("This can't be done")
    error.status, error.code = status, code
    return error


def by_name(request: Any) -> bool:
    """Whether a request to a stream's messages uses the stream's name."""
    return not request.path.split("/")[5].startswith("TO")


class Publishes(Api):
    """Does something of its own before a message is published."""

    def publish_message(self, request: Any, stream: Any) -> Any:
        self.before(request, stream)
        return super().publish_message(request, stream)

    def before(self, request: Any, stream: Any) -> None:
        """Raises ApiError."""

    def remember(self, name: str) -> dict[Any, Any]:
        memory: dict[Any, Any] = self.__dict__.setdefault(name, {})
        return memory


# PUBLISH-WORKS


@fault("PUBLISH-WORKS", "Finds streams by name only, for messages.", may=("PUBLISH-BY-LINK",))
class PublishesByNameOnly(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if not by_name(request):
            raise NotFoundError(request.path)


@fault(
    "PUBLISH-WORKS",
    "Fails with 500 at every third message to a stream.",
    may=("ANSWER-NO-SERVER-ERROR", "RATE-PER-STREAM"),
)
class EveryThirdMessageFails(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        counts = self.remember("counts")
        counts[stream.sid] = counts.get(stream.sid, 0) + 1
        if counts[stream.sid] % 3 == 0:
            raise ServerError


@fault("PUBLISH-WORKS", "Takes one message for each stream and refuses the second.", may=("RATE-PER-STREAM",))
class OneMessageEach(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if self.remember("seen").setdefault(stream.sid, request.now) != request.now:
            raise refusal(409)


@fault("PUBLISH-WORKS", "Wants a message as a JSON body, not as a form.")
class WantsJsonBody(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if "json" not in request.headers.get("content-type", ""):
            raise refusal(415)


@fault("PUBLISH-WORKS", "A stream can't be published to before it was fetched once.")
class PublishesOnceFetched(Publishes):
    def fetch_stream(self, request: Any, stream: Any) -> Any:
        self.remember("fetched")[stream.sid] = True
        return super().fetch_stream(request, stream)

    def before(self, request: Any, stream: Any) -> None:
        if stream.sid not in self.remember("fetched"):
            raise NotFoundError(request.path)


@fault(
    "PUBLISH-WORKS", "Takes messages only for streams without a Ttl.", may=("TTL-LIVES", "TTL-PUBLISH-DOES-NOT-EXTEND")
)
class PublishesToLastingOnly(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if stream.expires is not None:
            raise NotFoundError(request.path)


@fault("PUBLISH-WORKS", "A message uses its stream up: it is gone afterwards.", may=("RATE-PER-STREAM",))
class MessageEndsStream(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        response = super().publish_message(request, stream)
        self.store.remove(stream)
        return response


@fault("PUBLISH-WORKS", "Answers a message with 200 and an error in the body.")
class ErrorInBody(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        super().publish_message(request, stream)
        return Response(200, self.render_error(refusal(400)))


# PUBLISH-BY-NAME


@fault("PUBLISH-BY-NAME", "Finds streams by sid only, for messages.")
class PublishesBySidOnly(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if by_name(request):
            raise NotFoundError(request.path)


@fault("PUBLISH-BY-NAME", "Fails with 500 when a message names its stream.", may=("ANSWER-NO-SERVER-ERROR",))
class NamedMessagesFail(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if by_name(request):
            raise ServerError


@fault("PUBLISH-BY-NAME", "Does not decode a name in the path of messages.")
class NamesUndecodedForMessages(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        name = request.path.split("/")[5]
        if unquote(name) != name:
            raise NotFoundError(request.path)


@fault("PUBLISH-BY-NAME", "Looks for a name in small letters when a message uses it.")
class SmallLettersForMessages(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if by_name(request) and unquote(request.path.split("/")[5]).lower() != stream.unique_name:
            raise NotFoundError(request.path)


@fault("PUBLISH-BY-NAME", "Answers 404 to the second message by name.")
class SecondNamedMessageLost(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if by_name(request) and self.remember("seen").setdefault(stream.sid, request.now) != request.now:
            raise NotFoundError(request.path)


# PUBLISH-BY-LINK


@fault("PUBLISH-BY-LINK", "Publishes only where the service is named, not where its sid is.", may=("SERVICE-BY-SID",))
class MessagesOfNamedServicesOnly(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if stream.service_sid in request.path:
            raise NotFoundError(request.path)


@fault(
    "PUBLISH-BY-LINK",
    "Links to messages end in a slash, and the server does not know paths with one.",
    may=("STREAM-LINKS-MESSAGES",),
)
class SlashedLinks(Api):
    def render_stream(self, stream: Any, request: Any) -> Any:
        body = super().render_stream(stream, request)
        body["links"]["messages"] += "/"
        return body


@fault(
    "PUBLISH-BY-LINK", "Links to messages carry a key, and what has a query is refused.", may=("STREAM-LINKS-MESSAGES",)
)
class KeyedLinks(Publishes):
    def render_stream(self, stream: Any, request: Any) -> Any:
        body = super().render_stream(stream, request)
        body["links"]["messages"] += f"?Key={stream.sequence}"
        return body

    def before(self, request: Any, stream: Any) -> None:
        if request.query:
            raise refusal(400)


@fault("PUBLISH-BY-LINK", "Refuses a message to a service by its sid with 405.", may=("SERVICE-BY-SID",))
class LinkIsReadOnly(Publishes):
    def before(self, request: Any, stream: Any) -> None:
        if stream.service_sid in request.path and not by_name(request):
            raise MethodNotAllowedError("POST", "GET")


# PUBLISH-STATUS


class PublishStatus(Api):
    """Answers a message with another status."""

    def publish_message(self, request: Any, stream: Any) -> Any:
        return replace(super().publish_message(request, stream), status=self.status(request, stream))

    def status(self, request: Any, stream: Any) -> int:
        raise NotImplementedError


@fault("PUBLISH-STATUS", "Answers a message with 200.")
class PublishAnswers200(PublishStatus):
    def status(self, request: Any, stream: Any) -> int:
        return 200


@fault("PUBLISH-STATUS", "Answers a message with 202, for it will be delivered later.")
class PublishAnswers202(PublishStatus):
    def status(self, request: Any, stream: Any) -> int:
        return 202


@fault("PUBLISH-STATUS", "Answers a stream's first message with 201 and all others with 200.")
class SecondMessageIs200(PublishStatus):
    def status(self, request: Any, stream: Any) -> int:
        first = self.__dict__.setdefault("seen", {}).setdefault(stream.sid, request.now)
        return 201 if first == request.now else 200


@fault("PUBLISH-STATUS", "Answers a message by name with 200.")
class NamedMessageIs200(PublishStatus):
    def status(self, request: Any, stream: Any) -> int:
        return 200 if by_name(request) else 201


# PUBLISH-UNKNOWN


class Unknown(Api):
    """Does something of its own with a message to a stream that isn't there."""

    def find_stream(self, service: Any, route: Any, request: Any) -> Any:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError as error:
            if route.resource == "messages":
                return self.unknown(service, unquote(route.stream), request, error)
            raise

    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        raise error


@fault(
    "PUBLISH-UNKNOWN",
    "Makes the stream that a message names.",
    may=("DELETE-GONE-FOR-WRITES", "SERVICE-APART", "TTL-GONE-FOR-WRITES"),
)
class MakesStreamsForMessages(Unknown):
    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        if key.startswith("TO"):
            raise error
        return self.store.add(service.sid, key, None, request.now)


@fault(
    "PUBLISH-UNKNOWN",
    "Answers 404 to a message for an unknown name, and makes the stream.",
    may=("DELETE-GONE-*", "TTL-*", "SERVICE-APART"),
)
class MakesStreamsSecretly(Unknown):
    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        if not key.startswith("TO"):
            self.store.add(service.sid, key, None, request.now)
        raise error


@fault(
    "PUBLISH-UNKNOWN",
    "Takes messages for any sid.",
    may=("DELETE-GONE-FOR-WRITES", "SERVICE-APART", "TTL-GONE-FOR-WRITES"),
)
class PublishesIntoTheVoid(Unknown):
    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        if not key.startswith("TO"):
            raise error
        return self.store.add("IS" + "0" * 32, None, None, request.now)


@fault("PUBLISH-UNKNOWN", "Answers a message for an unknown stream with 400.", may=("DELETE-GONE-FOR-WRITES",))
class MessageToUnknownIs400(Unknown):
    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        raise refusal(400, 20404)


@fault("PUBLISH-UNKNOWN", "Answers a message for an unknown name with 403.")
class MessageToUnknownNameIs403(Unknown):
    def unknown(self, service: Any, key: str, request: Any, error: ApiError) -> Any:
        raise error if key.startswith("TO") else refusal(403, 20003)


@fault(
    "PUBLISH-UNKNOWN",
    "Answers a message for an unknown sid with 204.",
    may=("DELETE-GONE-FOR-WRITES", "TTL-GONE-FOR-WRITES", "SERVICE-APART"),
)
class MessageToUnknownSidIs204(Unknown):
    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            parts = request.path.split("/")
            if request.method == "POST" and len(parts) == 7 and parts[3] in self.services and parts[5].startswith("TO"):
                return Response(204)
            raise
