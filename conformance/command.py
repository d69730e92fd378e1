"""The commands behind `sync-conformance`: `run` judges and reports, `report` rebuilds, `compare` compares."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, Any

from conformance.arguments import Wish, command_of, wish_from
from conformance.bound import Bound, in_words, usual
from conformance.bundled import target_for
from conformance.clean import clean, request_from
from conformance.errors import UsageError
from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.permission import plan_for, refuse_by_accident
from conformance.report.compare import compare, read_reports
from conformance.report.events import read_events
from conformance.report.files import write_file, write_report
from conformance.report.mask import Mask
from conformance.report.matrix import comparison_text, matrix
from conformance.report.recorder import Recorder
from conformance.report.summary import append_job_summary
from conformance.report.terminal import LETTER, findings, plain, summary
from conformance.results import Results, RuleResult
from conformance.rules import Rule
from conformance.run import Run, new_seed
from conformance.taping import recorded, replayed
from conformance.target import Target

LINE = 60  # letters of progress on a line


def run_command(get: Callable[[str], Any], out: IO[str] | None = None) -> int:
    """Runs with the options that `get` gives by destination; returns the exit code. Raises SuiteError."""
    out = out or sys.stdout
    wish = wish_from(get, new_seed=new_seed)
    if get("dry_run"):
        print("\n".join(plan_for(wish).lines()) + "\nnothing was sent", file=out)
        return 0
    refuse_by_accident(wish)
    if wish.options.subscribers is not None and (get("record") is not None or get("replay") is not None):
        raise UsageError("a recording holds no WebSockets: leave out --subscribers with --record and --replay")
    with _aim(wish, get("record"), get("replay")) as (target, options):
        recorder = Recorder(options.report, Mask.of(target.credentials))
        with contextlib.closing(recorder):
            results = run_suite(target, options, out, recorder=recorder, command=command_of(wish))
            document = recorder.end(results)
    if told := findings(document):
        print("\n" + told, file=out)
    print("\n" + summary(document), file=out)
    _tell(document, recorder.written, out)
    return results.exit_code


@contextmanager
def _aim(wish: Wish, record: Path | None, replay: Path | None) -> Iterator[tuple[Target, Options]]:
    """What to judge and how: the target itself, through a recorder, or a recording of it."""
    if replay is not None:
        if wish.target is not None or record is not None:
            raise UsageError("--replay judges a recording alone: leave out --target and --record")
        with replayed(replay, wish.options) as (target, options):
            yield target, options
        return
    with target_for(wish, os.environ) as target:
        if record is None:
            yield target, wish.options
        else:
            with recorded(target, wish.options, record) as seen:
                yield seen


def run_suite(
    target: Target, options: Options, out: IO[str], *, recorder: Recorder | None = None, command: str = ""
) -> Results:
    """One run with progress on `out`. Ctrl-C and SIGTERM end it; what was not judged is then `not_run`."""
    with Run(target, options) as run:
        print(f"{promise(run.bound, run.rules, options)}", file=out, flush=True)
        for recovered in run.preflight():
            print(plain(str(recovered), 2000), file=out)
        print(f"{plain(target.url)}: {len(run.rules)} rules, seed {options.seed}", file=out)
        progress = Progress(out, len(run.rules))
        judged: dict[str, RuleResult] = {}
        recorder = recorder or Recorder(None, Mask())
        recorder.start(run.results([run.not_run(rule, "") for rule in run.rules], command=command))

        def on_result(result: RuleResult) -> None:
            judged[result.rule.id] = result
            recorder.result(result)
            progress.show(result.outcome)

        notes = []
        complete = True
        with _stopped_by_signals():
            try:
                run.judge_all(on_result)
            except KeyboardInterrupt:
                run.session.stop()
                complete = False
                notes.append("the run was interrupted; what had not been judged is 'not run'")
            progress.end()
            results = [judged.get(rule.id) or run.not_run(rule, "the run was interrupted") for rule in run.rules]
            run.finish()
    return run.results(results, notes, complete=complete, command=command)


def promise(bound: Bound, rules: Sequence[Rule], options: Options) -> str:
    """How long the run may take, said at its start."""
    if options.replayed:
        return f"this run ends within {bound}, whatever is in the recording"
    nearby = in_words(usual(rules, options))
    return (
        f"this run ends within {bound}, whatever the target does; one nearby that keeps the rules takes about {nearby}"
    )


def clean_command(get: Callable[[str], Any], out: IO[str] | None = None) -> int:
    """Lists what runs that were killed have left, and deletes it; 2 when something is left. Raises SuiteError."""
    out = out or sys.stdout
    return clean(request_from(get, os.environ), out)


def report_command(events: Path, folder: Path | None, out: IO[str] | None = None) -> int:
    """Makes all files of a report from the events of a run, by default beside them. Raises UsageError."""
    out = out or sys.stdout
    document = read_events(events)
    print(summary(document), file=out)
    _tell(document, write_report(folder or events.parent, document), out)
    return 0


def compare_command(
    reports: Sequence[str], html: Path | None, *, fail_on_regression: bool, out: IO[str] | None = None
) -> int:
    """Compares reports in the order given; 1 when asked to and the last got worse. Raises UsageError."""
    out = out or sys.stdout
    if len(reports) < 2:
        raise UsageError("compare needs two reports or more: name their report.json files, the oldest first")
    comparison = compare(read_reports(reports))
    if html is not None:  # before anything is printed, since the reader of a pipe may leave
        write_file(html, matrix(comparison).encode("utf-8", "backslashreplace"))
    print(comparison_text(comparison), file=out)
    if html is not None:
        print(f"matrix: {html}", file=out)
    return 1 if fail_on_regression and comparison.regressed else 0


def _tell(document: dict[str, Any], written: Sequence[Path], out: IO[str]) -> None:
    if written:
        print("report: " + ", ".join(map(str, written)), file=out)
    if problem := append_job_summary(document):
        print(f"note: {problem}", file=out)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """While this lasts a SIGTERM, as CI systems send it to a job they cancel, and a SIGHUP, as a terminal sends it that
    is closed, end the run like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    known = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP"))  # Windows has no SIGHUP
    numbers = [
        number for number in known if number and signal.getsignal(number) is not signal.SIG_IGN
    ]  # as under nohup
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
