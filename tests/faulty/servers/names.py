"""Faults of unique names: how long they may be, whose they are, and when they are free."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidNameError, NameTakenError, NotFoundError
from reference_impl.store import Store, Stream
from reference_impl.web import parse_fields

DUPLICATES = ("NAME-DUPLICATE-*", "NAME-RACE", "PROPERTY-LINKS", "PROPERTY-MODEL")


class Loose(Store):
    """A store that can hold two streams of one name; the name leads to the newer one."""

    def add_unchecked(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        if unique_name is not None:
            self._names.pop(self.name_key(service_sid, unique_name), None)
        return Store.add(self, service_sid, unique_name, ttl, now)

    def remove(self, stream: Stream) -> None:
        if stream.unique_name is None:
            super().remove(stream)
            return
        key = self.name_key(stream.service_sid, stream.unique_name)
        holder = self._names.get(key)
        self._names[key] = stream.sequence
        super().remove(stream)
        if holder not in {None, stream.sequence}:
            self._names[key] = holder  # type: ignore[assignment]


# NAME-320-CHARACTERS


@fault("NAME-320-CHARACTERS", "Counts one character too many: refuses a name of 320 characters.")
class Refuses320(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(name) > 319:
            raise InvalidNameError("UniqueName is too long")


@fault("NAME-320-CHARACTERS", "Refuses names of more than 256 characters, as an older document had it.")
class Refuses257(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(name) > 256:
            raise InvalidNameError("UniqueName is too long")


@fault("NAME-320-CHARACTERS", "Cuts names to the 255 characters of its database column.")
class CutsNamesAt255(Api):
    def parse_name(self, form: Any) -> str | None:
        name = super().parse_name(form)
        return name and name[:255]


@fault("NAME-320-CHARACTERS", "Keeps long names, but finds none by a path segment of more than 255 characters.")
class ShortPathSegments(Api):
    def route(self, path: str) -> Any:
        if any(len(segment) > 255 and "%" not in segment for segment in path.split("/")):
            raise NotFoundError(path)
        return super().route(path)


@fault("NAME-320-CHARACTERS", "Indexes the first 255 characters only, so two long names that begin alike are one.")
class IndexesPrefixes(Store):
    def name_key(self, service_sid: str, unique_name: str) -> tuple[str, str]:
        return service_sid, unique_name[:255]


# NAME-321-CHARACTERS


@fault("NAME-321-CHARACTERS", "Accepts one character more than the limit.")
class Accepts321(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name[:-1] if len(name) == 321 else name)


@fault("NAME-321-CHARACTERS", "Has no limit to the length of a name.")
class AnyLengthOfName(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name[:320])


@fault("NAME-321-CHARACTERS", "Cuts a name that is too long to 320 characters and accepts it.")
class CutsNamesAt320(Api):
    def parse_name(self, form: Any) -> str | None:
        name = form.get(b"UniqueName", b"").decode()
        return super().parse_name({**form, b"UniqueName": name[:320].encode()} if name else form)


@fault("NAME-321-CHARACTERS", "Ignores a name that is too long and makes a nameless stream.")
class DropsLongNames(Api):
    def parse_name(self, form: Any) -> str | None:
        return None if len(form.get(b"UniqueName", b"").decode()) > 320 else super().parse_name(form)


@fault("NAME-321-CHARACTERS", "Counts ASCII characters only, so longer names in other scripts pass.")
class LimitsAsciiOnly(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name if name.isascii() else name[:320])


# NAME-UNIQUE


@fault("NAME-UNIQUE", "Lets any number of streams have one name.", may=DUPLICATES)
class NamesNotUnique(Loose):
    add = Loose.add_unchecked


@fault(
    "NAME-UNIQUE",
    "Answers a create with a taken name with the stream that has it.",
    may=(*DUPLICATES, "STREAM-DATE-UPDATED-NEW"),
)
class CreateOrFetch(Api):
    def create_stream(self, request: Any, service: Any) -> Any:
        try:
            return super().create_stream(request, service)
        except NameTakenError:
            name = self.parse_name(self.read_form(request))
            stream = self.store.find_by_name(service.sid, name or "", request.now)
            return self.fetch_stream(request, stream)  # type: ignore[arg-type]


@fault("NAME-UNIQUE", "A create with a taken name takes the place of the stream that had it.", may=DUPLICATES)
class CreateReplaces(Store):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        holder = unique_name and self.find_by_name(service_sid, unique_name, now)
        if holder:
            self.remove(holder)
        return super().add(service_sid, unique_name, ttl, now)


@fault("NAME-UNIQUE", "Checks a name against the newest stream only.", may=DUPLICATES)
class ChecksNewestOnly(Loose):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        newest = self._streams.get(self._sequence)
        if (
            newest
            and unique_name is not None
            and (newest.service_sid, newest.unique_name) == (service_sid, unique_name)
        ):
            raise NameTakenError
        return self.add_unchecked(service_sid, unique_name, ttl, now)


@fault("NAME-UNIQUE", "Looks for taken names in an index that is a second late.", may=DUPLICATES)
class LateNameIndex(Loose):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        holder = unique_name and self.find_by_name(service_sid, unique_name, now)
        if holder and now - holder.created > 1:
            raise NameTakenError
        return self.add_unchecked(service_sid, unique_name, ttl, now)


@fault("NAME-UNIQUE", "Refuses a taken name once; the next try gets it.", may=DUPLICATES)
class RefusesTakenNamesOnce(Loose):
    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        refused = self.__dict__.setdefault("refused", set())
        if unique_name is not None and self.find_by_name(service_sid, unique_name, now) and unique_name not in refused:
            refused.add(unique_name)
            raise NameTakenError
        return self.add_unchecked(service_sid, unique_name, ttl, now)


# NAME-DUPLICATE-ERROR


class ChangedTaken(Api):
    """Changes the error for a taken name."""

    status, code = 409, 54301

    def create_stream(self, request: Any, service: Any) -> Any:
        try:
            return super().create_stream(request, service)
        except NameTakenError as error:
            error.status, error.code = self.status, self.code  # type: ignore[misc]
            self.taken(error, request)
            raise

    def taken(self, error: ApiError, request: Any) -> None:
        pass


@fault("NAME-DUPLICATE-ERROR", "Answers a taken name with 400.")
class TakenIs400(ChangedTaken):
    status = 400


@fault("NAME-DUPLICATE-ERROR", "Answers a taken name with the code of an invalid name.")
class TakenIsInvalid(ChangedTaken):
    code = 54302


@fault("NAME-DUPLICATE-ERROR", "Answers a taken name with 412, as if it were a conditional request.")
class TakenIs412(ChangedTaken):
    status = 412


@fault("NAME-DUPLICATE-ERROR", "Answers a taken name right, but one with other than ASCII characters with 400.")
class TakenUnicodeIs400(ChangedTaken):
    def taken(self, error: ApiError, request: Any) -> None:
        if not parse_fields(request.body)[b"UniqueName"].isascii():
            error.status = 400


@fault("NAME-DUPLICATE-ERROR", "Answers the first duplicate right and the following with a code of another kind.")
class SecondDuplicateDiffers(ChangedTaken):
    count = 0

    def taken(self, error: ApiError, request: Any) -> None:
        self.count += 1
        error.code = 54301 if self.count == 1 else 20409


# NAME-DUPLICATE-KEEPS-FIRST


class TouchesHolder(Store):
    """Does something to the stream that has a name when another asks for the name."""

    def add(self, service_sid: str, unique_name: str | None, ttl: int | None, now: float) -> Stream:
        holder = self.find_by_name(service_sid, unique_name, now) if unique_name is not None else None
        try:
            return super().add(service_sid, unique_name, ttl, now)
        except NameTakenError:
            if holder:
                self.touch(holder, ttl, now)
            raise

    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        raise NotImplementedError


@fault("NAME-DUPLICATE-KEEPS-FIRST", "A refused duplicate gives its Ttl to the stream that has the name.")
class DuplicateSetsTtl(TouchesHolder):
    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        if ttl is not None:
            self.set_ttl(holder, ttl, now)


@fault("NAME-DUPLICATE-KEEPS-FIRST", "A refused duplicate makes the stream that has the name last for ever.")
class DuplicateClearsTtl(TouchesHolder):
    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        updated = holder.updated
        self._put(replace(self.set_ttl(holder, 0, now), updated=updated))


@fault("NAME-DUPLICATE-KEEPS-FIRST", "A refused duplicate counts as an update of the stream that has the name.")
class DuplicateUpdates(TouchesHolder):
    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        self._streams[holder.sequence] = replace(holder, updated=now)


@fault(
    "NAME-DUPLICATE-KEEPS-FIRST",
    "A refused duplicate deletes the stream that has the name.",
    may=("NAME-UNIQUE", *DUPLICATES),
)
class DuplicateDeletes(TouchesHolder):
    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        self.remove(holder)


@fault(
    "NAME-DUPLICATE-KEEPS-FIRST",
    "A refused duplicate leaves a new stream behind, which the name leads to.",
    may=DUPLICATES,
)
class DuplicateTakesOver(TouchesHolder, Loose):
    def touch(self, holder: Stream, ttl: int | None, now: float) -> None:
        self.add_unchecked(holder.service_sid, holder.unique_name, ttl, now)
