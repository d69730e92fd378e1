"""The catalogue of rules: `rules.yaml` as immutable values, checked when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from conformance.errors import UsageError
from conformance.outcomes import Level


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a server must do.

    `section` is the heading of the Stream page it belongs to; `source` says who demands it and where;
    `depends_on` are the ids of rules whose failure makes this one's failure a consequence; `needs` are
    features that the rule uses beside its own.
    """

    id: str
    level: Level
    section: str
    source: str
    feature: str
    statement: str
    since: str
    depends_on: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        return (self.feature, *self.needs)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A sentence of the page that can't be checked from outside, and why."""

    section: str
    statement: str
    reason: str


class Catalogue:
    """All rules, in the order of the page's sections."""

    def __init__(self, rules: Iterable[Rule], unchecked: Iterable[Unchecked] = ()) -> None:
        self._rules = {rule.id: rule for rule in rules}
        self.unchecked = tuple(unchecked)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules.values())

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self._rules

    def __getitem__(self, rule_id: str) -> Rule:
        """Raises UsageError, with the nearest ids, for an unknown one."""
        try:
            return self._rules[rule_id]
        except KeyError:
            near = get_close_matches(rule_id.upper(), self._rules, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "'sync-conformance list' prints all of them."
            raise UsageError(f"there is no rule {rule_id!r}: {hint}") from None

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(rule.feature for rule in self))

    def matching(self, pattern: str) -> tuple[Rule, ...]:
        """The rules that an id or a pattern such as `TTL-*` names. Raises UsageError when there are none."""
        if "*" not in pattern:
            return (self[pattern],)
        found = tuple(rule for rule in self if fnmatchcase(rule.id, pattern.upper()))
        if not found:
            raise UsageError(f"no rule matches {pattern!r}: 'sync-conformance list' prints all of them.")
        return found


def parse_catalogue(document: Any) -> Catalogue:
    """The catalogue from the parsed YAML. A pattern in `depends_on` stands for all other rules it matches; the
    foundations come first in every other rule's `depends_on`.

    Raises ValueError for a repeated id, an unknown level or key, or a dependency or exception that names nothing.
    """
    entries = document["rules"]
    ids = [entry["id"] for entry in entries]
    known = frozenset(ids)
    if repeated := {rule_id for rule_id in ids if ids.count(rule_id) > 1}:
        raise ValueError(f"rule ids occur twice: {', '.join(sorted(repeated))}")
    foundations = document.get("foundations", {"rules": (), "apart": ()})
    if unknown := {*foundations["apart"]} - {*ids, *(entry["feature"] for entry in entries)}:
        raise ValueError(f"no rule or feature to stand apart: {', '.join(sorted(unknown))}")
    rules = []
    for entry in entries:
        depends_on: dict[str, None] = {}
        if not {entry["id"], entry["feature"]} & {*foundations["rules"], *foundations["apart"]}:
            depends_on = dict.fromkeys(foundations["rules"])
        for pattern in entry.pop("depends_on", ()):
            meant = (pattern,) if pattern in known else (rule_id for rule_id in ids if fnmatchcase(rule_id, pattern))
            found = [rule_id for rule_id in meant if rule_id != entry["id"]]
            if not found:
                raise ValueError(f"{entry['id']} depends on {pattern!r}, which is no rule")
            depends_on.update(dict.fromkeys(found))
        rules.append(
            Rule(
                level=Level(entry.pop("level")),
                depends_on=tuple(depends_on),
                needs=tuple(entry.pop("needs", ())),
                statement=" ".join(entry.pop("statement").split()),
                **entry,
            )
        )
    return Catalogue(rules, (Unchecked(**entry) for entry in document.get("unchecked", ())))


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that ships with the suite."""
    text = resources.files("conformance").joinpath("rules.yaml").read_text("utf-8")
    return parse_catalogue(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506
