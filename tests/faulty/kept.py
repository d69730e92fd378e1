"""Findings kept in a file, a line each, so that a long examination can be broken off and gone on with."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

from faulty.examine import Finding, Scope

Key = tuple[str, int, Scope]


def key_of(finding: Finding) -> Key:
    return finding.name, finding.seed, finding.scope


def load_kept(path: Path | None) -> dict[Key, Finding]:
    """The findings in that file; of two for the same run, the later one. A line that was cut short is left out."""
    if path is None or not path.exists():
        return {}
    lines = path.read_text("utf-8").split("\n")[:-1]
    return {key_of(finding): finding for finding in map(_from_line, lines)}


def keep(path: Path | None, finding: Finding) -> None:
    """Adds it to the file."""
    if path is None:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(finding), "scope": finding.scope.name}) + "\n")


def _from_line(line: str) -> Finding:
    kept = json.loads(line)
    kept["scope"] = Scope[kept["scope"]]
    finding = Finding(**{each.name: kept[each.name] for each in fields(Finding)})
    lists = {each.name: tuple(kept[each.name]) for each in fields(Finding) if isinstance(kept[each.name], list)}
    return replace(finding, **lists)
