"""What the scenarios gather from each faulty and lawful server, kept in files so that checks can be judged again.

A check is a pure function of evidence, so a weakened check can be tried on kept evidence in a fraction of a
millisecond, where the server itself would take seconds.
"""

from __future__ import annotations

import gc
import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from faulty.examine import GRACE, TIMEOUT, concerned_rules
from faulty.registry import FAULTS, VARIATIONS, load
from faulty.serving import CREDENTIALS, serving

from conformance.judge import Judge
from conformance.options import Options
from conformance.outcomes import Blocked, Failed, Judgement, Outcome
from conformance.registry import CHECKS, SCENARIOS, load_sections
from conformance.rules import load_catalogue
from conformance.run import Run
from conformance.selection import in_reach
from conformance.stage import TRAFFIC
from conformance.target import Target
from conformance.traffic import Traffic
from mutation.kinds import one_of_each

JOBS = 10  # more than cores: most of the time is spent waiting for the servers' clocks
LONG_GRACE = 10.0  # seconds that a lawful server may keep an expired stream
GOOD = frozenset({Outcome.PASS, Outcome.ANSWERED})


@dataclass(frozen=True, slots=True)
class Raised:
    """What a scenario raised in place of evidence. Exceptions of ours lose their exchanges when they are pickled."""

    kind: type[BaseException]
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        if isinstance(error, Failed):
            return cls(type(error), (error.expected, error.got, *error.exchanges))
        if isinstance(error, Judgement):
            return cls(type(error), (error.message, *error.exchanges))
        return cls(RuntimeError, (f"{type(error).__name__}: {error}",))

    def error(self) -> BaseException:
        return self.kind(*self.arguments)


@dataclass(frozen=True, slots=True)
class Record:
    """One server: the rules that were judged on it, and the evidence of every scenario that this took.

    `rule` is the one that must fail, empty for a lawful server; `may` are patterns of those that may fail beside it.
    """

    name: str
    rule: str
    may: tuple[str, ...]
    rules: tuple[str, ...]
    evidence: Mapping[str, Any]

    def look(self, scenario: str) -> Any:
        """The scenario's evidence; raises what the scenario raised, and Blocked for what was not recorded."""
        if scenario not in self.evidence:
            raise Blocked(f"{scenario} was not recorded")
        found = self.evidence[scenario]
        if isinstance(found, Raised):
            raise found.error()
        return found

    def judge(self) -> Judge:
        return Judge(load_catalogue(), self.look)

    def objection(self, rule_id: str, outcome: Outcome) -> bool:
        """Whether this outcome of the rule is not what the server was declared to have."""
        if not self.rule:
            return outcome not in GOOD
        if rule_id == self.rule:
            return outcome is not Outcome.FAIL
        allowed = any(fnmatchcase(rule_id, pattern) for pattern in self.may)
        return outcome is Outcome.ERROR or (outcome is Outcome.FAIL and not allowed)


def generated(rule_id: str) -> bool:
    """Whether the rule's scenario judges by itself, so that no evidence is there to be judged again."""
    return any(SCENARIOS[name].generates for name in CHECKS[rule_id].scenarios if name != TRAFFIC)


@cache
def _reach() -> frozenset[str]:
    """Rules that need no socket: a fault may break the others too, but no server here has one."""
    return frozenset(rule.id for rule in in_reach(load_catalogue(), Options()))


def record(kind: str, name: str, seed: int, only: Sequence[str]) -> Record:
    """Runs the suite on that server; `only` narrows what is run to these rules."""
    load()
    load_sections()
    if kind == "fault":
        fault = FAULTS[name]
        rules = tuple(r for r in concerned_rules(fault.rule, fault.may) if r in _reach() and (not only or r in only))
        options = Options(seed=seed, rules=rules, grace=GRACE, timeout=TIMEOUT)
        with serving(fault.parts()) as url:
            return _shortened(Record(name, fault.rule, fault.may, rules, _gather(url, options)))
    variation = VARIATIONS[name]
    options = Options(seed=seed, rules=tuple(only), grace=LONG_GRACE, timeout=TIMEOUT)
    with serving(variation.parts()) as url, variation.around(url) if variation.around else nullcontext():
        return _shortened(Record(name, "", (), tuple(only), _gather(url, options)))


