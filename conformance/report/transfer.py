"""A rule's result as JSON and back, whole: how results travel from a pytest-xdist worker, and into events."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.outcomes import Outcome
from conformance.results import RuleResult, Statistics
from conformance.rules import Catalogue


def pack(result: RuleResult) -> dict[str, Any]:
    """The result as plain JSON values; the rule by its id, bodies as base64."""
    return {
        "id": result.rule.id,
        "outcome": str(result.outcome),
        "message": result.message,
        "expected": result.expected,
        "got": result.got,
        "duration": result.duration,
        "exchanges": [_pack_exchange(exchange) for exchange in result.exchanges],
    }


def unpack(record: dict[str, Any], catalogue: Catalogue) -> RuleResult:
    """The inverse of `pack`."""
    return RuleResult(
        rule=catalogue[record["id"]],
        outcome=Outcome(record["outcome"]),
        message=record["message"],
        expected=record["expected"],
        got=record["got"],
        exchanges=tuple(_unpack_exchange(item) for item in record["exchanges"]),
        duration=record["duration"],
    )


def pack_statistics(statistics: Statistics) -> dict[str, Any]:
    return asdict(statistics)


def unpack_statistics(record: dict[str, Any]) -> Statistics:
    return Statistics(**record)


def _pack_exchange(exchange: Exchange) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    return {
        "request": [request.method, request.url, list(request.headers.items), _to_text(request.body)],
        "response": response
        and [response.status, response.reason, list(response.headers.items), _to_text(response.body)],
        "sent": exchange.sent,
        "received": exchange.received,
        "error": exchange.error,
        "scenario": exchange.scenario,
    }


def _unpack_exchange(record: dict[str, Any]) -> Exchange:
    method, url, headers, body = record["request"]
    answer = record["response"]
    return Exchange(
        request=Request(method, url, _headers(headers), base64.b64decode(body)),
        response=answer and Response(answer[0], answer[1], _headers(answer[2]), base64.b64decode(answer[3])),
        sent=record["sent"],
        received=record["received"],
        error=record["error"],
        scenario=record["scenario"],
    )


def _headers(lines: list[list[str]]) -> Headers:
    return Headers(tuple((name, value) for name, value in lines))


def _to_text(body: bytes) -> str:
    return base64.b64encode(body).decode("ascii")
