"""Faults of unique names: names of the shape of a sid, names of deleted streams, names in other services."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.names import Loose
from reference_impl.api import Api
from reference_impl.errors import InvalidNameError, NameTakenError, NotFoundError
from reference_impl.parameters import SID_SHAPE
from reference_impl.store import Store, Stream

# NAME-SID-SHAPED


@fault("NAME-SID-SHAPED", "Accepts names of the shape of a sid.")
class AcceptsSidNames(Api):
    def check_name(self, name: str) -> None:
        super().check_name("x" if SID_SHAPE.fullmatch(name) else name)


@fault("NAME-SID-SHAPED", "Refuses the shape of a stream's sid only, not those of other resources.")
class RefusesStreamSidsOnly(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name if name.startswith("TO") else "x" + name[1:])


@fault("NAME-SID-SHAPED", "Knows sids by their capitals, so one in small hexadecimal letters passes.")
class KnowsUpperCaseSidsOnly(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name if name == name.upper() else "x" + name[1:])


@fault("NAME-SID-SHAPED", "Refuses a name of the shape of a sid with the code of any faulty parameter.")
class SidNameIs20001(Api):
    def check_name(self, name: str) -> None:
        try:
            super().check_name(name)
        except InvalidNameError as error:
            error.code = 20001
            raise


@fault("NAME-SID-SHAPED", "Takes a name of the shape of a sid for one that is taken: 409 with code 54301.")
class SidNameIsTaken(Api):
    def check_name(self, name: str) -> None:
        if SID_SHAPE.fullmatch(name):
            raise NameTakenError
        super().check_name(name)


@fault("NAME-SID-SHAPED", "Refuses such a name only when there is a stream with that sid.")
class RefusesSidsInUseOnly(Api):
    def check_name(self, name: str) -> None:
        in_use = any(stream.sid == name for stream in self.store._streams.values())
        super().check_name(name if in_use else "x" + name[1:])


# NAME-FREE-AFTER-DELETE


@fault("NAME-FREE-AFTER-DELETE", "Keeps the names of deleted streams.")
class KeepsNames(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        used = self.__dict__.setdefault("used", set())
        if unique_name is not None and (service_sid, unique_name) in used:
            raise NameTakenError
        stream = super().add(service_sid, unique_name, ttl, now)
        used.add((service_sid, unique_name))
        return stream


@fault("NAME-FREE-AFTER-DELETE", "Frees the name of a deleted stream ten minutes later.")
class FreesNamesLate(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        freed = self.__dict__.setdefault("freed", {})
        name = self.parse_name(self.read_form(request))
        if request.now < freed.get((service.sid, name), 0):
            raise NameTakenError
        return super().create_stream(request, service)

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if stream.unique_name is not None:
            self.__dict__.setdefault("freed", {})[stream.service_sid, stream.unique_name] = request.now + 600
        return super().delete_stream(request, stream)


@fault(
    "DELETE-RECREATED-IS-NEW",
    "A create with the name of a deleted stream brings that stream back.",
    may=("TTL-NAME-FREE",),
)
class RevivesDeleted(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        gone = self.__dict__.setdefault("gone", {})
        old = gone.pop((service_sid, unique_name), None) if unique_name else None
        if old is not None:
            self.sids = [old.sid]
        return super().add(service_sid, unique_name, ttl, now)

    sids: list[str] = []  # noqa: RUF012  (never changed in place before an instance has its own)

    def new_sid(self) -> str:
        return self.sids.pop() if self.sids else super().new_sid()

    def remove(self, stream: Stream) -> None:
        if stream.unique_name is not None:
            self.__dict__.setdefault("gone", {})[stream.service_sid, stream.unique_name] = stream
        super().remove(stream)


@fault("NAME-FREE-AFTER-DELETE", "Remembers which sid a name led to, so the new stream isn't found by its name.")
class RemembersSidsOfNames(Store):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        known = self.__dict__.setdefault("known", {})
        stream = super().find_by_name(service_sid, unique_name, now)
        if stream is not None:
            sid = known.setdefault((service_sid, unique_name), stream.sid)
            return self.find_by_sid(service_sid, sid, now)
        return None

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        if unique_name is not None and super().find_by_name(service_sid, unique_name, now):
            raise NameTakenError
        return super().add(service_sid, unique_name, ttl, now)


@fault("NAME-FREE-AFTER-DELETE", "Frees a name when its stream is deleted by name, not when by sid.")
class FreesByNameOnly(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        name = self.parse_name(self.read_form(request))
        if name and (service.sid, name) in self.__dict__.setdefault("kept", set()):
            raise NameTakenError
        return super().create_stream(request, service)

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if stream.unique_name and request.path.endswith(stream.sid):
            self.__dict__.setdefault("kept", set()).add((stream.service_sid, stream.unique_name))
        return super().delete_stream(request, stream)


@fault("NAME-FREE-AFTER-DELETE", "Frees a name when its stream is deleted by sid, not when by name.")
class FreesBySidOnly(FreesByNameOnly):
    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if stream.unique_name and not request.path.endswith(stream.sid):
            self.__dict__.setdefault("kept", set()).add((stream.service_sid, stream.unique_name))
        return Api.delete_stream(self, request, stream)


@fault("NAME-FREE-AFTER-DELETE", "Frees a name once; when its second stream is deleted the name stays taken.")
class FreesNamesOnce(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        uses = self.__dict__.setdefault("uses", {})
        name = self.parse_name(self.read_form(request))
        if name and uses.get((service.sid, name), 0) >= 2:
            raise NameTakenError
        response = super().create_stream(request, service)
        uses[service.sid, name] = uses.get((service.sid, name), 0) + 1
        return response


# NAME-IN-OTHER-SERVICE


@fault("NAME-IN-OTHER-SERVICE", "Names must differ over all services of the account.")
class NamesOfAccount(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        others = {service for service, name in self._names if name == unique_name}
        if unique_name is not None and any(self.find_by_name(other, unique_name, now) for other in others):
            raise NameTakenError
        return super().add(service_sid, unique_name, ttl, now)


@fault(
    "NAME-IN-OTHER-SERVICE",
    "A name leads to the stream that got it last, in whatever service.",
    may=(
        "SERVICE-APART",
        "STREAM-SERVICE-SID",
    ),
)
class NamesLeadToNewest(Store):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        own = super().find_by_name(service_sid, unique_name, now)
        found = [
            super(NamesLeadToNewest, self).find_by_name(s, n, now) for s, n in list(self._names) if n == unique_name
        ]
        return max(filter(None, found), key=lambda stream: stream.sequence) if own else None


@fault(
    "NAME-IN-OTHER-SERVICE",
    "Answers a fetch by name from a cache that leaves the service out of its key.",
    may=("SERVICE-APART", "STREAM-SERVICE-SID"),
)
class CachesNamesOfAccount(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        cache = self.__dict__.setdefault("cache", {})
        if request.path.endswith(stream.sid) or stream.unique_name is None:
            return super().fetch_stream(request, stream)
        when, sid, service_sid = cache.get(stream.unique_name, (0.0, "", ""))
        kept = self.store.find_by_sid(service_sid, sid, request.now)
        if kept is None or request.now - when > 5:
            cache[stream.unique_name] = (request.now, stream.sid, stream.service_sid)
            kept = stream
        return super().fetch_stream(request, kept)


@fault("NAME-IN-OTHER-SERVICE", "Moves the stream that has the name to the service that asks for the name.")
class TakesNamesAway(Loose):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        for service, name in list(self._names):
            if name == unique_name and service != service_sid:
                del self._names[service, name]
        return stream


@fault("NAME-IN-OTHER-SERVICE", "Knows unique names in its first service only; streams elsewhere are nameless.")
class NamesInFirstServiceOnly(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if service is not self.services["default"]:
            request = replace(request, body=re.sub(rb"UniqueName=[^&]*", b"", request.body))
        return super().create_stream(request, service)


@fault("NAME-IN-OTHER-SERVICE", "Finds streams by name in its first service only.", may=("SERVICE-APART",))
class FindsNamesInFirstServiceOnly(Api):
    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        stream = super().find_stream(service, route, request)
        if service is not self.services["default"] and route.stream != stream.sid:
            raise NotFoundError(request.path)
        return stream
