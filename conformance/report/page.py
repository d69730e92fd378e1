"""`index.html`: one self-contained page for people, made from the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from markupsafe import Markup, escape

from conformance.outcomes import Level, Outcome
from conformance.report.advice import authority
from conformance.report.badge import COLOURS
from conformance.report.document import rule_from
from conformance.report.marks import (
    SID,
    Span,
    absent,
    body_spans,
    request_headers,
    response_headers,
    status_differs,
    subject_fields,
)
from conformance.report.pictures import pictures
from conformance.report.text import reindent, room, shorten, visible
from conformance.report.web import render
from conformance.report.wording import (
    HARMLESS,
    LEVELS,
    OUTCOME_MEANINGS,
    OUTCOMES,
    PAGE_URL,
    broken_results,
    cost,
    scope,
    section_order,
    unclaimed,
    verdict_words,
    worst_first,
)

SHOWN_BODY, SHOWN_BODIES = 4096, 20_480  # characters of one, and of all of a rule's; report.json has more
AROUND = 500  # characters before and after a mark that is further down than that
SURVEY_BODY, SURVEY_EXCHANGES = 1200, 4  # of an answer, which needs less to be believed than a failure
UNSETTLED = (Outcome.BLOCKED, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.NOT_RUN)
QUIET = HARMLESS | {Outcome.BLOCKED, Outcome.NOT_RUN}  # printed in one line, unless the reader opened them
FORM = "application/x-www-form-urlencoded"
FOLDED = {Outcome.BLOCKED: "blocked: they build on what is broken", Outcome.NOT_RUN: "not run"}  # told of in one line


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
        took=cost(document),
        colour=COLOURS[document["verdict"]][1],
        when=document["started"][:16].replace("T", " "),
        levels=[(level, LEVELS[level], _counts(document["rules"], level)) for level in Level],
        outcomes=[
            (o, OUTCOMES[o], OUTCOME_MEANINGS[o], document["counts"][o]) for o in OUTCOMES if document["counts"].get(o)
        ],
        features=list(dict.fromkeys(rule["feature"] for rule in document["rules"])),
        causes=[rule for rule in broken if rule["outcome"] not in FOLDED],
        folded=[(why, rules) for o, why in FOLDED.items() if (rules := [r for r in broken if r["outcome"] == o])],
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
    return {
        **rule,
        "title": OUTCOMES[Outcome(rule["outcome"])],
        "authority": authority(rule_from(rule)),
        "because": _because(rule),
        "open": outcome is Outcome.FAIL,
        "quiet": outcome in QUIET,
        "shown": _exchanges(rule, exchanges),
    }


def _because(rule: dict[str, Any]) -> str:
    """The message as far as it says more than what was expected and what came."""
    message: str = rule["message"].removeprefix("because ")
    if not rule["expected"]:
        return message
    if rule["outcome"] == Outcome.FAIL:
        return ""
    return message.partition(f"expected {rule['expected']}")[0].rstrip("; .")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A rule's exchanges with what is looked up in each: its body laid out, the sids of its streams."""

    exchanges: Sequence[dict[str, Any]]
    bodies: Sequence[str]
    streams: Sequence[set[str]]
    limit: int  # characters of a body that are shown

    @classmethod
    def of(cls, rule: dict[str, Any], exchanges: Sequence[dict[str, Any]]) -> _Seen:
        bodies = [reindent((exchange["response"] or {}).get("body", "")) for exchange in exchanges]
        most = SURVEY_BODY if rule["outcome"] == Outcome.ANSWERED else SHOWN_BODY
        limit = room(map(len, bodies), SHOWN_BODIES, most)
        return cls(exchanges, bodies, [_streams(exchange) for exchange in exchanges], limit)


