"""The reviewed list: survivors that somebody has looked at, each with the reason why no test can tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mutation.mutants import Mutant

FILE = Path(__file__).with_name("equivalent.yaml")


@dataclass(frozen=True, slots=True)
class Review:
    """Survivors that are not in the list, and entries of the list that no longer survive or exist."""

    unexplained: tuple[Mutant, ...]
    explained: tuple[Mutant, ...]
    stale: tuple[str, ...]


def load_reviewed(path: Path = FILE) -> dict[str, str]:
    """Reasons by the key of the mutant. The file is a list of `{reason, mutants}`."""
    reasons: dict[str, str] = {}
    for entry in yaml.safe_load(path.read_text("utf-8")) or []:
        for key in entry["mutants"]:
            if key in reasons:
                raise ValueError(f"{path.name} lists twice: {key}")
            reasons[key] = entry["reason"]
    return reasons


def review(mutants: Sequence[Mutant], killers: Sequence[str], reasons: Mapping[str, str]) -> Review:
    """Compares what survived with the list."""
    survivors = [mutant for mutant, killer in zip(mutants, killers, strict=True) if not killer]
    killed = {mutant.key for mutant, killer in zip(mutants, killers, strict=True) if killer}
    return Review(
        tuple(mutant for mutant in survivors if mutant.key not in reasons),
        tuple(mutant for mutant in survivors if mutant.key in reasons),
        tuple(key for key in reasons if key in killed),
    )
