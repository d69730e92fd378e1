"""From the model of a page to an OpenAPI 3.1 document that says what the page says and nothing else.

The page prints no status codes, so each response stands under `2XX`. Request bodies and responses refer to the
schemas under `components`; the words in it are ours.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from schemas import model, render, shapes
from schemas.dialect import Schema

_REF = "#/components/schemas/{}"
_SCHEME = "basic"
_RESPONSES = {
    model.CREATE: "The new {}.",
    model.FETCH: "The {}.",
    model.LIST: "One page of the list.",
    model.UPDATE: "The changed {}.",
    model.DELETE: "The {} is deleted.",
}


def document(resource: model.Resource) -> dict[str, Any]:
    """The OpenAPI document of a page, its operations in page order."""
    first = resource.operations[0]
    paths: dict[str, Any] = {}
    for operation in resource.operations:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, resource)
    info: dict[str, Any] = {"title": resource.title, "version": _version(first.path)}
    if resource.limits:
        info["x-limits"] = list(resource.limits)
    components: dict[str, Any] = {
        "schemas": {
            name: {key: value for key, value in schema.items() if key != "$schema"}
            for name, schema in render.schemas(resource, _REF).items()
            if not name.endswith("_parameters")
        }
    }
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": info,
        "jsonSchemaDialect": shapes.DIALECT,
        "servers": [{"url": url} for url in dict.fromkeys(o.server for o in resource.operations)],
    }
    if any(operation.basic_auth for operation in resource.operations):
        components["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "basic", "x-derived-from": shapes.EXAMPLE}}
        found["security"] = [{_SCHEME: []}]
    return found | {"paths": paths, "components": components}


def operation_id(operation: model.Operation, resource: model.Resource) -> str:
    """`createStream`, `listStreams`, …; a further operation of the same kind is named after its heading."""
    same = [other for other in resource.operations if other.kind == operation.kind]
    if operation is not same[0]:
        return _camel(operation.place.heading)
    plural = shapes.list_key(resource) if operation.kind == model.LIST else None
    return _camel(f"{operation.kind} {plural or resource.stem}")


def _operation(operation: model.Operation, resource: model.Resource) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": operation_id(operation, resource)}
    if operation.parameters:
        found["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.form:
        schema = {"$ref": _REF.format(render.form_name(resource, operation))}
        found["requestBody"] = {
            "required": operation.form.required,
            "content": {operation.form.encoding: {"schema": schema}},
        }
    response: dict[str, Any] = {"description": _RESPONSES[operation.kind].format(resource.stem.replace("_", " "))}
    if shown := _shown(operation, resource):
        response["content"] = {"application/json": {"schema": {"$ref": _REF.format(shown)}}}
        response["x-derived-from"] = shapes.EXAMPLE
    return found | {"responses": {"2XX": response}}


def _shown(operation: model.Operation, resource: model.Resource) -> str | None:
    """The schema of what the operation's example responses show."""
    if operation.kind == model.LIST:
        return f"{resource.stem}_page"
    return resource.stem if shapes.shows_item(operation, resource) else None


def _parameter(parameter: model.Parameter) -> Schema:
    found: Schema = {"name": parameter.name, "in": parameter.location, "required": parameter.required}
    return found | {"schema": parameter.schema} | parameter.extra


def _version(path: str) -> str:
    """The first segment of the path (`v1`, `2010-04-01`)."""
    return urlsplit(path).path.strip("/").split("/")[0]


def _camel(words: str) -> str:
    first, _, rest = "_".join(re.findall(r"[a-z0-9]+", words.lower())).partition("_")
    return first + "".join(word.capitalize() for word in rest.split("_"))
