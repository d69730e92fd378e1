"""The schemas that ship with this package, read from wherever it is installed."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from schemas.errors import SchemaNotFoundError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_OPENAPI = "openapi"
_NOT_SCHEMAS = {"openapi", "openapi.page", "provenance"}


def load(name: str) -> dict[str, Any]:
    """The schema `name` as a fresh dict: a file of this package (`stream`, `stream_page`, `meta`, `report`, …),
    else a component of `openapi.json` (`error`, `message`). Raises SchemaNotFoundError.
    """
    if (text := _text(name)) is not None:
        return _object(text)
    component = openapi()["components"]["schemas"].get(name)
    if component is None:
        raise SchemaNotFoundError(f"There is no schema “{name}”; there are {', '.join(names())}.")
    return dict(component)


def openapi(*, page_only: bool = False) -> dict[str, Any]:
    """The OpenAPI document, as a fresh dict: the page with the overlay, or with `page_only` what the page alone
    says.
    """
    text = _text("openapi.page" if page_only else _OPENAPI)
    if text is None:
        raise SchemaNotFoundError("openapi.json is missing from this installation; extract it from the page again.")
    return _object(text)


@cache
def names() -> tuple[str, ...]:
    """The names that `load` knows, sorted."""
    files = {
        entry.name.removesuffix(".json")
        for entry in resources.files("schemas").iterdir()
        if entry.name.endswith(".json")
    }
    return tuple(sorted((files | set(openapi()["components"]["schemas"])) - _NOT_SCHEMAS))


@cache
def validator(name: str) -> Validator:
    """A validator for the schema `name`, with formats checked; one object per name. Raises SchemaNotFoundError."""
    from referencing import Registry  # noqa: PLC0415 - importing this package must stay cheap

    from schemas.formats import checked, resource  # noqa: PLC0415

    load(name)
    registry: Registry[Any] = Registry(retrieve=lambda uri: resource(load(uri.removesuffix(".json"))))  # type: ignore[call-arg]
    reference = f"{name}.json" if _text(name) is not None else f"{_OPENAPI}.json#/components/schemas/{name}"
    return checked({"$ref": reference}, registry)


@cache
def pii_fields() -> frozenset[str]:
    """The names of all fields, of responses and of requests, that the page marks as personal data."""
    from schemas.render import pii_fields as marked  # noqa: PLC0415

    generated = json.loads(_text("provenance") or "{}").get("files", [])
    documents = {file: load(file.removesuffix(".json")) for file in generated if "openapi" not in file}
    return frozenset(marked(documents))


@cache
def _text(name: str) -> str | None:
    if "/" in name or "\\" in name:
        return None
    file = resources.files("schemas") / f"{name}.json"
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _object(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
