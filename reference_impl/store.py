"""The streams of all services, in memory. Nothing here waits, so every call is atomic on one event loop."""

from collections import defaultdict
from dataclasses import dataclass, replace
from secrets import token_hex

from reference_impl.errors import NameTakenError
from reference_impl.order import Order

_SWEEP = 16  # expired streams that one call clears away; more than one call can add, so they never pile up


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream. Times are seconds since 1970; `expires` is the exact instant of expiry or None for never.
    `sequence` numbers streams by creation."""

    sid: str
    service_sid: str
    unique_name: str | None
    sequence: int
    created: float
    updated: float
    expires: float | None
    created_by: str = "system"


class Store:
    """Streams by sid, by name and in order of creation. An expired stream is gone for every method that is told
    the time. No cost grows with the number of streams, but for logarithms."""

    def __init__(self) -> None:
        self._streams: dict[int, Stream] = {}  # by sequence
        self._sids: dict[tuple[str, str], int] = {}  # by (service sid, stream sid)
        self._names: dict[tuple[str, str], int] = {}
        self._orders: defaultdict[str, Order[int]] = defaultdict(Order)
        self._expiries: Order[tuple[float, int]] = Order()
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._streams)

    def new_sid(self) -> str:
        return "TO" + token_hex(16)

    def name_key(self, service_sid: str, unique_name: str) -> tuple[str, str]:
        """What makes two names the same: here the service and the exact text."""
        return service_sid, unique_name

    def expiry(self, now: float, ttl: int) -> float | None:
        """When a stream that got this Ttl at `now` expires: never for 0."""
        return now + ttl if ttl else None

    def is_expired(self, stream: Stream, now: float) -> bool:
        return stream.expires is not None and stream.expires <= now

    def add(
        self, service_sid: str, unique_name: str | None, ttl: int | None, now: float, created_by: str = "system"
    ) -> Stream:
        """A new stream. Raises NameTakenError when a living stream of the service has the name."""
        self.sweep(now, _SWEEP)
        if unique_name is not None and self.find_by_name(service_sid, unique_name, now):
            raise NameTakenError
        self._sequence += 1
        expires = self.expiry(now, ttl or 0)
        stream = Stream(self.new_sid(), service_sid, unique_name, self._sequence, now, now, expires, created_by)
        self._sids[service_sid, stream.sid] = stream.sequence
        if unique_name is not None:
            self._names[self.name_key(service_sid, unique_name)] = stream.sequence
        self._orders[service_sid].add(stream.sequence)
        self._put(stream)
        return stream

    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        return self._living(self._sids.get((service_sid, sid)), now)

    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        return self._living(self._names.get(self.name_key(service_sid, unique_name)), now)

    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        """The stream with a new time to expire, counted from `now`."""
        self._drop_expiry(stream)
        changed = replace(stream, updated=now, expires=self.expiry(now, ttl))
        self._put(changed)
        return changed

    def remove(self, stream: Stream) -> None:
        """Delete a stream that is there; its name is free at once."""
        del self._streams[stream.sequence]
        del self._sids[stream.service_sid, stream.sid]
        if stream.unique_name is not None:
            del self._names[self.name_key(stream.service_sid, stream.unique_name)]
        self._orders[stream.service_sid].remove(stream.sequence)
        self._drop_expiry(stream)

    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        """Up to `count` streams created after the one numbered `sequence`, oldest first."""
        self.sweep(now)
        return [self._streams[number] for number in self._orders[service_sid].after(sequence, count)]

    def before(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        """The last `count` streams created before the one numbered `sequence`, oldest first."""
        self.sweep(now)
        return [self._streams[number] for number in self._orders[service_sid].before(sequence, count)]

    def sweep(self, now: float, limit: int | None = None) -> None:
        """Delete streams whose time has come, at most `limit` of them."""
        due = self._expiries.first()
        while due and due[0] <= now and limit != 0:
            self.remove(self._streams[due[1]])
            limit = None if limit is None else limit - 1
            due = self._expiries.first()

    def _living(self, sequence: int | None, now: float) -> Stream | None:
        stream = self._streams.get(sequence) if sequence is not None else None
        if stream and self.is_expired(stream, now):
            self.remove(stream)
            return None
        return stream

    def _put(self, stream: Stream) -> None:
        self._streams[stream.sequence] = stream
        if stream.expires is not None:
            self._expiries.add((stream.expires, stream.sequence))

    def _drop_expiry(self, stream: Stream) -> None:
        if stream.expires is not None:
            self._expiries.remove((stream.expires, stream.sequence))
