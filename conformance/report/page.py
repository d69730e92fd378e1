"""`index.html`: one self-contained page for people, made from the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from markupsafe import Markup, escape

from conformance.outcomes import Level, Outcome
from conformance.report.advice import authority
from conformance.report.badge import COLOURS
from conformance.report.document import rule_from
from conformance.report.marks import Span, body_spans, named_headers, status_differs, subject_fields
from conformance.report.pictures import pictures
from conformance.report.text import reindent, shorten, visible
from conformance.report.web import render
from conformance.report.wording import (
    LEVELS,
    OUTCOME_MEANINGS,
    OUTCOMES,
    PAGE_URL,
    broken_results,
    scope,
    section_order,
    verdict_words,
    worst_first,
)

SHOWN_BODY = 4096  # characters; report.json has more
SURVEY_BODY, SURVEY_EXCHANGES = 1200, 4  # of an answer, which needs less to be believed than a failure
UNSETTLED = (Outcome.BLOCKED, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.NOT_RUN)
FORM = "application/x-www-form-urlencoded"


def page(document: dict[str, Any]) -> str:
    """The whole page."""
    rules = [_rule(rule) for rule in document["rules"]]
    judged = [rule for rule in rules if rule["level"] != Level.SURVEY]
    surveys = [rule for rule in rules if rule["level"] == Level.SURVEY]
    sections = section_order({rule["section"] for rule in judged})
    broken = worst_first(broken_results(document))
    unchecked = _not_checked(document)
    return render(
        "page.html",
        report=document,
        words=verdict_words(document),
        limits=scope(document),
        colour=COLOURS[document["verdict"]][1],
        when=document["started"][:16].replace("T", " "),
        levels=[(level, LEVELS[level], _counts(document["rules"], level)) for level in Level],
        outcomes=[
            (o, OUTCOMES[o], OUTCOME_MEANINGS[o], document["counts"][o]) for o in OUTCOMES if document["counts"].get(o)
        ],
        features=list(dict.fromkeys(rule["feature"] for rule in document["rules"])),
        causes=[rule for rule in broken if rule["outcome"] != Outcome.BLOCKED],
        blocked=[rule for rule in broken if rule["outcome"] == Outcome.BLOCKED],
        names=OUTCOMES,
        sections=[(name, _anchor(name), [r for r in judged if r["section"] == name]) for name in sections],
        surveys=surveys,
        unchecked=unchecked,
        gaps=_gaps(unchecked),
        pictures=pictures(document["measurements"]),
        page_url=PAGE_URL,
    )


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with what its card shows."""
    outcome = Outcome(rule["outcome"])
    most = {Outcome.PASS: 0, Outcome.UNSUPPORTED: 0, Outcome.ANSWERED: SURVEY_EXCHANGES}
    exchanges = rule["exchanges"][: most.get(outcome)]
    bodies = [reindent((exchange["response"] or {}).get("body", "")) for exchange in exchanges]
    return {
        **rule,
        "title": OUTCOMES[Outcome(rule["outcome"])],
        "authority": authority(rule_from(rule)),
        "because": rule["message"] if not (rule["expected"] and rule["outcome"] == Outcome.FAIL) else "",
        "open": rule["outcome"] == Outcome.FAIL,
        "shown": [_exchange(rule, exchange, number, bodies) for number, exchange in enumerate(exchanges)],
    }


def _exchange(rule: dict[str, Any], exchange: dict[str, Any], number: int, bodies: Sequence[str]) -> dict[str, Any]:
    request, response = exchange["request"], exchange["response"]
    others = [
        body
        for other, body in enumerate(bodies)
        if other != number and rule["exchanges"][other]["request"]["url"] == request["url"] and body
    ]
    return {
        "curl": exchange["curl"],
        "scenario": exchange["scenario"].replace("_", " "),
        "elapsed": exchange["elapsed"],
        "request": _request(rule, request),
        "response": response and _response(rule, response, bodies[number], others),
        "error": exchange["error"],
        "status": response and response["status"],
    }


def _request(rule: dict[str, Any], request: dict[str, Any]) -> Markup:
    """The request line, headers and form, with what the rule is about marked."""
    parts = urlsplit(request["url"])
    query, form = parse_qsl(parts.query, keep_blank_values=True), _form(request)
    subjects = subject_fields(rule, [name for name, _ in query + form])
    headers = named_headers(rule, request["headers"])
    if rule["feature"] == "credentials":
        headers |= {n for n, (name, _) in enumerate(request["headers"]) if name.lower() == "authorization"}
    head, last, rest = _addressed(parts.path)
    marked_path = not subjects and not headers
    lines = [
        Markup("<b>{}</b> {}{}{}").format(
            visible(request["method"]), visible(head), _marked(last, marked_path), visible(rest) + "?" * bool(query)
        )
        + Markup("&").join(
            Markup("{}={}").format(visible(name), visible(quote(value, safe=":-_.~"))) if name not in subjects
            else Markup("<mark>{}={}</mark>").format(visible(name), visible(quote(value, safe=":-_.~")))
            for name, value in query
        )
    ]  # fmt: skip
    lines += [_marked(f"{name}: {value}", number in headers) for number, (name, value) in enumerate(request["headers"])]
    if form:
        lines.append(Markup(""))
        lines += [_marked(f"{name} = {shorten(value, SHOWN_BODY)}", name in subjects) for name, value in form]
    elif request.get("body") or request.get("body_base64"):
        lines += [Markup(""), _marked(_cut(request, request.get("body", "")), False)]
    return Markup("\n").join(lines)


