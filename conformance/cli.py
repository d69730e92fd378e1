"""The command `sync-conformance`: parses, calls one function, prints."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from conformance import __version__
from conformance.arguments import add_arguments
from conformance.errors import SuiteError

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
    run = commands.add_parser("run", help="judge a target", epilog=EXIT_CODES)
    add_arguments(run.add_argument)
    run.set_defaults(call=_run)
    listing = commands.add_parser("list", help="print the rules")
    listing.add_argument("--level", choices=["must", "should", "survey"], help="only rules of this level")
    listing.add_argument("--feature", help="only rules of this feature")
    listing.set_defaults(call=_list)
    explain = commands.add_parser("explain", help="print one rule, its source and how it is checked")
    explain.add_argument("rule", metavar="ID")
    explain.set_defaults(call=_explain)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from conformance.command import run_command  # noqa: PLC0415 - keeps --help quick

    return run_command(vars(arguments).__getitem__)


def _list(arguments: argparse.Namespace) -> int:
    from conformance.guide import listing  # noqa: PLC0415

    print(listing(level=arguments.level, feature=arguments.feature))
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
    except BrokenPipeError:
        sys.stderr.close()
        return 1


if __name__ == "__main__":
    sys.exit(main())
