"""Faults of the parameter Ttl: values that are to be refused, and how they are."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

from faulty.registry import fault
from faulty.servers.ttl import given
from reference_impl.api import Api
from reference_impl.errors import ApiError, InvalidTtlError, NotFoundError
from reference_impl.store import Stream

DURATION = re.compile(r"(\d+)([smh])")


# ---------------------------------------------------------------- What is no number of seconds


@fault("TTL-NEGATIVE", "Overlooks the sign of a Ttl.")
class DropsTheSign(Api):
    def parse_ttl(self, form: Any) -> int | None:
        return super().parse_ttl({**form, b"Ttl": form[b"Ttl"].lstrip(b"-")} if b"Ttl" in form else form)


@fault("TTL-NEGATIVE", "Takes -1 for never, as some caches do.")
class MinusOneIsNever(Api):
    def parse_ttl(self, form: Any) -> int | None:
        return 0 if given(form) == "-1" else super().parse_ttl(form)


@fault("TTL-NEGATIVE", "Looks for a negative Ttl at create only; an update takes it for 0.")
class UpdatesToNegative(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if re.fullmatch(r"-\d+", given(self.read_form(request)) or ""):
            request = replace(request, body=b"Ttl=0")
        return super().update_stream(request, stream)


@fault("TTL-NEGATIVE", "Wraps a negative Ttl around into 16 bits without a sign.")
class WrapsAround(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return int(text) % 65_536 if re.fullmatch(r"-\d{1,9}", text) else super().parse_ttl(form)


@fault("TTL-NOT-INTEGER", "Takes a Ttl that is no number for none.")
class IgnoresTextTtl(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return super().parse_ttl(form) if re.fullmatch(r"[-+]?\d*", text) else None


@fault("TTL-NOT-INTEGER", "Reads the digits at the beginning of a Ttl and overlooks the rest.")
class ReadsLeadingDigits(Api):
    def parse_ttl(self, form: Any) -> int | None:
        digits = re.match(r"\d+", given(form) or "")
        return super().parse_ttl({b"Ttl": digits[0].encode()} if digits else form)


@fault("TTL-NOT-INTEGER", "Rounds a Ttl with a fraction up.", may=("UPDATE-REFUSED-NO-EFFECT",))
class RoundsFractions(Api):
    def parse_ttl(self, form: Any) -> int | None:
        text = given(form) or ""
        return math.ceil(float(text)) if re.fullmatch(r"\d+\.\d+", text) else super().parse_ttl(form)


@fault("TTL-NOT-INTEGER", "Understands a Ttl with a unit, such as 90s or 2h.")
class UnderstandsUnits(Api):
    def parse_ttl(self, form: Any) -> int | None:
        found = DURATION.fullmatch(given(form) or "")
        return int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]] if found else super().parse_ttl(form)


@fault("TTL-NOT-INTEGER", "Looks at the form of a Ttl at create only; an update takes text for no Ttl.")
class UpdatesWithText(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        if not re.fullmatch(r"[-+]?\d*", given(self.read_form(request)) or ""):
            request = replace(request, body=b"")
        return super().update_stream(request, stream)


# ---------------------------------------------------------------- How it is refused


class Refusal(ApiError):
    """A refusal with a status and code of one's own."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__("Invalid Ttl")
        self.status, self.code = status, code


class OwnRefusals(Api):
    """Refuses a bad Ttl in a way of its own."""

    def parse_ttl(self, form: Any) -> int | None:
        try:
            return super().parse_ttl(form)
        except InvalidTtlError:
            raise self.refusal(given(form) or "") from None

    def refusal(self, text: str) -> ApiError:
        raise NotImplementedError


@fault("TTL-ERROR", "Refuses a bad Ttl with the general code 20001.")
class GeneralCodeForTtl(OwnRefusals):
    def refusal(self, text: str) -> ApiError:
        return Refusal(400, 20001)


@fault("TTL-ERROR", "Refuses a bad Ttl with status 422.")
class UnprocessableTtl(OwnRefusals):
    def refusal(self, text: str) -> ApiError:
        return Refusal(422, 54011)


@fault(
    "TTL-ERROR",
    "Takes a Ttl that is no number for a broken request, code 54008, and only one out of bounds for a bad Ttl.",
)
class BrokenRequestForText(OwnRefusals):
    def refusal(self, text: str) -> ApiError:
        return Refusal(400, 54011 if re.fullmatch(r"-?\d+", text) else 54008)


@fault("TTL-ERROR", "Answers an update with a bad Ttl like one of an unknown stream.")
class UpdateWithBadTtlIs404(Api):
    def update_stream(self, request: Any, stream: Stream) -> Any:
        try:
            return super().update_stream(request, stream)
        except InvalidTtlError:
            raise NotFoundError(f"/Streams/{stream.sid}") from None
