"""The detection table: examines every server with every seed on a few processes, prints, and writes docs/detection.md.

python -m faulty.detect [--full] [--seeds 1 2 3] [--spread] [--only PATTERN …] [--jobs N]
    [--keep FILE] [--write docs/detection.md]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path

from faulty.examine import Finding, Scope, examine_fault, examine_variation
from faulty.kept import keep, load_kept
from faulty.registry import FAULTS, VARIATIONS, load
from faulty.table import table

SEEDS = (1, 2, 3)
JOBS = 10  # more than cores: most of the time is spent waiting for the servers' clocks
RUNS_OF_A_PROCESS = 60
SLOW = ("RATE-", "TTL-", "STREAM-DATE")
Job = tuple[str, str, int, Scope]


def examine(job: Job) -> Finding:
    """One server with one seed; top-level, so that a worker process can be handed it."""
    kind, name, seed, scope = job
    load()
    if kind == "fault":
        return examine_fault(FAULTS[name], seed, scope)
    return examine_variation(VARIATIONS[name], seed, scope)


def jobs_for(patterns: Sequence[str], seeds: Sequence[int], *, full: bool = False, spread: bool = False) -> list[Job]:
    """What to examine: the servers whose name, or whose rule, matches a pattern; slow ones first.

    Each with all seeds, or, when they are spread, with one of them, in turn. With all rules, if `full`: the first seed
    with every generated request, the others with a sample.
    """
    load()

    def wanted(*names: str) -> bool:
        return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    variations = [name for name in VARIATIONS if wanted(name)]
    faults = [fault for fault in FAULTS.values() if wanted(fault.name, fault.rule)]
    servers = [("variation", name) for name in variations]
    servers += [("fault", fault.name) for fault in sorted(faults, key=lambda fault: not fault.rule.startswith(SLOW))]
    scopes = dict.fromkeys(seeds, Scope.SAMPLED if full else Scope.CONCERNED)
    if full:
        scopes[seeds[0]] = Scope.ALL
    return [
        (kind, name, seed, scopes[seed])
        for number, (kind, name) in enumerate(servers)
        for seed in ([seeds[number % len(seeds)]] if spread else seeds)
    ]


def _tell(finding: Finding) -> None:
    for sentence in finding.wrong:
        print(f"{finding.name} (seed {finding.seed}): {sentence}", flush=True)


def examine_all(jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Finding]]:
    """The findings as they come, from a few processes of their own, each for some runs: they grow by 5 MB with each."""
    share = RUNS_OF_A_PROCESS * workers
    for some in (jobs[start : start + share] for start in range(0, len(jobs), share)):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures: dict[Future[Finding], Job] = {pool.submit(examine, job): job for job in some}
            for future in as_completed(futures):
                yield futures[future], future.result()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="faulty.detect", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--full",
        action="store_true",
        help="all rules on every server, not only those concerned; with seeds after the first a tenth of the generated "
        "requests",
    )
    parser.add_argument("--spread", action="store_true", help="each server with one of the seeds, in turn")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--only", nargs="+", default=[], metavar="PATTERN", help="names of servers or rules")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep findings there and go on with what is there")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table of all findings there")
    arguments = parser.parse_args(argv)
    jobs = jobs_for(arguments.only, arguments.seeds, full=arguments.full, spread=arguments.spread)
    started = time.monotonic()
    kept = load_kept(arguments.keep)
    findings = {key: finding for job in jobs if (finding := kept.get(key := job[1:])) and not finding.wrong}
    missing = [job for job in jobs if job[1:] not in findings]
    again = []
    for number, (job, finding) in enumerate(examine_all(missing, arguments.jobs), start=1):
        if finding.wrong:
            again.append(job)
        else:
            findings[job[1:]] = finding
            keep(arguments.keep, finding)
        _tell(finding)
        if number % 100 == 0:
            print(f"{number} of {len(missing)} after {time.monotonic() - started:.0f} s", flush=True)
    if again:
        # Many servers at once can make one too slow to be judged; what is wrong must be wrong by itself too.
        print(f"a second look at {len(again)}, one at a time", flush=True)
        for job, finding in examine_all(again, 1):
            findings[job[1:]] = finding
            keep(arguments.keep, finding)
            _tell(finding)
    wrong = sum(bool(finding.wrong) for finding in findings.values())
    if arguments.write:
        everything = {**load_kept(arguments.keep), **findings}.values()
        arguments.write.write_text(table(list(everything), FAULTS, VARIATIONS), "utf-8")
    print(f"{len(findings)} runs in {time.monotonic() - started:.0f} s")
    print(f"{len(findings) - wrong} passed, {wrong} failed")
    return 1 if wrong or not findings else 0


if __name__ == "__main__":
    sys.exit(main())
