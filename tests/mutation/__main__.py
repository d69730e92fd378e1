"""Tries whether a weakened check is noticed: docs/mutation.md says how.

PYTHONPATH=tests python -m mutation [--rules PATTERN …] [--sample N] [--seed N] [--evidence FOLDER] [--write]
"""

from __future__ import annotations

import argparse
import json
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
from conformance.registry import load_sections
from conformance.rules import load_catalogue
from conformance.selection import in_reach
from mutation.evidence import JOBS, Record, generated, jobs_for, load_records, record_all
from mutation.judging import Bench, make_fresh
from mutation.mutants import Mutant, mutants_of
from mutation.reviewed import Judged, load_equivalent, load_surviving, review, shrink
from mutation.subjects import HEART, Suite
from mutation.table import figures, findings, write_figures
from mutation.unit import PURE, judge_by_tests

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


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description=str(__doc__).splitlines()[0])
    parser.add_argument("--rules", nargs="+", default=[], metavar="PATTERN", help="of these rules only")
    parser.add_argument("--sample", type=int, metavar="N", help="of that many rules, drawn with --seed")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument("--evidence", type=Path, metavar="FOLDER", help="keep evidence there and use what is there")
    parser.add_argument("--workers", type=int, default=2, help="processes that judge mutants")
    parser.add_argument("--jobs", type=int, default=JOBS, help="servers to gather evidence from at a time")
    parser.add_argument(
        "--again",
        type=Path,
        metavar="FILE",
        help="try only what survived according to such a file; by unit tests alone without --evidence",
    )
    parser.add_argument(
        "--tests", nargs="+", default=PURE, metavar="NAME", help="unit tests of these files of tests/suite"
    )
    parser.add_argument("--results", type=Path, metavar="FILE", help="write there what killed each mutant, as JSON")
    parser.add_argument(
        "--write",
        action="store_true",
        help="put the figures into docs/mutation.md and drop what is killed now from surviving.yaml",
    )
    arguments = parser.parse_args(argv)
    if arguments.write and (arguments.rules or arguments.sample is not None):
        parser.error("--write needs all rules: leave out --rules and --sample")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    arguments = read_arguments(argv)
    started = time.monotonic()
    load_sections()

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
    judged = known_kills(in_checks, in_heart, arguments.again)
    bench = None
    if arguments.evidence or not arguments.again:
        records = gathered(arguments, rules, narrow=not whole)
        tell(f"evidence of {len(records)} servers is at hand")
        bench = Bench(suite, records, frozenset(rules), arguments.workers)
        for name, rule_id, outcome in bench.base.wrong:
            tell(f"left out, since {rule_id} is {outcome} on {name} without any change")
        judged = by_evidence(judged, bench)
        tell(f"{sum(bool(each.by_evidence) for each in judged)} of {len(in_checks)} killed by evidence")
    else:
        make_fresh(suite)
    judged = by_unit_tests(judged, arguments)
    reviewed = review(judged, load_equivalent(), load_surviving())
    tell("done")
    print(findings(reviewed, bench), figures(judged, reviewed), sep="\n")
    unknown = [key for key in (*load_equivalent(), *load_surviving()) if key not in {e.mutant.key for e in judged}]
    if whole:
        print(*(f"listed, but there is no such mutant: {key}" for key in unknown), sep="\n")
    if arguments.write:
        write_figures(figures(judged, reviewed))
        shrink(reviewed.surviving)
    if arguments.results:
        rows = [{"mutant": e.mutant.key, "evidence": e.by_evidence, "tests": e.by_tests} for e in judged]
        arguments.results.write_text(json.dumps(rows, indent=1), "utf-8")
    return 1 if reviewed.new or reviewed.stale or not judged or (whole and unknown) else 0


def gathered(arguments: argparse.Namespace, rules: Sequence[str], *, narrow: bool) -> list[Record]:
    """The evidence of all servers that these rules concern."""
    with ExitStack() as stack:
        folder = arguments.evidence or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evidence-")))
        jobs = jobs_for(rules, arguments.seed, narrow=narrow)
        record_all(jobs, folder, arguments.jobs)
        return load_records(jobs, folder)


def known_kills(in_checks: Sequence[Mutant], in_heart: Sequence[Mutant], results: Path | None) -> list[Judged]:
    """All mutants, with what an earlier run found; one that it did not know counts as a survivor."""
    rows = {row["mutant"]: row for row in json.loads(results.read_text("utf-8"))} if results else {}
    found = ((mutant, rows.get(mutant.key, {})) for mutant in (*in_checks, *in_heart))
    return [Judged(mutant, row.get("evidence", ""), row.get("tests", "")) for mutant, row in found]


def by_evidence(judged: Sequence[Judged], bench: Bench) -> list[Judged]:
    """With what evidence kills of those that are alive and matter to a rule."""
    alive = [each.mutant for each in judged if not each.killed and each.mutant.rules]
    killers = dict(zip(alive, bench.judge_all(alive), strict=True))
    return [Judged(each.mutant, killers.get(each.mutant, each.by_evidence), each.by_tests) for each in judged]


def by_unit_tests(judged: Sequence[Judged], arguments: argparse.Namespace) -> list[Judged]:
    """With what unit tests kill of those that are alive."""
    alive = [each.mutant for each in judged if not each.killed]
    killers = dict(zip(alive, judge_by_tests(alive, arguments.workers, arguments.tests), strict=True))
    return [each if each.killed else Judged(each.mutant, by_tests=killers[each.mutant]) for each in judged]


if __name__ == "__main__":
    sys.exit(main())
