"""Faults of unique names: their text, and how it gets through a URL."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import InvalidNameError, NotFoundError


class ChangesNames(Api):
    """Changes the name of a new stream."""

    def parse_name(self, form: Any) -> str | None:
        name = super().parse_name(form)
        return name and self.changed(name)

    def changed(self, name: str) -> str:
        raise NotImplementedError


class ChangesSegment(Api):
    """Changes the last segment of a stream's path before it is looked up."""

    def route(self, path: str) -> Any:
        route = super().route(path)
        return replace(route, stream=self.changed(route.stream)) if route.stream else route

    def changed(self, segment: str) -> str:
        raise NotImplementedError


# NAME-COUNTED-IN-CHARACTERS


@fault("NAME-COUNTED-IN-CHARACTERS", "Counts the bytes of a name.")
class CountsBytes(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(name.encode()) > 320:
            raise InvalidNameError("UniqueName is too long")


@fault("NAME-COUNTED-IN-CHARACTERS", "Refuses a name of more than 1,000 characters in its percent-encoded form.")
class CountsEscapes(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if len(quote(name, safe="")) > 1000:
            raise InvalidNameError("UniqueName is too long")


@fault("NAME-COUNTED-IN-CHARACTERS", "Halves the limit for a name with other than ASCII characters.")
class CountsDouble(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if not name.isascii() and len(name) > 160:
            raise InvalidNameError("UniqueName is too long")


@fault("NAME-COUNTED-IN-CHARACTERS", "Cuts a name at 640 bytes, the width of its database column.")
class CutsBytes(ChangesNames):
    def changed(self, name: str) -> str:
        return name.encode()[:640].decode(errors="ignore")


@fault("NAME-COUNTED-IN-CHARACTERS", "Finds no name by a path segment of more than 2,000 bytes.")
class ShortUrls(Api):
    def route(self, path: str) -> Any:
        if any(len(segment) > 2000 for segment in path.split("/")):
            raise NotFoundError(path)
        return super().route(path)


# NAME-EXACT


@fault("NAME-EXACT", "Keeps names of several words in lower case.")
class LowersNames(ChangesNames):
    def changed(self, name: str) -> str:
        return name.lower() if name.count(" ") > 1 else name


@fault("NAME-EXACT", "Makes one space of several.", may=("NAME-UNICODE",))
class SqueezesSpaces(ChangesNames):
    def changed(self, name: str) -> str:
        return re.sub(" +", " ", name)


@fault(
    "NAME-EXACT",
    "Shows a name with spaces in capitals from the second answer on.",
    may=("NAME-UNICODE", "NAME-RESERVED-CHARACTERS"),
)
class LaterInUpperCase(Api):
    def render_stream(self, stream: Any, request: Any) -> Any:
        body = super().render_stream(stream, request)
        if request.now > stream.created and body["unique_name"] and " " in body["unique_name"]:
            body["unique_name"] = body["unique_name"].upper()
        return body


@fault("NAME-EXACT", "Tidies capitals in a row: ABC becomes Abc.")
class TidiesCapitals(ChangesNames):
    def changed(self, name: str) -> str:
        return re.sub("[A-Z]+(?=[A-Z])", lambda run: run[0][0] + run[0][1:].lower(), name)


# NAME-UNICODE


@fault("NAME-UNICODE", "Reads the form as ISO 8859-1.")
class Mojibake(ChangesNames):
    def changed(self, name: str) -> str:
        return name.encode().decode("latin-1")


@fault("NAME-UNICODE", "Keeps a question mark for every character beyond the Basic Multilingual Plane.")
class NoAstralNames(ChangesNames):
    def changed(self, name: str) -> str:
        return re.sub("[\U00010000-\U0010ffff]", "?", name)


@fault("NAME-UNICODE", "Drops joiners and other invisible characters.")
class DropsJoiners(ChangesNames):
    def changed(self, name: str) -> str:
        return "".join(c for c in name if unicodedata.category(c) != "Cf")


@fault("NAME-UNICODE", "Decodes a path as ISO 8859-1, so a name is found in ASCII only.")
class PathsInLatin1(ChangesSegment):
    def changed(self, segment: str) -> str:
        return quote(unquote(segment, encoding="latin-1"), safe="")


# NAME-RESERVED-CHARACTERS


@fault("NAME-RESERVED-CHARACTERS", "Takes a plus sign in a path for a space, even an escaped one.")
class PlusInPathIsSpace(ChangesSegment):
    def changed(self, segment: str) -> str:
        return segment.replace("+", "%20").replace("%2B", "%20")


@fault("NAME-RESERVED-CHARACTERS", "Decodes a path twice.")
class DecodesPathsTwice(ChangesSegment):
    def changed(self, segment: str) -> str:
        return quote(unquote(unquote(segment)), safe="") if segment.isascii() else segment


@fault("NAME-RESERVED-CHARACTERS", "Decodes a path before it looks for the query, and loses what follows a '?'.")
class CutsAtQuestionMark(ChangesSegment):
    def changed(self, segment: str) -> str:
        return segment.partition("%3F")[0]


@fault("NAME-RESERVED-CHARACTERS", "Loses what follows a '#' in a name.")
class CutsAtHash(ChangesNames):
    def changed(self, name: str) -> str:
        return name.partition("#")[0] or name


@fault("NAME-RESERVED-CHARACTERS", "Takes angle brackets out of names, lest they become HTML.")
class DropsAngleBrackets(ChangesNames):
    def changed(self, name: str) -> str:
        return re.sub("[<>]", "", name)


@fault("NAME-RESERVED-CHARACTERS", "Cuts a path segment at a semicolon, as if parameters followed.")
class PathParameters(ChangesSegment):
    def changed(self, segment: str) -> str:
        return re.split("%3B|;", segment, flags=re.IGNORECASE)[0]


@fault("NAME-RESERVED-CHARACTERS", "Refuses names with quotes, for fear of its database.")
class RefusesQuotes(Api):
    def check_name(self, name: str) -> None:
        super().check_name(name)
        if set(name) & {"'", '"'}:
            raise InvalidNameError("UniqueName has a character that is not accepted")


@fault("NAME-RESERVED-CHARACTERS", "Takes what follows a colon for the name of a method.")
class ColonMethods(ChangesSegment):
    def changed(self, segment: str) -> str:
        return re.split("%3A|:", segment)[0]
