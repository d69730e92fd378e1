"""The report in Markdown: `summary.md`, and the job summary of GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.outcomes import Level, Outcome
from conformance.report.text import plain
from conformance.report.wording import (
    LEVELS,
    OUTCOMES,
    broken_results,
    cost,
    meaning,
    scope,
    verdict_words,
    worst_first,
)

VARIABLE = "GITHUB_STEP_SUMMARY"
MOST_ROWS = 60
MOST_NOTES = 20
MOST_BYTES = 1024 * 1024  # GitHub takes no more from one step, and then shows nothing of it
CELL = 300  # characters
SIGNS = {
    "conformant": "✅",
    "conformant with deviations": "🟡",
    "not conformant": "❌",
    "incomplete": "⚪",
}


def markdown_summary(document: dict[str, Any]) -> str:
    """Verdict, counts by level, what is broken, and the survey's answers. What a target said is inert."""
    lines = [*_head(document), "", *_counts(document)]
    broken = worst_first(broken_results(document))
    if broken:
        lines += ["", "### To look at", "", "| outcome | rule | what must be true | expected | got | source |"]
        lines += ["|---|---|---|---|---|---|", *(_row(rule) for rule in broken[:MOST_ROWS])]
        if len(broken) > MOST_ROWS:
            lines += ["", f"… and {len(broken) - MOST_ROWS} more: see report.json."]
    answers = [rule for rule in document["rules"] if rule["outcome"] == Outcome.ANSWERED]
    if answers:
        lines += ["", "<details><summary>What it does where nobody prescribes anything</summary>", ""]
        lines += ["| question | answer |", "|---|---|"]
        lines += [f"| {_own(rule['statement'])} | {literal(rule['message'])} |" for rule in answers[:MOST_ROWS]]
        lines += ["", "</details>"]
    if document.get("deletion"):
        lines += ["", f"Streams of this run: {literal(document['deletion']['words'])}"]
    lines += ["", *(f"- note: {literal(note)}" for note in document["notes"][:MOST_NOTES])]
    return "\n".join(lines).rstrip() + "\n"


def append_job_summary(document: dict[str, Any], environment: Mapping[str, str] = os.environ) -> str | None:
    """Adds the summary to the file that GitHub Actions names. Returns why that did not work, or None.

    Where it would make the file too large for GitHub, as after other runs of the same step, only its head is added.
    """
    path = environment.get(VARIABLE)
    if not path:
        return None
    text = (markdown_summary(document) + "\n").encode()
    try:
        with Path(path).open("ab") as file:
            room = MOST_BYTES - file.tell()
            if len(text) > room:
                text = ("\n".join(_head(document)) + "\n\nThe rest is in summary.md: no room here.\n\n").encode()
            if len(text) > room:
                return f"the job summary is full: {path} holds {file.tell():,} bytes"
            file.write(text)
    except OSError as error:
        return f"the job summary can't be written to {path}: {error.strerror}"
    return None


def literal(text: str) -> str:
    """Text as code that no Markdown or HTML can be in: everything but letters, digits and spaces is an entity."""
    shown = plain(text, CELL)
    inert = "".join(c if c == " " or c.isalnum() else f"&#{ord(c)};" for c in shown)
    return f"<code>{inert}</code>" if inert.strip() else "-"


def _head(document: dict[str, Any]) -> list[str]:
    limited = scope(document, literal)
    return [
        f"## {SIGNS[document['verdict']]} Twilio Sync Streams: {document['verdict']}",
        "",
        f"{verdict_words(document)}" + (f" ({limited[0].upper()}{limited[1:]}.)" if limited else ""),
        "",
        _run(document),
    ]


def _run(document: dict[str, Any]) -> str:
    return (
        f"Target {literal(document['target']['url'])}, service {literal(document['target']['service'])},"
        f" {document['started'][:16].replace('T', ' ')} UTC, suite {literal(document['suite']['version'])},"
        f" seed {document['seed']}, {cost(document)}."
    )


def _counts(document: dict[str, Any]) -> list[str]:
    present = [outcome for outcome in OUTCOMES if document["counts"].get(outcome)]
    lines = ["| | " + " | ".join(OUTCOMES[outcome] for outcome in present) + " |", "|---|" + "---:|" * len(present)]
    for level in Level:
        rules = [rule for rule in document["rules"] if rule["level"] == level]
        if rules:
            cells = (str(sum(rule["outcome"] == outcome for rule in rules) or "") for outcome in present)
            lines.append(f"| **{level}** ({LEVELS[level]}) | " + " | ".join(cells) + " |")
    lines += ["", f"Verdict: **{document['verdict']}**, {meaning(document)}."]
    return lines


def _row(rule: dict[str, Any]) -> str:
    expected, got = (rule["expected"], rule["got"]) if rule["expected"] else ("", rule["message"])
    outcome = OUTCOMES[Outcome(rule["outcome"])]
    cells = (outcome, f"`{rule['id']}`", _own(rule["statement"]), literal(expected), literal(got), _own(rule["source"]))
    return "| " + " | ".join(cells) + " |"


def _own(text: str) -> str:
    """Our own words in a table's cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
