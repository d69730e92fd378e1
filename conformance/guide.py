"""The catalogue in words: a list of rules, one rule explained, and docs/rules.md."""

from __future__ import annotations

import textwrap

from conformance.errors import UsageError
from conformance.registry import CHECKS, load_sections
from conformance.rules import Catalogue, Rule, load_catalogue


def listing(*, level: str | None = None, feature: str | None = None) -> str:
    """One line a rule: id, level, feature, statement. Raises UsageError for an unknown feature."""
    catalogue = load_catalogue()
    if feature is not None and feature not in catalogue.features:
        raise UsageError(f"there is no feature {feature!r}: the features are {', '.join(catalogue.features)}")
    rules = [r for r in catalogue if level in {None, r.level} and feature in {None, r.feature}]
    width = max((len(rule.id) for rule in rules), default=0)
    return "\n".join(f"{rule.id:<{width}}  {rule.level:<6}  {rule.feature:<11}  {rule.statement}" for rule in rules)


def explanation(rule_id: str) -> str:
    """Everything about one rule. Raises UsageError for an unknown one."""
    load_sections()
    rule = load_catalogue()[rule_id]
    parts = [
        ("level", LEVELS[rule.level]),
        ("section", rule.section),
        ("source", rule.source),
        ("feature", ", ".join(rule.features)),
        ("since", rule.since),
        ("builds on", ", ".join(rule.depends_on) or "nothing"),
    ]
    lines = [rule.id, *textwrap.wrap(rule.statement, 96), ""]
    for name, text in parts:
        wrapped = textwrap.wrap(text, 84)
        lines += [f"{name:<10} {wrapped[0]}", *(f"{'':<10} {line}" for line in wrapped[1:])]
    lines += ["", "How it is checked:"]
    for paragraph in CHECKS[rule.id].how.split("\n\n"):
        lines += [textwrap.fill(" ".join(paragraph.split()), 96, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join(lines)


LEVELS = {
    "must": "must - the Stream page says so",
    "should": "should - another Twilio document, a published answer or an official client says so",
    "survey": "survey - nobody says; the answer is recorded, never judged",
}


def markdown(catalogue: Catalogue) -> str:
    """docs/rules.md: all rules by section, and what can't be checked from outside."""
    load_sections()
    lines = [
        "# Rules",
        "",
        "Generated from `conformance/rules.yaml` by `make docs`; do not edit. `sync-conformance explain ID` says how a",
        "rule is checked.",
        "",
    ]
    counts = {level: sum(rule.level == level for rule in catalogue) for level in LEVELS}
    lines += [
        f"{len(catalogue)} rules: {counts['must']} must, {counts['should']} should, {counts['survey']} survey.",
        "",
        *(f"- **{name}**: {text.split(' - ')[1]}" for name, text in LEVELS.items()),
    ]
    for section in dict.fromkeys(rule.section for rule in catalogue):
        lines += ["", f"## {section}", "", "| rule | level | what must be true | source |", "|---|---|---|---|"]
        lines += [_row(rule) for rule in catalogue if rule.section == section]
    lines += ["", "## What can't be checked from outside", ""]
    lines += [f"- {item.statement} ({item.section}) {item.reason}" for item in catalogue.unchecked]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    cells = (f"`{rule.id}`", str(rule.level), rule.statement, rule.source)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    import sys
    from pathlib import Path

    Path(sys.argv[1]).write_text(markdown(load_catalogue()), "utf-8")
