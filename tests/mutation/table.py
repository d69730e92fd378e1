"""What a run found, as text: a line for each survivor that nobody has explained, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mutation.judging import Bench
from mutation.mutants import Mutant
from mutation.reviewed import Review

ROOT = Path(__file__).parents[2]
FEW = 4  # rules named of a mutant that matters to many


def table(mutants: Sequence[Mutant], killers: Sequence[str], reviewed: Review, bench: Bench) -> str:
    lines = [_survivor(mutant, bench) for mutant in sorted(reviewed.unexplained, key=lambda m: (m.path, m.line))]
    lines += [f"listed as surviving, but it is killed: {key}" for key in reviewed.stale]
    groups: dict[str, list[int]] = {}
    for mutant, killer in zip(mutants, killers, strict=True):
        counts = groups.setdefault(_group(mutant), [0, 0])
        counts[0] += 1
        counts[1] += bool(killer)
    explained = {mutant.key for mutant in reviewed.explained}
    lines += ["", f"{'group':<34}{'mutants':>9}{'killed':>8}{'explained':>11}{'survived':>10}"]
    for group, (count, killed) in sorted(groups.items()):
        known = sum(_group(mutant) == group and mutant.key in explained for mutant in mutants)
        lines.append(f"{group:<34}{count:>9}{killed:>8}{known:>11}{count - killed - known:>10}")
    killed, known = sum(map(bool, killers)), len(reviewed.explained)
    lines.append(f"{'all':<34}{len(mutants):>9}{killed:>8}{known:>11}{len(mutants) - killed - known:>10}")
    return "\n".join(lines)


def _group(mutant: Mutant) -> str:
    return mutant.subject.source.name


def _survivor(mutant: Mutant, bench: Bench) -> str:
    place = f"{Path(mutant.path).relative_to(ROOT)}:{mutant.line}"
    rules = sorted(mutant.rules)
    named = ", ".join(rules[:FEW]) + (f" and {len(rules) - FEW} others" if len(rules) > FEW else "")
    run = "" if not rules or bench.is_run(mutant) else ", on which no server runs the line"
    return f"{place}  {mutant.key}  [{named or 'unit tests'}{run}]"
