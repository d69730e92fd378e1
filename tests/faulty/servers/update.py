"""Faults of updating a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.fetch import by_sid
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidTtlError, MethodNotAllowedError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import Response, decode_segment

NEXT_STATE = ("UPDATE-*", "STREAM-SAME-EVERYWHERE", "TTL-UPDATE-*")


def restored(api: Any, before: Stream) -> Stream:
    """The stream as it was, put back into the store."""
    now = api.store._streams[before.sequence]
    api.store._drop_expiry(now)
    api.store._put(before)
    return before


# ---------------------------------------------------------------- UPDATE-WORKS


@fault("UPDATE-WORKS", "Takes an update by PUT only.")
class UpdatesByPut(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        raise MethodNotAllowedError("POST", "PUT")


@fault("UPDATE-WORKS", "Asks for an If-Match header, as for other objects of Sync.")
class AsksForIfMatch(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if "if-match" not in request.headers:
            error = ApiError("If-Match is missing")
            error.status, error.code = 428, 20001
            raise error
        return super().update_stream(request, stream)


@fault("UPDATE-WORKS", "Finds streams for an update by name only.")
class UpdatesByNameOnly(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().update_stream(request, stream)


@fault("UPDATE-WORKS", "Answers an update with 204 and nothing.", may=("UPDATE-STATUS",))
class UpdateAnswersNothing(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        super().update_stream(request, stream)
        return Response(204)


@fault("UPDATE-WORKS", "Answers an update with the list of streams.", may=("STREAM-*",))
class UpdateAnswersList(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        super().update_stream(request, stream)
        return self.list_streams(replace(request, query=b""), self.services[stream.service_sid])


# ---------------------------------------------------------------- UPDATE-BY-NAME


@fault("UPDATE-BY-NAME", "Updates by sid only.")
class UpdatesBySidOnly(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request):
            raise NotFoundError(f"/Streams/{stream.unique_name}")
        return super().update_stream(request, stream)


@fault("UPDATE-BY-NAME", "Answers an update by name with the stream as it was, and does nothing.")
class UpdateByNameDoesNothing(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        return super().update_stream(request if by_sid(request) else replace(request, body=b""), stream)


@fault("UPDATE-BY-NAME", "An update by name changes what its answer shows, not what it keeps.")
class UpdateByNameIsForgotten(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        if not by_sid(request):
            restored(self, stream)
        return response


@fault("UPDATE-BY-NAME", "An update by name makes a second stream of that name and changes it.")
class UpdateByNameMakesAnother(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            return super().update_stream(request, stream)
        twin = replace(stream, sid=self.store.new_sid(), sequence=0, updated=request.now)
        ttl = self.parse_ttl(self.read_form(request))
        return Response(200, self.render_stream(replace(twin, expires=ttl and request.now + ttl), request))


# ---------------------------------------------------------------- UPDATE-STATUS


@fault("UPDATE-STATUS", "Answers an update with 201.")
class UpdateAnswers201(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        return replace(super().update_stream(request, stream), status=201)


@fault("UPDATE-STATUS", "Answers an update with 202.")
class UpdateAnswers202(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        return replace(super().update_stream(request, stream), status=202)


@fault("UPDATE-STATUS", "Answers an update by name with 201, by sid with 200.")
class UpdateByNameAnswers201(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        return response if by_sid(request) else replace(response, status=201)


@fault("UPDATE-STATUS", "Answers the first update of a stream with 200 and the next ones with 202.")
class LaterUpdatesAnswer202(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        return response if stream.updated == stream.created else replace(response, status=202)


# ---------------------------------------------------------------- UPDATE-TTL


@fault("UPDATE-TTL", "Counts the Ttl of an update from the creation.", may=NEXT_STATE)
class CountsFromCreation(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        return self.moved(super().set_ttl(stream, ttl, now), stream.created + ttl if ttl else None)

    def moved(self, stream: Stream, expires: float | None) -> Stream:
        self._drop_expiry(stream)
        stream = replace(stream, expires=expires)
        self._put(stream)
        return stream


@fault("UPDATE-TTL", "Adds the Ttl of an update to the date of expiry.", may=NEXT_STATE)
class AddsTtls(CountsFromCreation):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = Store.set_ttl(self, stream, ttl, now)
        return self.moved(changed, (stream.expires or now) + ttl if ttl else None)


@fault("UPDATE-TTL", "Takes the Ttl of an update for minutes.", may=NEXT_STATE)
class UpdatesInMinutes(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        return super().set_ttl(stream, ttl * 60, now)


@fault("UPDATE-TTL", "An update can only prolong a stream's life, never shorten it.", may=NEXT_STATE)
class ProlongsOnly(CountsFromCreation):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = Store.set_ttl(self, stream, ttl, now)
        return self.moved(changed, max(changed.expires, stream.expires or 0)) if changed.expires else changed


@fault("UPDATE-TTL", "Takes no notice of a Ttl for a stream that had none.", may=NEXT_STATE)
class LastingStreamsStay(CountsFromCreation):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = Store.set_ttl(self, stream, ttl, now)
        return changed if stream.expires else self.moved(changed, None)


# ---------------------------------------------------------------- UPDATE-STORED


@fault("UPDATE-STORED", "Answers an update right and keeps nothing of it.")
class ForgetsUpdates(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        restored(self, stream)
        return response


@fault(
    "UPDATE-STORED",
    "A fetch shows the answer to the first fetch for five seconds.",
    may=("STREAM-SAME-EVERYWHERE", "NAME-*"),
)
class StaleFetches(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        cache = self.__dict__.setdefault("cache", {})
        when, body = cache.get(request.path, (0.0, None))
        if request.now - when > 5:
            when, body = cache[request.path] = request.now, self.render_stream(stream, request)
        return Response(200, body)


@fault("UPDATE-STORED", "Keeps the new date_updated and the old date_expires.")
class KeepsOldExpiry(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        restored(self, replace(stream, updated=request.now))
        return response


@fault("UPDATE-STORED", "Fetches by name from an index that updates by sid leave as it is.", may=NEXT_STATE)
class NamesLeadToOldState(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            return super().fetch_stream(request, stream)
        made = self.__dict__.setdefault("made", {})
        return super().fetch_stream(request, made.get(stream.sid, stream))

    def update_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request):
            self.__dict__.setdefault("made", {}).setdefault(stream.sid, stream)
        else:
            self.__dict__.setdefault("made", {}).pop(stream.sid, None)
        return super().update_stream(request, stream)


# ---------------------------------------------------------------- UPDATE-AGAIN


class CountsUpdates(Api):
    """Knows how often a stream was updated."""

    def times(self, stream: Stream) -> int:
        counts = self.__dict__.setdefault("counts", {})
        counts[stream.sid] = counts.get(stream.sid, 0) + 1
        return int(counts[stream.sid])


@fault("UPDATE-AGAIN", "Takes the first update of a stream only; the next ones change nothing.", may=("TTL-*",))
class UpdatesOnce(CountsUpdates):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        return super().update_stream(request if self.times(stream) == 1 else replace(request, body=b""), stream)


@fault("UPDATE-AGAIN", "Refuses a third update of a stream with 409.", may=("TTL-UPDATE-*",))
class UpdatesTwice(CountsUpdates):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if self.times(stream) > 2:
            error = ApiError("Too many revisions")
            error.status = 409
            raise error
        return super().update_stream(request, stream)


@fault("UPDATE-AGAIN", "Every update gives the Ttl of the one before it; the first is right.", may=("TTL-*",))
class UpdatesLagBehind(CountsUpdates):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        bodies = self.__dict__.setdefault("bodies", {})
        last, bodies[stream.sid] = bodies.get(stream.sid, request.body), request.body
        return super().update_stream(replace(request, body=last), stream)


@fault("UPDATE-AGAIN", "Looks a stream up by name as it was before the last update by sid, and counts from there.")
class UpdatesByNameOnce(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        done = self.__dict__.setdefault("done", set())
        if not by_sid(request):
            if stream.sid in done:
                request = replace(request, body=b"")
            done.add(stream.sid)
        return super().update_stream(request, stream)


# ---------------------------------------------------------------- UPDATE-UNKNOWN


class UnknownUpdates(Api):
    """Answers the update of an unknown stream in a way of its own."""

    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError:
            if request.method == "POST" and route.resource == "stream":
                return self.unknown(service, decode_segment(route.stream) or "", request)
            raise

    def unknown(self, service: Any, key: str, request: Any) -> Stream:
        raise NotImplementedError


@fault("UPDATE-UNKNOWN", "An update of an unknown name creates the stream.", may=("*-GONE-FOR-WRITES",))
class CreatesOnUpdate(UnknownUpdates):
    def unknown(self, service: Any, key: str, request: Any) -> Stream:
        if by_sid(request):
            raise NotFoundError(f"/Streams/{key}")
        return self.store.add(service.sid, key[:320], 3600, request.now)


@fault("UPDATE-UNKNOWN", "Answers the update of an unknown name with 404, and creates the stream.")
class CreatesOnRefusedUpdate(UnknownUpdates):
    def unknown(self, service: Any, key: str, request: Any) -> Stream:
        if not by_sid(request):
            self.store.add(service.sid, key[:320], 3600, request.now)
        raise NotFoundError(f"/Streams/{key}")


@fault("UPDATE-UNKNOWN", "Answers the update of an unknown stream with 400.", may=("DELETE-GONE-FOR-WRITES",))
class UnknownUpdateIs400(UnknownUpdates):
    def unknown(self, service: Any, key: str, request: Any) -> Stream:
        raise InvalidTtlError


@fault(
    "UPDATE-UNKNOWN",
    "Answers the update of an unknown sid with 204, as if it were done.",
    may=("*-GONE-FOR-WRITES", "SERVICE-UNKNOWN", "PROPERTY-*"),
)
class UnknownUpdateIs204(Api):
    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            if request.method == "POST" and request.path.count("/") == 5 and by_sid(request):
                return Response(204)
            raise
