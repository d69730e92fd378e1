"""Tries whether a weakened check is noticed: docs/mutation.md says how.

PYTHONPATH=tests python -m mutation [--rules PATTERN …] [--sample N] [--seed N] [--evidence FOLDER] [--workers N]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from conformance.options import Options
from conformance.outcomes import Level
from conformance.rules import load_catalogue
from conformance.selection import in_reach
from mutation.evidence import JOBS, generated, jobs_for, load_records, record_all
from mutation.judging import Bench
from mutation.mutants import Mutant, mutants_of
from mutation.reviewed import load_reviewed, review
from mutation.subjects import HEART, Suite
from mutation.table import table
from mutation.unit import judge_by_tests

HEART_SAMPLE = 20  # mutants of the pure heart for each sampled rule


def judged_rules() -> tuple[str, ...]:
    """Rules whose checks are pure and decide something, on what every server has: no surveys, which never fail, no
    generators, and none about subscribers."""
    rules = in_reach(load_catalogue(), Options())
    return tuple(r.id for r in rules if r.level is not Level.SURVEY and not generated(r.id))


def chosen_rules(patterns: Sequence[str], sample: int | None, seed: int) -> tuple[str, ...]:
    rules = [r for r in judged_rules() if not patterns or any(fnmatchcase(r, pattern) for pattern in patterns)]
    if sample is None:
        return tuple(rules)
    return tuple(random.Random(seed).sample(rules, min(sample, len(rules))))


def mutants_of_rules(suite: Suite, rules: Sequence[str]) -> list[Mutant]:
    """Mutants of what matters to these rules and to no other: only then all evidence on it is at hand."""
    judged, chosen = frozenset(judged_rules()), frozenset(rules)
    matter = {subject: found & judged for subject, found in suite.judging().items()}
    all_of_them = [subject for subject, found in matter.items() if found]
    subjects = [subject for subject in all_of_them if matter[subject] <= chosen]
    constants = [
        constant for constant in suite.constants(suite.judging()) if all(user in subjects for user in constant.users)
    ]
    return mutants_of([*subjects, *constants], suite.known, matter)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="mutation", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rules", nargs="+", default=[], metavar="PATTERN", help="of these rules only")
    parser.add_argument("--sample", type=int, metavar="N", help="of that many rules, drawn with --seed")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument("--evidence", type=Path, metavar="FOLDER", help="keep evidence there and use what is there")
    parser.add_argument("--workers", type=int, default=2, help="processes that judge mutants")
    parser.add_argument("--jobs", type=int, default=JOBS, help="servers to gather evidence from at a time")
    arguments = parser.parse_args(argv)
    started = time.monotonic()

    def tell(words: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {words}", flush=True)

    suite = Suite()
    rules = chosen_rules(arguments.rules, arguments.sample, arguments.seed)
    whole = not arguments.rules and arguments.sample is None
    in_checks = mutants_of_rules(suite, rules)
    in_heart = [] if arguments.rules else mutants_of(suite.in_modules(HEART), suite.known)
    if arguments.sample is not None and in_heart:
        count = min(len(in_heart), HEART_SAMPLE * arguments.sample)
        in_heart = random.Random(arguments.seed).sample(in_heart, count)
    tell(f"{len(in_checks)} mutants of the checks of {len(rules)} rules, {len(in_heart)} of the pure heart")
    with ExitStack() as stack:
        folder = arguments.evidence or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evidence-")))
        jobs = jobs_for(rules, arguments.seed, narrow=not whole)
        record_all(jobs, folder, arguments.jobs)
        records = load_records(jobs, folder)
    tell(f"evidence of {len(records)} servers is at hand")
    bench = Bench(suite, records, frozenset(rules), arguments.workers)
    for name, rule_id, outcome in bench.base.wrong:
        tell(f"left out, since {rule_id} is {outcome} on {name} without any change")
    killers = bench.judge_all(in_checks)
    tell(f"{sum(map(bool, killers))} of {len(in_checks)} killed by evidence")
    left = [number for number, killer in enumerate(killers) if not killer]
    by_tests = judge_by_tests([*(in_checks[number] for number in left), *in_heart], arguments.workers)
    for number, killer in zip(left, by_tests, strict=False):
        killers[number] = killer
    mutants, killers = [*in_checks, *in_heart], [*killers, *by_tests[len(left) :]]
    reviewed = review(mutants, killers, load_reviewed())
    tell("done")
    print(table(mutants, killers, reviewed, bench))
    if whole:
        known = {mutant.key for mutant in mutants}
        unknown = [key for key in load_reviewed() if key not in known]
        print(*(f"listed, but there is no such mutant: {key}" for key in unknown), sep="\n")
        return 1 if reviewed.unexplained or reviewed.stale or unknown else 0
    return 1 if reviewed.unexplained or reviewed.stale or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