def _gather(url: str, options: Options) -> dict[str, Any]:
    """The evidence of every scenario that judging those rules took, and the traffic if one of them looks at it."""
    target = Target(url, CREDENTIALS, second_service="second")
    with Run(target, options) as run:
        run.judge_all()
        evidence: dict[str, Any] = {}
        for scenario in run.stage._futures:
            try:
                evidence[scenario] = run.stage.evidence(scenario)
            except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the evidence
                evidence[scenario] = Raised.of(error)
        if any(TRAFFIC in CHECKS[rule_id].scenarios for rule_id in options.rules):
            evidence[TRAFFIC] = run.stage.evidence(TRAFFIC)
    return evidence


def _shortened(whole: Record) -> Record:
    """With one exchange of each kind in its traffic, if that leads to the same outcomes."""
    if TRAFFIC not in whole.evidence:
        return whole
    traffic: Traffic = whole.evidence[TRAFFIC]
    short = replace(whole, evidence={**whole.evidence, TRAFFIC: Traffic(one_of_each(traffic), traffic.target)})
    passive = [rule_id for rule_id in whole.rules if TRAFFIC in CHECKS[rule_id].scenarios]
    one, other = whole.judge(), short.judge()
    alike = all(one.judge(rule_id).outcome is other.judge(rule_id).outcome for rule_id in passive)
    return short if alike else whole


Job = tuple[str, str, int, tuple[str, ...]]


def jobs_for(rules: Iterable[str], seed: int, *, narrow: bool = False) -> list[Job]:
    """What to record in order to judge mutants of these rules' checks; what waits longest first.

    `narrow`: of the rules that a fault concerns, only these and what they build on are run on its server.
    """
    load()
    load_sections()
    wanted = {rule_id for rule_id in rules if not generated(rule_id)}
    jobs: list[Job] = []
    for variation in VARIATIONS.values():
        patterns = variation.rules or ("*",)
        meant = tuple(r.id for r in load_catalogue() if r.id in wanted and any(fnmatchcase(r.id, p) for p in patterns))
        if meant:
            jobs.append(("variation", variation.name, seed, meant))
    slow = ("RATE-", "TTL-", "STREAM-DATE")
    faults = [fault for fault in FAULTS.values() if fault.rule in wanted and not fault.uncatchable]
    faults.sort(key=lambda fault: not fault.rule.startswith(slow))
    builds_on = {other for rule_id in wanted for other in load_catalogue()[rule_id].depends_on}
    only = tuple(sorted(wanted | builds_on)) if narrow else ()  # without those, what fails would be taken for blocked
    return jobs + [("fault", fault.name, seed, only) for fault in faults]


def _keep(job: Job, folder: Path) -> str:
    kept = record(*job)
    (folder / f"{kept.name}.pickle").write_bytes(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL))
    return kept.name


def record_all(jobs: Sequence[Job], folder: Path, workers: int = JOBS) -> None:
    """Records them into `folder`, a file each, on processes of their own; what is there already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [job for job in jobs if not (folder / f"{job[1]}.pickle").exists()]
    started = time.monotonic()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_keep, job, folder) for job in missing]
        for number, future in enumerate(as_completed(futures), start=1):
            future.result()
            if number % 100 == 0:
                print(f"{number} of {len(missing)} recorded after {time.monotonic() - started:.0f} s", flush=True)


def load_records(jobs: Sequence[Job], folder: Path) -> list[Record]:
    """The records of these jobs."""
    load_sections()
    gc.disable()  # nothing to collect, and looking for it takes most of the time
    try:
        return [pickle.loads((folder / f"{name}.pickle").read_bytes()) for _, name, _, _ in jobs]
    finally:
        gc.enable()
