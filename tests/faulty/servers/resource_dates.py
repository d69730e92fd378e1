"""Faults of a stream's dates, and streams that look different from one place to another."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from typing import Any

from faulty.registry import fault
from faulty.servers.fetch import by_sid
from faulty.servers.resource import Rendered, is_create, is_list
from reference_impl.api import Api
from reference_impl.resources import format_date
from reference_impl.store import Store, Stream

DATES = ("date_created", "date_updated", "date_expires")
SAME = ("STREAM-SAME-EVERYWHERE",)


def instants(stream: Stream) -> dict[str, float | None]:
    return {"date_created": stream.created, "date_updated": stream.updated, "date_expires": stream.expires}


class DatesItsWay(Rendered):
    """Writes dates in a way of its own."""

    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        dates = {key: None if at is None else self.write(at) for key, at in instants(stream).items()}
        return {**body, **dates}

    def write(self, instant: float) -> Any:
        raise NotImplementedError


# ---------------------------------------------------------------- STREAM-DATES


@fault("STREAM-DATES", "Writes dates as in mail: Tue, 01 Jan 2030 …, as Twilio's older API does.")
class DatesLikeMail(DatesItsWay):
    def write(self, instant: float) -> Any:
        return formatdate(int(instant), usegmt=True)


@fault("STREAM-DATES", "Writes dates as seconds since 1970.")
class DatesAreNumbers(DatesItsWay):
    def write(self, instant: float) -> Any:
        return int(instant)


@fault("STREAM-DATES", "Writes dates without saying that they are GMT.")
class DatesWithoutZone(DatesItsWay):
    def write(self, instant: float) -> Any:
        return format_date(instant).removesuffix("Z")


@fault("STREAM-DATES", "Writes dates with a space between day and time.")
class DatesLikeSql(DatesItsWay):
    def write(self, instant: float) -> Any:
        return format_date(instant).replace("T", " ").replace("Z", " UTC")


@fault("STREAM-DATES", "Writes the day without the time.", may=("FETCH-CHANGES-NOTHING",))
class DatesAreDays(DatesItsWay):
    def write(self, instant: float) -> Any:
        return format_date(instant)[:10]


@fault("STREAM-DATES", "Shows the dates of streams in lists as seconds since 1970.", may=("LIST-ENTRIES", *SAME))
class ListsNumericDates(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, **instants(stream)} if is_list(request) else body


@fault("STREAM-DATES", "Shows the date of update as null until there was one.")
class NewStreamsWithoutUpdate(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_updated": None} if stream.updated == stream.created else body


@fault("STREAM-DATES", "Writes the year with two digits.", may=SAME)
class YearsOfTwoDigits(DatesItsWay):
    def write(self, instant: float) -> Any:
        return format_date(instant)[2:]


# ---------------------------------------------------------------- STREAM-DATES-WHOLE-SECONDS


def with_fraction(instant: float, digits: int) -> str:
    return f"{format_date(instant)[:-1]}.{int(instant % 1 * 10**digits):0{digits}}Z"


@fault("STREAM-DATES-WHOLE-SECONDS", "Writes dates with milliseconds.")
class DatesInMilliseconds(DatesItsWay):
    def write(self, instant: float) -> Any:
        return with_fraction(instant, 3)


@fault("STREAM-DATES-WHOLE-SECONDS", "Writes dates with microseconds in lists only.", may=SAME)
class ListsMicroseconds(DatesItsWay):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return super().change(body, stream, request) if is_list(request) else body

    def write(self, instant: float) -> Any:
        return with_fraction(instant, 6)


@fault("STREAM-DATES-WHOLE-SECONDS", "Writes the date of update with a fraction after an update.", may=SAME)
class UpdatesWithFraction(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return body if stream.updated == stream.created else {**body, "date_updated": with_fraction(stream.updated, 3)}


@fault("STREAM-DATES-WHOLE-SECONDS", "Writes date_expires with .000.")
class ExpiresWithZeros(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        expires = body["date_expires"]
        return {**body, "date_expires": expires and expires.replace("Z", ".000Z")}


# ---------------------------------------------------------------- STREAM-DATE-CREATED


class CreatedShifted(Rendered):
    """Shows other moments than those it keeps."""

    seconds = 0.0
    keys: tuple[str, ...] = ("date_created", "date_updated")

    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        moved = {key: format_date(at + self.seconds) for key, at in instants(stream).items() if key in self.keys and at}
        return {**body, **moved}


ALL_DATES = ("STREAM-DATE-*", "TTL-*", "UPDATE-*", "DELETE-RECREATED-IS-NEW")


@fault("STREAM-DATE-CREATED", "Shows its local time, two hours ahead, with a Z.", may=ALL_DATES)
class CreatedInLocalTime(CreatedShifted):
    seconds = 7200.0


@fault(
    "STREAM-DATE-CREATED",
    "Shows the time of a zone of five and a half hours ahead with a Z, in all dates.",
    may=ALL_DATES,
)
class AllInLocalTime(CreatedShifted):
    seconds = 19_800.0
    keys = DATES


@fault("STREAM-DATE-CREATED", "Shows the date of creation in the hour after: off by one.", may=ALL_DATES)
class CreatedAnHourLate(CreatedShifted):
    seconds = 3600.0
    keys = ("date_created",)


@fault("STREAM-DATE-CREATED", "Shows when the server was started.", may=ALL_DATES)
class CreatedAtStart(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        start = self.__dict__.setdefault("start", stream.created - 600)
        return {**body, "date_created": format_date(start)}


@fault(
    "STREAM-DATE-CREATED",
    "Shows the moment of the answer as that of the creation.",
    may=(*ALL_DATES, "FETCH-CHANGES-NOTHING"),
)
class CreatedNow(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_created": format_date(request.now)}


@fault("STREAM-DATE-CREATED", "Shows the year 1970: milliseconds taken for seconds the wrong way.", may=ALL_DATES)
class CreatedIn1970(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_created": format_date(stream.created / 1000)}


@fault("STREAM-DATE-CREATED", "Shows the hour of a clock of twelve hours, without am and pm.", may=ALL_DATES)
class TwelveHours(CreatedShifted):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        for key in self.keys:
            hour = int(body[key][11:13])
            # At any time of the day the fault shows: before noon its clock runs in the other half.
            body = {**body, key: f"{body[key][:11]}{(hour + 12) % 24:02}{body[key][13:]}"}
        return body


# ---------------------------------------------------------------- STREAM-DATE-UPDATED-NEW


@fault("STREAM-DATE-UPDATED-NEW", "Takes the time anew for the date of update, when all work is done, a second later.")
class NewUpdatedLater(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        stream = replace(super().add(service_sid, unique_name, ttl, now), updated=now + 1)
        self._streams[stream.sequence] = stream
        return stream


@fault(
    "STREAM-DATE-UPDATED-NEW",
    "Shows the date of update of a new stream in the time zone it lives in.",
    may=("STREAM-DATE-*", *SAME),
)
class NewUpdatedInLocalTime(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_updated": format_date(stream.updated + 3600)} if is_create(request) else body


@fault(
    "STREAM-DATE-UPDATED-NEW",
    "Shows the beginning of 1970 as the update of a stream that had none.",
    may=("STREAM-DATE-*",),
)
class NeverUpdatedIs1970(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_updated": format_date(0)} if stream.updated == stream.created else body


@fault(
    "STREAM-DATE-UPDATED-NEW",
    "Shows when a stream will expire as its update, when it is made with a Ttl.",
    may=("STREAM-DATE-*",),
)
class NewUpdatedIsExpiry(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        new = stream.updated == stream.created
        return {**body, "date_updated": body["date_expires"] or body["date_updated"]} if new else body


# ---------------------------------------------------------------- STREAM-DATE-UPDATED


@fault("STREAM-DATE-UPDATED", "Keeps the date of update as it was at the creation.")
class UpdatesUndated(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = replace(super().set_ttl(stream, ttl, now), updated=stream.updated)
        self._streams[stream.sequence] = changed
        return changed


@fault("STREAM-DATE-UPDATED", "Dates the first update of a stream, but none after it.")
class DatesFirstUpdateOnly(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        changed = super().set_ttl(stream, ttl, now)
        if stream.updated != stream.created:
            changed = replace(changed, updated=stream.updated)
            self._streams[stream.sequence] = changed
        return changed


@fault("STREAM-DATE-UPDATED", "Dates updates in its local time, five hours behind, with a Z.")
class UpdatedInLocalTime(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        late = stream.updated != stream.created
        return {**body, "date_updated": format_date(stream.updated - 18_000)} if late else body


@fault("STREAM-DATE-UPDATED", "Dates an update with the moment at which the stream will expire.")
class UpdatedIsExpiry(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        late = stream.updated != stream.created and stream.expires is not None
        return {**body, "date_updated": body["date_expires"]} if late else body


@fault("STREAM-DATE-UPDATED", "Dates updates by sid only, not those by name.")
class DatesUpdatesBySidOnly(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        response = super().update_stream(request, stream)
        if by_sid(request):
            return response
        changed = replace(self.store._streams[stream.sequence], updated=stream.updated)
        self.store._streams[stream.sequence] = changed
        return replace(response, body=self.render_stream(changed, request))


@fault(
    "UPDATE-STORED",
    "Dates an update in its answer; later answers show the date of creation.",
    may=SAME,
)
class ForgetsDateOfUpdate(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return body if request.method == "POST" else {**body, "date_updated": body["date_created"]}


# ---------------------------------------------------------------- STREAM-SAME-EVERYWHERE


@fault("STREAM-SAME-EVERYWHERE", "Lists the name in small letters.", may=("LIST-*",))
class ListsSmallNames(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        name = body["unique_name"]
        return {**body, "unique_name": name and name.upper().replace("-", "_")} if is_list(request) else body


@fault("STREAM-SAME-EVERYWHERE", "Lists streams as they were created: updates don't show there.")
class ListsFirstState(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        first = self.__dict__.setdefault("first", {}).setdefault(stream.sid, body)
        return first if is_list(request) else body


@fault("STREAM-SAME-EVERYWHERE", "Lists date_expires as null.")
class ListsNoExpiry(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        return {**body, "date_expires": None} if is_list(request) else body


@fault("STREAM-SAME-EVERYWHERE", "Shows its canonical host in lists, the host of the request elsewhere.")
class ListsCanonicalHost(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if not is_list(request):
            return body
        url = body["url"].replace(request.origin, "https://sync.example.org")
        return {**body, "url": url, "links": {"messages": url + "/Messages"}}


@fault(
    "UPDATE-STORED",
    "Shows a stream by name as it was when it was first fetched so.",
    may=(
        "UPDATE-*",
        *SAME,
    ),
)
class KeepsFirstFetchByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if request.method != "GET" or is_list(request) or by_sid(request):
            return body
        return self.__dict__.setdefault("kept", {}).setdefault(stream.sid, body)


@fault("STREAM-SAME-EVERYWHERE", "Fetches by name a date of creation a second later than by sid.")
class RoundsByName(Rendered):
    def change(self, body: Any, stream: Stream, request: Any) -> Any:
        if request.method != "GET" or is_list(request) or by_sid(request):
            return body
        later = format_date(stream.created + 1)
        return {**body, "date_created": later}
