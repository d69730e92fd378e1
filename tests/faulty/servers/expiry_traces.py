"""Faults of what an expired stream leaves behind: its name, and its neighbours."""

from __future__ import annotations

from dataclasses import replace

from faulty.registry import fault
from faulty.servers.expiry import PuttingBack, Remembering
from reference_impl.errors import NameTakenError
from reference_impl.store import Store, Stream


@fault("TTL-NAME-FREE", "Keeps the names of expired streams taken.")
class ExpiredKeepNames(Remembering):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        if unique_name is not None and self.dig(service_sid, unique_name, now):
            raise NameTakenError
        return super().add(service_sid, unique_name, ttl, now)


@fault(
    "TTL-NAME-FREE",
    "Brings the expired stream back when its name is used again, sid and all.",
    may=("STREAM-DATE-UPDATED-NEW",),
)
class RevivesByName(PuttingBack):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        old = self.dig(service_sid, unique_name, now) if unique_name is not None else None
        if old is None:
            return super().add(service_sid, unique_name, ttl, now)
        del self.buried[service_sid, unique_name]
        self.put_back(replace(old, updated=now, expires=self.expiry(now, ttl or 0)))
        return self._streams[old.sequence]


@fault("TTL-NAME-FREE", "Accepts the name of an expired stream, but the new stream can't be found by it.")
class NameLeadsNowhere(Remembering):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        reused = unique_name is not None and self.dig(service_sid, unique_name, now)
        stream = super().add(service_sid, unique_name, ttl, now)
        if reused:
            self._names[service_sid, unique_name] = -1
        return stream

    def remove(self, stream: Stream) -> None:
        if stream.unique_name is not None:
            self._names[stream.service_sid, stream.unique_name] = stream.sequence
        super().remove(stream)


class Neighbours(Store):
    """Takes other streams with it when one expires."""

    def sweep(self, now: float, limit: int | None = None) -> None:
        due = self._expiries.first()
        while due and due[0] <= now and limit != 0:
            self.expire(self._streams[due[1]])
            limit = None if limit is None else limit - 1
            due = self._expiries.first()

    def _living(self, sequence: int | None, now: float) -> Stream | None:
        stream = self._streams.get(sequence) if sequence is not None else None
        if stream and self.is_expired(stream, now):
            self.expire(stream)
            return None
        return stream

    def expire(self, stream: Stream) -> None:
        others = self.others(stream)
        for other in (stream, *others):
            self.remove(other)

    def others(self, stream: Stream) -> list[Stream]:
        raise NotImplementedError


@fault(
    "TTL-OTHERS-STAY",
    "Sorts streams that never expire before all others, and clears them away with the first.",
    may=("*",),
)
class NeverSortsFirst(Neighbours):
    def others(self, stream: Stream) -> list[Stream]:
        return [other for other in self._streams.values() if other.expires is None and other is not stream]


@fault("TTL-OTHERS-STAY", "Clears away the older streams of the next hour with one that expires.", may=("*",))
class ClearsAnHour(Neighbours):
    def others(self, stream: Stream) -> list[Stream]:
        now = stream.expires or 0  # younger ones stay, as what is lost at once is not found by any rule's first fetch
        old = (s for s in self._streams.values() if s is not stream and s.created < now - 1)
        return [s for s in old if s.expires and s.expires <= now + 3600]


@fault("TTL-OTHERS-STAY", "Takes the stream that was made next along when one expires.", may=("*",))
class TakesTheNextOne(Neighbours):
    def others(self, stream: Stream) -> list[Stream]:
        later = (other for other in self._streams.values() if other.sequence > stream.sequence)
        return sorted(later, key=lambda other: other.sequence)[:1]


@fault(
    "TTL-OTHERS-STAY",
    "Forgets the names of streams that never expire when another stream expires.",
    may=("*",),
)
class ForgetsOtherNames(Neighbours):
    def __init__(self) -> None:
        super().__init__()
        self.nameless: set[str] = set()

    def others(self, stream: Stream) -> list[Stream]:
        self.nameless |= {other.sid for other in self._streams.values() if other.expires is None}
        return []

    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        stream = super().find_by_name(service_sid, unique_name, now)
        return None if stream and stream.sid in self.nameless else stream
