"""Section `suite`: whole runs of the suite, and what of their time is waiting for the target's clock."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import ours
from bench.processes import module, script, served, timed
from bench.rows import Row, at_most
from bench.scale import Scale
from bench.spread import Spread, in_turn

ROUND_TRIP = 0.1  # seconds
_TAPE = Path(__file__).parent.parent / "cassettes" / "whole_suite.yaml"


def rows(scale: Scale) -> Iterator[Row]:
    """Every run is the command that a user types, the start of its interpreter and of its server included."""
    yield from _start_up(scale)
    yield from _whole(scale)
    quick = [_run(scale, "--quick")["seconds"] for _ in range(scale.suite_turns)]
    yield at_most("--quick: no rule that waits, on the bundled server", Spread.of(quick), 5, digits=1)
    yield from _far_away(scale)
    replay = [_run(scale, "--replay", str(_TAPE), bare=True)["seconds"] for _ in range(scale.suite_turns)]
    yield at_most("--replay of the recording that ships, every rule", Spread.of(replay), 5, digits=1)


def _start_up(scale: Scale) -> Iterator[Row]:
    own, python = in_turn(
        2 * scale.turns,
        lambda _: timed([script("sync-conformance"), "--help"]),
        lambda _: timed([sys.executable, "-c", "pass"]),
    )
    beside = f"{Spread.of(python).show(' s')} (Python by itself)"
    yield at_most("sync-conformance --help", Spread.of(own), 0.3, theirs=beside)


def _run(scale: Scale, *options: str, bare: bool = False, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """One run: its wall clock, and the statistics of its report."""
    extra: Sequence[str] = () if bare else scale.suite_options
    with tempfile.TemporaryDirectory() as folder:
        command = [script("sync-conformance"), "run", "--report", folder, *options, *extra]
        # 2: not everything could be judged, as on a busy machine; the row says so.
        seconds = timed(command, environment=environment, codes=(0, 2))
        report = json.loads((Path(folder) / "report.json").read_text("utf-8"))
    told = report["statistics"]
    return {
        "seconds": seconds,
        "longest": told["longest_wait"],
        "sum": told["sum_of_waits"],
        "requests": told["requests"],
        "verdict": report["verdict"],
    }


def _verdicts(runs: Sequence[dict[str, Any]]) -> str:
    return " and ".join(sorted({str(run["verdict"]) for run in runs}))


def _whole(scale: Scale) -> Iterator[Row]:
    runs = [_run(scale) for _ in range(scale.suite_turns)]
    seconds = Spread.of([run["seconds"] for run in runs])
    requests = Spread.of([run["requests"] for run in runs])
    yield at_most(
        f"every rule on the bundled server, {requests.show('', 0)} requests: {_verdicts(runs)}", seconds, 20, digits=1
    )
    yield Row(
        "of that, the floor: the longest wait by itself", Spread.of([run["longest"] for run in runs]).show(" s", 1)
    )
    yield Row("waits one after the other would take", Spread.of([run["sum"] for run in runs]).show(" s", 1))
    overhead = Spread.of([run["seconds"] - run["longest"] for run in runs])
    yield Row("overhead: everything beyond the floor", overhead.show(" s", 1))


def _far_away(scale: Scale) -> Iterator[Row]:
    with ExitStack() as stack:
        server = urlsplit(stack.enter_context(ours.reference()))
        delay = module("bench.delay", server.hostname, server.port, ROUND_TRIP / 2)
        url = stack.enter_context(served(delay))
        environment = {**os.environ, **ours.LOGIN}
        options = ("--target", url, "--second-service-sid", "second")
        runs = [_run(scale, *options, environment=environment) for _ in range(max(scale.suite_turns - 1, 1))]
    seconds = Spread.of([run["seconds"] for run in runs])
    yield at_most(f"every rule, {1000 * ROUND_TRIP:g} ms of latency: {_verdicts(runs)}", seconds, 60, digits=1)
