"""Several reports side by side: servers, or versions of one. Pure functions over their documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

import schemas
from conformance.errors import UsageError
from conformance.outcomes import Level, Outcome
from conformance.report.document import VERSION

KEPT = frozenset({Outcome.PASS, Outcome.UNEXPECTED_PASS})
BROKEN = frozenset({Outcome.FAIL, Outcome.WAIVED})
OF_ONE_RUN = re.compile(r"\b[A-Z]{2}[0-9A-Fa-f]{32}\b|\bconformance-[0-9a-f]{8}\w*")
SECONDS = re.compile(r"\b(\d+\.\d+) s\b")
ABSENT = "absent"  # the report does not speak of the rule


class Change(StrEnum):
    """What became of one rule between two reports, the most urgent first."""

    NEWLY_FAILING = "newly failing"
    LOST = "no longer shown to hold"  # it held, and now it was not judged, or could not be
    NEWLY_WAIVED = "newly waived"
    FAILING_AT_FIRST_SIGHT = "judged for the first time, and failing"
    FIXED = "fixed"
    SETTLED = "now shown to hold"
    ANSWER = "answered differently"
    OTHER = "other change"


REGRESSIONS = frozenset({Change.NEWLY_FAILING, Change.LOST})


@dataclass(frozen=True, slots=True)
class Report:
    """One column: how it is called, and its document."""

    name: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: what is known about it, and its part of each report (None where there is none)."""

    rule: dict[str, Any]
    cells: tuple[dict[str, Any] | None, ...]

    @property
    def outcomes(self) -> tuple[str, ...]:
        return tuple(cell["outcome"] if cell else ABSENT for cell in self.cells)

    @property
    def differs(self) -> bool:
        return len(set(self.outcomes)) > 1 or (
            self.rule["level"] == Level.SURVEY
            and len({same_answer(cell["message"]) if cell else "" for cell in self.cells}) > 1
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a rule between two neighbouring columns. `before` and `after` are outcomes or answers."""

    change: Change
    rule: dict[str, Any]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """From one report to the next: what changed, the most urgent first."""

    before: str
    after: str
    same_target: bool
    differences: tuple[Difference, ...]

    @property
    def regressions(self) -> tuple[Difference, ...]:
        return tuple(item for item in self.differences if item.change in REGRESSIONS)


@dataclass(frozen=True, slots=True)
class Comparison:
    reports: tuple[Report, ...]
    rows: tuple[Row, ...]
    steps: tuple[Step, ...]

    @property
    def regressed(self) -> bool:
        """Whether the last report is worse than the one before it."""
        return bool(self.steps and self.steps[-1].regressions)


def compare(reports: Sequence[Report]) -> Comparison:
    """Rules by reports, and what changed from each report to the next."""
    known: dict[str, dict[str, Any]] = {}
    for report in reversed(reports):  # the newest words for a rule win, the order of the newest catalogue too
        for rule in report.document["rules"]:
            known.setdefault(rule["id"], rule)
    indexes = [{rule["id"]: rule for rule in report.document["rules"]} for report in reports]
    rows = tuple(Row(rule, tuple(index.get(rule_id) for index in indexes)) for rule_id, rule in known.items())
    steps = tuple(
        Step(
            before.name,
            after.name,
            before.document["target"] == after.document["target"],
            _differences(rows, number),
        )
        for number, (before, after) in enumerate(pairwise(reports))
    )
    return Comparison(tuple(reports), rows, steps)


def remarks(comparison: Comparison) -> list[str]:
    """What a reader of the comparison has to know: other suites, and reports that are silent on some rules."""
    versions = list(dict.fromkeys(report.document["suite"]["version"] for report in comparison.reports))
    found = []
    if len(versions) > 1:
        found.append(f"the reports are by different suites ({', '.join(versions)}): a change may be the suite's")
    for number, report in enumerate(comparison.reports):
        silent = sum(row.cells[number] is None for row in comparison.rows)
        if silent:
            rules = f"{silent} rule{' that another report has' if silent == 1 else 's that other reports have'}"
            found.append(f"{report.name} does not speak of {rules}")
    return found


def change_of(rule: dict[str, Any], before: dict[str, Any] | None, after: dict[str, Any] | None) -> Change | None:
    """What became of the rule; None when nothing did."""
    was, now = _outcome(before), _outcome(after)
    if rule["level"] == Level.SURVEY:
        answers = [same_answer(cell["message"]) if cell else None for cell in (before, after)]
        return Change.ANSWER if before and after and (was != now or answers[0] != answers[1]) else None
    if was == now:
        return None
    if was in KEPT:
        if now == Outcome.FAIL:
            return Change.NEWLY_FAILING
        if now == Outcome.WAIVED:
            return Change.NEWLY_WAIVED
        return Change.LOST if now not in KEPT else Change.OTHER
    if now == Outcome.FAIL:
        return Change.OTHER if was in BROKEN else Change.FAILING_AT_FIRST_SIGHT
    if now in KEPT:
        return Change.FIXED if was in BROKEN else Change.SETTLED if was != ABSENT else None
    return Change.OTHER if ABSENT not in {was, now} else None


def same_answer(text: str) -> str:
    """A survey's answer without what differs from run to run: sids, the run's own names, parts of a second."""
    text = OF_ONE_RUN.sub("…", text)
    return SECONDS.sub(lambda match: f"{round(float(match[1]))} s", text)


def read_reports(names: Iterable[str]) -> tuple[Report, ...]:
    """The reports that a user named, each `FILE` or `NAME=FILE`. Raises UsageError."""
    reports: list[Report] = []
    for text in names:
        label, _, file = text.partition("=") if "=" in text and not Path(text).exists() else ("", "", text)
        path = Path(file)
        path = path / "report.json" if path.is_dir() else path
        document = read_report(path)
        name = label or path.resolve().parent.name or str(path)
        taken = {report.name for report in reports}
        unique = next(n for n in (name, *(f"{name} ({k})" for k in range(2, 10_000))) if n not in taken)
        reports.append(Report(unique, document))
    return tuple(reports)


def read_report(path: Path) -> dict[str, Any]:
    """A report.json, checked against its schema. Raises UsageError with what is wrong."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"the report {path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is not JSON: name the report.json of a run") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        found = document.get("version") if isinstance(document, dict) else None
        raise UsageError(f"{path} is no report of version {VERSION} (its version is {found!r})")
    problem = next(iter(schemas.validator("report").iter_errors(document)), None)
    if problem is not None:
        raise UsageError(f"{path} is no report: {problem.json_path} {problem.message[:160]}")
    return document


def _differences(rows: Iterable[Row], number: int) -> tuple[Difference, ...]:
    found = []
    for row in rows:
        before, after = row.cells[number], row.cells[number + 1]
        change = change_of(row.rule, before, after)
        if change is not None:
            found.append(Difference(change, row.rule, _told(row.rule, before), _told(row.rule, after)))
    order, levels = list(Change), list(Level)
    return tuple(sorted(found, key=lambda d: (order.index(d.change), levels.index(Level(d.rule["level"])))))


def _told(rule: dict[str, Any], cell: dict[str, Any] | None) -> str:
    if cell is None:
        return ABSENT
    return (
        str(cell["message"])
        if rule["level"] == Level.SURVEY and cell["outcome"] == Outcome.ANSWERED
        else str(cell["outcome"])
    )


def _outcome(cell: dict[str, Any] | None) -> str:
    return str(cell["outcome"]) if cell else ABSENT
