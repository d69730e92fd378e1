"""What is known of survivors: those that no test can tell apart, each with the reason, and those not yet dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mutation.mutants import Mutant

EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
SURVIVING = Path(__file__).with_name("surviving.yaml")


@dataclass(frozen=True, slots=True)
class Judged:
    """A mutant and what killed it, in words; both empty for a survivor."""

    mutant: Mutant
    by_evidence: str = ""
    by_tests: str = ""

    @property
    def killed(self) -> bool:
        return bool(self.by_evidence or self.by_tests)


@dataclass(frozen=True, slots=True)
class Review:
    """Survivors that are in neither list, in the one and in the other; and entries of the lists that are killed."""

    new: tuple[Mutant, ...]
    equivalent: tuple[Mutant, ...]
    surviving: tuple[Mutant, ...]
    stale: tuple[str, ...]


def load_equivalent(path: Path = EQUIVALENT) -> dict[str, str]:
    """Reasons by the key of the mutant. The file is a list of `{reason, mutants}`."""
    reasons: dict[str, str] = {}
    for entry in yaml.safe_load(path.read_text("utf-8")) or []:
        for key in entry["mutants"]:
            if key in reasons:
                raise ValueError(f"{path.name} lists twice: {key}")
            reasons[key] = entry["reason"]
    return reasons


def load_surviving(path: Path = SURVIVING) -> frozenset[str]:
    """Keys of the mutants that are known to survive. The file has them by module."""
    found = yaml.safe_load(path.read_text("utf-8")) or {}
    return frozenset(f"{module}.{key}" for module, keys in found.items() for key in keys)


def review(judged: Sequence[Judged], equivalent: Mapping[str, str], surviving: frozenset[str]) -> Review:
    """Compares what survived with the lists."""
    survivors = [each.mutant for each in judged if not each.killed]
    killed = {each.mutant.key for each in judged if each.killed}
    return Review(
        tuple(m for m in survivors if m.key not in equivalent and m.key not in surviving),
        tuple(m for m in survivors if m.key in equivalent),
        tuple(m for m in survivors if m.key in surviving and m.key not in equivalent),
        tuple(sorted(key for key in {*equivalent, *surviving} if key in killed)),
    )


def shrink(still: Iterable[Mutant], path: Path = SURVIVING) -> None:
    """Leaves only those in the list of known survivors. Nothing is ever added to it by a program."""
    known, kept = load_surviving(path), dict[str, list[str]]()
    for mutant in still:
        if mutant.key in known:
            module = mutant.subject.source.name
            kept.setdefault(module, []).append(mutant.key.removeprefix(f"{module}."))
    head = "".join(line for line in path.read_text("utf-8").splitlines(keepends=True) if line.startswith("#"))
    listed = {module: sorted(keys) for module, keys in sorted(kept.items())}
    text = yaml.safe_dump(listed, allow_unicode=True, sort_keys=False, width=10_000) if listed else ""
    path.write_text(head + text, "utf-8")
