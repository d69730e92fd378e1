"""The detection table: examines every server with every seed on a few processes, prints, and writes docs/detection.md.

python -m faulty.detect [--full] [--seeds 1 2 3] [--only PATTERN …] [--jobs N] [--write docs/detection.md]
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

from faulty.examine import Finding, examine_fault, examine_variation
from faulty.registry import FAULTS, VARIATIONS, load
from faulty.table import table

SEEDS = (1, 2, 3)
JOBS = 6  # more than cores: most of the time is spent waiting for the servers' clocks
BATCH = 40  # runs that a process makes
Job = tuple[str, str, int, bool]


def examine(job: Job) -> Finding:
    """One server with one seed; top-level, so that a worker process can be handed it."""
    kind, name, seed, full = job
    load()
    if kind == "fault":
        return examine_fault(FAULTS[name], seed, full=full)
    return examine_variation(VARIATIONS[name], seed, full=full)


def jobs_for(patterns: Sequence[str], seeds: Sequence[int], *, full: bool) -> list[Job]:
    """What to examine: the servers whose name, or whose rule, matches a pattern; slow ones first."""
    load()

    def wanted(*names: str) -> bool:
        return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    variations = [name for name in VARIATIONS if wanted(name)]
    faults = [fault for fault in FAULTS.values() if wanted(fault.name, fault.rule)]
    faults.sort(key=lambda fault: not fault.rule.startswith(("RATE-", "TTL-", "STREAM-DATE")))
    jobs: list[Job] = [("variation", name, seed, full) for name in variations for seed in seeds]
    jobs += [("fault", fault.name, seed, full) for fault in faults for seed in seeds]
    return jobs


def examine_all(jobs: Sequence[Job], workers: int) -> Iterator[Finding]:
    """The findings as they come, in batches with processes of their own: what a server leaves behind does not pile up.

    (max_tasks_per_child would do the same, but stands still on Python 3.11 once all processes have had their tasks.)
    """
    size = BATCH * workers
    for start in range(0, len(jobs), size):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures: list[Future[Finding]] = [pool.submit(examine, job) for job in jobs[start : start + size]]
            for future in as_completed(futures):
                yield future.result()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="faulty.detect", description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all rules on every server, not only those concerned")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--only", nargs="+", default=[], metavar="PATTERN", help="names of servers or rules")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there")
    arguments = parser.parse_args(argv)
    jobs = jobs_for(arguments.only, arguments.seeds, full=arguments.full)
    started = time.monotonic()
    findings = []
    for number, finding in enumerate(examine_all(jobs, arguments.jobs), start=1):
        findings.append(finding)
        for sentence in finding.wrong:
            print(f"{finding.name} (seed {finding.seed}): {sentence}", flush=True)
        if number % 50 == 0:
            print(f"{number} of {len(jobs)} after {time.monotonic() - started:.0f} s", flush=True)
    wrong = sum(bool(finding.wrong) for finding in findings)
    if arguments.write:
        arguments.write.write_text(table(findings, FAULTS, VARIATIONS, full=arguments.full), "utf-8")
    print(f"{len(findings)} runs in {time.monotonic() - started:.0f} s")
    print(f"{len(findings) - wrong} passed, {wrong} failed")
    return 1 if wrong or not findings else 0


if __name__ == "__main__":
    sys.exit(main())
