"""Between schemathesis and the suite's session: the OpenAPI document for one target, and answers to validate.

Only what the page itself says is validated. The exact status of a success and its content type are other documents'
word and have rules of their own, so they are levelled out here.
"""

from __future__ import annotations

import json
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import JsonSchemaError
from schemathesis.schemas import APIOperation, BaseSchema

import schemas
from conformance.exchange import Exchange
from conformance.expect import describe
from conformance.messages import compact
from conformance.properties.search import Broken
from conformance.target import Target

MOST_BYTES = 4_000
FORM = "application/x-www-form-urlencoded"
NAME_ROOM = 200  # characters left to a generated name beside the suite's own prefix
JSON_TYPE = "application/json"

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15, allow_subnormal=False
)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
JSON_OBJECTS = (
    st.dictionaries(_TEXT, _VALUES, max_size=5)
    .flatmap(lambda value: st.sampled_from((compact(value), json.dumps(value))))
    .filter(lambda text: len(text.encode()) <= MOST_BYTES)
)


def load(target: Target, seed: int, *, least_ttl: int = 0) -> BaseSchema:
    """The OpenAPI document as schemathesis sees it: requests to the target's service, names short enough to get the
    suite's prefix, Ttl from `least_ttl` up. Reads no configuration file, writes no database and no cache.
    """
    schemathesis.openapi.format("json-object", JSON_OBJECTS)
    config = schemathesis.Config.from_dict(
        {
            "base-url": target.url,
            "seed": seed,
            "generation": {"database": "none", "mode": "positive"},
            "cache": {"enabled": False},
            "phases": {"stateful": {"inference": {"algorithms": []}}},
        }
    )
    return schemathesis.openapi.from_dict(_document(target, least_ttl), config=config)


def _document(target: Target, least_ttl: int) -> dict[str, Any]:
    document = schemas.openapi()
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "ServiceSid":
                    parameter["schema"] = {"type": "string", "enum": [target.service]}
                    parameter["examples"] = {"target": {"value": target.service}}
    forms = document["components"]["schemas"]
    forms["create_form"]["properties"]["UniqueName"]["maxLength"] = NAME_ROOM
    for form in ("create_form", "update_form"):
        forms[form]["properties"]["Ttl"]["minimum"] = least_ttl
    return document


def operation(schema: BaseSchema, operation_id: str) -> APIOperation[Any, Any, Any, Any]:
    """The operation of that id."""
    found = (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok))
    return next(each for each in found if each.definition.raw["operationId"] == operation_id)


def response_of(exchange: Exchange, success: int) -> Response:
    """The answer as schemathesis wants it. Any success gets the documented status, `success`, and content type."""
    if exchange.response is None:
        raise Broken("an answer", describe(exchange), exchange)
    came = exchange.response
    headers: dict[str, list[str]] = {}
    for name, value in came.headers:
        headers.setdefault(name.lower(), []).append(value)
    succeeded = 200 <= came.status < 300
    if succeeded:
        headers["content-type"] = [JSON_TYPE]
    return Response(
        status_code=success if succeeded else came.status,
        headers=headers,
        content=came.body,
        request=requests.Request(exchange.request.method, exchange.request.url).prepare(),
        elapsed=exchange.elapsed,
        verify=True,
        message=came.reason,
    )


def expect_no_server_error(exchange: Exchange, success: int) -> Response:
    """Raises Broken for no answer and for a server error."""
    response = response_of(exchange, success)
    if response.status_code >= 500:
        raise Broken("an answer below 500", describe(exchange), exchange)
    return response


def validate(of: APIOperation[Any, Any, Any, Any], exchange: Exchange, success: int) -> Response:
    """Raises Broken for no answer, a server error, and a success whose body breaks the operation's schema."""
    response = expect_no_server_error(exchange, success)
    if response.status_code == success:
        try:
            of.validate_response(response)
        except FailureGroup as group:
            raise Broken(*_told(group.exceptions[0]), exchange) from None
        except Failure as failure:
            raise Broken(*_told(failure), exchange) from None
    return response


def _told(failure: BaseException) -> tuple[str, str]:
    """Expected and got, in short."""
    if not isinstance(failure, JsonSchemaError):
        reason = getattr(failure, "validation_message", "") or str(failure)
        return "a body in JSON", f"one that is not ({reason.splitlines()[0]})"
    path = "".join(f"[{step!r}]" for step in failure.instance_path)
    where = f"at {path} " if path else ""
    return "a success whose body is as the schema says", f"{where}this: {failure.validation_message.splitlines()[0]}"
