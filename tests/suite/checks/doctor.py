"""Doctors evidence: a copy of what a right server showed, with one thing in it changed, and what a check makes of it.

A place in the evidence is written as Python would: `flood.looks[0]`, `created`; `[*]` means every item.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from typing import Any

from conformance.exchange import Exchange, Headers, Response
from conformance.outcomes import Blocked, Failed, Inconclusive, Judgement
from conformance.registry import CHECKS
from conformance.stage import TRAFFIC
from suite.checks.recorded import recorded

STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[(\*|-?\d+)\]")
WORDS = {Failed: "fail", Blocked: "blocked", Inconclusive: "inconclusive"}
Change = Callable[[Any], Any]
Case = tuple[Any, ...]  # a rule, the word expected of its check, and changes, each with its place


def name_of(case: Case) -> str:
    """What a test of that case is called."""
    return " ".join((case[0], case[1], *(place for place, _ in case[2:])))


def verdict(rule_id: str, evidence: Mapping[str, Any]) -> str:
    """What the check alone makes of this evidence, in one word; its dependencies are not asked."""
    check = CHECKS[rule_id]
    try:
        check.function(**{name: evidence[name] for name in check.scenarios})
    except Judgement as judgement:
        return next((word for kind, word in WORDS.items() if isinstance(judgement, kind)), type(judgement).__name__)
    return "pass"


def doctored(rule_id: str, *changes: tuple[str, Change]) -> str:
    """The check's word on recorded evidence with these changes, each at its place.

    A check that looks at all traffic is shown nothing but the exchanges that were changed.
    """
    evidence = dict(recorded())
    seen: list[Exchange] = []
    for place, change in changes:
        scenario, *path = steps(place)
        evidence[str(scenario)] = changed(evidence[str(scenario)], path, change)
        if TRAFFIC in CHECKS[rule_id].scenarios:
            seen.append(found(evidence, [scenario, *path]))
    if TRAFFIC in CHECKS[rule_id].scenarios:
        evidence[TRAFFIC] = replace(evidence[TRAFFIC], exchanges=tuple(seen))
    return verdict(rule_id, evidence)


def found(item: Any, path: list[Any]) -> Any:
    """What is at the end of the path."""
    for step in path:
        item = getattr(item, step) if isinstance(step, str) and not isinstance(item, Mapping) else item[step]
    return item


def steps(place: str) -> list[str | int | None]:
    """Attribute names, indexes, and None for every item."""
    if STEP.sub("", place):
        raise ValueError(f"{place!r} is no place")
    return [name or (None if index == "*" else int(index)) for name, index in STEP.findall(place)]


def changed(item: Any, path: list[Any], change: Change) -> Any:
    """A copy of `item` with `change` applied to what is at the end of the path."""
    if not path:
        return change(item)
    step, *rest = path
    if isinstance(item, dict):
        return {**item, step: changed(item[step], rest, change)}
    if isinstance(step, str):
        if not is_dataclass(item) or isinstance(item, type):
            raise TypeError(f"{type(item).__name__} has no fields to change")
        return replace(item, **{step: changed(getattr(item, step), rest, change)})
    chosen = range(len(item)) if step is None else [range(len(item))[step]]
    return type(item)(changed(each, rest, change) if number in chosen else each for number, each in enumerate(item))


# What can be done to an exchange.


def status(number: int) -> Change:
    """Another status, the rest as it was."""
    return lambda exchange: replace(exchange, response=replace(_response(exchange), status=number))


def answered(number: int, new: Any) -> Change:
    """Another answer altogether, with that status and JSON body."""
    response = Response(number, "", Headers.of(JSON_TYPE), json.dumps(new).encode())
    return lambda exchange: replace(exchange, response=response, error=None)


def refusal(number: int, code: int = 0) -> Change:
    """An error of the usual form."""
    return answered(number, {"code": code, "message": "no", "status": number})


def no_answer(error: str = "connection reset") -> Change:
    return lambda exchange: replace(exchange, response=None, error=error)


def raw(body: bytes) -> Change:
    """Another body, the rest as it was."""
    return lambda exchange: replace(exchange, response=replace(_response(exchange), body=body))


def body(new: Any) -> Change:
    return raw(json.dumps(new).encode())


def put(*path: str | int, to: Any) -> Change:
    """Another value at that place of the JSON body: `put("meta", "key", to="items")`. `to` may be made of the old."""

    def change(exchange: Exchange) -> Exchange:
        whole = json.loads(_response(exchange).body)
        holder = found(whole, list(path[:-1]))
        old = holder.get(path[-1]) if isinstance(holder, dict) else holder[path[-1]]
        holder[path[-1]] = to(old) if callable(to) else to
        return body(whole)(exchange)  # type: ignore[no-any-return]

    return change


def without(*path: str | int) -> Change:
    """The JSON body without that key or item."""

    def change(exchange: Exchange) -> Exchange:
        whole = json.loads(_response(exchange).body)
        del found(whole, list(path[:-1]))[path[-1]]
        return body(whole)(exchange)  # type: ignore[no-any-return]

    return change


def header(name: str, value: str | None) -> Change:
    """Another value of that header; None takes it out."""

    def change(exchange: Exchange) -> Exchange:
        response = _response(exchange)
        items = [(key, old) for key, old in response.headers.items if key.lower() != name.lower()]
        items += [(name, value)] if value is not None else []
        return replace(exchange, response=replace(response, headers=Headers.of(items)))

    return change


def later(seconds: float) -> Change:
    """The same answer, so many seconds later."""
    return lambda exchange: replace(exchange, received=exchange.received + seconds)


def moved(seconds: float) -> Change:
    """Asked and answered so many seconds later."""
    return lambda e: replace(e, sent=e.sent + seconds, received=e.received + seconds)


def asked(url: str | None = None, body: bytes | None = None) -> Change:
    """The same answer to another request."""

    def change(exchange: Exchange) -> Exchange:
        old = exchange.request
        return replace(exchange, request=replace(old, url=url or old.url, body=old.body if body is None else body))

    return change


# What can be done to anything else.


def at(*indexes: int) -> Change:
    """These items of the sequence, in that order."""
    return lambda items: tuple(items[index] for index in indexes)


def to(new: Any) -> Change:
    """This in its place."""
    return lambda _: new


def drop(index: int) -> Change:
    """The sequence without that item."""
    return lambda items: type(items)(e for number, e in enumerate(items) if number != range(len(items))[index])


def plus(seconds: float) -> Callable[[str], str]:
    """For `put`: a date of a body, moved."""

    def move(date: str) -> str:
        moment = dt.datetime.fromisoformat(date) + dt.timedelta(seconds=seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    return move


JSON_TYPE = {"Content-Type": "application/json"}


def _response(exchange: Exchange) -> Response:
    if exchange.response is None:
        raise ValueError("there was no answer to be changed")
    return exchange.response
