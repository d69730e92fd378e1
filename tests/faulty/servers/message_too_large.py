"""Faults of messages that are far too large, and of what becomes of their stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.message_size import Measures
from faulty.servers.messages import by_name, refusal
from reference_impl.api import Api
from reference_impl.app import App
from reference_impl.errors import ApiError, DataTooLargeError, RateLimitError, ServerError
from reference_impl.web import Response

# SIZE-LARGE


@fault("SIZE-LARGE", "Keeps a size in 16 bits, so 64 KiB look like nothing.")
class SizesIn16Bits(Measures):
    def size(self, data: bytes) -> int:
        return len(data) & 0xFFFF


@fault("SIZE-LARGE", "Does not measure what is larger than 32 KiB, as it goes to a file.")
class LargeUnmeasured(Measures):
    def size(self, data: bytes) -> int:
        return 0 if len(data) > 32768 else len(data)


@fault("SIZE-LARGE", "Takes large messages by name.")
class LargeByName(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        if by_name(request) and len(request.body or b"") > 20000:
            return Response(201, self.render_message(self.new_message_sid(), {}))
        return super().publish_message(request, stream)


@fault("SIZE-LARGE", "Fails with 500 at a body of 64 KiB.", may=("ANSWER-NO-SERVER-ERROR",))
class LargeFails(Api):
    def check_size(self, data: bytes) -> None:
        if len(data) > 60000:
            raise ServerError
        super().check_size(data)


@fault("SIZE-LARGE", "Answers a large message with 201, and drops it.")
class DropsLarge(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        if len(request.body or b"") > 50000:
            return Response(201, self.render_message(self.new_message_sid(), {}))
        return super().publish_message(request, stream)


# SIZE-ERROR


class SizeError(Api):
    """Says in another way that a message is too large."""

    status, code = 413, 54006

    def check_size(self, data: bytes) -> None:
        try:
            super().check_size(data)
        except DataTooLargeError:
            raise self.instead(data) from None

    def instead(self, data: bytes) -> ApiError:
        return refusal(self.status, self.code)


@fault("SIZE-ERROR", "Answers a message that is too large with 400.")
class TooLargeIs400(SizeError):
    status = 400


@fault("SIZE-ERROR", "Answers a message that is too large with code 20413.")
class TooLarge20413(SizeError):
    code = 20413


@fault("SIZE-ERROR", "Answers a message that is too large as if it were over the rate.", may=("RATE-*",))
class TooLargeIs429(SizeError):
    status, code = 429, 54009


@fault("SIZE-ERROR", "Answers a message that is larger than a buffer of 8 KiB with 431.", may=("SIZE-LARGE",))
class LargeIs431(SizeError):
    def instead(self, data: bytes) -> ApiError:
        return refusal(431, 54006) if len(data) > 8192 else DataTooLargeError(4096)


@fault("SIZE-ERROR", "Something in front answers large messages, with a page in HTML.", may=("ERROR-*", "ANSWER-JSON"))
class TooLargeInHtml(App):
    def encode(self, response: Any) -> bytes:
        return b"<html>413 Request Entity Too Large</html>" if response.status == 413 else super().encode(response)


# SIZE-REFUSED-NO-HARM


class Harms(Api):
    """Does something to the stream when it refuses a message for its size."""

    def publish_message(self, request: Any, stream: Any) -> Any:
        try:
            return super().publish_message(request, stream)
        except DataTooLargeError:
            self.harm(stream, request)
            raise

    def harm(self, stream: Any, request: Any) -> None:
        raise NotImplementedError

    def keep(self, stream: Any, **changes: Any) -> None:
        self.store._streams[stream.sequence] = replace(stream, **changes)


@fault("SIZE-REFUSED-NO-HARM", "Deletes a stream that got a message too large.", may=("SIZE-*",))
class TooLargeDeletes(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        self.store.remove(stream)


@fault("SIZE-REFUSED-NO-HARM", "Takes no more messages for some seconds after one that was too large.", may=("SIZE-*",))
class TooLargeBlocks(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        self.__dict__.setdefault("blocked", {})[stream.sid] = request.now

    def check_rate(self, stream: Any, request: Any) -> None:
        if request.now - self.__dict__.get("blocked", {}).get(stream.sid, 0) < 5:
            raise RateLimitError(30)
        super().check_rate(stream, request)


@fault("SIZE-REFUSED-NO-HARM", "A message that is too large moves the date of update.")
class TooLargeTouches(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        self.keep(stream, updated=request.now + 1)


@fault("SIZE-REFUSED-NO-HARM", "A message that is too large takes the expiry away.")
class TooLargeClearsExpiry(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        self.store.set_ttl(stream, 0, stream.updated)


@fault(
    "SIZE-REFUSED-NO-HARM", "The next message gives the data back that was too large.", may=("SIZE-*", "PUBLISH-ECHO*")
)
class TooLargeStays(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        self.__dict__.setdefault("stuck", {})[stream.sid] = self.read_form(request)[b"Data"][:40].decode(
            "utf-8", "replace"
        )

    def publish_message(self, request: Any, stream: Any) -> Any:
        response = super().publish_message(request, stream)
        stuck = self.__dict__.get("stuck", {}).pop(stream.sid, None)
        return replace(response, body={**response.body, "data": stuck}) if stuck else response


@fault(
    "SIZE-REFUSED-NO-HARM",
    "Counts a message that is too large once for every 128 bytes against the rate.",
    may=("SIZE-*",),
)
class TooLargeCounts(Harms):
    def harm(self, stream: Any, request: Any) -> None:
        for _ in range(len(request.body or b"") // 128):
            self.limiter.allow(stream.sid, request.now)
