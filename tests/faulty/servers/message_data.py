"""Faults of what a message says: its sid, the data that comes back, and data that is refused."""

from __future__ import annotations

import html
import itertools
import json
import re
import struct
import unicodedata
from dataclasses import replace
from functools import partial
from typing import Any

from faulty.registry import fault
from faulty.servers.messages import by_name
from reference_impl.api import Api

# PUBLISH-SID


class MessageSids(Api):
    """Names messages in another way; `counts` counts them."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.counts = itertools.count()


@fault("PUBLISH-SID", "Shows no sid of a message.", may=("PROPERTY-*",))
class NoMessageSid(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return {"data": data}


@fault("PUBLISH-SID", "The sid of every message is the same.")
class OneMessageSid(Api):
    def new_message_sid(self) -> str:
        return "TZ" + "0" * 32


@fault("PUBLISH-SID", "Messages have the prefix of another kind of messages.")
class TextMessageSid(Api):
    def new_message_sid(self) -> str:
        return "SM" + super().new_message_sid()[2:]


@fault("PUBLISH-SID", "The sid of a message has 31 digits now and then, when it begins with a zero.")
class ShortMessageSid(MessageSids):
    def new_message_sid(self) -> str:
        sid = super().new_message_sid()
        return sid[:-1] if next(self.counts) % 2 else sid


@fault("PUBLISH-SID", "Numbers the messages of each stream from one, so sids come again in another stream.")
class NumbersMessages(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        counts = self.__dict__.setdefault("numbers", {})
        counts[stream.sid] = counts.get(stream.sid, 0) + 1
        response = super().publish_message(request, stream)
        return replace(response, body={**response.body, "sid": f"TZ{counts[stream.sid]:032x}"})


@fault("PUBLISH-SID", "Equal messages get equal sids.")
class SidOfContent(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        seen = self.__dict__.setdefault("seen", {})
        return super().render_message(seen.setdefault(json.dumps(data, sort_keys=True), sid), data)


@fault("PUBLISH-SID", "The sid of a message is that of its stream.")
class StreamSidForMessage(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        response = super().publish_message(request, stream)
        return replace(response, body={**response.body, "sid": stream.sid})


# PUBLISH-ECHO


@fault("PUBLISH-ECHO", "Gives the data back as text.")
class EchoesText(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return super().render_message(sid, json.dumps(data))


@fault("PUBLISH-ECHO", "Does not give the data back.")
class EchoesNothing(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return {"sid": sid}


@fault("PUBLISH-ECHO", "Gives the data of the first message back with every later one of the same length.")
class EchoesByLength(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        seen = self.__dict__.setdefault("seen", {})
        return super().render_message(sid, seen.setdefault(len(json.dumps(data)), data))


@fault("PUBLISH-ECHO", "Gives the data of the message before back.", may=("SIZE-REFUSED-NO-HARM",))
class EchoesLate(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        before = self.__dict__.get("before", {})
        self.before = data
        return super().render_message(sid, before)


@fault("PUBLISH-ECHO", "Names the data 'Data', as in the request.")
class EchoesCapitalised(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return {"sid": sid, "Data": data}


@fault("PUBLISH-ECHO", "Gives no data back for a message by name.")
class EchoesBySidOnly(Api):
    def publish_message(self, request: Any, stream: Any) -> Any:
        response = super().publish_message(request, stream)
        return replace(response, body={**response.body, "data": None}) if by_name(request) else response


# PUBLISH-ECHO-UNICODE, -NUMBERS, -STRUCTURE


class Echoes(Api):
    """Changes the data that is given back, value by value."""

    def render_message(self, sid: str, data: Any) -> Any:
        return super().render_message(sid, self.walk(data))

    def walk(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.object({self.key(key): self.walk(item) for key, item in value.items()})
        if isinstance(value, list):
            return self.array([self.walk(item) for item in value])
        if isinstance(value, str):
            return self.text(value)
        return value if value is None or isinstance(value, bool) else self.number(value)

    def object(self, value: Any) -> Any:
        return value

    def array(self, value: Any) -> Any:
        return value

    def key(self, key: str) -> str:
        return key

    def text(self, value: str) -> Any:
        return value

    def number(self, value: Any) -> Any:
        return value


def declare(rule: str, sentence: str, name: str, **methods: Any) -> None:
    """A fault in which one kind of value comes back changed; the other kinds' messages hold some of it, too."""
    unbound = {method: staticmethod(change) for method, change in methods.items()}
    fault(rule, sentence, may=("PUBLISH-ECHO-*",))(type(name, (Echoes,), unbound))


