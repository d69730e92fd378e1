"""Section `record`: recording beside stock `mitmdump -w` in reverse mode, and the latency that either adds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import ours, stock
from bench.bursts import Bursts, each_turn
from bench.load import Generator
from bench.processes import module, served
from bench.rows import Row
from bench.scale import Scale


def rows(scale: Scale) -> Iterator[Row]:
    """All in front of the same upstream, which answers at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generator = stack.enter_context(Generator())
        upstream = stack.enter_context(served(module("bench.plain")))
        theirs = stack.enter_context(stock.recording(folder / "flows", folder / "stock", upstream))
        silent = stack.enter_context(stock.recording(folder / "silent.flows", folder / "silent", upstream, "-q"))
        with ExitStack() as own:
            mine = own.enter_context(ours.recording(folder / "calls.yaml", folder / "ours", upstream))
            urls = {"ours": mine, "stock": theirs, "silent": silent, "upstream": upstream}
            yield from _compared(Bursts(scale, generator, urls))
            started = time.perf_counter()
            own.close()
            seconds = time.perf_counter() - started
        assert (folder / "calls.yaml").exists()
        count = scale.turns * each_turn(scale)
        yield Row(f"ending a recording of {count:,}: searched for secrets, proved to replay", f"{seconds:.1f} s")


def _compared(bursts: Bursts) -> Iterator[Row]:
    what = "recording, 20 clients, beside stock mitmdump -w in reverse mode"
    yield bursts.compared(what, "ours", "stock", 1.8)
    yield bursts.compared(f"{what} that prints nothing (-q)", "ours", "silent")
    for title, share in (("p50", 0.5), ("p99", 0.99)):
        ours_added, theirs_added = (bursts.added(name, "upstream", share) for name in ("ours", "stock"))
        yield Row(f"latency that recording adds, one client, {title}", ours_added, theirs_added)
