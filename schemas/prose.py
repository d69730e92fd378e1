"""The checkable numbers that a page states in prose: lengths, bounds, defaults, sizes and rates.

Only forms that can be read one way are taken; a sentence that names two different values for one keyword gives
neither. Numbers may have thousands separators. Nothing of the prose itself is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_UNIT = r"(?:KiB|MiB|GiB|KB|MB|GB|bytes?|B)\b"
_CHARACTERS = r"[ -]?char(?:acter)?s?\b"
# Not the beginning of a longer number, nor a number of something that is counted by other keywords.
_BARE = rf"(?![\w.,]*\d)(?!{_CHARACTERS}| ?{_UNIT})"


def _n(name: str) -> str:
    """The pattern of a number, as a group of that name."""
    return rf"(?P<{name}>\d[\d,]*(?:\.\d+)?)"


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_MAX_LENGTHS = (
    _pattern(r"\b(?:up to|at most|no (?:more|longer) than|limited to) ", _n("n"), _CHARACTERS),
    _pattern(r"\bmaximum (?:length )?(?:of|is) ", _n("n"), _CHARACTERS),
    _pattern(_n("n"), r" characters or (?:less|fewer)\b"),
)
_LENGTHS = _pattern(r"\bbetween ", _n("low"), " and ", _n("high"), _CHARACTERS)
_MAXIMUM = _pattern(r"\bmaximum(?: value)? (?:is|of) ", _n("n"), _BARE)
_MINIMUM = _pattern(r"\bminimum(?: value)? (?:is|of) ", _n("n"), _BARE)
_RANGE = _pattern(
    r"\b(?:must be|value|integer|number|anything) (?:an? (?:integer|number) )?between ",
    _n("low"),
    " and ",
    _n("high"),
    _BARE,
)
_DEFAULT = _pattern(
    r"\b(?:default(?: value)? is|defaults to):? ",
    r"(?:(?P<code>`[^`]+`)|(?P<number>-?\d[\d,]*(?:\.\d+)?)|(?P<flag>true|false)\b)",
)
_SUBJECT = r"(?P<of>[A-Za-z][\w'/ -]*?)"
_LIMIT = _pattern(
    rf"\bmaximum {_SUBJECT} is ", _n("n"), r"\s*(?:(?!per\b)(?P<unit>[A-Za-z]+))?(?:\s*per (?P<per>[A-Za-z]+))?"
)
_SIZE = _pattern(r"\bup to ", _n("n"), rf" ?(?P<unit>{_UNIT})")
_QUALIFIER = re.compile(r"\s+(?P<word>as|per|of|for|in)\s+")

Limit = dict[str, Any]


def keywords(text: str, kind: str | None) -> dict[str, Any]:
    """The JSON Schema keywords that `text` states for a value of type `kind` (`string`, `integer`, `number`,
    `boolean`).

    `default` is given only where its value fits the type. Other kinds, and None, give nothing.
    """
    found: dict[str, set[Any]] = {}
    if kind == "string":
        for pattern in _MAX_LENGTHS:
            _collect(found, "maxLength", (m["n"] for m in pattern.finditer(text)))
        _collect(found, "minLength", (m["low"] for m in _LENGTHS.finditer(text)))
        _collect(found, "maxLength", (m["high"] for m in _LENGTHS.finditer(text)))
    if kind in {"integer", "number"}:
        _collect(found, "minimum", (m["n"] for m in _MINIMUM.finditer(text)))
        _collect(found, "maximum", (m["n"] for m in _MAXIMUM.finditer(text)))
        _collect(found, "minimum", (m["low"] for m in _RANGE.finditer(text)))
        _collect(found, "maximum", (m["high"] for m in _RANGE.finditer(text)))
    defaults = [_default(match, kind) for match in _DEFAULT.finditer(text)]
    if defaults and None not in defaults:
        found["default"] = set(defaults)
    return {keyword: next(iter(values)) for keyword, values in found.items() if len(values) == 1}


def limits(text: str) -> list[Limit]:
    """The limits that one sentence or list item states, each as `{"maximum": 30, "of": …, "unit": …, "per": …,
    "scope": …}`.

    Keys other than `maximum` are there when the text says them. Units stay as written: whether a KB has 1,000 or
    1,024 bytes is not something that this text says.
    """
    found: list[Limit] = []
    for match in _LIMIT.finditer(text):
        limit: Limit = {**_subject(match["of"]), "maximum": number(match["n"])}
        limit |= {key: match[key] for key in ("unit", "per") if match[key]}
        found.append(limit)
    found += [{"maximum": number(match["n"]), "unit": match["unit"]} for match in _SIZE.finditer(text)]
    return found


def number(digits: str) -> int | float:
    """`1,600` → 1600, `1.5` → 1.5."""
    plain = digits.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _subject(words: str) -> Limit:
    head, *rest = _QUALIFIER.split(words.strip())
    named: Limit = {"of": _slug(head)}
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        named["scope" if word == "per" else word.lower()] = _slug(value)
    return named


def _slug(words: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", words.lower()))


def _collect(found: dict[str, set[Any]], keyword: str, digits: Iterable[str]) -> None:
    values = {number(text) for text in digits}
    if values:
        found.setdefault(keyword, set()).update(values)


def _default(match: re.Match[str], kind: str | None) -> Any:
    word = (match["code"] or match["number"] or match["flag"]).strip("`")
    if kind == "boolean" and word.lower() in {"true", "false"}:
        return word.lower() == "true"
    if kind in {"integer", "number"} and re.fullmatch(r"-?\d[\d,]*(\.\d+)?", word):
        value = number(word)
        return value if kind == "number" or isinstance(value, int) else None
    return word if kind == "string" and match["code"] else None
