"""What a run found, as text: a line for each survivor that is new, and figures by section."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutation.judging import Bench
from mutation.mutants import Mutant
from mutation.reviewed import Judged, Review

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "mutation.md"
FIGURES = re.compile(r"(?<=<!-- figures, written by make mutants -->\n).*(?=<!-- end of figures -->)", re.DOTALL)
FEW = 4  # rules named of a mutant that matters to many
COLUMNS = ("mutants", "killed by evidence", "by unit tests", "equivalent", "surviving")


def findings(review: Review, bench: Bench | None) -> str:
    """Survivors that are in no list, and entries of the lists that are killed."""
    lines = [_survivor(mutant, bench) for mutant in sorted(review.new, key=lambda m: (m.path, m.line))]
    lines += [f"listed as surviving, but it is killed: {key}" for key in review.stale]
    return "\n".join(lines)


def figures(judged: Sequence[Judged], review: Review) -> str:
    """A Markdown table with a row for each section and module, and their sum."""
    return "\n".join(_rows(judged, review)) + "\n"


def write_figures(text: str, path: Path = DOCUMENT) -> None:
    """Puts the table into the document, between its two marks."""
    document = path.read_text("utf-8")
    if not FIGURES.search(document):
        raise ValueError(f"{path.name} has lost the marks between which the figures stand")
    path.write_text(FIGURES.sub(lambda _: f"\n{text}\n", document), "utf-8")


def _rows(judged: Sequence[Judged], review: Review) -> Iterator[str]:
    yield f"| section or module | {' | '.join(COLUMNS)} |"
    yield "|---" * (1 + len(COLUMNS)) + "|"
    equivalent = {mutant.key for mutant in review.equivalent}
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(each.mutant.subject.source.name, []).append(each)
    for name, group in sorted(groups.items()):
        yield _row(f"`{name}`", group, equivalent)
    yield _row("all", judged, equivalent)


def _row(name: str, group: Sequence[Judged], equivalent: set[str]) -> str:
    by_evidence = sum(bool(each.by_evidence) for each in group)
    by_tests = sum(bool(each.by_tests) for each in group)
    known = sum(not each.killed and each.mutant.key in equivalent for each in group)
    counts = (len(group), by_evidence, by_tests, known, len(group) - by_evidence - by_tests - known)
    return f"| {name} | {' | '.join(map(str, counts))} |"


def _survivor(mutant: Mutant, bench: Bench | None) -> str:
    place = f"{Path(mutant.path).relative_to(ROOT)}:{mutant.line}"
    rules = sorted(mutant.rules)
    named = ", ".join(rules[:FEW]) + (f" and {len(rules) - FEW} others" if len(rules) > FEW else "")
    run = "" if not rules or bench is None or bench.is_run(mutant) else ", on which no server runs the line"
    return f"{place}  {mutant.key}  [{named or 'unit tests'}{run}]"
