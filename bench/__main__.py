"""`python -m bench`: measures, prints a table, and with --write puts it into a document."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.document import heading, line, machine, write
from bench.load import LoadError
from bench.processes import StartFailed
from bench.rows import Row
from bench.scale import FULL, TINY

# In the order in which they run: name, and the module's `rows(scale)`.
SECTIONS = ("suite", "replay", "record", "cassettes", "clients", "server", "subscribers")
_MODULES = {"replay": "replaying", "record": "recording"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the sections asked for; returns 0 however slow they were."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="only this section (repeatable)")
    parser.add_argument("--tiny", action="store_true", help="sizes that take seconds and mean nothing")
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the table into this document")
    options = parser.parse_args(arguments)
    about = machine(parser.prog + "".join(f" {word}" for word in (arguments or sys.argv[1:])))
    print(about, flush=True)
    found: dict[str, list[Row]] = {}
    for section in options.only or SECTIONS:
        print(heading(section), flush=True)
        module = importlib.import_module(f"bench.{_MODULES.get(section, section)}")
        found[section] = []
        for row in _until_failed(module.rows(TINY if options.tiny else FULL), section):
            found[section].append(row)
            print(line(row), flush=True)
    if options.write:
        write(options.write, about, found)
    return 0


def _until_failed(rows: Iterator[Row], section: str) -> Iterator[Row]:
    """The rows, and one that says so when the rest could not be measured: the other sections still count."""
    try:
        yield from rows
    except (StartFailed, LoadError) as error:
        print(f"{section}: {error}", file=sys.stderr)
        yield Row(f"{section}: the rest was not measured", f"{' '.join(str(error).split())[:200]} …", met=False)


if __name__ == "__main__":
    sys.exit(main())
