"""The report as a document: `report.json`, described by `schemas/report.json`. Everything else is made from it."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

from conformance.exchange import Exchange, Headers
from conformance.outcomes import Outcome
from conformance.report.curl import curl
from conformance.report.mask import Mask
from conformance.results import Results, RuleResult, Statistics

VERSION = 1
SHOWN_BODY = 65_536  # bytes of a body that a report keeps
SHOWN_EXCHANGES = 8  # of one rule


def document_of(results: Results, mask: Mask | None = None) -> dict[str, Any]:
    """The whole report. Times are ISO 8601 in UTC, durations in seconds; credentials are masked."""
    document = {
        "version": VERSION,
        "suite": {"name": "twilio-sync-conformance", "version": results.suite_version},
        "target": {"url": results.target, "service": results.service},
        "seed": results.seed,
        "started": iso(results.statistics.started),
        "duration": round(results.statistics.duration, 3),
        "verdict": str(results.verdict),
        "exit_code": results.exit_code,
        "strict": results.strict,
        "complete": True,
        "selected": len(results.results),
        "rules_in_catalogue": results.total_rules,
        "counts": {str(outcome): count for outcome, count in results.counts.items()},
        "statistics": statistics_of(results.statistics),
        "notes": list(results.notes),
        "rules": [rule_document(result) for result in results.results],
    }
    masked: dict[str, Any] = (mask or Mask()).document(document)
    return masked


def statistics_of(statistics: Statistics) -> dict[str, Any]:
    return {
        "requests": statistics.requests,
        "streams": statistics.streams,
        "messages": statistics.messages,
        "retries": statistics.retries,
        "longest_wait": round(statistics.waits_longest, 3),
        "sum_of_waits": round(statistics.waits_total, 3),
    }


def rule_document(result: RuleResult) -> dict[str, Any]:
    """One rule's part of the report."""
    rule = result.rule
    return {
        "id": rule.id,
        "level": str(rule.level),
        "section": rule.section,
        "source": rule.source,
        "feature": rule.feature,
        "statement": rule.statement,
        "outcome": str(result.outcome),
        "message": result.message,
        "expected": result.expected,
        "got": result.got,
        "duration": round(result.duration, 4),
        "exchanges": [exchange_document(exchange) for exchange in result.exchanges[:SHOWN_EXCHANGES]],
    }


def exchange_document(exchange: Exchange) -> dict[str, Any]:
    """One exchange: the request, the response or the error instead of it, and how to repeat it."""
    request, response = exchange.request, exchange.response
    return {
        "scenario": exchange.scenario,
        "sent": iso(exchange.sent),
        "elapsed": round(exchange.elapsed, 4),
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": _headers(request.headers),
            **_body(request.body),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "reason": response.reason,
            "headers": _headers(response.headers),
            **_body(response.body),
        },
        "error": exchange.error,
        "curl": curl(request),
    }


def broken_results(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of a report that its reader has to look at."""
    harmless = {Outcome.PASS, Outcome.ANSWERED, Outcome.UNSUPPORTED}
    return [rule for rule in document["rules"] if Outcome(rule["outcome"]) not in harmless]


def iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, value[:4096]] for name, value in headers.items[:100]]


def _body(body: bytes) -> dict[str, Any]:
    """Text as text, anything else as base64; what is too long is cut, and says so."""
    kept = body[:SHOWN_BODY]
    cut = {"body_bytes": len(body), "body_cut": len(body) > len(kept)}
    try:
        return {"body": kept.decode("utf-8"), **cut}
    except UnicodeDecodeError as error:
        if cut["body_cut"] and error.start >= len(kept) - 3:  # the cut went through a character
            return {"body": kept[: error.start].decode("utf-8"), **cut}
        return {"body_base64": base64.b64encode(kept).decode("ascii"), **cut}
