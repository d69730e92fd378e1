"""Faults of whose limit on messages it is, and of what it does to a stream, then and afterwards."""

from __future__ import annotations

from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import NotFoundError, RateLimitError
from reference_impl.limiter import Limiter
from reference_impl.store import Stream
from reference_impl.web import Response

# ---------------------------------------------------------------- Whose limit


@fault("RATE-PER-STREAM", "Counts messages per service.")
class LimitsPerService(Api):
    def rate_key(self, stream: Stream) -> str:
        return stream.service_sid


@fault("RATE-PER-STREAM", "Counts messages for all services together.")
class LimitsPerServer(Api):
    def rate_key(self, stream: Stream) -> str:
        return "messages"


@fault("RATE-PER-STREAM", "Pauses every stream for five seconds when one is over its limit.")
class PausesEverybody(Limiter):
    paused_until = 0.0

    def allow(self, key: str, now: float) -> bool:
        if now < self.paused_until:
            return False
        allowed = super().allow(key, now)
        if not allowed:
            self.paused_until = now + 5
        return allowed


@fault("RATE-PER-STREAM", "Knows nameless streams under one key.")
class NamelessShareALimit(Api):
    def rate_key(self, stream: Stream) -> str:
        return stream.unique_name or "None"


@fault("RATE-REFUSED", "Counts messages for each address of a stream by itself: its sid, its name.")
class LimitsPerAddress(Api):
    def check_rate(self, stream: Stream, request: Any) -> None:
        if not self.limiter.allow(request.path, request.now):
            raise RateLimitError(30)


# ---------------------------------------------------------------- And afterwards


@fault("RATE-RECOVERS", "Refuses a stream for good once it was over its limit.", may=("RATE-SUSTAINED",))
class NeverForgives(Limiter):
    def __init__(self) -> None:
        super().__init__()
        self.banned: set[str] = set()

    def allow(self, key: str, now: float) -> bool:
        if key in self.banned or not super().allow(key, now):
            self.banned.add(key)
            return False
        return True


@fault("RATE-RECOVERS", "Keeps a stream that was over its limit waiting for a minute.", may=("RATE-SUSTAINED",))
class WaitsAMinute(Limiter):
    def __init__(self) -> None:
        super().__init__()
        self.until: dict[str, float] = {}

    def allow(self, key: str, now: float) -> bool:
        if now < self.until.get(key, 0):
            return False
        allowed = super().allow(key, now)
        if not allowed:
            self.until[key] = now + 60
        return allowed


@fault(
    "RATE-RECOVERS", "Adds ten seconds to a stream's wait with each message that it refuses.", may=("RATE-SUSTAINED",)
)
class WaitsEverLonger(Limiter):
    def __init__(self) -> None:
        super().__init__()
        self.until: dict[str, float] = {}

    def allow(self, key: str, now: float) -> bool:
        if now < self.until.get(key, 0) or not super().allow(key, now):
            self.until[key] = max(now, self.until.get(key, 0)) + 10
            return False
        return True


# ---------------------------------------------------------------- The stream itself


class Watching(Api):
    """Knows which streams had a message refused within the last five seconds."""

    pause = 5.0

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.refused_at: dict[str, float] = {}

    def check_rate(self, stream: Stream, request: Any) -> None:
        try:
            super().check_rate(stream, request)
        except RateLimitError:
            self.refused_at[stream.sid] = request.now
            self.refused(stream, request)
            raise

    def refused(self, stream: Stream, request: Any) -> None:
        """What happens to the stream then."""

    def is_over(self, stream: Stream, request: Any) -> bool:
        return request.now - self.refused_at.get(stream.sid, 0.0) < self.pause


@fault("RATE-REFUSED-NO-HARM", "Refuses updates too for five seconds after a refused message.")
class RefusesUpdatesToo(Watching):
    def update_stream(self, request: Any, stream: Stream) -> Response:
        if self.is_over(stream, request):
            raise RateLimitError(30)
        return super().update_stream(request, stream)


@fault("RATE-REFUSED-NO-HARM", "Refuses to show a stream for five seconds after a refused message.")
class RefusesFetchesToo(Watching):
    def fetch_stream(self, request: Any, stream: Stream) -> Response:
        if self.is_over(stream, request):
            raise RateLimitError(30)
        return super().fetch_stream(request, stream)


@fault("RATE-REFUSED-NO-HARM", "Loses a stream when one of its messages is refused.")
class LosesTheStream(Watching):
    def refused(self, stream: Stream, request: Any) -> None:
        self.store.remove(stream)


@fault("RATE-REFUSED-NO-HARM", "Shortens the Ttl of a stream to a minute when one of its messages is refused.")
class PunishesWithAMinute(Watching):
    def refused(self, stream: Stream, request: Any) -> None:
        self.store.set_ttl(stream, 60, request.now)


@fault("RATE-REFUSED-NO-HARM", "Hides a stream's name for five seconds after a refused message.")
class HidesTheName(Watching):
    def find_stream(self, service: Any, route: Any, request: Any) -> Stream:
        stream = super().find_stream(service, route, request)
        if self.is_over(stream, request) and not route.stream.startswith("TO"):
            raise NotFoundError(f"/Streams/{route.stream}")
        return stream
