"""Faults that only generated requests meet: rare values."""

from __future__ import annotations

from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import (
    InvalidDataError,
    InvalidNameError,
    InvalidPageSizeError,
    InvalidTtlError,
    NotFoundError,
)
from reference_impl.parameters import SID_SHAPE
from reference_impl.store import Store, Stream
from reference_impl.web import decode_segment


def reference(request: Any) -> str:
    """The sid or name that a request is addressed to."""
    return decode_segment(request.path.removesuffix("/Messages").rpartition("/")[2]) or ""


def by_name(request: Any) -> bool:
    return not SID_SHAPE.fullmatch(reference(request))


# ---------------------------------------------------------------- PROPERTY-CREATE


@fault("PROPERTY-CREATE", "Refuses names of 129 to 160 characters.")
class RefusesSomeLengths(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if 129 <= len(name) <= 160:
            raise InvalidNameError("bad length")


@fault("PROPERTY-CREATE", "Refuses names that hold two low lines in a row.")
class RefusesLowLines(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if "__" in name:
            raise InvalidNameError("reserved")


@fault("PROPERTY-CREATE", "Cuts names between 230 and 250 characters at 230.", may=("PROPERTY-*",))
class CutsNames(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        if unique_name is not None and 230 < len(unique_name) <= 250:
            unique_name = unique_name[:230]
        return super().add(service_sid, unique_name, ttl, now)


@fault("PROPERTY-CREATE", "Refuses a Ttl between 4,000 and 5,000 seconds on create.", may=("PROPERTY-LINKS",))
class RefusesSomeTtls(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        if 4_000 < (self.parse_ttl(self.read_form(request)) or 0) < 5_000:
            raise InvalidTtlError
        return super().create_stream(request, service)


@fault("PROPERTY-CREATE", "Shows a Ttl of more than 200 days on create as one of 200 days.", may=("PROPERTY-LINKS",))
class BoundsLongTtls(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        days = (ttl or 0) // 86_400
        return super().add(service_sid, unique_name, 200 * 86_400 if 200 < days < 360 else ttl, now)


# ---------------------------------------------------------------- PROPERTY-FETCH


@fault("PROPERTY-FETCH", "Takes a name with a date in it for a search by date, and finds nothing.")
class FetchMissesDates(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if "2024-" in reference(request):
            raise NotFoundError("/Streams/x")
        return super().fetch_stream(request, stream)


@fault("PROPERTY-FETCH", "Does not find a name with the sign of the pound in it.")
class FetchMissesMoney(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if "£" in reference(request):
            raise NotFoundError("/Streams/x")
        return super().fetch_stream(request, stream)


@fault("PROPERTY-FETCH", "Does not find names of 180 to 260 characters when they are fetched.")
class FetchMissesLongNames(Api):
    def fetch_stream(self, request: Any, stream: Stream) -> Any:
        if 180 <= len(reference(request)) <= 260:
            raise NotFoundError("/Streams/x")
        return super().fetch_stream(request, stream)


# ---------------------------------------------------------------- PROPERTY-LIST


@fault("PROPERTY-LIST", "Refuses a PageSize of 37.")
class Refuses37(Api):
    def parse_page_size(self, query: Any) -> int:
        size = super().parse_page_size(query)
        if size == 37:
            raise InvalidPageSizeError
        return size


@fault("PROPERTY-LIST", "Answers a PageSize of 64 as if the service did not exist.")
class NotFoundFor64(Api):
    def parse_page_size(self, query: Any) -> int:
        size = super().parse_page_size(query)
        if size == 64:
            raise NotFoundError("/Services/default")
        return size


@fault("PROPERTY-LIST", "Says page_size as a text when it is between 3 and 9.")
class PageSizeAsText(Api):
    def render_meta(self, number: int, size: int, urls: Any) -> Any:
        meta = super().render_meta(number, size, urls)
        return {**meta, "page_size": str(size)} if 3 <= size <= 9 else meta


@fault("PROPERTY-LIST", "Leaves the key out of meta when Page is beyond 30,000.")
class MetaKeylessFarOut(Api):
    def render_meta(self, number: int, size: int, urls: Any) -> Any:
        meta = super().render_meta(number, size, urls)
        return {name: value for name, value in meta.items() if name != "key" or number < 30_000}


# ---------------------------------------------------------------- PROPERTY-UPDATE


class UpdatesOwnWay(Api):
    """Looks at the Ttl of an update first."""

    def update_stream(self, request: Any, stream: Stream) -> Any:
        self.look_at(self.parse_ttl(self.read_form(request)) or 0, request)
        return super().update_stream(request, stream)

    def look_at(self, ttl: int, request: Any) -> None:
        raise NotImplementedError


@fault("PROPERTY-UPDATE", "Refuses updates with a Ttl of 2**20 to 2**21 seconds.", may=("PROPERTY-LINKS",))
class UpdateRefusesLongTtls(UpdatesOwnWay):
    def look_at(self, ttl: int, request: Any) -> None:
        if 2**20 <= ttl <= 2**21:
            raise InvalidTtlError


@fault("PROPERTY-UPDATE", "Refuses updates with a Ttl between 4,000 and 5,000 seconds.", may=("PROPERTY-LINKS",))
class UpdateRefusesSomeTtls(UpdatesOwnWay):
    def look_at(self, ttl: int, request: Any) -> None:
        if 4_000 < ttl < 5_000:
            raise InvalidTtlError


@fault("PROPERTY-UPDATE", "Does not find a stream to update by a name with a question mark before its last character.")
class UpdateMissesQuestions(UpdatesOwnWay):
    def look_at(self, ttl: int, request: Any) -> None:
        if reference(request)[-2:-1] == "?":
            raise NotFoundError("/Streams/x")


@fault("PROPERTY-UPDATE", "Rounds a long Ttl that is a multiple of 7 to weeks, on update.", may=("PROPERTY-LINKS",))
class UpdateRoundsToWeeks(Store):
    def set_ttl(self, stream: Stream, ttl: int, now: float) -> Stream:
        return super().set_ttl(stream, ttl - ttl % 604_800 if ttl > 604_800 and ttl % 7 == 0 else ttl, now)


# ---------------------------------------------------------------- PROPERTY-DELETE


class DeletesOwnWay(Api):
    """Looks at the name that a delete is addressed to first."""

    def delete_stream(self, request: Any, stream: Stream) -> Any:
        if by_name(request):
            self.look_at(reference(request))
        return super().delete_stream(request, stream)

    def look_at(self, name: str) -> None:
        raise NotImplementedError


@fault("PROPERTY-DELETE", "Does not find a name with a parenthesis to delete.")
class DeleteMissesParentheses(DeletesOwnWay):
    def look_at(self, name: str) -> None:
        if "(" in name:
            raise NotFoundError("/Streams/x")


@fault("PROPERTY-DELETE", "Does not find a name with Hangul in it to delete.")
class DeleteMissesHangul(DeletesOwnWay):
    def look_at(self, name: str) -> None:
        if "국" in name:
            raise NotFoundError("/Streams/x")


@fault("PROPERTY-DELETE", "Does not find a name of more than 180 characters to delete.")
class DeleteMissesLongNames(DeletesOwnWay):
    def look_at(self, name: str) -> None:
        if 180 < len(name) < 300:
            raise NotFoundError("/Streams/x")


# ---------------------------------------------------------------- PROPERTY-PUBLISH


class ReadsDataOwnWay(Api):
    def parse_data(self, form: Any) -> Any:
        value = super().parse_data(form)
        self.look_at(value, bytes(form[b"Data"]))
        return value

    def look_at(self, value: Any, data: bytes) -> None:
        raise NotImplementedError


@fault("PROPERTY-PUBLISH", "Refuses messages with a text that looks like a path upwards.", may=("PROPERTY-LINKS",))
class RefusesPaths(ReadsDataOwnWay):
    def look_at(self, value: Any, data: bytes) -> None:
        if b"../.." in data:
            raise InvalidDataError("a path")


@fault("PROPERTY-PUBLISH", "Refuses messages with the key _id.", may=("PROPERTY-LINKS",))
class RefusesIds(ReadsDataOwnWay):
    def look_at(self, value: Any, data: bytes) -> None:
        if isinstance(value, dict) and "_id" in value:
            raise InvalidDataError("reserved key")


@fault("PROPERTY-PUBLISH", "Refuses messages of 1,480 to 1,520 bytes.", may=("PROPERTY-LINKS",))
class RefusesSomeSizes(ReadsDataOwnWay):
    def look_at(self, value: Any, data: bytes) -> None:
        if 1_480 <= len(data) <= 1_520:
            raise InvalidDataError("size")
