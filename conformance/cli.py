"""The command `sync-conformance`: parses, calls one function, prints."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance import __version__
from conformance.arguments import add_arguments
from conformance.errors import SuiteError

LOGIN = """\
The environment variables TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN hold what the target accepts."""
EXIT_CODES = """\
exit codes of run: 0 conformant; 1 not conformant, or a waiver that is no longer needed (with --strict deviations
too); 2 incomplete; 3 the target can't be reached or logged in to; 4 usage."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sync-conformance",
        description="Judges whether a server is Twilio Sync Streams, rule by rule.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="judge a target", epilog=f"{LOGIN} {EXIT_CODES}")
    add_arguments(run.add_argument)
    run.add_argument("--record", metavar="FILE", type=Path, help="record the run's traffic into a new cassette")
    run.add_argument("--replay", metavar="FILE", type=Path, help="judge a recorded run, with no server and no waits")
    run.add_argument("--dry-run", action="store_true", help="print what the run would do, and send nothing")
    run.set_defaults(call=_run)
    clean = commands.add_parser(
        "clean",
        help="list what runs that were killed have left on their targets, then delete it",
        epilog=f"{LOGIN} exit codes: 0 nothing is left; 2 something is; 3 the target can't be reached; 4 usage.",
    )
    clean.add_argument("--target", metavar="URL", help="only what was left there (default: on any target)")
    clean.add_argument("--journal", metavar="DIR", type=Path, help="the folder that was given to the runs")
    clean.add_argument("--live", action="store_true", help="also on the real service, twilio.com")
    clean.add_argument("--dry-run", action="store_true", help="list only, and send nothing")
    clean.set_defaults(call=_clean)
    listing = commands.add_parser("list", help="print the rules")
    listing.add_argument("--level", choices=["must", "should", "survey"], help="only rules of this level")
    listing.add_argument("--feature", help="only rules of this feature")
    listing.set_defaults(call=_list)
    report = commands.add_parser("report", help="make all files of a report from the events of a run, whole or killed")
    report.add_argument("events", metavar="events.ndjson", type=Path)
    report.add_argument("--report", metavar="DIR", type=Path, help="write there (default: beside the events)")
    report.set_defaults(call=_report)
    compare = commands.add_parser(
        "compare",
        help="put reports side by side, and say what changed",
        epilog="exit codes: 0; 1 with --fail-on-regression, when the last report is worse than the one before it;"
        " 4 usage.",
    )
    compare.add_argument("reports", metavar="[NAME=]report.json", nargs="+", help="two or more, the oldest first")
    compare.add_argument("--html", metavar="FILE", type=Path, help="write the matrix of rules by servers there")
    compare.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="exit with 1 when a rule that held fails, or is no longer shown to hold",
    )
    compare.set_defaults(call=_compare)
    ledger = commands.add_parser("ledger", help="when each rule last held on the real service; enter a run's report")
    ledger.add_argument("report", metavar="report.json", type=Path, nargs="?", help="of a run on the real service")
    ledger.add_argument("--file", metavar="FILE", type=Path, default=Path("docs/ledger.yaml"), help="(%(default)s)")
    ledger.set_defaults(call=_ledger)
    explain = commands.add_parser("explain", help="print one rule, its source and how it is checked")
    explain.add_argument("rule", metavar="ID")
    explain.set_defaults(call=_explain)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    # hypothesis would load the plugins of other packages, which the suite does not use: trio's alone takes 0.3 s.
    os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
    from conformance.command import run_command  # noqa: PLC0415 - keeps --help quick

    return run_command(vars(arguments).__getitem__)


def _clean(arguments: argparse.Namespace) -> int:
    from conformance.command import clean_command  # noqa: PLC0415

    return clean_command(vars(arguments).__getitem__)


def _list(arguments: argparse.Namespace) -> int:
    from conformance.guide import listing  # noqa: PLC0415

    print(listing(level=arguments.level, feature=arguments.feature))
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from conformance.command import report_command  # noqa: PLC0415

    return report_command(arguments.events, arguments.report)


def _compare(arguments: argparse.Namespace) -> int:
    from conformance.command import compare_command  # noqa: PLC0415

    return compare_command(arguments.reports, arguments.html, fail_on_regression=arguments.fail_on_regression)


def _ledger(arguments: argparse.Namespace) -> int:
    from conformance.ledger import enter, ledger_lines, read_ledger  # noqa: PLC0415

    report = arguments.report
    print("\n".join(ledger_lines(read_ledger(arguments.file) if report is None else enter(arguments.file, report))))
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    from conformance.guide import explanation  # noqa: PLC0415

    print(explanation(arguments.rule))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:
        return 4 if end.code else 0
    call: Callable[[argparse.Namespace], int] = arguments.call
    try:
        return call(arguments)
    except SuiteError as error:
        print(f"sync-conformance: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sync-conformance: stopped; 'sync-conformance clean' deletes what a run may have left", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
