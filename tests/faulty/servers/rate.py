"""Faults of the limit on how fast messages may be published."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, RateLimitError
from reference_impl.limiter import Limiter
from reference_impl.store import Stream


class OwnRefusal(ApiError):
    """A refusal with a status and code of one's own."""

    def __init__(self, status: int, code: int, headers: dict[str, str] | None = None) -> None:
        super().__init__("Rate limit exceeded", headers or {})
        self.status, self.code = status, code


class Bucket(Limiter):
    """Holds `limit` messages and fills with `rate` a second."""

    def __init__(self, limit: int, rate: float) -> None:
        super().__init__(limit)
        self.rate = rate
        self.levels: dict[str, tuple[float, float]] = {}

    def allow(self, key: str, now: float) -> bool:
        level, seen = self.levels.get(key, (float(self.limit), now))
        level = min(self.limit, level + (now - seen) * self.rate)
        self.levels[key] = (level - (level >= 1), now)
        return level >= 1


# ---------------------------------------------------------------- Thirty at once


@fault("RATE-30-AT-ONCE", "Allows 20 messages a second.")
def TwentyASecond() -> Any:  # noqa: N802 - the name of a server
    return {"limiter": partial(Limiter, 20)}


@fault("RATE-30-AT-ONCE", "Refuses the thirtieth message of a second.")
def TwentyNineASecond() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 29)}


@fault("RATE-30-AT-ONCE", "Has a bucket of ten messages that fills with 30 a second.")
def SmallerBucket() -> Any:  # noqa: N802
    return {"limiter": partial(Bucket, 10, 30.0)}


@fault("RATE-30-AT-ONCE", "Lets a new stream take up speed: ten messages in its first five seconds.")
class SlowStart(Api):
    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.early: defaultdict[str, int] = defaultdict(int)

    def check_rate(self, stream: Stream, request: Any) -> None:
        if request.now - stream.created < 5:
            self.early[stream.sid] += 1
            if self.early[stream.sid] > 10:
                raise RateLimitError(10)
        super().check_rate(stream, request)


# ---------------------------------------------------------------- Thirty a second, on and on


@fault("RATE-SUSTAINED", "Allows 30 messages a minute.", may=("RATE-RECOVERS",))
def ThirtyAMinute() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 30, 60.0)}


@fault("RATE-SUSTAINED", "Has a bucket of 30 that fills with ten messages a second.")
def FillsSlowly() -> Any:  # noqa: N802
    return {"limiter": partial(Bucket, 30, 10.0)}


@fault("RATE-SUSTAINED", "Allows 30 messages in any two seconds.")
def ThirtyInTwoSeconds() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 30, 2.0)}


@fault("RATE-SUSTAINED", "Counts to 30 and begins anew only after a second without a message.")
class StartsAnewWhenQuiet(Limiter):
    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, tuple[int, float]] = {}

    def allow(self, key: str, now: float) -> bool:
        count, last = self.counts.get(key, (0, now))
        count = count + 1 if now - last < 1 else 1
        self.counts[key] = (count, now)
        return count <= 30


@fault("RATE-SUSTAINED", "Keeps room for 120 messages in a stream's log of ten seconds.")
def LogOfTenSeconds() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 120, 10.0)}


# ---------------------------------------------------------------- More than that


@fault("RATE-REFUSED", "Has no limit.")
class NeverLimits(Limiter):
    def allow(self, key: str, now: float) -> bool:
        return True


@fault("RATE-REFUSED", "Drops messages over the limit in silence and answers 201.")
class DropsInSilence(Api):
    def check_rate(self, stream: Stream, request: Any) -> None:
        self.limiter.allow(self.rate_key(stream), request.now)


@fault("RATE-REFUSED", "Limits the first stream of its life only.")
class LimitsTheFirstStream(Limiter):
    first = ""

    def allow(self, key: str, now: float) -> bool:
        self.first = self.first or key
        return key != self.first or super().allow(key, now)


@fault("RATE-REFUSED", "Limits streams that have a name only.")
class LimitsNamedStreams(Api):
    def check_rate(self, stream: Stream, request: Any) -> None:
        if stream.unique_name is not None:
            super().check_rate(stream, request)


@fault("RATE-REFUSED", "Allows 30 messages in each hundredth of a second.")
def ThirtyInAHundredth() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 30, 0.01)}


@fault("RATE-REFUSED", "Counts each text of a message by itself.")
class CountsEachText(Api):
    def check_rate(self, stream: Stream, request: Any) -> None:
        if not self.limiter.allow(f"{stream.sid} {request.body!r}", request.now):
            raise RateLimitError(30)


@fault("RATE-REFUSED", "Limits messages only until its first refusal of a stream.")
class RefusesOnce(Limiter):
    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    def allow(self, key: str, now: float) -> bool:
        if key in self.refused or super().allow(key, now):
            return True
        self.refused.add(key)
        return False


# ---------------------------------------------------------------- How


class RefusesAs(Api):
    """Refuses messages over the limit in a way of its own."""

    def check_rate(self, stream: Stream, request: Any) -> None:
        try:
            super().check_rate(stream, request)
        except RateLimitError:
            raise self.refusal(stream) from None

    def refusal(self, stream: Stream) -> ApiError:
        raise NotImplementedError


@fault(
    "RATE-ERROR",
    "Answers a message over the limit with 503.",
    may=("ANSWER-NO-SERVER-ERROR",),
    uncatchable="A 503 may as well tell of a server under load, so it is asked again like any client does; only a "
    "message that meets it each time shows it, which the whole run comes across now and then.",
)
class UnavailableOverTheLimit(RefusesAs):
    def refusal(self, stream: Stream) -> ApiError:
        return OwnRefusal(503, 54009, {"Retry-After": "1"})


@fault(
    "RATE-ERROR",
    "Answers a message over the limit with 20429, the code of the account's own limit.",
    uncatchable="An account may be over its limit at any time, so what is answered so is asked again a little later.",
)
class AccountCodeOverTheLimit(RefusesAs):
    def refusal(self, stream: Stream) -> ApiError:
        return OwnRefusal(429, 20429)


@fault("RATE-ERROR", "Answers a message over the limit with the status as its code.")
class StatusAsCodeOverTheLimit(RefusesAs):
    def refusal(self, stream: Stream) -> ApiError:
        return OwnRefusal(429, 429)


@fault("RATE-ERROR", "Answers a message over the limit with 500.", may=("ANSWER-NO-SERVER-ERROR",))
class BreaksOverTheLimit(RefusesAs):
    def refusal(self, stream: Stream) -> ApiError:
        return OwnRefusal(500, 54009)


@fault("RATE-ERROR", "Answers a message over the limit with 400.")
class BadRequestOverTheLimit(RefusesAs):
    def refusal(self, stream: Stream) -> ApiError:
        return OwnRefusal(400, 54009)


@fault("RATE-ERROR", "Gives the right code for a stream's first refusal, then another.")
class OtherCodeNextTime(RefusesAs):
    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.refused: set[str] = set()

    def refusal(self, stream: Stream) -> ApiError:
        again = stream.sid in self.refused
        self.refused.add(stream.sid)
        return OwnRefusal(429, 20001 if again else 54009)
