"""Faults of moving a stream's expiry: by an update, or by what must not move it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import InvalidTtlError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import Response


class OwnTimers(Store):
    """Shows date_expires as it should be, but drops streams when a timer of its own runs out (None: never)."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: dict[str, float | None] = {}

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        self.timers[stream.sid] = stream.expires
        return stream

    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = super().set_ttl(stream, ttl, now)
        self.timers[stream.sid] = self.timer(self.timers[stream.sid], changed.expires, stream, now)
        return changed

    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        raise NotImplementedError

    def is_expired(self, stream: Stream, now: float) -> bool:
        timer = self.timers[stream.sid]
        return timer is not None and timer <= now

    def sweep(self, now: float, limit: int | None = None) -> None:
        for stream in [stream for stream in self._streams.values() if self.is_expired(stream, now)]:
            self.remove(stream)


# ---------------------------------------------------------------- Longer


@fault(
    "TTL-UPDATE-EXTENDS",
    "Does not stop the timer of the old Ttl when it starts that of the new one.",
    may=("TTL-UPDATE-CLEARS",),
)
class OldTimerRunsOn(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return min((time for time in (old, new) if time is not None), default=None)


@fault("TTL-UPDATE-EXTENDS", "Extends a stream for its sid only; its name is given up at the old expiry.")
class NameExpiresAsBefore(Store):
    def __init__(self) -> None:
        super().__init__()
        self.names_until: dict[str, float | None] = {}

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        self.names_until[stream.sid] = stream.expires
        return stream

    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        stream = super().find_by_name(service_sid, unique_name, now)
        until = self.names_until[stream.sid] if stream else None
        return None if until is not None and until <= now else stream


@fault(
    "TTL-UPDATE-EXTENDS",
    "Moves the date of a stream, but its timer only when the new Ttl is the shorter one.",
    may=("TTL-UPDATE-CLEARS",),
)
class TimersOnlyShrink(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return old if old is not None and (new is None or new > old) else new


@fault("TTL-UPDATE-EXTENDS", "Takes no messages after the old expiry of a stream that was extended.")
class MessagesEndAsBefore(Api):
    def create_stream(self, request: Any, service: Any) -> Response:
        response = super().create_stream(request, service)
        stream = self.store.find_by_sid(service.sid, response.body["sid"], request.now)
        if stream is not None:
            self.__dict__.setdefault("ends", {})[stream.sid] = stream.expires
        return response

    def publish_message(self, request: Any, stream: Stream) -> Response:
        end = self.__dict__.get("ends", {}).get(stream.sid)
        if end is not None and end <= request.now:
            raise NotFoundError(f"/Streams/{stream.sid}/Messages")
        return super().publish_message(request, stream)


# ---------------------------------------------------------------- Shorter


@fault("TTL-UPDATE-SHORTENS", "Lets the longer of the old and the new Ttl decide.")
class LongerTimerWins(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return None if old is None or new is None else max(old, new)


@fault("TTL-UPDATE-SHORTENS", "Starts timers at create only: a stream that got its Ttl later never goes.")
class NoTimerForUpdates(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return new if old is not None else None


@fault("TTL-UPDATE-SHORTENS", "Counts a new Ttl from the old expiry on.")
class AddsToTheOldTtl(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return new if new is None or old is None else old + (new - now)


# ---------------------------------------------------------------- Never


@fault("TTL-UPDATE-CLEARS", "Takes an update with a Ttl of 0 for one without.")
class ZeroChangesNothing(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        return super().set_ttl(stream, ttl, now) if ttl else stream


@fault("TTL-UPDATE-CLEARS", "Clears date_expires at a Ttl of 0, but drops the stream at the old time.")
class ClearsOnPaperOnly(OwnTimers):
    def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
        return old if new is None else new


@fault("TTL-UPDATE-CLEARS", "Refuses a Ttl of 0 in an update.")
class RefusesToClear(Api):
    def update_stream(self, request: Any, stream: Stream) -> Response:
        if self.parse_ttl(self.read_form(request)) == 0:
            raise InvalidTtlError
        return super().update_stream(request, stream)


@fault(
    "TTL-UPDATE-CLEARS",
    "Drops a stream at once when an update sets its Ttl to 0.",
    may=("PROPERTY-UPDATE", "PROPERTY-MODEL"),
)
class ZeroDeletes(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = super().set_ttl(stream, ttl, now)
        if not ttl:
            self.remove(changed)
        return changed


# ---------------------------------------------------------------- Messages


@fault("TTL-PUBLISH-DOES-NOT-EXTEND", "Counts the Ttl from the last message.", may=("RATE-REFUSED-NO-HARM",))
class MessagesRenewTheTtl(Api):
    def publish_message(self, request: Any, stream: Stream) -> Response:
        response = super().publish_message(request, stream)
        if stream.expires is not None:
            self.store.set_ttl(stream, round(stream.expires - stream.updated), request.now)
        return response


@fault("TTL-PUBLISH-DOES-NOT-EXTEND", "Keeps a stream for ten seconds after each message, with date_expires as it was.")
def MessagesKeepAlive() -> Any:  # noqa: N802 - the name of a server
    class KeepsBusy(OwnTimers):
        def timer(self, old: float | None, new: float | None, stream: Stream, now: float) -> float | None:
            return new

    class PublishingKeepsBusy(Api):
        def publish_message(self, request: Any, stream: Stream) -> Response:
            response = super().publish_message(request, stream)
            timers = self.store.timers
            if timers[stream.sid] is not None:
                timers[stream.sid] = max(timers[stream.sid], request.now + 10)
            return response

    return {"api": PublishingKeepsBusy, "store": KeepsBusy}


@fault("TTL-PUBLISH-DOES-NOT-EXTEND", "Makes a stream permanent with its first message.", may=("RATE-REFUSED-NO-HARM",))
class MessagesMakePermanent(Api):
    def publish_message(self, request: Any, stream: Stream) -> Response:
        response = super().publish_message(request, stream)
        self.store._drop_expiry(stream)
        self.store._put(replace(stream, expires=None))
        return response
