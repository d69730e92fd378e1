"""What a page says about one resource, independent of how the page is laid out and of what is written from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.dialect import Schema
from schemas.errors import Place
from schemas.prose import Limit

CREATE, FETCH, LIST, UPDATE, DELETE = "create", "fetch", "list", "update", "delete"


@dataclass(frozen=True)
class Parameter:
    """A path, query, header or cookie parameter; `extra` holds further OpenAPI fields (`explode`, `x-twilio`, …)."""

    name: str
    location: str
    required: bool
    schema: Schema
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """A request body: its media type and the schema of its fields."""

    encoding: str
    schema: Schema
    conditional: dict[str, Any] = field(default_factory=dict)

    @property
    def required(self) -> bool:
        """Whether some field must be there, so that the body must."""
        return bool(self.schema.get("required"))


@dataclass(frozen=True)
class Example:
    """An example response: the parsed JSON and where it stands."""

    value: Any
    place: Place


@dataclass(frozen=True)
class Operation:
    """One method on one URL. `kind` is create, fetch, list, update or delete, after method, URL and example."""

    place: Place
    kind: str
    method: str
    server: str
    path: str
    parameters: tuple[Parameter, ...]
    form: Form | None
    examples: tuple[Example, ...]
    basic_auth: bool


@dataclass(frozen=True)
class Resource:
    """A page: the resource's schema and its operations, in page order."""

    title: str
    stem: str
    model: str | None
    schema: Schema
    operations: tuple[Operation, ...]
    limits: tuple[Limit, ...]

    def operation(self, kind: str) -> Operation | None:
        """The first operation of a kind, or None when the page has none."""
        return next((operation for operation in self.operations if operation.kind == kind), None)
