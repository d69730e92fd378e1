"""Faults of updating a stream: what else changes, and what a refused update leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.fetch import by_sid
from reference_impl.api import Api
from reference_impl.errors import InvalidTtlError, NameTakenError
from reference_impl.parameters import MAX_TTL
from reference_impl.store import Store, Stream


def put(store: Store, stream: Stream) -> None:
    """Takes the place of the stream with that sequence."""
    store._drop_expiry(store._streams[stream.sequence])
    store._put(stream)


# ---------------------------------------------------------------- UPDATE-KEEPS-REST


@fault("UPDATE-KEEPS-REST", "An update dates the stream's creation anew.")
class UpdateRecreates(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = replace(super().set_ttl(stream, ttl, now), created=now)
        put(self, changed)
        return changed


@fault(
    "UPDATE-KEEPS-REST",
    "An update without a name takes the stream's name away.",
    may=(
        "UPDATE-*",
        "STREAM-SAME-*",
        "NAME-UNIQUE",
    ),
)
class UpdateDropsName(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = super().set_ttl(stream, ttl, now)
        if stream.unique_name is not None:
            self._names.pop((stream.service_sid, stream.unique_name), None)
            changed = replace(changed, unique_name=None)
            put(self, changed)
        return changed


@fault("UPDATE-WORKS", "An update gives the stream a new sid.", may=("UPDATE-*", "TTL-UPDATE-*", "STREAM-DATE-*"))
class UpdateNewSid(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = replace(super().set_ttl(stream, ttl, now), sid=self.new_sid())
        put(self, changed)
        del self._sids[stream.service_sid, stream.sid]
        self._sids[stream.service_sid, changed.sid] = stream.sequence
        return changed


@fault(
    "UPDATE-KEEPS-REST",
    "Shows the updater's address as created_by after an update by name.",
    may=("STREAM-*", "UPDATE-REFUSED-NO-EFFECT"),
)
class UpdateByNameChangesCreator(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        return {**body, "created_by": "127.0.0.1"} if stream.sid in self.__dict__.get("changed", ()) else body

    def update_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request):
            self.__dict__.setdefault("changed", set()).add(stream.sid)
        return super().update_stream(request, stream)


@fault("UPDATE-KEEPS-REST", "An update moves the date of creation of a stream with a name by a second.")
class UpdateRoundsCreation(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = super().set_ttl(stream, ttl, now)
        if stream.unique_name:
            changed = replace(changed, created=stream.created + 1)
            put(self, changed)
        return changed


# ---------------------------------------------------------------- UPDATE-NAME-IGNORED


class Renames(Api):
    """Takes notice of UniqueName in an update."""

    def update_stream(self, request: Any, stream: Stream) -> Any:
        fields = self.read_form(request)
        if b"UniqueName" in fields:
            stream = self.rename(stream, fields[b"UniqueName"].decode() or None, request.now)
        return super().update_stream(request, stream)

    def rename(self, stream: Stream, name: str | None, now: float) -> Stream:
        if name and name != stream.unique_name and self.store.find_by_name(stream.service_sid, name, now):
            raise NameTakenError
        names = self.store._names
        names.pop((stream.service_sid, stream.unique_name), None)  # type: ignore[arg-type]
        if name:
            names[stream.service_sid, name] = stream.sequence
        renamed = replace(stream, unique_name=name)
        put(self.store, renamed)
        return renamed


@fault("UPDATE-NAME-IGNORED", "An update with a name renames the stream.")
class UpdateRenames(Renames):
    pass


@fault("UPDATE-NAME-IGNORED", "An update with an empty name takes the name away.")
class UpdateClearsName(Renames):
    def rename(self, stream: Stream, name: str | None, now: float) -> Stream:
        return stream if name else super().rename(stream, None, now)


@fault("UPDATE-NAME-IGNORED", "An update gives a name to a stream that has none.")
class UpdateNamesNameless(Renames):
    def rename(self, stream: Stream, name: str | None, now: float) -> Stream:
        return stream if stream.unique_name else super().rename(stream, name, now)


@fault("UPDATE-NAME-IGNORED", "The answer to an update repeats the name that came in, though it isn't kept.")
class UpdateEchoesName(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        name = self.read_form(request).get(b"UniqueName")
        return replace(response, body={**response.body, "unique_name": name.decode()}) if name else response


@fault("UPDATE-NAME-IGNORED", "An update with a name lets the stream be found by the new name as well.")
class UpdateAddsAlias(Renames):
    def rename(self, stream: Stream, name: str | None, now: float) -> Stream:
        if name:
            self.store._names.setdefault((stream.service_sid, name), stream.sequence)
        return stream


# ---------------------------------------------------------------- UPDATE-NEIGHBOURS


@fault(
    "UPDATE-NEIGHBOURS",
    "An update of a stream without a name changes all others that have none.",
    may=("TTL-*",),
)
class UpdatesAllNameless(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        for other in list(self._streams.values()):
            nameless = stream.unique_name is None and other.unique_name is None
            if nameless and other.service_sid == stream.service_sid and other.sequence != stream.sequence:
                super().set_ttl(other, ttl, now)
        return super().set_ttl(stream, ttl, now)


@fault("UPDATE-NEIGHBOURS", "An update of a stream without a name changes those made before it, too.", may=("TTL-*",))
class UpdatesThoseBefore(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        for other in self.before(stream.service_sid, stream.sequence, 1000, now):
            if stream.unique_name is None and other.unique_name is None:
                super().set_ttl(other, ttl, now)
        return super().set_ttl(stream, ttl, now)


@fault("UPDATE-NEIGHBOURS", "An update of a stream without a name changes those made after it, too.", may=("TTL-*",))
class UpdatesThoseAfter(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        for other in self.after(stream.service_sid, stream.sequence, 1000, now):
            if stream.unique_name is None and other.unique_name is None:
                super().set_ttl(other, ttl, now)
        return super().set_ttl(stream, ttl, now)


@fault("UPDATE-NEIGHBOURS", "An update dates all nameless streams: they share a row in its table of changes.")
class DatesAllNameless(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        if stream.unique_name is None:
            for other in list(self._streams.values()):
                if other.unique_name is None and other.service_sid == stream.service_sid:
                    put(self, replace(other, updated=now))
        return super().set_ttl(self._streams[stream.sequence], ttl, now)


@fault("UPDATE-NEIGHBOURS", "An update changes the streams whose names begin with the name of the updated one, too.")
class UpdatesLongerNames(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        for other in list(self._streams.values()):
            longer = stream.unique_name and (other.unique_name or "").startswith(stream.unique_name)
            if longer and other.service_sid == stream.service_sid and other.sequence != stream.sequence:
                super().set_ttl(other, ttl, now)
        return super().set_ttl(stream, ttl, now)


# ---------------------------------------------------------------- UPDATE-REFUSED-NO-EFFECT


class ActsOnBadTtl(Api):
    """Refuses a bad Ttl, but not before something happened."""

    def update_stream(self, request: Any, stream: Stream) -> Any:
        try:
            return super().update_stream(request, stream)
        except InvalidTtlError:
            self.act(stream, self.read_form(request).get(b"Ttl", b"").decode("utf-8", "replace"), request.now)
            raise

    def act(self, stream: Stream, ttl: str, now: float) -> None:
        raise NotImplementedError


@fault("UPDATE-REFUSED-NO-EFFECT", "A refused update dates the stream.")
class RefusedUpdateDates(ActsOnBadTtl):
    def act(self, stream: Stream, ttl: str, now: float) -> None:
        put(self.store, replace(stream, updated=now))


@fault("UPDATE-REFUSED-NO-EFFECT", "A refused update leaves the stream without a date of expiry.")
class RefusedUpdateClears(ActsOnBadTtl):
    def act(self, stream: Stream, ttl: str, now: float) -> None:
        put(self.store, replace(stream, expires=None))


@fault("UPDATE-REFUSED-NO-EFFECT", "A Ttl over the maximum is refused, and the maximum is set.")
class RefusedUpdateSetsMaximum(ActsOnBadTtl):
    def act(self, stream: Stream, ttl: str, now: float) -> None:
        if ttl.isdigit():
            self.store.set_ttl(stream, MAX_TTL, now)


@fault("UPDATE-REFUSED-NO-EFFECT", "A negative Ttl is refused, and the stream deleted.", may=("TTL-ERROR",))
class RefusedUpdateDeletes(ActsOnBadTtl):
    def act(self, stream: Stream, ttl: str, now: float) -> None:
        if ttl.startswith("-"):
            self.store.remove(stream)


@fault("UPDATE-REFUSED-NO-EFFECT", "A Ttl that is no number is refused, and an hour set.")
class RefusedUpdateSetsAnHour(ActsOnBadTtl):
    def act(self, stream: Stream, ttl: str, now: float) -> None:
        if not ttl.lstrip("-").isdigit():
            self.store.set_ttl(stream, 1800, now)
