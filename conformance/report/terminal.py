"""The report on the terminal: progress as the run goes, then what failed and the verdict, in words."""

from __future__ import annotations

import textwrap
from typing import Any

from conformance.outcomes import Outcome
from conformance.report.text import plain
from conformance.report.wording import broken_results, meaning, scope, unclaimed

__all__ = ["LETTER", "finding", "findings", "plain", "summary"]

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


def findings(document: dict[str, Any]) -> str:
    """All that a reader has to look at: what is broken in full, then in short what builds on it or was not run."""
    broken = broken_results(document)
    brief: dict[tuple[str, str], list[str]] = {}
    for rule in broken:
        if rule["outcome"] == Outcome.BLOCKED:
            why = f"by {', '.join(rule['blocked_by'])}" if rule["blocked_by"] else rule["message"]
            brief.setdefault(("BLOCKED", why), []).append(rule["id"])
        elif rule["outcome"] == Outcome.NOT_RUN:
            brief.setdefault(("NOT RUN", rule["message"]), []).append(rule["id"])
    full = [finding(rule) for rule in broken if rule["outcome"] not in {Outcome.BLOCKED, Outcome.NOT_RUN}]
    return "\n\n".join([*full, *(_brief(word, why, ids) for (word, why), ids in brief.items())])


def _brief(word: str, why: str, ids: list[str]) -> str:
    lines = textwrap.wrap(", ".join(ids), WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    count = f"{len(ids)} rule{'' if len(ids) == 1 else 's'}"
    return "\n".join([f"{word}  {count}: {plain(why.removeprefix('because '))}", *(f"  {line}" for line in lines)])


def summary(document: dict[str, Any]) -> str:
    """The counts, the notes and the verdict."""
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in document["counts"].items())
    lines = [
        f"{document['selected']} of {document['rules_in_catalogue']} rules: {counts or 'none judged'}",
        _cost(document),
    ]
    lines += [f"unsupported: {len(ids)} because {plain(why)} ({_few(ids)})" for why, ids in unclaimed(document)]
    lines += [f"note: {plain(note)}" for note in document["notes"]]
    if document.get("deletion"):
        lines.append(f"cleaned up: {plain(document['deletion']['words'], 2000)}")
    limited = scope(document)
    lines.append(f"seed {document['seed']} repeats this run")
    limits = f" ({limited})" if limited else ""
    lines.append(f"verdict: {document['verdict']}{limits} - {meaning(document)}")
    return "\n".join(lines)


def _few(ids: list[str]) -> str:
    return ", ".join(ids[:FEW]) + (", …" if len(ids) > FEW else "")


def _cost(document: dict[str, Any]) -> str:
    if document["measurements"] is None:
        return "how many requests it made, and how long it took, is unknown"
    duration, statistics = document["duration"], document["statistics"]
    return (
        f"{statistics['requests']} requests, {statistics['streams']} streams, {statistics['messages']} messages,"
        f" {statistics['retries']} retries in {duration:.1f} s (longest wait {statistics['longest_wait']:.1f} s)"
    )
