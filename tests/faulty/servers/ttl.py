"""Faults of the parameter Ttl: which values are taken, and what date_expires makes of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import InvalidTtlError
from reference_impl.parameters import MAX_TTL
from reference_impl.resources import format_date
from reference_impl.store import Store, Stream

DAY = 86_400
DURATION = re.compile(r"(\d+)([smh])")


def given(form: Any) -> str | None:
    """The text of Ttl, None without the field."""
    value = form.get(b"Ttl")
    return None if value is None else value.decode()


# ---------------------------------------------------------------- date_expires


@fault("TTL-DATE-EXPIRES", "Takes the Ttl for minutes.")
class TtlInMinutes(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return now + ttl * 60 if ttl else None


@fault("TTL-DATE-EXPIRES", "Shows date_expires in its local time, two hours ahead, with a Z.")
class ExpiresInLocalTime(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        local = None if stream.expires is None else format_date(stream.expires + 7200)
        return {**super().render_stream(stream, request), "date_expires": local}


@fault("TTL-DATE-EXPIRES", "Shows the end of the hour in which a stream expires.")
class ExpiresAtFullHours(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        hour = None if stream.expires is None else format_date((stream.expires // 3600 + 1) * 3600 - 1)
        return {**super().render_stream(stream, request), "date_expires": hour}


@fault("TTL-DATE-EXPIRES", "Adds five seconds to every Ttl, to be on the safe side.")
class AddsSafetyMargin(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return now + ttl + 5 if ttl else None


@fault("TTL-DATE-EXPIRES", "Keeps in nameless streams the date of creation as date_expires.")
class NamelessExpireOnPaperAtOnce(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        if stream.unique_name is None and body["date_expires"]:
            body["date_expires"] = body["date_created"]
        return body


@fault("TTL-DATE-EXPIRES", "Counts a Ttl in milliseconds of 32 bits, which a month and a half overflows.")
class OverflowsInSevenWeeks(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return now + (ttl * 1000 % 2**32) / 1000 if ttl else None


# ---------------------------------------------------------------- Without Ttl


@fault("TTL-ABSENT", "Gives streams without a Ttl one of a day.", may=("TTL-EMPTY",))
class ADayByDefault(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        return super().add(service_sid, unique_name, DAY if ttl is None else ttl, now)


@fault(
    "TTL-ABSENT", "Shows the zero of its clock, the year 1, as the date of streams that don't expire.", may=("TTL-*",)
)
class ExpiresInTheYearOne(Api):
    def render_stream(self, stream: Stream, request: Any) -> dict[str, Any]:
        body = super().render_stream(stream, request)
        return {**body, "date_expires": body["date_expires"] or "0001-01-01T00:00:00Z"}


@fault("TTL-ABSENT", "Remembers the Ttl of the create before, and gives it to streams made without.", may=("*",))
class InheritsTtl(Store):
    last: int | None = None

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        self.last = ttl or self.last
        return super().add(service_sid, unique_name, self.last if ttl is None else ttl, now)


@fault("TTL-ABSENT", "Drops streams without a Ttl after a second, with date_expires null.", may=("TTL-OTHERS-STAY",))
class ForgetsLastingStreams(Store):
    def __init__(self) -> None:
        super().__init__()
        self.lasting: set[str] = set()

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        if ttl is None:
            self.lasting.add(stream.sid)
        return stream

    def is_expired(self, stream: Stream, now: float) -> bool:
        forgotten = stream.expires is None and stream.sid in self.lasting and now >= stream.created + 1
        return forgotten or super().is_expired(stream, now)


# ---------------------------------------------------------------- Zero, one, empty


@fault("TTL-ZERO", "Asks for a Ttl of at least 1.", may=("TTL-UPDATE-CLEARS",))
class RefusesZero(Api):
    def parse_ttl(self, form: Any) -> int | None:
        ttl = super().parse_ttl(form)
        if ttl == 0:
            raise InvalidTtlError
        return ttl


@fault("TTL-ZERO", "Takes a Ttl of 0 at its word: the stream expires at once.")
class ZeroExpiresAtOnce(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = super().add(service_sid, unique_name, ttl, now)
        if ttl == 0:
            self.remove(stream)
        return stream


@fault("TTL-ZERO", "Makes a Ttl of 0 the longest there is, a year.")
class ZeroIsAYear(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if given(self.read_form(request)) == "0":
            request = replace(request, body=request.body.replace(b"Ttl=0", b"Ttl=31536000"))
        return super().create_stream(request, service)


@fault("TTL-ZERO", "Shows the date of creation as date_expires of a stream made with a Ttl of 0.")
class ZeroExpiresOnPaper(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        response = super().create_stream(request, service)
        if given(self.read_form(request)) == "0":
            response = replace(response, body={**response.body, "date_expires": response.body["date_created"]})
        return response


@fault("TTL-ONE", "Refuses a Ttl under two seconds.")
class RefusesOne(Api):
    def parse_ttl(self, form: Any) -> int | None:
        ttl = super().parse_ttl(form)
        if ttl == 1:
            raise InvalidTtlError
        return ttl


@fault("TTL-ONE", "Takes a Ttl of 1 for a yes: the stream never expires.")
class OneIsForEver(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return super().expiry(now, ttl if ttl > 1 else 0)


@fault("TTL-ONE", "Sets no timer for a Ttl under two seconds, so that the stream stays for good.")
class NoTimerForOneSecond(Store):
    def is_expired(self, stream: Stream, now: float) -> bool:
        brief = stream.expires is not None and stream.expires - stream.updated < 1.5
        return super().is_expired(stream, now) and not brief

    def sweep(self, now: float, limit: int | None = None) -> None:
        for stream in [stream for stream in self._streams.values() if self.is_expired(stream, now)]:
            self.remove(stream)


@fault("TTL-EMPTY", "Refuses an empty Ttl.")
class RefusesEmptyTtl(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if given(self.read_form(request)) == "":
            raise InvalidTtlError
        return super().create_stream(request, service)


@fault("TTL-EMPTY", "Reads an empty Ttl as a number and breaks.", may=("ANSWER-NO-SERVER-ERROR",))
class BreaksOnEmptyTtl(Api):
    def parse_ttl(self, form: Any) -> int | None:
        if given(form) == "":
            raise ValueError("invalid literal for a number: ''")
        return super().parse_ttl(form)


@fault("TTL-EMPTY", "Takes an empty Ttl for the default of an hour.")
class AnHourForEmptyTtl(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if given(self.read_form(request)) == "":
            request = replace(request, body=request.body.replace(b"Ttl=", b"Ttl=3600"))
        return super().create_stream(request, service)


# ---------------------------------------------------------------- The most


@fault("TTL-MAXIMUM", "Refuses the maximum itself.")
class RefusesTheMaximum(Api):
    def parse_ttl(self, form: Any) -> int | None:
        ttl = super().parse_ttl(form)
        if ttl == MAX_TTL:
            raise InvalidTtlError
        return ttl


@fault("TTL-MAXIMUM", "Keeps no stream for more than 360 days, whatever it was asked.")
class ThreeHundredSixtyDays(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return super().expiry(now, min(ttl, 360 * DAY))


@fault("TTL-MAXIMUM", "Takes the longest Ttl for never.")
class MaximumIsNever(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return super().expiry(now, 0 if ttl == MAX_TTL else ttl)


@fault("TTL-ABOVE-MAXIMUM", "Knows no longest Ttl.")
class NoLongestTtl(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return int(text) if text.isdigit() and len(text) < 10 else super().parse_ttl(form)


@fault("TTL-ABOVE-MAXIMUM", "Counts a year as 366 days.")
class LeapYears(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return int(text) if text.isdigit() and int(text) <= 366 * DAY else super().parse_ttl(form)


@fault("TTL-ABOVE-MAXIMUM", "Cuts a longer Ttl down to the maximum without a word.")
class CutsLongTtls(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return min(int(text), MAX_TTL) if text.isdigit() and text.isascii() else super().parse_ttl(form)


@fault("TTL-ABOVE-MAXIMUM", "Looks for a Ttl that is too long at create only.")
class UpdatesBeyondTheMaximum(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        text = given(self.read_form(request)) or ""
        if text.isdigit() and MAX_TTL < int(text) < 10**9:
            self.store.set_ttl(stream, int(text), request.now)
            request = replace(request, body=b"")
        return super().update_stream(request, self.find_again(stream, request))

    def find_again(self, stream: Stream, request: Any) -> Stream:
        return self.store.find_by_sid(stream.service_sid, stream.sid, request.now) or stream
