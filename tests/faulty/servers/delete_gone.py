"""Faults of deleting a stream: writes to it afterwards, its neighbours, and the stream that follows it."""

from __future__ import annotations

from typing import Any

from faulty.registry import fault
from faulty.servers.delete import Graves
from faulty.servers.fetch import by_sid
from reference_impl.api import Api
from reference_impl.errors import ApiError, NotFoundError
from reference_impl.store import Stream
from reference_impl.web import Response, decode_segment


class RemembersDeleted(Api):
    """Does something of its own with requests for streams that were deleted."""

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        known = self.__dict__.setdefault("deleted", {})
        known[stream.service_sid, stream.sid] = stream
        if stream.unique_name:
            known[stream.service_sid, stream.unique_name] = stream
        return super().delete_stream(request, stream)

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError:
            stream = self.__dict__.get("deleted", {}).get((service.sid, decode_segment(route.stream)))
            if stream is None or not self.found(route.resource, request):
                raise
            return stream  # type: ignore[no-any-return]

    def found(self, resource: str, request: Any) -> bool:
        raise NotImplementedError


# ---------------------------------------------------------------- DELETE-GONE-FOR-WRITES


@fault("DELETE-GONE-FOR-WRITES", "Takes messages for deleted streams.")
class PublishesToDeleted(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        return resource == "messages"


@fault("DELETE-GONE-FOR-WRITES", "Takes messages for deleted streams by their names.")
class PublishesToDeletedByName(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        return resource == "messages" and not by_sid(request)


@fault("DELETE-GONE-FOR-WRITES", "Answers an update of a deleted stream as if it were there.")
class UpdatesDeleted(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        return resource == "stream" and request.method == "POST"

    def update_stream(self, request: Any, stream: Stream) -> Any:
        if stream.sequence in self.store._streams:
            return super().update_stream(request, stream)
        return Response(200, self.render_stream(stream, request))


@fault("DELETE-GONE-FOR-WRITES", "Answers writes to deleted streams with 410.", may=("ERROR-*",))
class DeletedIs410(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        if request.method == "POST":
            error = ApiError("The stream was deleted")
            error.status, error.code = 410, 20410
            raise error
        return False


# ---------------------------------------------------------------- DELETE-TWICE


@fault("DELETE-TWICE", "Answers the second delete of a stream like the first.")
class DeletesTwice(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        return resource == "stream" and request.method == "DELETE"

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        return super().delete_stream(request, stream) if stream.sequence in self.store._streams else Response(204)


@fault("DELETE-TWICE", "Answers the second delete of a stream by its name like the first.")
class DeletesTwiceByName(DeletesTwice):
    def found(self, resource: str, request: Any) -> bool:
        return super().found(resource, request) and not by_sid(request)


@fault("DELETE-TWICE", "Breaks when a stream is deleted twice.", may=("ANSWER-NO-SERVER-ERROR", "ERROR-*"))
class SecondDeleteBreaks(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        return resource == "stream" and request.method == "DELETE"


@fault("DELETE-TWICE", "Answers the second delete of a stream with 410.", may=("ERROR-*",))
class SecondDeleteIs410(RemembersDeleted):
    def found(self, resource: str, request: Any) -> bool:
        if request.method == "DELETE":
            error = ApiError("The stream was deleted")
            error.status, error.code = 410, 20410
            raise error
        return False


# ---------------------------------------------------------------- DELETE-UNKNOWN


class UnknownDeletes(Api):
    """Answers the delete of an unknown stream in a way of its own."""

    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            if request.method != "DELETE" or not self.services.get(request.path.split("/")[3]):
                raise
            return self.unknown(request)

    def unknown(self, request: Any) -> Any:
        raise NotImplementedError


@fault(
    "DELETE-UNKNOWN",
    "Answers every delete with 204, whatever there is.",
    may=("SERVICE-*", "DELETE-TWICE", "MESSAGES-NOT-DELETED"),
)
class DeletesAnything(UnknownDeletes):
    def unknown(self, request: Any) -> Any:
        return Response(204)


@fault(
    "DELETE-UNKNOWN",
    "Answers the delete of an unknown sid with 204, of an unknown name with 404.",
    may=(
        "SERVICE-*",
        "MESSAGES-NOT-DELETED",
    ),
)
class DeletesAnySid(UnknownDeletes):
    def unknown(self, request: Any) -> Any:
        if by_sid(request):
            return Response(204)
        raise NotFoundError(request.path)


@fault("DELETE-UNKNOWN", "Answers the delete of an unknown name with 400.", may=("ERROR-*", "SERVICE-*"))
class UnknownNameToDeleteIs400(UnknownDeletes):
    def unknown(self, request: Any) -> Any:
        raise NotFoundError(request.path) if by_sid(request) else ApiError("Invalid name")


@fault(
    "DELETE-UNKNOWN",
    "Answers the delete of an unknown stream with 200 and its error.",
    may=("ERROR-*", "SERVICE-*", "MESSAGES-NOT-DELETED"),
)
class UnknownDeleteIs200(UnknownDeletes):
    def unknown(self, request: Any) -> Any:
        return Response(200, self.render_error(NotFoundError(request.path)))


# ---------------------------------------------------------------- DELETE-NEIGHBOURS


def longer_names(api: Api, stream: Stream) -> list[Stream]:
    """The streams whose names begin with that one's name."""
    alike = [s for s in api.store._streams.values() if s.service_sid == stream.service_sid and s != stream]
    return [s for s in alike if stream.unique_name and (s.unique_name or "").startswith(stream.unique_name)]


@fault("DELETE-NEIGHBOURS", "Deletes all streams whose names begin with the deleted one's.")
class DeletesLongerNames(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        for other in longer_names(self, stream):
            self.store.remove(other)
        return super().delete_stream(request, stream)


@fault("DELETE-NEIGHBOURS", "A delete takes all names that begin with the deleted one's out of the index.")
class DeleteLosesNames(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        for other in longer_names(self, stream):
            self.store._names[other.service_sid, other.unique_name or ""] = -1
        return super().delete_stream(request, stream)


@fault("DELETE-NEIGHBOURS", "A list leaves out streams whose names begin with the name of one that was deleted.")
class DeleteHidesNeighbour(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        self.__dict__.setdefault("hidden", set()).update(other.sid for other in longer_names(self, stream))
        return super().delete_stream(request, stream)

    def list_streams(self, request: Any, service: Any) -> Any:
        response = super().list_streams(request, service)
        hidden = self.__dict__.get("hidden", ())
        response.body["streams"][:] = [shown for shown in response.body["streams"] if shown["sid"] not in hidden]
        return response


# ---------------------------------------------------------------- DELETE-RECREATED-IS-NEW


class Revives(Graves):
    """Gives a stream made under the name of a deleted one something of the old one."""

    old: Stream | None = None

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        self.old = self.graves().pop((service_sid, unique_name), None) if unique_name else None
        return super().add(service_sid, unique_name, ttl, now)


@fault("DELETE-RECREATED-IS-NEW", "A stream made under the name of a deleted one keeps its date of creation.")
class RevivesDates(Revives):
    def _put(self, stream: Stream) -> None:
        old, self.old = self.old, None
        if old and stream.sequence not in self._streams:
            object.__setattr__(stream, "created", old.created)
            object.__setattr__(stream, "updated", old.updated)
        super()._put(stream)


@fault(
    "DELETE-RECREATED-IS-NEW",
    "A stream made under the name of a deleted one expires when that would have.",
    may=("TTL-NAME-FREE",),
)
class RevivesExpiry(Revives):
    def _put(self, stream: Stream) -> None:
        old, self.old = self.old, None
        if old and stream.sequence not in self._streams and stream.expires != old.expires:
            object.__setattr__(stream, "expires", old.expires)
        super()._put(stream)


@fault(
    "DELETE-RECREATED-IS-NEW",
    "A delete ends in a mark that goes with the name: the old stream is undeleted whole.",
    may=("TTL-NAME-FREE",),
)
class UndeletesWhole(Revives):
    def new_sid(self) -> str:
        return self.old.sid if self.old else super().new_sid()

    def _put(self, stream: Stream) -> None:
        old, self.old = self.old, None
        if old and stream.sequence not in self._streams:
            for key in ("created", "updated", "expires"):
                object.__setattr__(stream, key, getattr(old, key))
        super()._put(stream)
