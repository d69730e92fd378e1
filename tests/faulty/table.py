"""docs/detection.md: each faulty server with the rule that must catch it and the rules that did; each lawful one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from conformance.rules import load_catalogue
from faulty.examine import Finding, Scope
from faulty.registry import Fault, Variation

HEAD = """\
# What the suite catches, and what it spares

Made by `python -m faulty.detect --write`; do not edit. Every server below is the reference server with one change
(`tests/faulty/`). A fault counts as caught when the rule that it breaks fails, and no rule fails that is not listed for
it; rules that build on a broken one are `blocked` and not listed. A variation is spared when every rule passes.

The last two columns say with how many seeds this was so, of those that were tried: `concerned` with the rules that the
server concerns (for a variation all that are written by hand, unless it is narrowed to some), `all` with every rule:
one seed with every request that the generators make, the others with a tenth of them, except for what breaks one of the
generators' own rules.
"""
SCOPES = {
    Scope.CONCERNED: "the rules concerned",
    Scope.ALL: "all rules",
    Scope.SAMPLED: "all rules, a tenth of the generated requests",
}


def table(findings: Sequence[Finding], faults: Mapping[str, Fault], variations: Mapping[str, Variation]) -> str:
    """The document, from all findings there are."""
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.name, []).append(finding)
    known = [fault for fault in faults.values() if fault.name in by_name]
    spared = [variation for variation in variations.values() if variation.name in by_name]
    lines = [HEAD, f"{len(known)} faulty servers, {len(spared)} lawful variations.", ""]
    lines += _figures(known, spared, findings)
    lines += ["", "## Faulty servers"]
    for rule in load_catalogue():
        mine = [fault for fault in known if fault.rule == rule.id]
        if mine:
            head = ["| fault | caught by | concerned | all |", "|---|---|---|---|"]
            lines += ["", f"### {rule.id}", "", rule.statement, "", *head]
            lines += [_fault_row(fault, by_name[fault.name]) for fault in mine]
    lines += ["", "## Lawful variations", "", "| variation | what fired | concerned | all |", "|---|---|---|---|"]
    lines += [_variation_row(variation, by_name[variation.name]) for variation in spared]
    return "\n".join(lines) + "\n"


def _figures(faults: Iterable[Fault], variations: Iterable[Variation], findings: Iterable[Finding]) -> Iterator[str]:
    """How many servers were run in which way, and for how many of them all was as declared each time."""
    yield "| what was run | servers | runs | servers with all runs as declared |"
    yield "|---|---|---|---|"
    kinds = {"faulty": {each.name for each in faults}, "lawful": {each.name for each in variations}}
    for kind, names in kinds.items():
        for scope, words in SCOPES.items():
            runs = [finding for finding in findings if finding.name in names and finding.scope is scope]
            if runs:
                tried, bad = {run.name for run in runs}, {run.name for run in runs if run.wrong}
                seeds = ", ".join(map(str, sorted({run.seed for run in runs})))
                yield f"| {kind}, {words}, seeds {seeds} | {len(tried)} | {len(runs)} | {len(tried - bad)} |"


def _fault_row(fault: Fault, findings: Sequence[Finding]) -> str:
    caught = _rules(rule for finding in findings for rule in finding.failed)
    what = f"{fault.sentence} Can't be seen from outside: {fault.uncatchable}" if fault.uncatchable else fault.sentence
    return f"| {what} (`{fault.name}`) | {caught or 'nothing'} | {_columns(findings)} |"


def _variation_row(variation: Variation, findings: Sequence[Finding]) -> str:
    fired = _rules(rule for finding in findings for rule in (*finding.failed, *finding.blocked))
    return f"| {variation.sentence} (`{variation.name}`) | {fired or 'nothing'} | {_columns(findings)} |"


def _columns(findings: Sequence[Finding]) -> str:
    concerned = _good([finding for finding in findings if finding.scope is Scope.CONCERNED])
    return f"{concerned} | {_good([finding for finding in findings if finding.scope is not Scope.CONCERNED])}"


def _good(findings: Sequence[Finding]) -> str:
    return f"{sum(not finding.wrong for finding in findings)} of {len(findings)}" if findings else ""


def _rules(ids: Iterable[str]) -> str:
    return ", ".join(f"`{rule_id}`" for rule_id in dict.fromkeys(ids))
