"""The command `python -m schemas`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from schemas import check, extract
from schemas.errors import SchemasError

OK, DIFFERENT, UNUSABLE = 0, 1, 4


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(UNUSABLE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns 0, 1 when --check finds differences, or 4 when the usage, the page or the output is
    unusable.
    """
    options = _parser().parse_args(arguments)
    try:
        return _extract(options)
    except SchemasError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"The page {options.page} cannot be read: {error.strerror or error}.", file=sys.stderr)
    return UNUSABLE


def _extract(options: argparse.Namespace) -> int:
    directory: Path = options.output
    files = extract.build(options.page.read_bytes(), options.overlay, use_default=not options.no_overlay)
    if not options.check:
        changed = extract.write(files, directory)
        print(f"{len(files)} files in {directory}, {len(changed)} changed{': ' if changed else ''}{', '.join(changed)}")
        return OK
    found = check.compare(files, directory)
    if not found:
        print(f"{directory} is what the page gives ({len(files)} files).")
        return OK
    for difference in found:
        print(difference)
    print(f"{len(found)} {'difference' if len(found) == 1 else 'differences'} in {directory}.")
    return DIFFERENT


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m schemas", description="JSON Schemas and OpenAPI from a documentation page.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    command = commands.add_parser("extract", help="read a page and write, or check, what it says")
    command.add_argument("page", type=Path, metavar="PAGE", help="the page, in its Markdown form")
    command.add_argument(
        "--check", action="store_true", help="write nothing; print what differs and exit 1 if anything does"
    )
    command.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=Path(__file__).parent,
        help="where the files are (default: %(default)s)",
    )
    overlays = command.add_mutually_exclusive_group()
    overlays.add_argument(
        "--overlay", type=Path, metavar="FILE", help="an OpenAPI Overlay 1.0 to apply to openapi.json"
    )
    overlays.add_argument(
        "--no-overlay", action="store_true", help="apply none, not even the one that comes with this package"
    )
    return parser
