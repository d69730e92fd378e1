"""`sync-conformance run`: finds the target, runs, prints, writes the report."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import IO, Any

from conformance.arguments import wish_from
from conformance.bundled import target_for
from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.report.document import broken_results, document_of
from conformance.report.files import write_report
from conformance.report.mask import Mask
from conformance.report.terminal import LETTER, finding, plain, summary
from conformance.results import Results, RuleResult
from conformance.run import Run, new_seed
from conformance.target import Target

LINE = 60  # letters of progress on a line


def run_command(get: Callable[[str], Any], out: IO[str] | None = None) -> int:
    """Runs with the options that `get` gives by destination; returns the exit code. Raises SuiteError."""
    out = out or sys.stdout
    wish = wish_from(get, new_seed=new_seed)
    with target_for(wish, os.environ) as target:
        results = run_suite(target, wish.options, out)
        document = document_of(results, Mask.of(target.credentials))
    for rule in broken_results(document):
        print("\n" + finding(rule), file=out)
    print("\n" + summary(document), file=out)
    if wish.options.report is not None:
        written = write_report(wish.options.report, document)
        print("report: " + ", ".join(map(str, written)), file=out)
    return results.exit_code


def run_suite(target: Target, options: Options, out: IO[str]) -> Results:
    """One run with progress on `out`. Ctrl-C ends it; what was not judged is then `not_run`."""
    with Run(target, options) as run:
        run.preflight()
        print(f"{plain(target.url)}: {len(run.rules)} rules, seed {options.seed}", file=out)
        progress = Progress(out, len(run.rules))
        judged: dict[str, RuleResult] = {}

        def on_result(result: RuleResult) -> None:
            judged[result.rule.id] = result
            progress.show(result.outcome)

        notes = []
        try:
            run.judge_all(on_result)
        except KeyboardInterrupt:
            run.session.stop()
            notes.append("the run was interrupted; what had not been judged is 'not run'")
        progress.end()
        results = [judged.get(rule.id) or run.not_run(rule, "the run was interrupted") for rule in run.rules]
        left = run.finish()
    if left:
        names = ", ".join(item.reference for item in left[:5])
        notes.append(f"{len(left)} streams of this run could not be deleted ({names}…)")
    return run.results(results, notes)


class Progress:
    """A letter a rule, as pytest prints it."""

    def __init__(self, out: IO[str], total: int) -> None:
        self._out = out
        self._total = total
        self._done = 0

    def show(self, outcome: Outcome) -> None:
        self._done += 1
        end = f" [{self._done}/{self._total}]\n" if self._done % LINE == 0 else ""
        with contextlib.suppress(BrokenPipeError):
            self._out.write(LETTER[outcome] + end)
            self._out.flush()

    def end(self) -> None:
        if self._done % LINE:
            self._out.write(f" [{self._done}/{self._total}]\n")