def _exchanges(rule: dict[str, Any], exchanges: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The exchanges with what differs marked; where nothing could be found out, the last status of a broken rule."""
    seen = _Seen.of(rule, exchanges)
    broken = rule["outcome"] in {Outcome.FAIL, Outcome.WAIVED}
    responses = [
        _response(rule, seen, number) if exchange["response"] else None for number, exchange in enumerate(exchanges)
    ]
    if broken and responses and responses[-1] and not any("<mark>" in (response or "") for response in responses):
        responses[-1] = _response(rule, seen, len(exchanges) - 1, whole=True)
    return [
        {
            "curl": exchange["curl"],
            "scenario": exchange["scenario"].replace("_", " "),
            "elapsed": exchange["elapsed"],
            "request": _request(rule, exchange["request"]),
            "response": response,
            "error": exchange["error"],
        }
        for exchange, response in zip(exchanges, responses, strict=True)
    ]


def _request(rule: dict[str, Any], request: dict[str, Any]) -> Markup:
    """The request line, headers and form, with what the rule is about marked."""
    parts = urlsplit(request["url"])
    query, form = parse_qsl(parts.query, keep_blank_values=True), _form(request)
    subjects = subject_fields(rule, [name for name, _ in query + form])
    headers = request_headers(rule, request["headers"])
    no_login = rule["feature"] == "credentials" and not headers
    head, last, rest = _addressed(parts.path)
    marked_path = not subjects and not headers and not no_login
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
    if no_login:
        lines.append(_marked("(no header Authorization)", True))
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


def _response(rule: dict[str, Any], seen: _Seen, number: int, *, whole: bool = False) -> Markup:
    """The status line, headers and body of one exchange, with what differs marked; `whole`: the status in any case."""
    response, body = seen.exchanges[number]["response"], seen.bodies[number]
    code, missing = response["status"], absent(rule)
    later = {(exchange["response"] or {}).get("status") for exchange in seen.exchanges[number + 1 :]}
    differs = whole or status_differs(rule, code, last=code not in later)
    headers = response_headers(rule, response["headers"])
    lines = [Markup("<b>{}</b>").format(_marked(f"{code} {response['reason']}".strip(), differs))]
    lines += [_marked(f"{name}: {value}", line in headers) for line, (name, value) in enumerate(response["headers"])]
    if missing.startswith("no header"):
        lines.append(_marked(f"({missing})", True))
    if response["body_bytes"]:
        others = _same_request(seen.exchanges, number, seen.bodies)
        streams = set().union(*(sids for other, sids in enumerate(seen.streams) if other != number))
        spans = body_spans(rule, body, others, streams=streams, accepted=code < 300)
        lines += [Markup(""), _excerpt(response, body, spans, seen.limit)]
    if missing.startswith("no key"):
        lines.append(_marked(f"({missing})", True))
    return Markup("\n").join(lines)


def _same_request(exchanges: Sequence[dict[str, Any]], number: int, bodies: Sequence[str]) -> list[str]:
    """The bodies of the other answers to the same request that had the same status."""

    def key(exchange: dict[str, Any]) -> list[Any]:
        request = exchange["request"]
        return [request["method"], request["url"], request.get("body"), (exchange["response"] or {}).get("status")]

    same = [other for other, exchange in enumerate(exchanges) if key(exchange) == key(exchanges[number])]
    return [bodies[other] for other in same if other != number and bodies[other]]


def _streams(exchange: dict[str, Any]) -> set[str]:
    """The sids of the streams that an exchange made or addressed; a list makes and addresses none."""
    body = (exchange["response"] or {}).get("body", "")
    if '"streams"' in body:
        return set()
    return {sid for sid in SID.findall(exchange["request"]["url"] + body) if sid.startswith("TO")}


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


def _excerpt(response: dict[str, Any], body: str, spans: Sequence[Span], limit: int) -> Markup:
    """The body as far as the page shows it: its beginning, and the first mark with what is around it."""
    if "body" not in response:
        return escape(_cut(response, ""))
    if not spans or spans[0][1] <= limit:
        head = body[:limit]
        return _with_marks(head, [span for span in spans if span[0] < limit]) + escape(
            _cut(response, body, limit)[len(head) :]
        )
    start = body.rfind("\n", 0, max(0, spans[0][0] - AROUND)) + 1
    end = min(len(body), max(start + limit // 2, spans[0][1] + AROUND))
    inside = [(first - start, last - start) for first, last in spans if last <= end]
    tail = (
        ""
        if end == len(body) and not response["body_cut"]
        else f"\n… (cut: the body has {response['body_bytes']:,} bytes)"
    )
    return (
        escape(visible(body[: limit // 4], keep="\n") + "\n… (left out)\n")
        + _with_marks(body[start:end], inside)
        + escape(tail)
    )


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
        "unsettled": [(OUTCOMES[o], ids) for o in UNSETTLED if (ids := [r["id"] for r in rules if r["outcome"] == o])],
        "unsupported": unclaimed(document),
        "waived": [r for r in rules if r["outcome"] == Outcome.WAIVED],
        "left_out": document["left_out"],
        "sentences": document["unchecked"],
    }


def _gaps(unchecked: Mapping[str, Sequence[Any]]) -> str:
    """What was not checked, in numbers."""
    counts = {
        "selected but not settled": sum(len(ids) for _, ids in unchecked["unsettled"]),
        "that could not be asked for": sum(len(ids) for _, ids in unchecked["unsupported"]),
        "waived": len(unchecked["waived"]),
        "not selected": len(unchecked["left_out"]),
    }
    parts = [f"{count} {'rule' if count == 1 else 'rules'} {text}" for text, count in counts.items() if count]
    return ", ".join(
        [*parts, f"{len(unchecked['sentences'])} sentences of the page that nobody can check from outside"]
    )


def _anchor(section: str) -> str:
    return "section-" + "-".join("".join(c if c.isalnum() else " " for c in section.lower()).split())
