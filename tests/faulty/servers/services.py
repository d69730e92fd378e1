"""Faults of services: how they are found, and what gets from one to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.config import Service, derive_service_sid
from reference_impl.errors import ApiError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import Response, decode_segment

# SERVICE-BY-SID


@fault("SERVICE-BY-SID", "Finds services by name only.", may=("LIST-*", "PUBLISH-BY-LINK"))
class ServicesByNameOnly(Api):
    def find_service(self, route: Any, request: Any) -> Service:
        service = super().find_service(route, request)
        if route.service == service.sid:
            raise NotFoundError(request.path)
        return service


@fault(
    "SERVICE-BY-SID",
    "Keeps other streams for a service by its sid than by its name.",
    may=(
        "LIST-*",
        "PUBLISH-BY-LINK",
    ),
)
class StreamsByAddress(Api):
    def find_service(self, route: Any, request: Any) -> Service:
        service = super().find_service(route, request)
        if route.service == service.sid:
            return replace(service, sid="IS" + service.sid[:1:-1])
        return service

    def render_stream(self, stream: Stream, request: Any) -> Any:
        if stream.service_sid not in self.services:
            stream = replace(stream, service_sid="IS" + stream.service_sid[:1:-1])
        return super().render_stream(stream, request)


@fault("SERVICE-BY-SID", "Lists nothing in a service that is addressed by its sid.", may=("LIST-*",))
class EmptyListBySid(Api):
    def list_streams(self, request: Any, service: Service) -> Any:
        response = super().list_streams(request, service)
        if service.sid in request.path:
            response.body["streams"] = []
        return response


@fault("SERVICE-BY-SID", "Finds no stream by name in a service that is addressed by its sid.")
class NoNamesBySid(Api):
    def find_stream(self, service: Service, route: Any, request: Any) -> Stream:
        stream = super().find_stream(service, route, request)
        if service.sid == route.service and route.stream != stream.sid:
            raise NotFoundError(request.path)
        return stream


@fault("SERVICE-BY-SID", "Lists a service by its sid as it was five seconds ago.", may=("LIST-*",))
class StaleListBySid(Api):
    def list_streams(self, request: Any, service: Service) -> Any:
        response = super().list_streams(request, service)
        if service.sid in request.path:
            fresh = {stream.sid for stream in self.store._streams.values() if request.now - stream.created < 5}
            response.body["streams"] = [entry for entry in response.body["streams"] if entry["sid"] not in fresh]
        return response


# SERVICE-UNKNOWN


class Fallback(Api):
    """Does something of its own in a service that it does not know."""

    def find_service(self, route: Any, request: Any) -> Service:
        try:
            return super().find_service(route, request)
        except NotFoundError as error:
            return self.fallback(route, request, error)

    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        raise error


@fault("SERVICE-UNKNOWN", "Takes an unknown service for its first one.", may=("SERVICE-APART", "STREAM-SERVICE-SID"))
class UnknownServiceIsDefault(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        return self.services["default"]


@fault("SERVICE-UNKNOWN", "Makes a service when somebody names its sid.")
class MakesServices(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        name = decode_segment(route.service) or ""
        if not name.startswith("IS"):
            raise error
        return Service(name, name)


@fault("SERVICE-UNKNOWN", "Makes a service when somebody uses its name.")
class MakesNamedServices(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        name = decode_segment(route.service) or ""
        if name.startswith("IS"):
            raise error
        return Service(derive_service_sid(self.config.account_sid, name), name)


@fault("SERVICE-UNKNOWN", "Lists an unknown service as an empty one.")
class UnknownServiceIsEmpty(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        if route.resource != "streams" or request.method != "GET":
            raise error
        return Service("IS" + "0" * 32, "unknown")


@fault("SERVICE-UNKNOWN", "Answers an unknown service with 400.")
class UnknownServiceIs400(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        error.status = 400
        raise error


@fault("SERVICE-UNKNOWN", "Answers a message to an unknown service with 403, everything else right.")
class UnknownServiceIs403(Fallback):
    def fallback(self, route: Any, request: Any, error: ApiError) -> Service:
        if route.resource == "messages":
            error.status = 403
        raise error


@fault("SERVICE-UNKNOWN", "Says of any delete in an unknown service that it was done.")
class DeletesInUnknownService(Fallback):
    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            parts = request.path.split("/")
            if request.method == "DELETE" and len(parts) > 3 and parts[3] not in self.services:
                return Response(204)
            raise


@fault("SERVICE-UNKNOWN", "Answers an update in an unknown service with 200 and null.", may=("PROPERTY-UPDATE",))
class UpdatesInUnknownService(Fallback):
    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            parts = request.path.split("/")
            if request.method == "POST" and len(parts) == 6 and parts[3] not in self.services:
                return Response(200)
            raise


# SERVICE-APART


class Leaky(Api):
    """Finds streams of other services for some requests."""

    def find_stream(self, service: Service, route: Any, request: Any) -> Stream:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError:
            for other in self.services.values():
                if other is not service and self.leaks(route, request):
                    try:
                        return super().find_stream(other, route, request)
                    except NotFoundError:
                        continue
            raise

    def leaks(self, route: Any, request: Any) -> bool:
        raise NotImplementedError


@fault("SERVICE-APART", "Finds streams by sid in all services.")
class SidsOfAccount(Leaky):
    def leaks(self, route: Any, request: Any) -> bool:
        return bool(route.stream.startswith("TO"))


@fault("SERVICE-APART", "Looks for a name in the other services when its own has none.")
class NamesOfNeighbours(Leaky):
    def leaks(self, route: Any, request: Any) -> bool:
        return not route.stream.startswith("TO")


@fault("SERVICE-APART", "Updates streams of other services, by sid.")
class UpdatesNeighbours(SidsOfAccount):
    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and route.resource == "stream" and request.method == "POST"


@fault("SERVICE-APART", "Publishes to streams of other services, by sid.")
class PublishesToNeighbours(SidsOfAccount):
    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and route.resource == "messages"


@fault("SERVICE-APART", "Publishes to streams of other services, by name.")
class PublishesToNeighboursByName(NamesOfNeighbours):
    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and route.resource == "messages"


@fault("SERVICE-APART", "Deletes streams of other services, by name.")
class DeletesNeighbours(NamesOfNeighbours):
    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and request.method == "DELETE"


@fault("SERVICE-APART", "Answers 404 to a delete through another service, and deletes nevertheless.")
class DeletesNeighboursSecretly(SidsOfAccount):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        response = super().delete_stream(request, stream)
        service = self.services.get(request.path.split("/")[3])
        if service is None or service.sid != stream.service_sid:
            raise NotFoundError(request.path)
        return response

    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and request.method == "DELETE"


@fault("SERVICE-APART", "Answers 404 to an update through another service, and sets the Ttl nevertheless.")
class UpdatesNeighboursSecretly(SidsOfAccount):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        service = self.services.get(request.path.split("/")[3])
        if service is None or service.sid != stream.service_sid:
            raise NotFoundError(request.path)
        return response

    def leaks(self, route: Any, request: Any) -> bool:
        return super().leaks(route, request) and route.resource == "stream" and request.method == "POST"


# LIST-OTHER-SERVICE


class SharedOrder(Store):
    """Keeps an order of the streams of all services too."""

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        self._orders[""].add(stream.sequence)
        return stream

    def remove(self, stream: Stream) -> None:
        super().remove(stream)
        self._orders[""].remove(stream.sequence)


@fault("LIST-OTHER-SERVICE", "Lists the streams of all services.", may=("LIST-ENTRIES", "STREAM-SERVICE-SID"))
class ListsAllServices(SharedOrder):
    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        return super().after("", sequence, count, now)

    def before(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        return super().before("", sequence, count, now)


class Relabels(Api):
    def render_page(self, page: Any, request: Any, service: Service, query: Any) -> Any:
        streams = [replace(stream, service_sid=service.sid) for stream in page.streams]
        return super().render_page(replace(page, streams=streams), request, service, query)


@fault("LIST-OTHER-SERVICE", "Lists the streams of all services as if they belonged to the one asked for.")
def lists_all_services_as_one() -> dict[str, Any]:
    return {"store": ListsAllServices, "api": Relabels}


@fault(
    "LIST-OTHER-SERVICE",
    "Walks on in all services after the first page.",
    may=("LIST-ENTRIES", "LIST-PREVIOUS", "STREAM-SERVICE-SID"),
)
class WalksOnInAllServices(SharedOrder):
    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        return super().after("" if sequence else service_sid, sequence, count, now)


@fault("LIST-OTHER-SERVICE", "Lists the nameless streams of all services.", may=("LIST-*", "STREAM-SERVICE-SID"))
class ListsNamelessOfAll(SharedOrder):
    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        streams = super().after("", sequence, 10**6, now)
        return [s for s in streams if s.service_sid == service_sid or s.unique_name is None][:count]


@fault(
    "LIST-OTHER-SERVICE",
    "Keeps the answer to a list for every service that asks with the same parameters.",
    may=("STREAM-SERVICE-SID",),
)
class CachesListsOfAccount(Api):
    def list_streams(self, request: Any, service: Service) -> Any:
        cache = self.__dict__.setdefault("cache", {})
        owner, response = cache.get(request.query, ("", None))
        if owner in {"", service.sid}:
            response = super().list_streams(request, service)
            cache[request.query] = (service.sid, response)
        return response
