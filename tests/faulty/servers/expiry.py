"""Faults of what happens when a stream expires."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import NameTakenError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import Response

BURYING = 3.0  # seconds before expiry in which some of these servers let go


class Remembering(Store):
    """Buries expired streams, by sid and by name, where they can still be found; deleted ones are forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.buried: dict[tuple[str, str], Stream] = {}

    def remove(self, stream: Stream) -> None:
        super().remove(stream)
        if stream.expires is not None and stream.expires <= time.time() + 0.01:
            for key in (stream.sid, stream.unique_name):
                if key is not None:
                    self.buried[stream.service_sid, key] = stream

    def dig(self, service_sid: str, key: str, now: float) -> Stream | None:
        """The stream that expired with this sid or name."""
        self.sweep(now)
        return self.buried.get((service_sid, key))

    def dig_sid(self, sid: str, now: float) -> Stream | None:
        self.sweep(now)
        return next((stream for (_, key), stream in self.buried.items() if key == sid), None)


class Digging(Api):
    """An operation of this server does not look at the expiry: `still_there` says which."""

    def still_there(self, request: Any, route: Any) -> bool:
        raise NotImplementedError

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError:
            found = self.store.dig(service.sid, route.stream, request.now)
            if found is None or not self.still_there(request, route):
                raise
            return found


# ---------------------------------------------------------------- Before


@fault("TTL-LIVES", "Drops a stream when half of its Ttl has passed.", may=("TTL-UPDATE-*", "TTL-OTHERS-STAY"))
class DropsAtHalfTime(Store):
    def is_expired(self, stream: Stream, now: float) -> bool:
        return stream.expires is not None and now >= stream.updated + (stream.expires - stream.updated) / 2


@fault("TTL-LIVES", "Finds a stream no more by its name in its last three seconds.")
class LosesTheNameFirst(Store):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        stream = super().find_by_name(service_sid, unique_name, now)
        if stream is None or stream.expires is None or stream.expires - BURYING > now:
            return stream
        return None


@fault("TTL-LIVES", "Takes no messages for a stream that expires within five seconds.")
class RefusesLastMessages(Api):
    def publish_message(self, request: Any, stream: Stream) -> Response:
        if stream.expires is not None and stream.expires - 5 < request.now:
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().publish_message(request, stream)


@fault("TTL-LIVES", "Takes a stream that expires within three seconds for expired, as caches of tokens do.")
class ExpiresEarly(Store):
    def is_expired(self, stream: Stream, now: float) -> bool:
        return stream.expires is not None and stream.expires - BURYING <= now


# ---------------------------------------------------------------- After: reading


@fault("TTL-GONE", "Never drops a stream.")
class NeverExpires(Store):
    def is_expired(self, stream: Stream, now: float) -> bool:
        return False

    def sweep(self, now: float, limit: int | None = None) -> None:
        pass


@fault("TTL-GONE", "Does not look at the expiry when a stream is fetched by its sid.")
def FetchesExpiredBySid() -> Any:  # noqa: N802 - the name of a server
    class FetchesBuriedBySid(Digging):
        def still_there(self, request: Any, route: Any) -> bool:
            return request.method == "GET" and route.stream.startswith("TO")

    return {"api": FetchesBuriedBySid, "store": Remembering}


@fault("TTL-GONE", "Keeps a stream alive for as long as it is fetched, in spite of its date_expires.")
class FetchingKeepsAlive(Store):
    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, float] = {}

    def is_expired(self, stream: Stream, now: float) -> bool:
        if stream.expires is None:
            return False
        ttl = max(stream.expires - stream.updated, 4.0)
        return stream.expires <= now and self.seen.get(stream.sid, 0) + ttl <= now

    def sweep(self, now: float, limit: int | None = None) -> None:
        pass

    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        stream = super().find_by_sid(service_sid, sid, now)
        if stream is not None:
            self.seen[sid] = now
        return stream


@fault("TTL-GONE", "Answers every second fetch of an expired stream out of a cache.")
def CachesExpired() -> Any:  # noqa: N802
    class EverySecondFetch(Digging):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            self.fetches: Counter[str] = Counter()

        def still_there(self, request: Any, route: Any) -> bool:
            fetched = request.method == "GET" and route.stream.startswith("TO")
            self.fetches[route.stream] += fetched
            return fetched and self.fetches[route.stream] % 2 == 0

    return {"api": EverySecondFetch, "store": Remembering}


@fault("TTL-GONE", "Shows an expired stream with 200 and a note that it has expired.")
def ShowsAnObituary() -> Any:  # noqa: N802
    class Obituaries(Digging):
        def still_there(self, request: Any, route: Any) -> bool:
            return request.method == "GET" and route.stream.startswith("TO")

        def fetch_stream(self, request: Any, stream: Stream) -> Response:
            response = super().fetch_stream(request, stream)
            expired = stream.expires is not None and stream.expires <= request.now
            return replace(response, body={**response.body, "expired": True}) if expired else response

    return {"api": Obituaries, "store": Remembering}


@fault("TTL-GONE-BY-NAME", "Does not look at the expiry when a stream is fetched by its name.")
def FetchesExpiredByName() -> Any:  # noqa: N802
    class FetchesBuriedByName(Digging):
        def still_there(self, request: Any, route: Any) -> bool:
            return request.method == "GET" and not route.stream.startswith("TO")

    return {"api": FetchesBuriedByName, "store": Remembering}


