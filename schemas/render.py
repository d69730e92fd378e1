"""From the model of a page to the JSON Schema documents, by file name."""

from __future__ import annotations

import re
from typing import Any

from schemas import model, shapes
from schemas.dialect import Schema

_LOCATIONS = ("path", "query", "header", "cookie")


def schemas(resource: model.Resource, ref: str = "{}.json") -> dict[str, Schema]:
    """Every JSON Schema of a page by its name: the item, a page of items, `meta`, forms, and the parameters by place.

    `ref` is how one schema refers to another, with `{}` for its name.
    """
    item: Schema = {**shapes.item(resource)}
    if resource.model:
        item["x-model"] = resource.model
    if resource.limits:
        item["x-limits"] = list(resource.limits)
    found = {resource.stem: item}
    listing = resource.operation(model.LIST)
    if listing:
        found[f"{resource.stem}_page"] = shapes.page(listing, ref.format(resource.stem), ref.format("meta"))
        found["meta"] = shapes.meta(listing)
    for operation in resource.operations:
        if operation.form:
            found[form_name(resource, operation)] = _form(operation.form)
    for location in _LOCATIONS:
        if parameters := _parameters(resource, location):
            found[f"{location}_parameters"] = parameters
    return found


def form_name(resource: model.Resource, operation: model.Operation) -> str:
    """`create_form`, `update_form`; a further operation of the same kind is named after its heading."""
    same = [o for o in resource.operations if o.form and o.kind == operation.kind]
    if operation is same[0]:
        return f"{operation.kind}_form"
    slug = "_".join(re.findall(r"[a-z0-9]+", operation.place.heading.lower()))
    return f"{slug}_form"


def pii_fields(documents: dict[str, Schema]) -> set[str]:
    """The names of all properties, at any depth of any of the schemas, that carry a PII mark."""
    found: set[str] = set()
    pending: list[Any] = list(documents.values())
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            properties = value.get("properties")
            if isinstance(properties, dict):
                found |= {n for n, s in properties.items() if isinstance(s, dict) and "pii" in s.get("x-twilio", {})}
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return found


def _form(form: model.Form) -> Schema:
    schema: Schema = {"$schema": shapes.DIALECT, **form.schema, "x-encoding": form.encoding}
    if form.conditional:
        schema["x-conditional-parameters"] = form.conditional
    return schema


def _parameters(resource: model.Resource, location: str) -> Schema | None:
    """The parameters of one place over all operations, as an object schema; required where every operation requires
    it.
    """
    variants: dict[str, list[Schema]] = {}
    required: dict[str, bool] = {}
    for operation in resource.operations:
        for parameter in operation.parameters:
            if parameter.location == location:
                schema = {**parameter.schema, **{k: v for k, v in parameter.extra.items() if k.startswith("x-")}}
                known = variants.setdefault(parameter.name, [])
                if schema not in known:
                    known.append(schema)
                required[parameter.name] = required.get(parameter.name, True) and parameter.required
    if not variants:
        return None
    schema = {
        "$schema": shapes.DIALECT,
        "type": "object",
        "properties": {name: found[0] if len(found) == 1 else {"anyOf": found} for name, found in variants.items()},
    }
    always = [name for name, needed in required.items() if needed]
    return {**schema, "required": always} if always else schema
