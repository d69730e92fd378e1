"""docs/detection.md: each faulty server with the rule that must catch it and the rules that did; each lawful one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.rules import load_catalogue
from faulty.examine import Finding
from faulty.registry import Fault, Variation

HEAD = """\
# What the suite catches, and what it spares

Made by `make detection`; do not edit. Every server below is the reference server with one change (`tests/faulty/`).
A fault counts as caught when the rule that it breaks fails with every seed, and no rule fails that is not listed
for it; rules that build on a broken one are `blocked` and not listed. A variation is spared when every rule passes.
"""


def table(
    findings: Sequence[Finding], faults: Mapping[str, Fault], variations: Mapping[str, Variation], *, full: bool
) -> str:
    """The document. `findings` are those of all seeds."""
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.name, []).append(finding)
    seeds = sorted({finding.seed for finding in findings})
    scope = "all rules" if full else "the rules concerned"
    lines = [HEAD, f"Run with {scope}, seeds {', '.join(map(str, seeds))}."]
    known = [fault for fault in faults.values() if fault.name in by_name]
    spared = [variation for variation in variations.values() if variation.name in by_name]
    lines += ["", f"{len(known)} faulty servers, {len(spared)} lawful variations.", "", "## Faulty servers"]
    for rule in load_catalogue():
        mine = [fault for fault in known if fault.rule == rule.id]
        if mine:
            lines += ["", f"### {rule.id}", "", rule.statement, "", "| fault | caught by | seeds |", "|---|---|---|"]
            lines += [_fault_row(fault, by_name[fault.name]) for fault in mine]
    lines += ["", "## Lawful variations", "", "| variation | what fired | seeds |", "|---|---|---|"]
    lines += [_variation_row(variation, by_name[variation.name]) for variation in spared]
    return "\n".join(lines) + "\n"


def _fault_row(fault: Fault, findings: Sequence[Finding]) -> str:
    caught = _rules(rule for finding in findings for rule in finding.failed)
    good = sum(not finding.wrong for finding in findings)
    what = f"{fault.sentence} Can't be seen from outside: {fault.uncatchable}" if fault.uncatchable else fault.sentence
    return f"| {what} (`{fault.name}`) | {caught or 'nothing'} | {good} of {len(findings)} |"


def _variation_row(variation: Variation, findings: Sequence[Finding]) -> str:
    fired = _rules(rule for finding in findings for rule in (*finding.failed, *finding.blocked))
    good = sum(not finding.wrong for finding in findings)
    return f"| {variation.sentence} (`{variation.name}`) | {fired or 'nothing'} | {good} of {len(findings)} |"


def _rules(ids: Iterable[str]) -> str:
    return ", ".join(f"`{rule_id}`" for rule_id in dict.fromkeys(ids))
