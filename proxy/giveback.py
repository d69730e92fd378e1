"""Putting the caller's own values back into a recorded answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote

from proxy.bodies import respaced
from proxy.pseudonyms import TOKEN, Pseudonyms

SIDS = re.compile(r"(?:AC|IS)[0-9a-fA-F]{32}")
_PAYLOAD = re.compile(rf'\{{"pii":( ?)"({TOKEN.pattern})"\}}|\["({TOKEN.pattern})"\]|"({TOKEN.pattern})"')
_DATE_FIELD = re.compile(r'("date_[a-z_]+"\s*:\s*")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d+)?(?:Z|\+00:00)")')
_DATE_HEADERS = ("date", "expires", "last-modified")


def sids(text: str, real: Mapping[str, str]) -> str:
    """The text with recorded sids replaced by the caller's."""
    if not real or ("AC" not in text and "IS" not in text):
        return text
    return SIDS.sub(lambda found: real.get(found.group(), found.group()), text)


def secret(text: str, placeholder: str, own: str, *, is_json: bool) -> str:
    """The text with the caller's own secret where the recording client's had been taken out."""
    shown = json.dumps(own, ensure_ascii=False)[1:-1] if is_json else own
    return re.sub(rf"{placeholder}(?![0-9])", lambda _: shown, text)


def pseudonyms(text: str, known: Pseudonyms, *, is_json: bool) -> str:
    """The text with the pseudonyms of values that the caller has named replaced by the real ones."""
    if known.numbers:
        text = re.sub(r"(?<![\w.])\d{15}(?![\w.])", lambda found: known.numbers.get(found.group(), found.group()), text)
    if "pii" not in text:
        return text
    if is_json and known.data:
        text = _PAYLOAD.sub(lambda found: _payload(found, known), text)

    def name(found: re.Match[str]) -> str:
        real = known.names.get(found.group(1))
        if real is None:
            return found.group()
        if "%2D" in found.group():
            return quote(real, safe="", errors="surrogateescape")
        return json.dumps(real, ensure_ascii=False)[1:-1] if is_json else real

    return TOKEN.sub(name, text)


def _payload(found: re.Match[str], known: Pseudonyms) -> str:
    core = next(core for core in (found.group(3), found.group(5), found.group(7)) if core)
    real = known.data.get(core)
    return found.group() if real is None else respaced(real, spaced=bool(found.group(1)))


@lru_cache(maxsize=64)
def _base(base: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(base)}(?![\w:.-])")


def base(text: str, recorded: str, asked: str) -> str:
    """The text with one scheme and authority exchanged for another, also where JSON escapes the slashes."""
    if recorded == asked:
        return text
    for old, new in ((recorded, asked), (recorded.replace("/", r"\/"), asked.replace("/", r"\/"))):
        if old in text:
            text = _base(old).sub(lambda _, new=new: new, text)  # type: ignore[misc]
    return text


def shifter(seconds: int) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
    """Two functions that move dates by so many seconds: one for a body's `date_…` fields, one for header values."""
    by = timedelta(seconds=seconds)

    def field(found: re.Match[str]) -> str:
        try:
            moved = datetime.fromisoformat(found.group(2)) + by
        except (ValueError, OverflowError):
            return found.group()
        return f"{found.group(1)}{moved.isoformat(timespec='seconds')}{found.group(3)}"

    def header(name: str, value: str) -> str:
        if name.lower() not in _DATE_HEADERS:
            return value
        try:
            return format_datetime((parsedate_to_datetime(value) + by).astimezone(UTC), usegmt=True)
        except (ValueError, OverflowError):
            return value

    return lambda text: _DATE_FIELD.sub(field, text), header
