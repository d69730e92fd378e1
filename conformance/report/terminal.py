"""The report on the terminal: progress as the run goes, then what failed and the verdict, in words."""

from __future__ import annotations

import textwrap
from typing import Any

from conformance.outcomes import Outcome
from conformance.report.text import plain
from conformance.report.wording import MEANING, scope

__all__ = ["LETTER", "finding", "plain", "summary"]

LETTER = {
    Outcome.PASS: ".",
    Outcome.FAIL: "F",
    Outcome.ANSWERED: "a",
    Outcome.WAIVED: "w",
    Outcome.UNEXPECTED_PASS: "U",
    Outcome.UNSUPPORTED: "u",
    Outcome.BLOCKED: "B",
    Outcome.INCONCLUSIVE: "?",
    Outcome.ERROR: "E",
    Outcome.NOT_RUN: "-",
}
WIDTH = 100
FEW = 4  # ids of rules on a line


def finding(rule: dict[str, Any]) -> str:
    """One rule that did not simply pass: what was expected, what came, who says so, and how to repeat it."""
    lines = [f"{rule['outcome'].upper().replace('_', ' ')}  {rule['id']}  ({rule['level']}, {rule['section']})"]

    def add(label: str, text: str) -> None:
        wrapped = textwrap.wrap(plain(text), WIDTH - 12, break_long_words=False, break_on_hyphens=False) or [""]
        lines.append(f"  {label:<9} {wrapped[0]}")
        lines.extend(f"  {'':<9} {line}" for line in wrapped[1:])

    add("rule", rule["statement"])
    if rule["expected"]:
        add("expected", rule["expected"])
        add("got", rule["got"])
    if rule["message"] and (not rule["expected"] or rule["outcome"] != "fail"):
        because = rule["message"].removeprefix("because ")
        add("because", because.split("; expected ")[0] if rule["expected"] else because)
    add("source", rule["source"])
    if rule["advice"] and (not rule["expected"] or rule["outcome"] == "blocked"):
        add("to do", rule["advice"]["change"])
    elif rule["advice"] and rule["advice"]["fault"] != "the target" and rule["advice"]["doubt"]:
        add("or else", rule["advice"]["doubt"])
    if rule["exchanges"]:
        exchange = rule["exchanges"][-1]
        lines.append(f"  {'repeat':<9} {plain(exchange['curl'], 2000)}")
        if exchange["response"]:
            response = exchange["response"]
            add("answer", f"{response['status']} {response['reason']} {response.get('body', '(binary)')}")
        elif exchange["error"]:
            add("answer", f"none: {exchange['error']}")
    return "\n".join(lines)


def summary(document: dict[str, Any]) -> str:
    """The counts, the notes and the verdict."""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in document["counts"].items())
    lines = [
        f"{document['selected']} of {document['rules_in_catalogue']} rules: {counts or 'none judged'}",
        _cost(document["duration"], document["statistics"]),
    ]
    lines += [f"unsupported: {len(ids)} because {plain(why)} ({_few(ids)})" for why, ids in _unclaimed(document)]
    lines += [f"note: {plain(note)}" for note in document["notes"]]
    if document.get("deletion"):
        lines.append(f"cleaned up: {plain(document['deletion']['words'], 2000)}")
    limited = scope(document)
    lines.append(f"seed {document['seed']} repeats this run")
    limits = f" ({limited})" if limited else ""
    lines.append(f"verdict: {document['verdict']}{limits} - {MEANING[document['verdict']]}")
    return "\n".join(lines)


def _unclaimed(document: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The rules that are unsupported, by why."""
    found: dict[str, list[str]] = {}
    for rule in document["rules"]:
        if rule["outcome"] == Outcome.UNSUPPORTED:
            found.setdefault(rule["message"], []).append(rule["id"])
    return list(found.items())


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:FEW]) + (", …" if len(ids) > FEW else "")


def _cost(duration: float, statistics: dict[str, Any]) -> str:
    return (
        f"{statistics['requests']} requests, {statistics['streams']} streams, {statistics['messages']} messages,"
        f" {statistics['retries']} retries in {duration:.1f} s (longest wait {statistics['longest_wait']:.1f} s)"
    )
