"""The report as a document: `report.json`, described by `schemas/report.json`. Everything else is made from it.

A document has three parts, which are also the lines of `events.ndjson`: a head, known when the run starts; one
record per judged rule; and a tail, known when it ends. `assemble` makes the document of them, whole run or not.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from conformance.exchange import Exchange, Headers
from conformance.outcomes import Level, Outcome
from conformance.report.advice import advice
from conformance.report.curl import curl
from conformance.report.mask import Mask
from conformance.report.measurements import measurements_document
from conformance.report.text import room, shorten
from conformance.report.wording import broken_results
from conformance.results import Results, RuleResult, Statistics
from conformance.rules import Catalogue, Rule, load_catalogue

__all__ = ["assemble", "broken_results", "document_of", "head_of", "iso", "rule_from", "rule_record", "tail_of"]

VERSION = 1
SHOWN_BODY = 40_960  # bytes of a body that a report keeps: a page of 50 streams fits in
SHOWN_BODIES = 131_072  # bytes of all bodies of one rule
SHOWN_EXCHANGES = 8  # of one rule
SHOWN_TEXT = 4_000  # characters of what was expected, what came, and the like
SHOWN_HEADERS = 60
SHOWN_HEADER = 1_000  # characters of a header's value
BROKEN = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.WAIVED})
UNTOUCHED = "the run ended before its turn"
CUT_OFF = (
    "the record of this run breaks off before its end: it was killed, or is still going;"
    " 'sync-conformance clean' deletes the streams that a killed run left"
)


def document_of(results: Results, mask: Mask | None = None, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """The whole report. Times are ISO 8601 in UTC, durations in seconds; credentials are masked."""
    mask = mask or Mask()
    records = [rule_record(mask.result(result)) for result in results.results]
    return assemble(head_of(results, catalogue), records, tail_of(results, mask))


def head_of(results: Results, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """What is known before anything was judged: target, suite, seed, and the rules of this run."""
    catalogue = catalogue or load_catalogue()
    selected = [result.rule for result in results.results]
    ids = {rule.id for rule in selected}
    return {
        "version": VERSION,
        "suite": {"name": "twilio-sync-conformance", "version": results.suite_version},
        "target": {"url": results.target, "service": results.service},
        "seed": results.seed,
        "command": results.command,
        "strict": results.strict,
        "started": iso(results.statistics.started),
        "rules_in_catalogue": results.total_rules,
        "rules": [_rule(rule) for rule in selected],
        "left_out": [{"id": r.id, "level": str(r.level), "section": r.section} for r in catalogue if r.id not in ids],
        "unchecked": [
            {"section": item.section, "statement": item.statement, "reason": item.reason}
            for item in catalogue.unchecked
        ],
    }


def tail_of(results: Results, mask: Mask | None = None) -> dict[str, Any]:
    """What is known at the end: cost, measurements, notes, and whether the run reached it."""
    mask = mask or Mask()
    return {
        "complete": results.complete,
        "started": iso(results.statistics.started),
        "duration": round(results.statistics.duration, 3),
        "statistics": statistics_of(results.statistics),
        "notes": [mask.text(note) for note in results.notes],
        "measurements": measurements_document(results.measurements, mask.text),
        "deletion": None if results.deletion is None else mask.document(results.deletion.document()),
    }


def rule_record(result: RuleResult) -> dict[str, Any]:
    """What was found about one rule. The result must have been masked."""
    cut = partial(shorten, limit=SHOWN_TEXT)
    exchanges = result.exchanges[:SHOWN_EXCHANGES]
    sizes = [len(part.body) for seen in exchanges for part in (seen.request, seen.response) if part]
    limit = room(sizes, SHOWN_BODIES, SHOWN_BODY)
    return {
        "id": result.rule.id,
        "outcome": str(result.outcome),
        "message": cut(result.message),
        "expected": cut(result.expected),
        "got": cut(result.got),
        "duration": round(result.duration, 4),
        "exchanges": [exchange_document(exchange, limit) for exchange in exchanges],
    }


def assemble(
    head: Mapping[str, Any], records: Iterable[Mapping[str, Any]], tail: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The report of a run from its parts. Without a tail the run was cut off: what has no record is `not_run`."""
    found = {record["id"]: record for record in records}
    rules = [{**rule, **(found.get(rule["id"]) or _not_run(rule["id"]))} for rule in head["rules"]]
    outcomes = {rule["id"]: Outcome(rule["outcome"]) for rule in rules}
    tail = tail or {
        "complete": False,
        "duration": 0.0,
        "statistics": statistics_of(Statistics()),
        "notes": [CUT_OFF],
        "measurements": None,
    }
    judged = tuple(RuleResult(rule_from(rule), outcomes[rule["id"]]) for rule in rules)
    results = Results(
        target=head["target"]["url"],
        service=head["target"]["service"],
        seed=head["seed"],
        suite_version=head["suite"]["version"],
        results=judged,
        total_rules=head["rules_in_catalogue"],
        strict=head["strict"],
        complete=tail["complete"],
    )
    return {
        "version": head["version"],
        "suite": head["suite"],
        "target": head["target"],
        "seed": head["seed"],
        "command": head["command"],
        "started": tail.get("started", head["started"]),
        "duration": tail["duration"],
        "verdict": str(results.verdict),
        "exit_code": results.exit_code,
        "strict": head["strict"],
        "complete": tail["complete"],
        "selected": len(rules),
        "rules_in_catalogue": head["rules_in_catalogue"],
        "counts": {str(outcome): count for outcome, count in results.counts.items()},
        "statistics": tail["statistics"],
        "notes": tail["notes"],
        "rules": [_finished(rule, result, outcomes) for rule, result in zip(rules, judged, strict=True)],
        "left_out": head["left_out"],
        "unchecked": head["unchecked"],
        "measurements": tail["measurements"],
        "deletion": tail.get("deletion"),
    }


