"""Validators that really check `format`, whatever optional packages are installed.

jsonschema skips a format silently when the package that checks it is missing. The formats that this project judges by
are therefore checked here: `date-time` (RFC 3339, section 5.6), `uri` (RFC 3986, section 4.3 with a scheme and an
authority), `int32`, `int64` and `uri-map` (an object whose values are URIs). Other formats are annotations.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FORMATS = FormatChecker(formats=())

_DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_URI_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")


@FORMATS.checks("date-time")
def is_date_time(value: object) -> bool:
    """An RFC 3339 date and time whose date exists; values that are not strings pass, as JSON Schema has it."""
    if not isinstance(value, str):
        return True
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        return False
    try:
        datetime.strptime(match[1], "%Y-%m-%d")  # noqa: DTZ007 - only the date's existence is asked
    except ValueError:
        return False
    return True


@FORMATS.checks("uri")
def is_uri(value: object) -> bool:
    """An absolute URI with an authority; values that are not strings pass."""
    if not isinstance(value, str):
        return True
    if not _URI_CHARACTERS.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)


@FORMATS.checks("uri-map")
def is_uri_map(value: object) -> bool:
    """An object with URIs for values; values that are not objects pass."""
    return not isinstance(value, dict) or all(isinstance(url, str) and is_uri(url) for url in value.values())


@FORMATS.checks("int32")
def is_int32(value: object) -> bool:
    """Fits in 32 bits with sign; values that are not integers pass."""
    return not isinstance(value, int) or isinstance(value, bool) or -(2**31) <= value < 2**31


@FORMATS.checks("int64")
def is_int64(value: object) -> bool:
    """Fits in 64 bits with sign; values that are not integers pass."""
    return not isinstance(value, int) or isinstance(value, bool) or -(2**63) <= value < 2**63


def checked(schema: Any, registry: Registry[Any] | None = None) -> Validator:
    """A 2020-12 validator for `schema` with the formats above."""
    return Draft202012Validator(schema, format_checker=FORMATS, registry=Registry() if registry is None else registry)


def resource(contents: Any) -> Resource[Any]:
    """A schema as something that `$ref` can find."""
    return Resource.from_contents(contents, default_specification=DRAFT202012)


def check_schema(schema: Any) -> None:
    """Raise jsonschema.SchemaError when `schema` is not valid 2020-12, its patterns included."""
    Draft202012Validator.check_schema(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
