"""Lawful variations of the limits on messages: their rate, their size, their form."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import Any

from faulty.registry import lawful
from reference_impl.api import Api
from reference_impl.errors import DataTooLargeError, InvalidDataError
from reference_impl.limiter import Limiter
from reference_impl.web import Response

RATES = ("RATE-*", "PUBLISH-*", "SIZE-*", "PROPERTY-PUBLISH", "PROPERTY-MODEL")
MESSAGES = ("PUBLISH-*", "MESSAGES-*", "SIZE-*", "RATE-30*", "PROPERTY-PUBLISH", "PROPERTY-MODEL", "PROPERTY-LINKS")


class FixedWindow(Limiter):
    """So many in each window that begins when the clock is a multiple of it."""

    def allow(self, key: str, now: float) -> bool:
        counts = self.__dict__.setdefault("counts", defaultdict(int))
        counts[key, now // self.window] += 1
        return bool(counts[key, now // self.window] <= self.limit)


class TokenBucket(Limiter):
    """A bucket of `limit` that fills with 30 a second."""

    def allow(self, key: str, now: float) -> bool:
        buckets = self.__dict__.setdefault("buckets", {})
        level, seen = buckets.get(key, (float(self.limit), now))
        level = min(self.limit, level + (now - seen) * 30)
        buckets[key] = (level - (level >= 1), now)
        return bool(level >= 1)


class FromFirst(Limiter):
    """Windows that begin with the first message after the one before has ended."""

    def allow(self, key: str, now: float) -> bool:
        windows = self.__dict__.setdefault("windows", {})
        start, count = windows.get(key, (now, 0))
        if now - start >= self.window:
            start, count = now, 0
        windows[key] = (start, count + 1)
        return bool(count < self.limit)


@lawful("Counts messages in fixed windows of a second, refused ones too.", rules=RATES)
def FixedSecond() -> Any:  # noqa: N802 - the name of a server
    return {"limiter": partial(FixedWindow, 30, 1.0)}


@lawful("Allows 300 messages in fixed windows of ten seconds.", rules=RATES)
def FixedTenSeconds() -> Any:  # noqa: N802
    return {"limiter": partial(FixedWindow, 300, 10.0)}


@lawful("Allows 300 messages in any ten seconds.", rules=RATES)
def SlidingTenSeconds() -> Any:  # noqa: N802
    return {"limiter": partial(Limiter, 300, 10.0)}


@lawful("Allows 30 messages in a window of a second that begins with its first message.", rules=RATES)
def SecondFromFirstMessage() -> Any:  # noqa: N802
    return {"limiter": partial(FromFirst, 30, 1.0)}


@lawful("Allows 300 messages in a window of ten seconds that begins with its first message.", rules=RATES)
def TenSecondsFromFirstMessage() -> Any:  # noqa: N802
    return {"limiter": partial(FromFirst, 300, 10.0)}


@lawful("Has a bucket of 30 messages for each stream.", rules=RATES)
def SmallBucket() -> Any:  # noqa: N802
    return {"limiter": partial(TokenBucket, 30)}


@lawful("Has a bucket of 300 messages for each stream.", rules=RATES)
def LargeBucket() -> Any:  # noqa: N802
    return {"limiter": partial(TokenBucket, 300)}


@lawful("Says with Retry-After when a message over the rate may be tried again.", rules=RATES)
class SaysRetryAfter(Api):
    def error(self, error: Any) -> Any:
        response = super().error(error)
        return replace(response, headers={**response.headers, "Retry-After": "1"}) if error.status == 429 else response


@lawful("Counts messages that are refused for their form, too.", rules=RATES)
class CountsFaultyMessages(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        self.check_rate(stream, request)
        data = self.parse_data(self.read_form(request))
        return Response(201, self.render_message(self.new_message_sid(), data))


class Sizes(Api):
    """Takes other sizes."""

    limit = 4096

    def check_size(self, data: bytes) -> None:
        if self.measure(data) > self.limit:
            raise DataTooLargeError(self.limit)

    def measure(self, data: bytes) -> int:
        return len(data)


@lawful("Takes messages of up to 4,000 bytes.", rules=MESSAGES)
class Takes4000(Sizes):
    limit = 4000


@lawful("Takes messages of up to 4,199 bytes.", rules=MESSAGES)
class Takes4199(Sizes):
    limit = 4199


@lawful("Takes messages of up to 4,096 bytes, all that surrounds the data in the form counted.", rules=MESSAGES)
class Takes4096WithField(Sizes):
    def measure(self, data: bytes) -> int:
        return len(b"Data=" + data)


@lawful("Measures a message after it was read and written again: no white space, no escapes.", rules=MESSAGES)
class MeasuresCompact(Sizes):
    def measure(self, data: bytes) -> int:
        try:
            text = json.dumps(json.loads(data), ensure_ascii=False, separators=(",", ":"))
        except (ValueError, RecursionError):
            return len(data)
        return len(text.encode("utf-8", "surrogatepass"))


@lawful("Looks at the syntax of a message before its size.", rules=MESSAGES)
class SyntaxFirst(Api):
    def check_size(self, data: bytes) -> None:
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            raise InvalidDataError("no JSON") from None
        super().check_size(data)


@lawful("Takes objects as messages and nothing else.", rules=MESSAGES)
class ObjectsOnly(Api):
    def parse_data(self, form: Any) -> Any:
        value = super().parse_data(form)
        if not isinstance(value, dict):
            raise InvalidDataError("a message is an object")
        return value


@lawful("Gives messages back with sorted keys, and whole numbers without a fraction.", rules=MESSAGES)
class SortsData(Api):
    def parse_data(self, form: Any) -> Any:
        return self.tidy(super().parse_data(form))

    def tidy(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.tidy(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return [self.tidy(item) for item in value]
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


@lawful("Holds all numbers as doubles.", rules=MESSAGES)
class NumbersAreDoubles(Api):
    def parse_data(self, form: Any) -> Any:
        return self.doubles(super().parse_data(form))

    def doubles(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.doubles(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.doubles(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise InvalidDataError("a number is too large") from None
        return value


@lawful("Publishing moves the date of update.", rules=("STREAM-*", "TTL-*", "UPDATE-*", "FETCH-*", *MESSAGES))
class PublishingTouches(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        response = super().publish_message(request, stream)
        self.store._streams[stream.sequence] = replace(stream, updated=request.now)
        return response