utf8 = partial(str.encode, errors="surrogatepass")
unicode = partial(declare, "PUBLISH-ECHO-UNICODE")
unicode("Reads data as ISO 8859-1.", "DataInLatin1", text=lambda text: utf8(text).decode("latin-1"))
unicode(
    "Gives question marks for what is not ASCII.", "DataInAscii", text=lambda text: re.sub(r"[^\0-\x7f]", "?", text)
)
unicode("Composes characters in data.", "ComposesData", text=lambda text: unicodedata.normalize("NFC", text))
unicode(
    "Loses characters beyond the Basic Multilingual Plane.",
    "NoEmoji",
    text=lambda t: re.sub("[\U00010000-\U0010ffff]", "", t),
)
unicode("Escapes data for HTML.", "DataForHtml", text=html.escape)
unicode("Drops joiners and other invisible characters from data.", "DataWithoutJoiners",
        text=lambda text: "".join(c for c in text if unicodedata.category(c) != "Cf"))  # fmt: skip
unicode(
    "Makes spaces of line breaks and tabs in data.", "DataInOneLine", text=lambda text: re.sub(r"[\r\n\t]", " ", text)
)
unicode("Gives escaped characters beyond ASCII back as two half ones.", "HalfCharacters",
        text=lambda text: "".join(c if c <= "\uffff" else "\ufffd\ufffd" for c in text))  # fmt: skip
unicode("Trims spaces around text.", "TrimsData", text=str.strip)


def single(number: Any) -> Any:
    """As a float of 32 bits."""
    return struct.unpack("f", struct.pack("f", number))[0] if abs(number) < 1e38 else number


def wrapped(number: Any) -> Any:
    """As an integer of 32 bits."""
    return (number + 2**31) % 2**32 - 2**31 if isinstance(number, int) else number


numbers = partial(declare, "PUBLISH-ECHO-NUMBERS")
numbers("Holds numbers in 32-bit floats.", "SinglePrecision", number=single)
numbers("Holds integers in 32 bits.", "Integers32", number=wrapped)
numbers("Gives numbers back as text.", "NumbersAsText", number=str)
numbers("Cuts fractions off.", "NoFractions", number=lambda n: int(n) if abs(n) < 1e300 else n)
numbers("Rounds to six decimals.", "SixDecimals", number=lambda n: round(n, 6))
numbers(
    "Writes numbers with six significant digits.",
    "SixDigits",
    number=lambda n: float(f"{float(n):g}") if abs(n) < 1e300 else n,
)
numbers("Loses the sign of a number.", "Unsigned", number=abs)
numbers("Takes zero for no value.", "ZeroIsNull", number=lambda n: n or None)
numbers(
    "Is off by one beyond 2^52.", "OffAt2To52", number=lambda n: n & ~1 if isinstance(n, int) and abs(n) > 2**52 else n
)

structure = partial(declare, "PUBLISH-ECHO-STRUCTURE")
structure("Leaves nulls out.", "DropsNulls", object=lambda o: {k: v for k, v in o.items() if v is not None})
structure("Gives an empty object back as an empty list.", "EmptyObjectIsList", object=lambda o: o or [])
structure("Gives an empty list back as null.", "EmptyListIsNull", array=lambda items: items or None)
structure(
    "Gives the only item of a list back in place of the list.",
    "UnwrapsLists",
    array=lambda i: i[0] if len(i) == 1 else i,
)
structure("Sorts lists.", "SortsLists", array=lambda items: sorted(items, key=json.dumps))
structure("Writes keys in small letters.", "SmallKeys", key=str.lower)
structure(
    "Makes snake_case of keys.",
    "SnakeKeys",
    key=lambda key: re.sub("(?<=[a-z])[A-Z]", lambda m: "_" + m[0].lower(), key),
)
structure("Leaves out fields with an empty key.", "NoEmptyKeys", object=lambda o: {k: v for k, v in o.items() if k})
structure("Leaves out keys that begin with a dollar sign or hold a dot.", "MongoKeys",
          object=lambda o: {k: v for k, v in o.items() if not k.startswith("$") and "." not in k})  # fmt: skip


@fault("PUBLISH-ECHO-STRUCTURE", "Gives what is nested more than four levels deep back as text.")
class FlattensDepths(Api):
    def render_message(self, sid: str, data: Any) -> Any:
        return super().render_message(sid, self.flat(data, 4))

    def flat(self, value: Any, levels: int) -> Any:
        if not isinstance(value, dict | list):
            return value
        if not levels:
            return json.dumps(value)
        if isinstance(value, list):
            return [self.flat(item, levels - 1) for item in value]
        return {key: self.flat(item, levels - 1) for key, item in value.items()}


@fault("PUBLISH-ECHO-STRUCTURE", "Gives true and false back as 1 and 0.")
class BooleansAreNumbers(Echoes):
    def walk(self, value: Any) -> Any:
        return int(value) if isinstance(value, bool) else super().walk(value)
