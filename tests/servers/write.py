"""`python -m servers.write docs/servers.md` judges all servers and writes the page.

Ends with 1, and a sentence each, when a failed rule has no written reason or a written one does not fit.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from conformance.report.compare import Report, compare
from conformance.report.text import plain
from conformance.report.wording import OUTCOMES
from servers.judging import Judged, judge
from servers.kinds import KINDS, CantStart, installed
from servers.reasons import Cause, load, of_server, problems

INTRO = Path(__file__).parent / "intro.md"
LETTERS = {"pass": "·", "fail": "**F**", "blocked": "b", "inconclusive": "?", "unsupported": "u", "answered": "a"}
LEGEND = (
    "**F** fail, b blocked (a rule that it builds on failed), · pass, a answered, ? inconclusive, u unsupported,"
    " - not selected."
)
HOST_BY_CHANCE = re.compile(r"(?<=to )http\S.*(?=; the suite)")
WIDTH = 118


def page(judged: Sequence[Judged], causes: Sequence[Cause]) -> str:
    """The whole document."""
    parts = [INTRO.read_text("utf-8").strip(), "", "## Verdicts", "", *_verdicts(judged)]
    for one in judged:
        parts += ["", f"## {one.kind.title}", "", *_server(one, of_server(causes, one.kind.id))]
    parts += ["", "## Matrix", "", LEGEND, "", *_matrix(judged)]
    return "\n".join(parts) + "\n"


def _verdicts(judged: Sequence[Judged]) -> list[str]:
    kinds = [o for o in OUTCOMES if any(one.document["counts"].get(str(o)) for one in judged)]
    lines = [
        "| server | verdict | " + " | ".join(OUTCOMES[o] for o in kinds) + " |",
        "|---|---|" + "---:|" * len(kinds),
    ]
    for one in judged:
        counts = " | ".join(str(one.document["counts"].get(str(o), "")) for o in kinds)
        lines.append(f"| {one.kind.title} | {one.document['verdict']} | {counts} |")
    return lines


def _matrix(judged: Sequence[Judged]) -> list[str]:
    comparison = compare([Report(one.kind.title, one.document) for one in judged])
    lines = [
        "| rule | level | " + " | ".join(one.kind.title for one in judged) + " |",
        "|---|---|" + ":-:|" * len(judged),
    ]
    for row in comparison.rows:
        cells = " | ".join(LETTERS.get(outcome, "-") for outcome in row.outcomes)
        lines.append(f"| {row.rule['id']} | {row.rule['level']} | {cells} |")
    return lines


def _server(one: Judged, causes: Sequence[Cause]) -> list[str]:
    what = f"`{installed(one.kind.package)}`: " if one.kind.package else ""
    chance = " Its answers are made by chance." if one.kind.chance else ""
    repeated = f"{one.repeated} findings were repeated by their own curl commands, all with the same answer."
    lines = [_wrapped(f"{what}{one.kind.started_by}.{chance} {repeated}")]
    for note in one.document["notes"]:
        told = HOST_BY_CHANCE.sub("…", note) if one.kind.chance else note
        lines += ["", _wrapped(f"The run noted: {plain(told)}.")]
    unclaimed = one.rules("unsupported")
    if one.kind.without:
        lines += ["", _wrapped(f"Not claimed, so `unsupported` ({len(unclaimed)} rules): {', '.join(unclaimed)}.")]
    for cause in causes:
        lines += ["", *_cause(one, cause)]
    return lines


def _cause(one: Judged, cause: Cause) -> list[str]:
    failed = [rule for rule in cause.rules if rule in one.rules("fail")]
    behind = [rule for rule in cause.behind if rule in one.rules("blocked")]
    title = f"**{', '.join(failed)}**: {cause.text}" if failed else cause.text
    shown = one.shown[cause.id].replace(one.document["target"]["url"], "http://127.0.0.1:PORT").strip()
    lines = [_wrapped(title), "", "```console", *(f"$ {line}" for line in cause.curl.splitlines())]
    lines += [*(plain(line) for line in shown.splitlines()), "```"]
    return [*lines, "", _wrapped(f"Behind it: {', '.join(behind)}.")] if behind else lines


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="servers.write", description=__doc__)
    parser.add_argument("file", type=Path, help="the page to write")
    chosen = parser.parse_args(arguments)
    causes, judged = load(), []
    try:
        for kind in KINDS:
            started = time.monotonic()
            one = judge(kind, {cause.id: cause.curl for cause in of_server(causes, kind.id)})
            judged.append(one)
            failed, took = len(one.rules("fail")), time.monotonic() - started
            print(f"{kind.title}: {one.document['verdict']}, {failed} fail, {took:.0f} s", flush=True)
    except CantStart as error:
        print(error, file=sys.stderr)
        return 1
    wrong = problems(causes, judged)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    chosen.file.write_text(page(judged, causes), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
