"""Faults of servers that do with messages what can't be done with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.messages import by_name
from reference_impl.api import Api
from reference_impl.errors import NotFoundError
from reference_impl.web import Response

# MESSAGES-NOT-QUERIED, MESSAGES-NOT-UPDATED, MESSAGES-NOT-DELETED


class Archive(Api):
    """Keeps messages, and has something to say about them."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.messages: dict[str, Any] = {}

    def render_message(self, sid: str, data: Any) -> Any:
        self.messages[sid] = body = super().render_message(sid, data)
        return body

    def answer(self, request: Any) -> Any:
        stream, slash, sid = request.path.partition("/Messages")
        if slash and (sid or request.method != "POST"):
            response = self.about(request, sid.strip("/"), stream)
            if response is not None:
                super().answer(replace(request, method="GET", path=stream))  # raises what is to be refused anyway
                return response() if callable(response) else response
        return super().answer(request)

    def about(self, request: Any, sid: str, stream: str) -> Any:
        """The response, or what makes it; None for what is refused."""
        raise NotImplementedError


@fault("MESSAGES-NOT-QUERIED", "Lists the messages of all streams.", may=("ERROR-METHOD",))
class ListsMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        if request.method == "GET" and not sid:
            return Response(200, {"messages": list(self.messages.values()), "meta": {"key": "messages"}})
        return None


@fault("MESSAGES-NOT-QUERIED", "Fetches a message by its sid.", may=("ERROR-METHOD",))
class FetchesMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(200, self.messages[sid]) if request.method == "GET" and sid in self.messages else None


@fault("MESSAGES-NOT-QUERIED", "Lists messages, always as an empty list.", may=("ERROR-METHOD",))
class ListsNoMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(200, {"messages": []}) if request.method == "GET" and not sid else None


@fault("MESSAGES-NOT-QUERIED", "Fetches a message by its sid where the stream is named.", may=("ERROR-METHOD",))
class FetchesMessagesByName(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        named = request.method == "GET" and by_name(request)
        return Response(200, self.messages[sid]) if named and sid in self.messages else None


@fault("MESSAGES-NOT-QUERIED", "Answers a query for messages with the stream.", may=("ERROR-METHOD",))
class StreamForMessages(Api):
    def answer(self, request: Any) -> Any:
        if request.method == "GET" and request.path.endswith("/Messages"):
            request = replace(request, path=request.path.removesuffix("/Messages"))
        return super().answer(request)


@fault("MESSAGES-NOT-UPDATED", "Updates a message with POST.")
class UpdatesMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(200, self.messages[sid]) if request.method == "POST" and sid in self.messages else None


@fault("MESSAGES-NOT-UPDATED", "Replaces a message with PUT.", may=("ERROR-METHOD",))
class ReplacesMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(200, {"sid": sid, "data": {}}) if request.method == "PUT" and sid else None


@fault("MESSAGES-NOT-UPDATED", "Changes a message with PATCH, and answers 204.", may=("ERROR-METHOD",))
class PatchesMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(204) if request.method == "PATCH" and sid in self.messages else None


@fault("MESSAGES-NOT-UPDATED", "Publishes anew what is posted to a message.")
class RepublishesMessages(Api):
    def answer(self, request: Any) -> Any:
        head, slash, sid = request.path.partition("/Messages/")
        if slash and sid.startswith("TZ") and request.method == "POST":
            request = replace(request, path=head + "/Messages")
        return super().answer(request)


@fault("MESSAGES-NOT-DELETED", "Deletes a message.", may=("ERROR-METHOD",))
class DeletesMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        if request.method == "DELETE" and sid in self.messages:
            return lambda: Response(204, self.messages.pop(sid) and None)
        return None


@fault("MESSAGES-NOT-DELETED", "Deletes all messages of a stream at once.", may=("ERROR-METHOD",))
class DeletesAllMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(204) if request.method == "DELETE" and not sid else None


@fault("MESSAGES-NOT-DELETED", "Says that any message will be deleted, with 202.", may=("ERROR-METHOD",))
class WillDeleteMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(202, {}) if request.method == "DELETE" and sid else None


@fault("MESSAGES-NOT-DELETED", "Refuses to delete messages, and deletes the stream.", may=("ERROR-METHOD",))
class DeletesStreamForMessages(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        if request.method != "DELETE" or sid:
            return None
        super().answer(replace(request, path=stream))
        raise NotFoundError(request.path)


@fault("MESSAGES-NOT-DELETED", "Deletes a message where the stream is named.", may=("ERROR-METHOD",))
class DeletesMessagesByName(Archive):
    def about(self, request: Any, sid: str, stream: str) -> Any:
        return Response(204) if request.method == "DELETE" and sid in self.messages and by_name(request) else None
