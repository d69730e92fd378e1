"""Answers of Sync Streams made by hand, and what the rules that look at all traffic make of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.sections.test_answers import Refusals
from conformance.target import Target
from conformance.traffic import Traffic
from suite.checks.doctor import Change, changed, steps, verdict
from suite.checks.recorded import recorded

HOST = "http://127.0.0.1:8080"
TO, AC, IS = (prefix + "0a" * 16 for prefix in ("TO", "AC", "IS"))
ELSEWHERE = "IS" + "0b" * 16
HOME = f"/v1/Services/{IS}/Streams"
STREAM: dict[str, Any] = {
    "sid": TO,
    "unique_name": "a b",
    "account_sid": AC,
    "service_sid": IS,
    "url": f"{HOST}{HOME}/{TO}",
    "links": {"messages": f"{HOST}{HOME}/{TO}/Messages"},
    "date_created": "2015-07-30T20:00:00Z",
    "date_updated": "2015-07-30T20:00:00Z",
    "date_expires": None,
    "created_by": "system",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMED = b"UniqueName=a+b"


def exchange(
    body: Any, status: int = 200, *, method: str = "GET", path: str = HOME + "/" + TO, sent: bytes = b"",
    headers: dict[str, str] | None = None, kind: str | None = "application/json",
    request_id: str | None = "RQ" + "0a" * 16,
) -> Exchange:  # fmt: skip
    shown = {"Content-Type": kind, "Twilio-Request-Id": request_id}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(method, HOST + path, Headers.of(headers or {}), sent)
    return Exchange(
        request, Response(status, "", Headers.of({k: v for k, v in shown.items() if v is not None}), raw), 0, 1
    )


def judged(rule_id: str, *exchanges: Exchange, target: Target | None = None) -> str:
    """What the rule makes of a run in which only these were seen; `inconclusive`: it had nothing to say of them."""
    evidence = _only(exchanges)
    if target:
        evidence["traffic"] = Traffic(exchanges, target)
    return verdict(rule_id, evidence)


def judged_again(rule_id: str, *again: Exchange) -> str:
    """What the rule makes of a run with a right stream in it and these tries after others that had no answer."""
    evidence = _only((exchange(STREAM),))
    evidence["traffic"] = replace(evidence["traffic"], again=again)
    return verdict(rule_id, evidence)


def beside(rule_id: str, *changes: tuple[str, Change]) -> str:
    """What the rule makes of a right stream in the traffic and of recorded evidence with these changes beside it."""
    evidence = _only((exchange(STREAM),))
    for place, change in changes:
        scenario, *path = steps(place)
        evidence[str(scenario)] = changed(evidence[str(scenario)], path, change)
    return verdict(rule_id, evidence)


def _only(exchanges: tuple[Exchange, ...]) -> dict[str, Any]:
    whole = recorded()
    return {**whole, "refusals": Refusals(()), "traffic": Traffic(exchanges, whole["traffic"].target)}
