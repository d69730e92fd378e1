"""A comparison for people: text on the terminal, and `matrix.html` with rules by servers."""

from __future__ import annotations

from typing import Any

from conformance.outcomes import Level, Outcome
from conformance.report.badge import COLOURS
from conformance.report.compare import ABSENT, REGRESSIONS, Change, Comparison, Row, remarks
from conformance.report.text import plain
from conformance.report.web import render
from conformance.report.wording import LEVELS, OUTCOMES, section_order

TITLES: dict[str, str] = {**{str(outcome): title for outcome, title in OUTCOMES.items()}, ABSENT: "not there"}

FEW = 3  # reports that a window is wide enough for; more need a table that can be moved sideways
SAID = 160  # characters of a survey's answer on the terminal


def comparison_text(comparison: Comparison) -> str:
    """Each report in a line, then what changed from one to the next."""
    lines = [f"{plain(report.name)}: {report.document['verdict']}" for report in comparison.reports]
    lines += [f"note: {plain(note)}" for note in remarks(comparison)]
    for step in comparison.steps:
        lines += ["", f"from {plain(step.before)} to {plain(step.after)}:"]
        if not step.differences:
            lines.append("  nothing changed")
        last = None
        for item in step.differences:
            if item.change is not last:
                lines.append(f"  {item.change}:")
                last = item.change
            lines.append(
                f"    {item.rule['id']} ({item.rule['level']}): {plain(item.before, SAID)} -> {plain(item.after, SAID)}"
            )
    return "\n".join(lines)


def matrix(comparison: Comparison) -> str:
    """The whole page."""
    judged = [row for row in comparison.rows if row.rule["level"] != Level.SURVEY]
    sections = section_order({row.rule["section"] for row in judged})
    newest = comparison.reports[-1].document
    return render(
        "matrix.html",
        colour=COLOURS[newest["verdict"]][1],
        reports=comparison.reports,
        steps=[(step, _groups(step.differences)) for step in comparison.steps],
        regressed=comparison.regressed,
        regressions=REGRESSIONS,
        sections=[(name, [_row(row) for row in judged if row.rule["section"] == name]) for name in sections],
        surveys=[_row(row) for row in comparison.rows if row.rule["level"] == Level.SURVEY],
        outcomes=[(o, OUTCOMES[o]) for o in OUTCOMES if any(o in row.outcomes for row in comparison.rows)],
        levels=LEVELS,
        features=list(dict.fromkeys(row.rule["feature"] for row in comparison.rows)),
        titles=TITLES,
        notes=remarks(comparison),
        many=len(comparison.reports) > FEW,
        counts=[_counts(report.document) for report in comparison.reports],
    )


def _groups(differences: Any) -> list[tuple[Change, list[Any]]]:
    groups: dict[Change, list[Any]] = {}
    for item in differences:
        groups.setdefault(item.change, []).append(item)
    return list(groups.items())


def _row(row: Row) -> dict[str, Any]:
    return {
        **{key: row.rule[key] for key in ("id", "level", "feature", "statement")},
        "outcomes": " ".join(dict.fromkeys(row.outcomes)),
        "differs": row.differs,
        "cells": [
            {
                "outcome": cell["outcome"] if cell else ABSENT,
                "title": TITLES[cell["outcome"]] if cell else TITLES[ABSENT],
                "answer": plain(cell["message"], 400) if cell and cell["outcome"] == Outcome.ANSWERED else "",
                "got": plain(cell["got"] or cell["message"], 160) if cell and cell["outcome"] == Outcome.FAIL else "",
            }
            for cell in row.cells
        ],
    }


def _counts(document: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(str(o), OUTCOMES[o], document["counts"][o]) for o in OUTCOMES if document["counts"].get(o)]
