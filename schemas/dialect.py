"""Property schemas as the page writes them (OpenAPI 3.0 style) turned into JSON Schema 2020-12.

Everything that constrains a value is kept, prose is dropped, and a key that this module does not know is refused:
silently dropping a constraint would make a schema that says less than the page. Numbers that only the prose states
are taken over (`schemas.prose`) and listed in `x-from-prose`; where prose and schema disagree the schema wins and the
prose's value goes to `x-prose-conflicts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import SchemaError

from schemas import prose
from schemas.errors import Place
from schemas.formats import check_schema

Schema = dict[str, Any]

_TYPES = {"string", "integer", "number", "boolean", "array", "object"}
_KEPT = {
    *("format", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required"),
    *("enum", "default", "readOnly", "writeOnly", "deprecated"),
}
# Names and prose constrain nothing. refName and modelName are the page's names for a schema, read where they matter.
_DROPPED = {"description", "title", "example", "examples", "refName", "modelName", "externalDocs"}
_NESTED = {"properties", "items", "additionalProperties", "allOf", "anyOf", "oneOf"}
_HANDLED = _NESTED | {"type", "nullable", "exclusiveMinimum", "exclusiveMaximum", "x-twilio"}
# Of x-twilio only the PII mark says something about the data; the rest steers the vendor's code generators.
_TWILIO_DROPPED = {"overrideType", "shortDescription", "isIEnum", "ignoreFormat"}
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def convert(source: object, place: Place, *, pointer: str = "", description: str | None = None) -> Schema:
    """One property schema as 2020-12. `description` is prose that stands beside the schema, as a parameter's does.

    Raises PageError, naming the place and the JSON pointer inside the block, for anything that this dialect does not
    hold, and when the outcome is not a valid schema.
    """
    out = _convert(source, place, pointer, description)
    try:
        check_schema(out)
    except SchemaError as error:
        inside = "".join(f"/{part}" for part in error.absolute_path)
        raise place.error(f"the schema at {pointer}{inside or '/'} is not valid: {error.message}") from error
    return out


def twilio(source: object, place: Place, pointer: str) -> Schema:
    """The PII mark of an `x-twilio` object as `{"x-twilio": {"pii": …}}`, or an empty dict when it holds none."""
    marks = mapping(source, place, pointer)
    unknown = sorted(set(marks) - _TWILIO_DROPPED - {"pii"})
    if unknown:
        raise place.error(f"{pointer} has the key “{unknown[0]}”, which this extractor does not know.")
    return {"x-twilio": {"pii": marks["pii"]}} if "pii" in marks else {}


def mapping(source: object, place: Place, pointer: str) -> Mapping[str, Any]:
    """`source` as a JSON object, or PageError."""
    if not isinstance(source, dict):
        raise place.error(f"a JSON object was expected at {pointer or '/'}, not {type(source).__name__}.")
    return source


def _convert(source: object, place: Place, pointer: str, description: str | None = None) -> Schema:
    schema = mapping(source, place, pointer)
    unknown = sorted(set(schema) - _KEPT - _DROPPED - _HANDLED)
    if unknown:
        raise place.error(
            f"the schema at {pointer or '/'} has the key “{unknown[0]}”, which this extractor does not know."
        )
    kind = _type(schema, place, pointer)
    nullable = _flag(schema, "nullable", place, pointer)
    out: Schema = {} if kind is None else {"type": [kind, "null"] if nullable else kind}
    out |= {key: value for key, value in schema.items() if key in _KEPT}
    _add_nested(out, schema, place, pointer)
    _add_bounds(out, schema, place, pointer)
    if nullable and "enum" in out and None not in out["enum"]:
        out["enum"] = [*out["enum"], None]
    if "x-twilio" in schema:
        out |= twilio(schema["x-twilio"], place, f"{pointer}/x-twilio")
    text = " ".join(str(part) for part in (schema.get("description"), description) if part)
    _add_from_prose(out, text, kind)
    return out


def _type(schema: Mapping[str, Any], place: Place, pointer: str) -> str | None:
    kind = schema.get("type")
    if kind is None or (isinstance(kind, str) and kind in _TYPES):
        return kind
    raise place.error(
        f"the schema at {pointer or '/'} has the type {kind!r}; one of {', '.join(sorted(_TYPES))} was expected."
    )


def _flag(schema: Mapping[str, Any], key: str, place: Place, pointer: str) -> bool:
    value = schema.get(key, False)
    if not isinstance(value, bool):
        raise place.error(f"{pointer}/{key} is {value!r}; true or false was expected.")
    return value


def _add_nested(out: Schema, schema: Mapping[str, Any], place: Place, pointer: str) -> None:
    if "properties" in schema:
        properties = mapping(schema["properties"], place, f"{pointer}/properties")
        out["properties"] = {
            name: _convert(value, place, f"{pointer}/properties/{name}") for name, value in properties.items()
        }
    if "items" in schema:
        out["items"] = _convert(schema["items"], place, f"{pointer}/items")
    extra = schema.get("additionalProperties")
    if extra is not None:
        out["additionalProperties"] = (
            extra if isinstance(extra, bool) else _convert(extra, place, f"{pointer}/additionalProperties")
        )
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            if not isinstance(schema[key], list):
                raise place.error(f"{pointer}/{key} is not a list of schemas.")
            out[key] = [_convert(part, place, f"{pointer}/{key}/{i}") for i, part in enumerate(schema[key])]


def _add_bounds(out: Schema, schema: Mapping[str, Any], place: Place, pointer: str) -> None:
    """3.0 writes `exclusiveMinimum: true` beside `minimum`; 2020-12 writes the number itself."""
    for exclusive, bound in _BOUNDS.items():
        value = schema.get(exclusive)
        if isinstance(value, bool):
            if value and bound not in out:
                raise place.error(f"{pointer}/{exclusive} is true, but there is no {bound} beside it.")
            if value:
                out[exclusive] = out.pop(bound)
        elif value is not None:
            out[exclusive] = value


def _add_from_prose(out: Schema, text: str, kind: str | None) -> None:
    taken: list[str] = []
    conflicts: Schema = {}
    for keyword, value in prose.keywords(text, kind).items():
        if keyword == "default" and "enum" in out and value not in out["enum"]:
            continue
        if keyword not in out:
            out[keyword] = value
            taken.append(keyword)
        elif out[keyword] != value:
            conflicts[keyword] = value
    sizes = [limit for limit in prose.limits(text) if "unit" in limit and "of" not in limit]
    if sizes:
        out["x-limits"] = sizes
        taken.append("x-limits")
    if taken:
        out["x-from-prose"] = sorted(taken)
    if conflicts:
        out["x-prose-conflicts"] = conflicts
