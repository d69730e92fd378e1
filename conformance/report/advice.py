"""Who is at fault for a rule's outcome, on whose authority, and what to change: derived from the rule alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from conformance.outcomes import Level, Outcome
from conformance.rules import Rule

AUTHORITIES = {
    "page": "the Stream page",
    "doc": "another document of Twilio",
    "seen": "a published answer of the live service",
    "client": "the code of Twilio's official libraries",
}
KINDS = re.compile(r"(page|doc|seen|client)\b")
GENERATED = "PROPERTY-"
REPORT = "If the answer shown is right by that source, the suite is wrong: report it with this run's report.json."


def advice(rule: Rule, outcome: Outcome, *, message: str, blocked_by: Sequence[str]) -> dict[str, Any] | None:
    """`fault` (who), `authority` (who says so), `change` (what to do) and `doubt` (when the suite may be wrong).

    None for outcomes that ask for nothing.
    """
    if outcome in {Outcome.FAIL, Outcome.WAIVED}:
        return _failure(rule, outcome)
    if outcome is Outcome.BLOCKED:
        culprits = ", ".join(blocked_by[:5])
        return _words(
            "the target" if culprits else "nobody yet",
            f"Mend {culprits} first, then run again."
            if culprits
            else f"{_sentence(message)} Mend that, then run again.",
            authority=f"the rules it builds on: {culprits}" if culprits else "",
        )
    return {
        Outcome.INCONCLUSIVE: _words("nobody", f"{_sentence(message)} Remove what stood in the way, then run again."),
        Outcome.ERROR: _words("the suite", "Report this with report.json; the outcome says nothing about the target."),
        Outcome.NOT_RUN: _words("nobody", f"{_sentence(message)} Run again, to the end."),
        Outcome.UNEXPECTED_PASS: _words("the waiver", f"The rule holds: take the waiver of {rule.id} out."),
    }.get(outcome)


def hint(rule_id: str) -> str:
    """Where to look when the rule fails; empty for a rule that no hint fits."""
    return next((words for pattern, words in hints().items() if fnmatchcase(rule_id, pattern)), "")


@cache
def hints() -> dict[str, str]:
    """Hints by patterns of rules' ids, in the order in which they are tried."""
    found: dict[str, str] = yaml.safe_load(resources.files(__package__).joinpath("hints.yaml").read_text("utf-8"))
    return found


def authority(rule: Rule) -> str:
    """Who demands the rule, in words: the source's kinds spelled out, with the place or figure it names."""
    if rule.source.startswith("open"):
        return "nobody: the question is open"
    parts = []
    for piece in rule.source.split(";"):
        head, _, place = piece.partition(":")
        kinds = KINDS.findall(head)
        if not kinds:  # a continuation of what stands before it
            parts.append(piece.strip())
            continue
        names = " and ".join(AUTHORITIES[kind] for kind in kinds)
        rest = KINDS.sub("", head).strip(" ,") if "seen on" in head else ""
        where = f", section “{rule.section}”" if "page" in kinds else ""
        detail = ": ".join(filter(None, (rest, place.strip())))
        parts.append(f"{names}{where}" + (f" ({detail})" if detail else ""))
    return "; ".join(parts)


def _failure(rule: Rule, outcome: Outcome) -> dict[str, Any]:
    change = (
        f"Change the server so that this holds: {_sentence(rule.statement)} {hint(rule.id)}"
        f" To check it alone, run again with --rule {rule.id}."
    )
    weight = {
        Level.MUST: "The Stream page demands it, so this alone makes the target not conformant.",
        Level.SHOULD: "The Stream page does not demand it: this is a deviation, not a breach.",
        Level.SURVEY: "",
    }[rule.level]
    doubt = REPORT
    fault = "the target"
    if rule.id.startswith(GENERATED):
        fault = "the target, or the schema it is held to"
        doubt = (
            "The schema is generated from the Stream page (schemas/*.json): if the answer shown keeps the page's word,"
            " the schema is at fault; report it with this run's report.json."
        )
    elif "seen on another host" in rule.source or "seen on documents" in rule.source:
        doubt = f"Weak evidence: it was seen elsewhere than on Streams. {REPORT}"
    if outcome is Outcome.WAIVED:
        weight = "It is waived: known and accepted by whoever ran this."
    return _words(fault, change, authority=authority(rule), weight=weight, doubt=doubt)


def _words(fault: str, change: str, *, authority: str = "", weight: str = "", doubt: str = "") -> dict[str, Any]:
    return {"fault": fault, "authority": authority, "weight": weight, "change": change, "doubt": doubt}


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    first = text.split()[0]
    start = text[0].upper() if first.isalpha() else text[0]  # the name of a property stays as it is
    return start + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
