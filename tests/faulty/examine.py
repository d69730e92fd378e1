"""What the suite makes of one server: runs it and says whether it behaved as declared."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Enum, auto
from fnmatch import fnmatchcase

from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.registry import CHECKS, load_sections
from conformance.results import Results
from conformance.rules import load_catalogue
from conformance.run import Run
from conformance.selection import in_reach
from conformance.stage import TRAFFIC
from conformance.subscribers.access import FEATURE, Access
from conformance.subscribers.tokens import Signer
from conformance.target import Target
from faulty.registry import Fault, Variation
from faulty.serving import CREDENTIALS, serving
from reference_impl.config import DEFAULT_KEY_SECRET, DEFAULT_KEY_SID

GRACE = 2.0  # seconds that an expired stream may stay, here
TIMEOUT = 10.0
SAMPLE = 0.1  # of the generated requests


class Scope(Enum):
    """Which rules to run on a server: those that its fault or variation concerns, or all; with all of the generated
    requests, which take two thirds of the processor's time, or with a tenth of them."""

    CONCERNED = auto()
    SAMPLED = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one run made of one server; `wrong` holds a sentence for everything that is not as declared."""

    name: str
    seed: int
    scope: Scope
    verdict: str
    failed: tuple[str, ...]
    blocked: tuple[str, ...]
    wrong: tuple[str, ...]


def concerned_rules(rule_id: str, may: Iterable[str] = ()) -> tuple[str, ...]:
    """The rules to run for a fault in the short form: its own, those that it builds on, those that look at the same
    evidence, and those that it may break. The generators only where they are meant.

    Not those that build on it: when it fails, they are blocked or pass, whatever the server does.
    """
    load_sections()
    catalogue = load_catalogue()
    rule = catalogue[rule_id]
    scenarios = set(CHECKS[rule_id].scenarios) - {TRAFFIC}
    near = {rule_id, *rule.depends_on}
    near |= {check.rule_id for check in CHECKS.values() if scenarios & set(check.scenarios)}
    near |= {other.id for other in catalogue for pattern in may if fnmatchcase(other.id, pattern)}
    if rule_id.startswith("PROPERTY-"):  # if it fails, the judge looks at what it depends on by itself
        return (rule_id, *(i for i in _matching(may, generated=True) if i != rule_id))
    return tuple(r.id for r in catalogue if r.id in near and not r.id.startswith("PROPERTY-"))


def _matching(patterns: Iterable[str], *, generated: bool) -> tuple[str, ...]:
    patterns = tuple(patterns)
    return tuple(
        rule.id
        for rule in load_catalogue()
        if any(fnmatchcase(rule.id, pattern) for pattern in patterns)
        and (generated or not rule.id.startswith("PROPERTY-"))
    )


def _subscribers_rules() -> tuple[str, ...]:
    return tuple(rule.id for rule in load_catalogue() if rule.feature == FEATURE)


def examine_fault(fault: Fault, seed: int, scope: Scope = Scope.CONCERNED) -> Finding:
    """Runs those rules on a faulty server."""
    rules = concerned_rules(fault.rule, fault.may) if scope is Scope.CONCERNED else ()
    share = SAMPLE if scope is Scope.SAMPLED and not fault.rule.startswith("PROPERTY-") else 1.0
    parts = fault.parts()
    with serving(parts) as url:
        results = run_on(url, seed, rules, subscribers="subscribers" in parts, generated=share)
    wrong = []
    outcome = results.result(fault.rule).outcome
    if fault.uncatchable:
        expected = () if outcome is not Outcome.FAIL else (f"{fault.rule} caught what is said to be uncatchable",)
        wrong.extend(expected)
    elif outcome is not Outcome.FAIL:
        message = results.result(fault.rule).message
        wrong.append(f"{fault.rule} should fail and is {outcome}: {message}")
    for result in results.results:
        allowed = result.rule.id == fault.rule or any(fnmatchcase(result.rule.id, pattern) for pattern in fault.may)
        if result.outcome is Outcome.FAIL and not allowed:
            wrong.append(f"{result.rule.id} should not fail: {result.message}")
        if result.outcome is Outcome.ERROR:
            wrong.append(f"{result.rule.id} ended in an error of the suite: {result.message}")
    return _finding(fault.name, seed, scope, results, wrong)


def examine_variation(variation: Variation, seed: int, scope: Scope = Scope.CONCERNED) -> Finding:
    """Runs the suite on a lawful server: the verdict must be 'conformant', nothing failed, nothing blocked.

    The short form leaves out the PROPERTY rules, which take most of the processor's time.
    """
    parts = variation.parts()
    rules: tuple[str, ...] = ()
    if scope is Scope.CONCERNED:
        rules = _matching(variation.rules or ("*",), generated=False)
        if "subscribers" in parts:
            rules = _subscribers_rules()
    with serving(parts) as url:
        around = variation.around(url) if variation.around else nullcontext()
        with around:
            share = SAMPLE if scope is Scope.SAMPLED else 1.0
            results = run_on(url, seed, rules, grace=10.0, subscribers="subscribers" in parts, generated=share)
    wrong = [
        f"{result.rule.id} is {result.outcome}: {result.message}"
        for result in results.results
        if result.outcome not in {Outcome.PASS, Outcome.ANSWERED}
    ]
    return _finding(variation.name, seed, scope, results, wrong)


def run_on(
    url: str,
    seed: int,
    rules: Iterable[str],
    *,
    grace: float = GRACE,
    subscribers: bool = False,
    generated: float = 1.0,
) -> Results:
    """The results of a run on that server, without the look at the target that comes before a real run."""
    target = Target(url, CREDENTIALS, second_service="second")
    signer = Signer(CREDENTIALS.username, DEFAULT_KEY_SID, DEFAULT_KEY_SECRET)
    access = Access(f"ws{url.removeprefix('http')}/v3/wsconnect", signer) if subscribers else None
    options = Options(seed=seed, grace=grace, timeout=TIMEOUT, subscribers=access, generated=generated)
    reach = {rule.id for rule in in_reach(load_catalogue(), options)}
    with Run(target, replace(options, rules=tuple(rule for rule in rules if rule in reach))) as run:
        return run.results(run.judge_all())


def _finding(name: str, seed: int, scope: Scope, results: Results, wrong: list[str]) -> Finding:
    def with_outcome(outcome: Outcome) -> tuple[str, ...]:
        return tuple(result.rule.id for result in results.results if result.outcome is outcome)

    failed, blocked = with_outcome(Outcome.FAIL), with_outcome(Outcome.BLOCKED)
    return Finding(name, seed, scope, str(results.verdict), failed, blocked, tuple(wrong))
