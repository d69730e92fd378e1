"""Faults of the size of a message."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any
from urllib.parse import quote_plus

from faulty.registry import fault
from faulty.servers.messages import by_name, refusal
from reference_impl.api import Api
from reference_impl.errors import DataTooLargeError, InvalidDataError, ServerError
from reference_impl.web import Response


class Measures(Api):
    """Measures a message in another way; `size` is compared with `limit`."""

    limit = 4096

    def check_size(self, data: bytes) -> None:
        if self.size(data) > self.limit:
            raise DataTooLargeError(self.limit)

    def size(self, data: bytes) -> int:
        return len(data)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# SIZE-SMALL


@fault("SIZE-SMALL", "Takes an empty object for no data.", may=("PUBLISH-ECHO-STRUCTURE",))
class EmptyObjectRefused(Api):
    def parse_data(self, form: Any) -> Any:
        value = super().parse_data(form)
        if not value:
            raise refusal(400)
        return value


@fault("SIZE-SMALL", "Refuses messages of fewer than five bytes.")
class AtLeastFiveBytes(Api):
    def check_size(self, data: bytes) -> None:
        super().check_size(data)
        if len(data) < 5:
            raise InvalidDataError("too short")


@fault(
    "SIZE-SMALL",
    "Fails with 500 for an object without fields.",
    may=("ANSWER-NO-SERVER-ERROR", "PUBLISH-ECHO-STRUCTURE"),
)
class EmptyObjectFails(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        if data == {}:
            raise ServerError
        return super().render_message(sid, data)


@fault(
    "SIZE-SMALL",
    "Refuses an object with a single field of one digit, as a message must be of at least eight bytes.",
    may=("PUBLISH-NOT-JSON",),
)
class AtLeastEightBytes(Api):
    def check_size(self, data: bytes) -> None:
        super().check_size(data)
        if 2 < len(data) < 8:
            raise DataTooLargeError(8)


# SIZE-4000-ASCII


@fault("SIZE-4000-ASCII", "The limit is 4,000 bytes, and a message must be smaller.", may=("SIZE-4000-UNICODE",))
class Below4000(Measures):
    limit = 3999


@fault("SIZE-4000-ASCII", "The limit is one kilobyte.", may=("SIZE-*", "PUBLISH-*"))
class OneKilobyte(Measures):
    limit = 1024


@fault("SIZE-4000-ASCII", "Counts two bytes for every character, as in UTF-16.", may=("SIZE-*-UNICODE",))
class CountsUtf16Bytes(Measures):
    def size(self, data: bytes) -> int:
        return len(text_of(data).encode("utf-16-le"))


@fault("SIZE-4000-ASCII", "Measures a message after base64.", may=("SIZE-4000-UNICODE",))
class MeasuresBase64(Measures):
    def size(self, data: bytes) -> int:
        return len(base64.b64encode(data))


@fault("SIZE-4000-ASCII", "Limits messages by name to 2,048 bytes.")
class SmallerByName(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        if by_name(request) and len(self.read_form(request).get(b"Data", b"")) > 2048:
            raise DataTooLargeError(2048)
        return super().publish_message(request, stream)


@fault(
    "SIZE-4000-ASCII",
    "Limits the whole answer to 4,000 bytes, sid and all, and fails beyond.",
    may=("SIZE-4000-UNICODE", "ANSWER-NO-SERVER-ERROR"),
)
class LimitsAnswers(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        if len(json.dumps({"sid": sid, "data": data}, ensure_ascii=False)) > 4000:
            raise ServerError
        return super().render_message(sid, data)


# SIZE-4000-UNICODE


@fault("SIZE-4000-UNICODE", "Measures the form before it is decoded.")
class MeasuresEncoded(Measures):
    def size(self, data: bytes) -> int:
        return len(quote_plus(data, safe='"{}:, '))


@fault("SIZE-4000-UNICODE", "Measures a message with everything beyond ASCII escaped.")
class MeasuresEscaped(Measures):
    def size(self, data: bytes) -> int:
        return sum(1 if c < "\x80" else 6 if c <= "\uffff" else 12 for c in text_of(data))


@fault("SIZE-4000-UNICODE", "Counts four bytes for every character beyond ASCII.")
class CountsFourBytes(Measures):
    def size(self, data: bytes) -> int:
        return sum(1 if c < "\x80" else 4 for c in text_of(data))


@fault("SIZE-4000-UNICODE", "Writes escapes twice before it measures.")
class MeasuresEscapesTwice(Measures):
    def size(self, data: bytes) -> int:
        return len(data) + data.count(b"\\")


@fault("SIZE-4000-UNICODE", "Counts six bytes for every character beyond the Basic Multilingual Plane.")
class CountsCesu(Measures):
    def size(self, data: bytes) -> int:
        return len(data) + 2 * sum(c > "\uffff" for c in text_of(data))


# SIZE-4200-ASCII


@fault(
    "SIZE-4200-ASCII",
    "The limit is 16 KiB, as for other objects.",
    may=("SIZE-4200-UNICODE", "SIZE-ERROR", "PROPERTY-*"),
)
class SixteenKilobytes(Measures):
    limit = 16384


@fault("SIZE-4200-ASCII", "There is no limit.", may=("SIZE-*", "PROPERTY-*"))
class NoLimit(Measures):
    limit = 10**9


@fault("SIZE-4200-ASCII", "The limit is 4,200 bytes.", may=("SIZE-4200-UNICODE", "SIZE-ERROR", "PROPERTY-*"))
class Takes4200(Measures):
    limit = 4200


@fault("SIZE-4200-ASCII", "Measures a message compressed.", may=("SIZE-*", "PROPERTY-*"))
class MeasuresCompressed(Measures):
    def size(self, data: bytes) -> int:
        return len(zlib.compress(data))


@fault(
    "SIZE-4200-ASCII",
    "Measures each value alone, so many values may be as large as they like together.",
    may=("SIZE-*", "PROPERTY-*"),
)
class MeasuresValues(Measures):
    def size(self, data: bytes) -> int:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return len(data)
        parts = value.values() if isinstance(value, dict) else [value]
        return max((len(json.dumps(part)) for part in parts), default=0)


@fault("SIZE-4200-ASCII", "Does not count keys.", may=("SIZE-*", "PROPERTY-*"))
class CountsNoKeys(Measures):
    def size(self, data: bytes) -> int:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return len(data)
        return len(
            json.dumps(list(value.values()) if isinstance(value, dict) else value, ensure_ascii=False).encode(
                "utf-8", "replace"
            )
        )


@fault("SIZE-4200-ASCII", "Cuts what is too long and publishes the rest.", may=("SIZE-*", "PROPERTY-*"))
class CutsData(Api):
    def parse_data(self, form: Any) -> Any:
        data = form.get(b"Data", b"")
        return {"cut": text_of(data[:4000])} if len(data) > 4096 else super().parse_data(form)


@fault("SIZE-4200-ASCII", "Limits messages by sid only.", may=("SIZE-LARGE", "PROPERTY-*"))
class NoLimitByName(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        try:
            return super().publish_message(request, stream)
        except DataTooLargeError:
            if by_name(request):
                return Response(201, self.render_message(self.new_message_sid(), {}))
            raise


# SIZE-4200-UNICODE


@fault("SIZE-4200-UNICODE", "Counts characters in place of bytes.", may=("PROPERTY-*",))
class CountsCharacters(Measures):
    def size(self, data: bytes) -> int:
        return len(text_of(data))


@fault("SIZE-4200-UNICODE", "Counts UTF-16 units in place of bytes.", may=("PROPERTY-*",))
class CountsUtf16Units(Measures):
    def size(self, data: bytes) -> int:
        return len(text_of(data).encode("utf-16-le")) // 2


@fault("SIZE-4200-UNICODE", "Counts at most two bytes for a character.", may=("PROPERTY-*",))
class CountsTwoBytes(Measures):
    def size(self, data: bytes) -> int:
        return sum(1 if c < "\x80" else 2 for c in text_of(data))


@fault("SIZE-4200-UNICODE", "Counts at most three bytes for a character.", may=("PROPERTY-*",))
class CountsThreeBytes(Measures):
    def size(self, data: bytes) -> int:
        return sum(len(c.encode()) if c <= "\uffff" else 3 for c in text_of(data))


@fault("SIZE-4200-UNICODE", "Counts ASCII only.", may=("PROPERTY-*",))
class CountsAsciiOnly(Measures):
    def size(self, data: bytes) -> int:
        return sum(byte < 128 for byte in data)


@fault("SIZE-4200-UNICODE", "Counts one byte for each character of two, as in ISO 8859-1.", may=("PROPERTY-*",))
class CountsLatin1(Measures):
    def size(self, data: bytes) -> int:
        return sum(1 if c < "\u0100" else len(c.encode()) for c in text_of(data))
