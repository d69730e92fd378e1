"""What only the example responses of a page show: which keys are always there, and the shape of a list's pages.

Everything made here carries `x-derived-from`, because an example is weaker evidence than a schema: the examples of
these pages do not even always match their own patterns (see `mismatches`).
"""

from __future__ import annotations

from typing import Any

from schemas import model
from schemas.dialect import Schema
from schemas.formats import checked
from schemas.page import is_item, is_page

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXAMPLE = "example"


def item(resource: model.Resource) -> Schema:
    """The resource's schema, with the keys that every example of it shows as `required`."""
    schema: Schema = {"$schema": DIALECT, **resource.schema}
    shown = _item_examples(resource)
    if shown:
        always = [name for name in schema["properties"] if all(name in value for value in shown)]
        schema["required"] = always
        schema["x-derived-from"] = {"required": EXAMPLE}
    return schema


def meta(listing: model.Operation) -> Schema:
    """The schema of a page's `meta` object: every key of the example, typed after its value."""
    objects = [example.value["meta"] for example in _pages(listing)]
    key = _list_key(listing)
    names = list(dict.fromkeys(name for value in objects for name in value))
    properties = {name: _infer(name, [value[name] for value in objects if name in value]) for name in names}
    if all(value.get("key") == key for value in objects):
        properties["key"] = {"const": key}
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": [name for name in names if all(name in value for value in objects)],
        "x-derived-from": EXAMPLE,
    }


def page(listing: model.Operation, item_ref: str, meta_ref: str) -> Schema:
    """The schema of one page of the list: an array of the resource under the list's key, and `meta`."""
    key = _list_key(listing)
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {key: {"type": "array", "items": {"$ref": item_ref}}, "meta": {"$ref": meta_ref}},
        "required": [key, "meta"],
        "x-derived-from": EXAMPLE,
    }


def list_key(resource: model.Resource) -> str | None:
    """The key under which a page of the list holds the resources, e.g. `streams`; None without a list."""
    listing = resource.operation(model.LIST)
    return None if listing is None else _list_key(listing)


def shows_item(operation: model.Operation, resource: model.Resource) -> bool:
    """Whether some example response of the operation is the resource itself."""
    return any(is_item(example.value, resource.schema) for example in operation.examples)


def mismatches(resource: model.Resource) -> list[dict[str, Any]]:
    """Where the page's own examples do not match its own schema: `[{"operation": "fetch", "pointers": ["/sid"]}]`."""
    found: list[dict[str, Any]] = []
    validator = checked(item(resource))
    for operation in resource.operations:
        pointers = sorted(
            {
                "".join(f"/{part}" for part in error.absolute_path)
                for example in operation.examples
                if is_item(example.value, resource.schema)
                for error in validator.iter_errors(example.value)
            }
        )
        if pointers:
            found.append({"operation": operation.kind, "line": operation.place.line, "pointers": pointers})
    return found


def _item_examples(resource: model.Resource) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for operation in resource.operations:
        for example in operation.examples:
            if is_page(example.value):
                found += [entry for entry in example.value.get(_list_key(operation), []) if isinstance(entry, dict)]
            elif is_item(example.value, resource.schema):
                found.append(example.value)
    return found


def _pages(listing: model.Operation) -> list[model.Example]:
    return [example for example in listing.examples if is_page(example.value)]


def _list_key(listing: model.Operation) -> str:
    example = _pages(listing)[0]
    lists: list[str] = [name for name, value in example.value.items() if isinstance(value, list)]
    named = example.value["meta"].get("key")
    if named in lists:
        return str(named)
    if len(lists) == 1:
        return lists[0]
    raise example.place.error(
        "the example page does not show which key holds the resources: meta.key names none of its lists."
    )


def _infer(name: str, values: list[Any]) -> Schema:
    """A type for each value seen; null beside nothing else is a nullable URL when the key is named like one, else
    anything.
    """
    kinds = {_kind(value) for value in values} - {"null"}
    url = name == "url" or name.endswith("_url")
    if not kinds:
        return {"type": ["string", "null"], "format": "uri"} if url else {}
    types: list[str] = [*sorted(kinds), *(["null"] if None in values else [])]
    schema: Schema = {"type": types if len(types) > 1 else types[0]}
    return {**schema, "format": "uri"} if url and kinds == {"string"} else schema


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number", str: "string", list: "array", dict: "object"}[type(value)]