def _addressed(path: str) -> tuple[str, str, str]:
    """What stands before the stream's sid or name in a path, that, and what stands after it."""
    head, separator, tail = path.partition("/Streams/")
    if not separator:
        return path, "", ""
    reference, slash, rest = tail.partition("/")
    return head + separator, reference, slash + rest


def _response(rule: dict[str, Any], response: dict[str, Any], body: str, others: Iterable[str]) -> Markup:
    """The status line, headers and body, with what differs marked."""
    headers = named_headers(rule, response["headers"])
    status = Markup("<b>{}</b>").format(
        _marked(f"{response['status']} {response['reason']}".strip(), status_differs(rule, response["status"]))
    )
    lines = [status]
    lines += [
        _marked(f"{name}: {value}", number in headers) for number, (name, value) in enumerate(response["headers"])
    ]
    if response["body_bytes"]:
        limit = SURVEY_BODY if rule["outcome"] == Outcome.ANSWERED else SHOWN_BODY
        shown = body[:limit]
        spans = [span for span in body_spans(rule, shown, others) if span[0] < len(shown)]
        note = _cut(response, body, limit)[len(shown) :] if "body" in response else _cut(response, "")
        lines += [Markup(""), _with_marks(shown, spans) + escape(note)]
    return Markup("\n").join(lines)


def _form(request: dict[str, Any]) -> list[tuple[str, str]]:
    kind = next((value for name, value in request["headers"] if name.lower() == "content-type"), "")
    if not kind.startswith(FORM) or request["body_cut"]:
        return []
    return parse_qsl(request.get("body", ""), keep_blank_values=True)


def _cut(message: dict[str, Any], text: str, limit: int = SHOWN_BODY) -> str:
    """The body as far as the page shows it, and what it does not show."""
    size = f"{message['body_bytes']:,} bytes"
    if "body" not in message:
        return f"({size} that are no text; report.json has them in base64)"
    if len(text) <= limit and not message["body_cut"]:
        return text
    return f"{text[:limit]}\n… (cut: the body has {size})"


def _with_marks(text: str, spans: Sequence[Span]) -> Markup:
    pieces, position = [], 0
    for start, end in spans:
        pieces += [_marked(text[position:start], False), _marked(text[start:end], True)]
        position = end
    return Markup("").join([*pieces, _marked(text[position:], False)])


def _marked(text: str, marked: bool) -> Markup:
    harmless = escape(visible(text, keep="\n"))
    return Markup("<mark>{}</mark>").format(harmless) if marked and text else harmless


def _counts(rules: Iterable[dict[str, Any]], level: Level) -> list[tuple[Outcome, str, int]]:
    of_level = [Outcome(rule["outcome"]) for rule in rules if rule["level"] == level]
    return [(outcome, OUTCOMES[outcome], of_level.count(outcome)) for outcome in OUTCOMES if outcome in of_level]


def _not_checked(document: dict[str, Any]) -> dict[str, Any]:
    """What the verdict does not speak of."""
    rules = document["rules"]
    return {
        "unsettled": [r for r in rules if r["outcome"] in UNSETTLED],
        "unsupported": [r for r in rules if r["outcome"] == Outcome.UNSUPPORTED],
        "waived": [r for r in rules if r["outcome"] == Outcome.WAIVED],
        "left_out": document["left_out"],
        "sentences": document["unchecked"],
    }


def _gaps(unchecked: Mapping[str, Sequence[Any]]) -> str:
    """What was not checked, in numbers."""
    words = {
        "unsettled": "selected but not settled",
        "unsupported": "not claimed by the target",
        "waived": "waived",
        "left_out": "not selected",
    }
    parts = [
        f"{len(unchecked[key])} {'rule' if len(unchecked[key]) == 1 else 'rules'} {text}"
        for key, text in words.items()
        if unchecked[key]
    ]
    return ", ".join(
        [*parts, f"{len(unchecked['sentences'])} sentences of the page that nobody can check from outside"]
    )


def _anchor(section: str) -> str:
    return "section-" + "-".join("".join(c if c.isalnum() else " " for c in section.lower()).split())