@fault("TTL-GONE-BY-NAME", "Answers a fetch by name as it did the last time, until the stream is changed or deleted.")
class CachesByName(Store):
    def __init__(self) -> None:
        super().__init__()
        self.cache: dict[tuple[str, str], Stream] = {}

    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        cached = self.cache.get((service_sid, unique_name))
        found = cached or super().find_by_name(service_sid, unique_name, now)
        if found:
            self.cache[service_sid, unique_name] = found
        return found

    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        self.forget(stream)
        return super().set_ttl(self.find_by_sid(stream.service_sid, stream.sid, now) or stream, ttl, now)

    def remove(self, stream: Stream) -> None:
        if stream.expires is None or stream.expires > time.time() + 0.01:
            self.forget(stream)
        super().remove(stream)

    def forget(self, stream: Stream) -> None:
        self.cache.pop((stream.service_sid, stream.unique_name or ""), None)


class ListsExpired(Store):
    """Hides expired streams from everything but lists; `listed` says which of them those show."""

    def listed(self, stream: Stream, sequence: int) -> bool:
        raise NotImplementedError

    def _living(self, sequence: int | None, now: float) -> Stream | None:
        stream = self._streams.get(sequence) if sequence is not None else None
        return None if stream and self.is_expired(stream, now) else stream

    def sweep(self, now: float, limit: int | None = None) -> None:
        pass

    def after(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        numbers = self._orders[service_sid].after(sequence, len(self._streams))
        return self.shown([self._streams[number] for number in numbers], sequence, now)[:count]

    def before(self, service_sid: str, sequence: int, count: int, now: float) -> list[Stream]:
        numbers = self._orders[service_sid].before(sequence, len(self._streams))
        return self.shown([self._streams[number] for number in numbers], sequence, now)[-count:]

    def shown(self, streams: list[Stream], sequence: int, now: float) -> list[Stream]:
        return [stream for stream in streams if not self.is_expired(stream, now) or self.listed(stream, sequence)]


@fault("TTL-GONE-FROM-LIST", "Does not look at the expiry in lists.")
class ListsAllExpired(ListsExpired):
    def listed(self, stream: Stream, sequence: int) -> bool:
        return True


@fault("TTL-GONE-FROM-LIST", "Lists expired streams that got their Ttl more than a moment after they were made.")
class ListsExpiredAfterUpdate(ListsExpired):
    def listed(self, stream: Stream, sequence: int) -> bool:
        return stream.updated > stream.created


@fault("TTL-GONE-FROM-LIST", "Lists expired streams that have no name.")
class ListsExpiredNameless(ListsExpired):
    def listed(self, stream: Stream, sequence: int) -> bool:
        return stream.unique_name is None


# ---------------------------------------------------------------- After: writing


class Ghosts(Api):
    """Answers some writes to expired streams as if those lived; `ghostly` gives the answer or None."""

    def ghostly(self, request: Any, route: Any, stream: Stream) -> Response | None:
        raise NotImplementedError

    def answer(self, request: Any) -> Response:
        try:
            return super().answer(request)
        except NotFoundError as refusal:
            route = self.route(request.path)
            service = self.find_service(route, request)
            stream = self.store.dig(service.sid, route.stream, request.now)
            answer = stream and self.ghostly(request, route, stream)
            if not answer:
                raise refusal from None
            return answer


@fault("TTL-GONE-FOR-WRITES", "Takes messages for expired streams.")
def PublishesToExpired() -> Any:  # noqa: N802
    class PublishesToBuried(Ghosts):
        def ghostly(self, request: Any, route: Any, stream: Stream) -> Response | None:
            return self.publish_message(request, stream) if route.resource == "messages" else None

    return {"api": PublishesToBuried, "store": Remembering}


@fault("TTL-GONE-FOR-WRITES", "Deletes expired streams once more, with 204.")
def DeletesExpired() -> Any:  # noqa: N802
    class DeletesBuried(Ghosts):
        def ghostly(self, request: Any, route: Any, stream: Stream) -> Response | None:
            return Response(204) if request.method == "DELETE" else None

    return {"api": DeletesBuried, "store": Remembering}


@fault("TTL-GONE-FOR-WRITES", "Updates expired streams, and brings them back that way.")
def RevivesByUpdate() -> Any:  # noqa: N802
    class UpdatesBuried(Ghosts):
        def ghostly(self, request: Any, route: Any, stream: Stream) -> Response | None:
            if request.method != "POST" or route.resource != "stream":
                return None
            ttl = self.parse_ttl(self.read_form(request))
            name = stream.unique_name
            if name and self.store.find_by_name(stream.service_sid, name, request.now):
                raise NameTakenError
            alive = replace(stream, updated=request.now, expires=self.store.expiry(request.now, ttl or 0))
            self.store.put_back(alive)
            return Response(200, self.render_stream(alive, request))

    return {"api": UpdatesBuried, "store": PuttingBack}


class PuttingBack(Remembering):
    """Can bring a buried stream back to life."""

    def put_back(self, stream: Stream) -> None:
        self._sids[stream.service_sid, stream.sid] = stream.sequence
        if stream.unique_name is not None:
            self._names[stream.service_sid, stream.unique_name] = stream.sequence
        self._orders[stream.service_sid].add(stream.sequence)
        self._put(stream)


@fault("TTL-GONE-FOR-WRITES", "Takes messages for expired streams when they are addressed by name.")
def PublishesToExpiredByName() -> Any:  # noqa: N802
    class PublishesToBuriedByName(Ghosts):
        def ghostly(self, request: Any, route: Any, stream: Stream) -> Response | None:
            by_name = route.resource == "messages" and not route.stream.startswith("TO")
            return self.publish_message(request, stream) if by_name else None

    return {"api": PublishesToBuriedByName, "store": Remembering}
