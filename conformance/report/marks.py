"""Where in an exchange the answer differs from what was expected, and what of the request the rule is about.

A rule says what it expected and got in words. What those words name (a status, a header, a key, a value) is
looked up in the exchange; what two answers to the same request have different is found by comparing them.
Positions are (start, end) offsets into the shown text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Span = tuple[int, int]
QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|“([^”]*)”")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PLAIN_KEY = re.compile(r"\b(sid|url|links|meta|code|uri|type|title|data|page|key)(?=:? ['\"0-9]|'s)")
CHANGED = "a change of "  # what checks say before the keys whose values moved
SUBJECTS = {  # what a rule of that feature, or with that word in its statement, is about in a request
    "UniqueName": ("name", "names"),
    "Ttl": ("ttl", "expires", "expire"),
    "Data": ("message", "messages", "data", "payload"),
    "PageSize": ("page", "pages"),
    "PageToken": ("token",),
}
SID = re.compile(r"\b[A-Z]{2}[0-9a-f]{32}\b")
NESTED = re.compile(r"[\[{].*", re.DOTALL)  # a value quoted in full, whose keys are not what a sentence names
REFUSAL = re.compile(r"a refusal \(|to be refused|\bno stream\b")
STATUS = re.compile(r"\d{3}\b")
UNWANTED = re.compile(r"\bno key '([^']+)'")
NO_HEADER, NO_KEY = re.compile(r"header ([A-Za-z][\w-]*)"), re.compile(r"the key '([^']+)'")
MOST = 12  # marks in one text; more say nothing


def status_differs(rule: Mapping[str, Any], status: int, *, last: bool = True) -> bool:
    """Whether the status is (part of) what was got. `last`: no later exchange of the rule has the same one."""
    return bool(re.match(rf"{status}\b", rule["got"]) and last) or bool(re.search(rf"[ ,]{status}[,)]", rule["got"]))


def request_headers(rule: Mapping[str, Any], headers: Iterable[Sequence[str]]) -> set[int]:
    """The numbers of the header lines of a request that the rule is about."""
    about_login = rule["feature"] == "credentials"
    return {
        number
        for number, (name, _) in enumerate(headers)
        if rule["expected"].lower().startswith(f"with {name.lower()}")
        or (about_login and name.lower() == "authorization")
    }


def response_headers(rule: Mapping[str, Any], headers: Iterable[Sequence[str]]) -> set[int]:
    """The numbers of the header lines of a response that the rule's words name."""
    sent = re.match(r"with ([\w-]+)", rule["expected"].lower())
    words = _words(rule).lower()
    return {
        number
        for number, (name, _) in enumerate(headers)
        if "-" in name and name.lower() in words and not (sent and sent[1] == name.lower())
    }


def absent(rule: Mapping[str, Any]) -> str:
    """What the rule missed in the response, in words; empty where it missed nothing that has a name."""
    if rule["got"] == "no such header" and (header := NO_HEADER.search(rule["expected"])):
        return f"no header {header[1]}"
    if rule["got"].startswith("only '") and (key := NO_KEY.search(rule["expected"])):
        return f"no key '{key[1]}'"
    return ""


def subject_fields(rule: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """The form fields or query parameters that the rule is about."""
    if rule["feature"] == "credentials":
        return set()
    text = f"{_words(rule)} {rule['source']}"
    words = set(WORD.findall(text)) | {word.lower() for word in WORD.findall(rule["statement"])}
    return {name for name in names if name in words or any(word in words for word in SUBJECTS.get(name, ()))}


def body_spans(
    rule: Mapping[str, Any],
    body: str,
    others: Iterable[str] = (),
    *,
    streams: Iterable[str] = (),
    accepted: bool = False,
) -> list[Span]:
    """The parts of a response's body, laid out one member a line, that differ.

    `others` are the bodies of other answers to the same request with the same status, `streams` the sids that the
    rule's other exchanges are about, `accepted` whether the request was.
    """
    if accepted and REFUSAL.search(rule["expected"]) and STATUS.match(rule["got"]):
        return []  # that it was accepted is what differs
    if absent(rule):
        return []
    keys = _named_keys(rule)
    for other in others:
        keys |= differing_members(body, other)
    spans = [span for key in sorted(keys) for span in member_spans(body, key) if not _as_expected(rule, body, span)]
    if not spans and not rule["got"].startswith(("[{", "{")):
        spans = [span for value in _quoted(rule["got"]) for span in _value_spans(body, value)]
    if not spans and not STATUS.match(rule["got"]):
        spans = [span for sid in SID.findall(rule["got"]) for span in _value_spans(body, sid)]
    if not spans and '"streams": [' in body:
        spans = [span for sid in streams for span in _value_spans(body, sid)]
    return _joined(spans)[:MOST]


def member_spans(body: str, key: str) -> list[Span]:
    """The members of that name, each from its key to the end of its value."""
    spans = []
    for match in re.finditer(rf"^([ ]*){re.escape(json.dumps(key, ensure_ascii=False))}: (.*)$", body, re.MULTILINE):
        start, end = match.start() + len(match[1]), match.end()
        if match[2].endswith(("{", "[")):
            closing = re.compile(rf"^{match[1]}[}}\]].*$", re.MULTILINE).search(body, end)
            end = closing.end() if closing else end
        spans.append((start, end))
    return spans


def differing_members(one: str, other: str) -> set[str]:
    """The keys whose values differ between two JSON objects; none for anything else."""
    try:
        first, second = json.loads(one), json.loads(other)
    except (ValueError, RecursionError):
        return set()
    if not isinstance(first, dict) or not isinstance(second, dict):
        return set()
    return {
        key
        for key in first.keys() | second.keys()
        if key not in first or key not in second or first[key] != second[key]
    }


def _words(rule: Mapping[str, Any]) -> str:
    return f"{rule['expected']} {rule['got']} {rule['statement']}"


def _as_expected(rule: Mapping[str, Any], body: str, span: Span) -> bool:
    """Whether the member's value is one that the rule asks for: then it is not what differs."""
    value = body[slice(*span)].partition(": ")[2].rstrip(",").strip('"')
    return len(value) > 2 and re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", rule["expected"]) is not None


def _named_keys(rule: Mapping[str, Any]) -> set[str]:
    text = f"{rule['expected']} {NESTED.sub('', rule['got'])}"
    words = {word for word in WORD.findall(text) if "_" in word} | set(PLAIN_KEY.findall(text))
    if rule["got"].startswith(CHANGED):
        words |= set(WORD.findall(rule["got"].removeprefix(CHANGED)))
    quoted = set(_quoted(rule["expected"]))
    paths = {part for word in quoted if "." in word for part in [word.rpartition(".")[2]] if WORD.fullmatch(part)}
    if unwanted := UNWANTED.search(rule["expected"]):
        return {unwanted[1]}
    if paths:  # a path like 'meta.key' says where: the other words are values
        return words - quoted | paths
    return words | quoted


def _quoted(text: str) -> list[str]:
    return [found for groups in QUOTED.findall(text) for found in groups if found]


def _value_spans(body: str, value: str) -> list[Span]:
    forms = dict.fromkeys((json.dumps(value, ensure_ascii=False), json.dumps(value)))
    return [match.span() for form in forms for match in re.finditer(re.escape(form), body)]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, overlapping ones made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
