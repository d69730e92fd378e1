"""Faults of fetching a stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import NotFoundError
from reference_impl.parameters import SID_SHAPE
from reference_impl.store import Store, Stream
from reference_impl.web import Response, decode_segment


def by_sid(request: Any) -> bool:
    """Was the stream addressed by its sid?"""
    return bool(SID_SHAPE.fullmatch(request.path.removesuffix("/Messages").rpartition("/")[2]))


# ---------------------------------------------------------------- FETCH-STATUS


@fault("FETCH-STATUS", "Answers a fetch with 203.")
class FetchAnswers203(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        return replace(super().fetch_stream(request, stream), status=203)


@fault("FETCH-STATUS", "Answers a fetch by name with 203, by sid with 200.")
class FetchByNameAnswers203(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        return response if by_sid(request) else replace(response, status=203)


@fault("FETCH-STATUS", "Answers the first fetch of a stream with 201, as it is made in its cache.")
class FirstFetchAnswers201(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        seen = self.__dict__.setdefault("seen", set())
        response = super().fetch_stream(request, stream)
        if stream.sid in seen:
            return response
        seen.add(stream.sid)
        return replace(response, status=201)


@fault("FETCH-STATUS", "Answers a fetch of a stream that expires with 206.")
class ExpiringFetchAnswers206(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        return replace(response, status=206) if stream.expires else response


# ---------------------------------------------------------------- FETCH-BY-SID


@fault("FETCH-BY-SID", "Finds streams by name only.", may=("*",))
class FindsByNameOnly(Store):
    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        return None


@fault(
    "FETCH-BY-SID", "Reads from a copy that has a stream a second after it was made.", may=("FETCH-BY-NAME", "NAME-*")
)
class ReadsLate(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if request.now < stream.created + 1:
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().fetch_stream(request, stream)


@fault("FETCH-BY-SID", "Finds nameless streams only, when they are fetched by sid.")
class NamedHaveNoSidToFetch(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request) and stream.unique_name:
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().fetch_stream(request, stream)


@fault(
    "FETCH-BY-SID",
    "Does not find streams without a name, when they are fetched by sid.",
    may=("CREATE-NAMELESS-MANY",),
)
class NamelessCantBeFetched(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if by_sid(request) and not stream.unique_name:
            raise NotFoundError(f"/Streams/{stream.sid}")
        return super().fetch_stream(request, stream)


@fault("FETCH-BY-SID", "Answers a fetch by sid with 200 and a list of one stream.")
class FetchesAsList(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        return replace(response, body={"streams": [response.body]}) if by_sid(request) else response


@fault("FETCH-BY-SID", "Answers every second fetch by sid with an empty body.")
class EverySecondFetchEmpty(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        self.fetches = self.__dict__.get("fetches", 0) + by_sid(request)
        return super().fetch_stream(request, stream) if self.fetches % 2 or not by_sid(request) else Response(200)


# ---------------------------------------------------------------- FETCH-BY-NAME


@fault(
    "FETCH-BY-NAME",
    "Finds a stream by name only when the name has fewer than 20 characters.",
    may=("NAME-*", "LIST-OTHER-SERVICE", "ANSWER-NO-SERVER-ERROR"),
)
class ForgetsLongNames(Store):
    def find_by_name(self, service_sid: str, unique_name: str, now: float) -> Stream | None:
        return super().find_by_name(service_sid, unique_name, now) if len(unique_name) < 20 else None


@fault("FETCH-BY-NAME", "Fetches streams by sid only.")
class FetchesBySidOnly(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request):
            raise NotFoundError(f"/Streams/{stream.unique_name}")
        return super().fetch_stream(request, stream)


@fault("FETCH-BY-NAME", "Sends the client from the name to the sid with 302.")
class RedirectsNames(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        return response if by_sid(request) else Response(302, None, {"Location": response.body["url"]})


@fault("FETCH-BY-NAME", "Finds by name the streams without a Ttl only.")
class FetchesLastingNamesOnly(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if not by_sid(request) and stream.expires:
            raise NotFoundError(f"/Streams/{stream.unique_name}")
        return super().fetch_stream(request, stream)


@fault("FETCH-BY-NAME", "Answers a fetch by name with the stream inside a list.")
class FetchesNamesAsSearch(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        return response if by_sid(request) else replace(response, body=[response.body])


# ---------------------------------------------------------------- FETCH-RIGHT-ONE


@fault(
    "FETCH-BY-SID",
    "Answers a fetch by sid with the newest stream of the service.",
    may=("STREAM-SAME-EVERYWHERE", "CREATE-NAMELESS-MANY"),
)
class FetchesTheNewest(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        newest = max(
            (s for s in self.store._streams.values() if s.service_sid == stream.service_sid), key=lambda s: s.sequence
        )
        return super().fetch_stream(request, newest if by_sid(request) else stream)


@fault(
    "FETCH-RIGHT-ONE",
    "Finds streams by all of a name but its last character.",
    may=("NAME-*", "FETCH-UNKNOWN", "TTL-OTHERS-STAY"),
)
class FindsByBeginning(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        name = "" if by_sid(request) else stream.unique_name or ""
        if len(name) < 100:
            alike = name[:-1]
            for other in self.store._streams.values():
                same = other.service_sid == stream.service_sid and len(other.unique_name or "") == len(name)
                if alike and same and (other.unique_name or "").startswith(alike):
                    return super().fetch_stream(request, other)
        return super().fetch_stream(request, stream)


@fault(
    "FETCH-RIGHT-ONE",
    "Keeps the answer to a fetch by name for two seconds for names alike up to the last hyphen.",
    may=("STREAM-SAME-EVERYWHERE", "NAME-*", "UPDATE-*", "TTL-*", "PROPERTY-*"),
)
class KeepsLastFetchByName(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        if by_sid(request):
            return response
        answers = self.__dict__.setdefault("answers", {})
        key = (stream.service_sid, (stream.unique_name or "").rpartition("-")[0])
        when, kept = answers.get(key, (0.0, response))
        if request.now - when > 2:
            answers[key] = request.now, response
            return response
        return kept


@fault(
    "FETCH-BY-SID",
    "Looks sids up by their first six digits of eight bits each.",
    may=("*",),
)
class ShortSidIndex(Store):
    def new_sid(self) -> str:
        return "TO" + "5e" * 6 + super().new_sid()[14:]

    def find_by_sid(self, service_sid: str, sid: str, now: float) -> Stream | None:
        if super().find_by_sid(service_sid, sid, now) is None:
            return None
        streams = [s for s in self._streams.values() if s.service_sid == service_sid and s.sid[:14] == sid[:14]]
        return max(streams, key=lambda s: s.sequence)


# ---------------------------------------------------------------- FETCH-CHANGES-NOTHING


@fault("FETCH-CHANGES-NOTHING", "Every fetch counts as an update.")
class FetchTouches(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        touched = replace(stream, updated=request.now)
        self.store._streams[stream.sequence] = touched
        return super().fetch_stream(request, touched)


@fault(
    "FETCH-CHANGES-NOTHING",
    "Every fetch starts the Ttl anew, as the sliding expiry of a cache does.",
    may=("RATE-REFUSED-NO-HARM",),
)
class FetchProlongs(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if stream.expires is not None:
            updated, whole = stream.updated, round(stream.expires - self.started(stream))
            self.store.set_ttl(stream, max(whole, 1), request.now)
            stream = replace(self.store._streams[stream.sequence], updated=updated)
            self.__dict__.setdefault("starts", {})[stream.sid] = request.now
            self.store._streams[stream.sequence] = stream
        return super().fetch_stream(request, stream)

    def started(self, stream: Stream) -> float:
        start: float = self.__dict__.setdefault("starts", {}).get(stream.sid, stream.updated)
        return max(start, stream.updated)


@fault("FETCH-CHANGES-NOTHING", "A fetch by name takes the name away.", may=("FETCH-*", "NAME-*", "DELETE-*", "TTL-*"))
class FetchTakesName(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        response = super().fetch_stream(request, stream)
        if not by_sid(request):
            self.store._streams[stream.sequence] = replace(stream, unique_name=None)
            self.store._names.pop((stream.service_sid, stream.unique_name))
        return response


@fault("FETCH-CHANGES-NOTHING", "A stream is gone once it was fetched by its name twice.", may=("*",))
class GoneAfterTwoFetches(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        counts = self.__dict__.setdefault("counts", {})
        counts[stream.sid] = counts.get(stream.sid, 0) + (not by_sid(request))
        response = super().fetch_stream(request, stream)
        if counts[stream.sid] >= 2:
            self.store.remove(stream)
        return response


# ---------------------------------------------------------------- FETCH-UNKNOWN


@fault(
    "FETCH-UNKNOWN",
    "Creates the stream that is fetched by an unknown name.",
    may=("CREATE-REFUSED-NO-EFFECT", "UPDATE-UNKNOWN", "DELETE-GONE-*", "PUBLISH-UNKNOWN", "TTL-GONE-*"),
)
class CreatesOnFetch(Api):
    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        try:
            return super().find_stream(service, route, request)
        except NotFoundError:
            name = decode_segment(route.stream) or ""
            if request.method != "GET" or SID_SHAPE.fullmatch(name) or len(name) > 320:
                raise
            return self.store.add(service.sid, name, 3600, request.now)


class UnknownFetches(Api):
    """Answers the fetch of an unknown stream in a way of its own."""

    def answer(self, request: Any) -> Any:
        try:
            return super().answer(request)
        except NotFoundError:
            if request.method == "GET" and request.path.count("/") == 5:
                answer = self.unknown(request)
                if answer is not None:
                    return answer
            raise

    def unknown(self, request: Any) -> Any:
        raise NotImplementedError


@fault("FETCH-UNKNOWN", "Answers the fetch of an unknown stream with 200 and null.")
class UnknownIsNull(UnknownFetches):
    def unknown(self, request: Any) -> Any:
        return Response(200, None)


@fault("FETCH-UNKNOWN", "Answers the fetch of an unknown stream with 204.")
class UnknownIs204(UnknownFetches):
    def unknown(self, request: Any) -> Any:
        return Response(204)


@fault("FETCH-UNKNOWN", "Answers an unknown name with 404 and an unknown sid with 400.", may=("ERROR-*",))
class FetchUnknownSidIs400(UnknownFetches):
    def unknown(self, request: Any) -> Any:
        body = {"code": 20001, "message": "Invalid sid", "more_info": "https://www.twilio.com/docs/errors/20001"}
        return Response(400, {**body, "status": 400}) if by_sid(request) else None


@fault("FETCH-UNKNOWN", "Answers an unknown name with 403, so that nobody can tell what there is.", may=("ERROR-*",))
class FetchUnknownNameIs403(UnknownFetches):
    def unknown(self, request: Any) -> Any:
        body = {"code": 20403, "message": "Forbidden", "more_info": "https://www.twilio.com/docs/errors/20403"}
        return None if by_sid(request) else Response(403, {**body, "status": 403})