def statistics_of(statistics: Statistics) -> dict[str, Any]:
    return {
        "requests": statistics.requests,
        "streams": statistics.streams,
        "messages": statistics.messages,
        "retries": statistics.retries,
        "longest_wait": round(statistics.waits_longest, 3),
        "sum_of_waits": round(statistics.waits_total, 3),
    }


def exchange_document(exchange: Exchange, limit: int = SHOWN_BODY) -> dict[str, Any]:
    """One exchange: the request, the response or the error instead of it, and how to repeat it.

    `limit` is for each body, in bytes.
    """
    request, response = exchange.request, exchange.response
    return {
        "scenario": exchange.scenario,
        "sent": iso(exchange.sent),
        "elapsed": round(exchange.elapsed, 4),
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": _headers(request.headers),
            **_body(request.body, limit),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "reason": shorten(response.reason, SHOWN_HEADER),
            "headers": _headers(response.headers),
            **_body(response.body, limit),
        },
        "error": exchange.error,
        "curl": curl(request),
    }


def iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "level": str(rule.level),
        "section": rule.section,
        "source": rule.source,
        "feature": rule.feature,
        "statement": rule.statement,
        "depends_on": list(rule.depends_on),
    }


def rule_from(rule: Mapping[str, Any]) -> Rule:
    """The rule that a part of a report is about, as far as reports carry it."""
    return Rule(
        id=rule["id"],
        level=Level(rule["level"]),
        section=rule["section"],
        source=rule["source"],
        feature=rule["feature"],
        statement=rule["statement"],
        since="",
        depends_on=tuple(rule.get("depends_on", ())),
    )


def _not_run(rule_id: str) -> dict[str, Any]:
    empty = {"message": UNTOUCHED, "expected": "", "got": "", "duration": 0.0, "exchanges": []}
    return {"id": rule_id, "outcome": str(Outcome.NOT_RUN), **empty}


def _finished(rule: dict[str, Any], result: RuleResult, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """The rule with what follows from the others: what blocks it, who is at fault, what to change."""
    culprits = _culprits(rule["depends_on"], outcomes) if result.outcome is Outcome.BLOCKED else []
    words = advice(
        result.rule,
        result.outcome,
        message=rule["message"],
        blocked_by=culprits,
    )
    shown = {key: value for key, value in rule.items() if key not in {"depends_on", "exchanges"}}
    return {**shown, "blocked_by": culprits, "advice": words, "exchanges": rule["exchanges"]}


def _culprits(depends_on: Iterable[str], outcomes: Mapping[str, Outcome]) -> list[str]:
    """The broken rules that block; those that are only blocked themselves just where no other is to blame."""
    broken = [rule_id for rule_id in depends_on if outcomes.get(rule_id) in BROKEN]
    return [rule_id for rule_id in broken if outcomes[rule_id] is not Outcome.BLOCKED] or broken


def _headers(headers: Headers) -> list[list[str]]:
    return [
        [shorten(name, SHOWN_HEADER), shorten(value, SHOWN_HEADER)] for name, value in headers.items[:SHOWN_HEADERS]
    ]


def _body(body: bytes, limit: int) -> dict[str, Any]:
    """Text as text, anything else as base64; what is too long is cut, and says so."""
    kept = body[:limit]
    cut = {"body_bytes": len(body), "body_cut": len(body) > len(kept)}
    try:
        return {"body": kept.decode("utf-8"), **cut}
    except UnicodeDecodeError as error:
        if cut["body_cut"] and error.start >= len(kept) - 3:  # the cut went through a character
            return {"body": kept[: error.start].decode("utf-8"), **cut}
        return {"body_base64": base64.b64encode(kept).decode("ascii"), **cut}
