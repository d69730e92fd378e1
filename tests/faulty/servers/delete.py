"""Faults of deleting a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.fetch import by_sid
from reference_impl.api import Api
from reference_impl.errors import ApiError, MethodNotAllowedError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import Response, decode_segment

GONE = ("DELETE-*", "NAME-FREE-AFTER-DELETE", "TTL-GONE*")

# ---------------------------------------------------------------- DELETE-WORKS


@fault("DELETE-WORKS", "Answers a delete right and deletes nothing.", may=GONE)
class DeletesNothing(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        return Response(204)


@fault("DELETE-WORKS", "Deletes by name only.", may=GONE)
class DeletesByNameOnly(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().delete_stream(request, stream)


@fault("DELETE-WORKS", "Takes no DELETE at all: 405.", may=GONE)
class RefusesDelete(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        raise MethodNotAllowedError("DELETE", "GET, POST")


@fault("DELETE-WORKS", "Does not delete streams that have a name, though it says so.", may=GONE)
class KeepsNamedStreams(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        return Response(204) if stream.unique_name and by_sid(request) else super().delete_stream(request, stream)


@fault("DELETE-WORKS", "Deletes two seconds later, when its queue is worked off.", may=GONE)
class DeletesLate(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        self.store.set_ttl(stream, 2, request.now)
        return Response(204)


@fault("DELETE-WORKS", "A fetch by sid comes from a cache that knows nothing of deletes.", may=GONE)
class FetchesDeleted(Api):
    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        cache = self.__dict__.setdefault("cache", {})
        try:
            stream = super().find_stream(service, route, request)
        except NotFoundError:
            kept = cache.get((service.sid, route.stream))
            if kept is None or request.method != "GET":
                raise
            return kept  # type: ignore[no-any-return]
        if request.method == "GET" or route.stream == stream.sid:
            cache[service.sid, stream.sid] = stream
        return stream


@fault("DELETE-WORKS", "Asks twice: the first delete is refused with 409, the second done.", may=GONE)
class DeletesAtSecondTry(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        asked = self.__dict__.setdefault("asked", set())
        if stream.sid not in asked:
            asked.add(stream.sid)
            error = ApiError("Stream is in use, try again")
            error.status = 409
            raise error
        return super().delete_stream(request, stream)


# ---------------------------------------------------------------- DELETE-BY-NAME


@fault("DELETE-BY-NAME", "Deletes by sid only.")
class DeletesBySidOnly(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request):
            raise NotFoundError(f"/Streams/{stream.unique_name}")
        return super().delete_stream(request, stream)


@fault(
    "DELETE-BY-NAME", "Says of a delete by name that it was done, and does nothing.", may=("NAME-FREE-AFTER-DELETE",)
)
class DeleteByNameDoesNothing(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        return super().delete_stream(request, stream) if by_sid(request) else Response(204)


@fault(
    "DELETE-BY-NAME",
    "A delete by name frees the name only; the stream stays, by its sid.",
    may=("DELETE-GONE-FROM-LIST",),
)
class DeleteByNameFreesName(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            return super().delete_stream(request, stream)
        self.store._names.pop((stream.service_sid, stream.unique_name))  # type: ignore[arg-type]
        self.store._streams[stream.sequence] = replace(stream, unique_name=None)
        return Response(204)


# ---------------------------------------------------------------- DELETE-STATUS


@fault("DELETE-STATUS", "Answers a delete with 200 and the stream that was.")
class DeleteAnswersStream(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        super().delete_stream(request, stream)
        return Response(200, self.render_stream(stream, request))


@fault("DELETE-STATUS", "Answers a delete with 200 and an empty object.")
class DeleteAnswersEmptyObject(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        super().delete_stream(request, stream)
        return Response(200, {})


@fault("DELETE-STATUS", "Answers a delete with 202.")
class DeleteAnswers202(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        return replace(super().delete_stream(request, stream), status=202)


@fault("DELETE-STATUS", "Answers a delete by name with 200, by sid with 204.")
class DeleteByNameAnswers200(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        response = super().delete_stream(request, stream)
        return response if by_sid(request) else replace(response, status=200)


@fault("DELETE-STATUS", "Answers the delete of a stream that was updated with 200.")
class DeleteOfUpdatedAnswers200(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        response = super().delete_stream(request, stream)
        return response if stream.updated == stream.created else replace(response, status=200)


# ---------------------------------------------------------------- DELETE-GONE-BY-NAME


class Graves(Store):
    """Keeps deleted streams."""

    def graves(self) -> dict[tuple[str, str], Stream]:
        return self.__dict__.setdefault("gone", {})  # type: ignore[no-any-return]

    def remove(self, stream: Stream) -> None:
        super().remove(stream)
        self.graves()[stream.service_sid, stream.unique_name or stream.sid] = stream


@fault(
    "DELETE-GONE-BY-NAME", "Finds deleted streams by name until the name is used anew.", may=("DELETE-*", "TTL-GONE-*")
)
class FindsDeletedByName(Graves):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        return super().find_by_name(service_sid, unique_name, now) or self.graves().get((service_sid, unique_name))

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        self.graves().pop((service_sid, unique_name or ""), None)
        return super().add(service_sid, unique_name, ttl, now)

    def remove(self, stream: Stream) -> None:
        if stream.sequence in self._streams:
            super().remove(stream)


@fault(
    "DELETE-GONE-BY-NAME",
    "Keeps answers to fetches by name for five seconds, deleted or not.",
    may=(
        "NAME-*",
        "TTL-GONE-BY-NAME",
    ),
)
class NamesOutliveDeletes(Api):
    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        cache = self.__dict__.setdefault("cache", {})
        name = decode_segment(route.stream) or ""
        try:
            stream = super().find_stream(service, route, request)
        except NotFoundError:
            when, kept = cache.get((service.sid, name), (0.0, None))
            if request.method != "GET" or request.now - when > 5:
                raise
            return kept  # type: ignore[no-any-return]
        if stream.unique_name:
            cache[service.sid, stream.unique_name] = request.now, stream
        return stream


@fault("DELETE-GONE-BY-NAME", "Answers a fetch by the name of a deleted stream with 200 and nothing.")
class NameOfDeletedIsEmpty(Api):
    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            name = decode_segment(request.path.rpartition("/")[2])
            if request.method == "GET" and name in self.__dict__.get("names", ()):
                return Response(200, {})
            raise

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        self.__dict__.setdefault("names", set()).add(stream.unique_name)
        return super().delete_stream(request, stream)


# ---------------------------------------------------------------- DELETE-GONE-FROM-LIST


@fault("DELETE-GONE-FROM-LIST", "Lists deleted streams, too.", may=("LIST-*", "TTL-GONE-FROM-LIST"))
class ListsDeleted(Graves):
    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        gone = [s for s in self.graves().values() if s.service_sid == service_sid and s.sequence > sequence]
        streams = super().after(service_sid, sequence, count, now) + gone
        return sorted(streams, key=lambda s: s.sequence)[:count]

    def before(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        gone = [s for s in self.graves().values() if s.service_sid == service_sid and s.sequence < sequence]
        streams = super().before(service_sid, sequence, count, now) + gone
        return sorted(streams, key=lambda s: s.sequence)[-count:]


@fault(
    "DELETE-GONE-FROM-LIST",
    "Lists the hundred streams that were deleted last.",
    may=("LIST-*", "TTL-GONE-FROM-LIST", "PROPERTY-MODEL"),
)
class ListsLastDeleted(ListsDeleted):
    def remove(self, stream: Stream) -> None:
        super().remove(stream)
        for key in [*self.graves()][:-100]:
            del self.graves()[key]


@fault("DELETE-GONE-FROM-LIST", "Lists streams that were deleted by name.", may=("LIST-*",))
class ListsDeletedByName(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request):
            self.__dict__.setdefault("gone", []).append(stream)
        return super().delete_stream(request, stream)

    def list_streams(self, request: Any, service: Any) -> Any:
        response = super().list_streams(request, service)
        if response.body["meta"]["next_page_url"] is None:
            gone = [s for s in self.__dict__.get("gone", ()) if s.service_sid == service.sid]
            response.body["streams"].extend(self.render_stream(stream, request) for stream in gone)
        return response


@fault("DELETE-GONE-FROM-LIST", "Lists a deleted stream with null in its place.", may=("LIST-*", "STREAM-*"))
class ListsNullForDeleted(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        self.__dict__.setdefault("gone", {}).setdefault(stream.service_sid, []).append(stream)
        return super().delete_stream(request, stream)

    def list_streams(self, request: Any, service: Any) -> Any:
        response = super().list_streams(request, service)
        for gone in self.__dict__.get("gone", {}).get(service.sid, ()):
            shown = {**dict.fromkeys(self.render_stream(gone, request)), "sid": gone.sid}
            response.body["streams"].append(shown)
        return response
