"""Faults that only generated requests meet: rare orders of operations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.properties import by_name, reference
from reference_impl.api import Api
from reference_impl.errors import NotFoundError
from reference_impl.store import Stream


class Counting(Api):
    """Counts what is done to each stream. Each count belongs to one server."""

    def count(self, what: str, sid: str, by: int = 1) -> int:
        counts = self.__dict__.setdefault("counts", {})
        counts[what, sid] = counts.get((what, sid), 0) + by
        return int(counts[what, sid])

    def lose(self, stream: Stream) -> None:
        raise NotFoundError(f"/Streams/{stream.sid}")


# ---------------------------------------------------------------- PROPERTY-LINKS


@fault("PROPERTY-LINKS", "Does not update what was published to after two updates.", may=("PROPERTY-MODEL",))
class UpdateLostAfterPublish(Counting):
    def publish_message(self, request: Any, stream: Stream) -> Any:
        response = super().publish_message(request, stream)
        if self.count("update", stream.sid, 0) > 1:
            self.count("lost", stream.sid)
        return response

    def update_stream(self, request: Any, stream: Stream) -> Any:
        if self.count("lost", stream.sid, 0):
            self.lose(stream)
        self.count("update", stream.sid)
        return super().update_stream(request, stream)


@fault("PROPERTY-LINKS", "Does not delete a stream that was updated and then published to.", may=("PROPERTY-MODEL",))
class DeleteLostAfterUpdateAndPublish(Counting):
    def publish_message(self, request: Any, stream: Stream) -> Any:
        response = super().publish_message(request, stream)
        self.count("sent", stream.sid, self.count("update", stream.sid, 0))
        return response

    def update_stream(self, request: Any, stream: Stream) -> Any:
        self.count("update", stream.sid)
        return super().update_stream(request, stream)

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if self.count("sent", stream.sid, 0):
            self.lose(stream)
        return super().delete_stream(request, stream)


@fault("PROPERTY-LINKS", "Does not find a stream by its sid after its ninth update.")
class FetchLostAfterUpdates(Counting):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        if reference(request) == stream.sid:
            self.count("update", stream.sid)
        return response

    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if self.count("update", stream.sid, 0) >= 9 and reference(request) == stream.sid:
            self.lose(stream)
        return super().fetch_stream(request, stream)


# ---------------------------------------------------------------- PROPERTY-MODEL


@fault("PROPERTY-MODEL", "Forgets the name of a stream on its fourth update by name.", may=("PROPERTY-*",))
class NameLostOnFourthUpdate(Counting):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        if by_name(request) and self.count("update", stream.sid) == 4:
            self.count("lost", stream.sid)
        return response

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        stream = super().find_stream(service, route, request)
        if by_name(request) and self.count("lost", stream.sid, 0):
            self.lose(stream)
        return stream


@fault("PROPERTY-MODEL", "The delete of a name without a Ttl deletes what begins with it, too.")
class DeletesByPrefix(Api):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        name = stream.unique_name or ""
        for other in list(self.store._streams.values()) if by_name(request) and not stream.expires else ():
            longer = other.service_sid == stream.service_sid and (other.unique_name or "").startswith(name)
            if longer and other.sid != stream.sid:
                self.store.remove(other)
        return super().delete_stream(request, stream)


@fault(
    "PROPERTY-MODEL", "A stream that was deleted comes back when it is updated twice by its sid.", may=("PROPERTY-*",)
)
class RevivedByUpdates(Counting):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        self.__dict__.setdefault("dead", {})[stream.sid] = stream
        return super().delete_stream(request, stream)

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        dead = self.__dict__.get("dead", {}).get(route.stream)
        update = request.method == "POST" and not request.path.endswith("/Messages")
        if dead and update and self.count("update", dead.sid) == 2:
            self.revive(dead)
        return super().find_stream(service, route, request)

    def revive(self, dead: Stream) -> None:
        self.store._sids[dead.service_sid, dead.sid] = dead.sequence
        self.store._orders[dead.service_sid].add(dead.sequence)
        self.store._put(replace(dead, unique_name=None))


@fault("PROPERTY-MODEL", "The fifth stream of a name is not found by it.")
class FifthHolderNotFound(Counting):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        name = response.body["unique_name"]
        if name:
            self.count("created", name)
        return response

    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if by_name(request) and self.count("created", stream.unique_name or "", 0) >= 5:
            self.lose(stream)
        return super().fetch_stream(request, stream)
