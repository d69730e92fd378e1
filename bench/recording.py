"""Section `record`: recording beside stock `mitmdump -w` in reverse mode, and the latency that either adds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import ours, stock
from bench.load import Generator, Load
from bench.processes import module, served
from bench.rows import Row, at_least
from bench.scale import Scale
from bench.spread import Spread, in_turn, pair
from bench.traffic import create_bytes

CLIENTS = 20


def rows(scale: Scale) -> Iterator[Row]:
    """Both in front of the same upstream, which answers at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generator = stack.enter_context(Generator())
        upstream = stack.enter_context(served(module("bench.plain")))
        theirs = stack.enter_context(stock.recording(folder / "flows", folder / "stock", upstream))
        quiet = stack.enter_context(stock.recording(folder / "quiet.flows", folder / "quiet", upstream, "-q"))
        with ExitStack() as own:
            mine = own.enter_context(ours.recording(folder / "calls.yaml", folder / "ours", upstream))
            yield from _side_by_side(scale, generator, mine, theirs, quiet, upstream)
            started = time.perf_counter()
            own.close()
            seconds = time.perf_counter() - started
        count = scale.turns * (scale.burst + scale.single)
        yield Row(f"ending a recording of {count:,}: searched for secrets, proved to replay", f"{seconds:.1f} s")
        assert (folder / "calls.yaml").exists()


def _side_by_side(
    scale: Scale, generator: Generator, mine: str, theirs: str, quiet: str, upstream: str
) -> Iterator[Row]:
    urls = (mine, theirs, quiet, upstream)
    single: dict[str, list[Load]] = {url: [] for url in urls}
    per_turn = scale.burst + scale.single

    def rate(url: str, turn: int) -> float:
        first = turn * per_turn
        crowd = [create_bytes(number) for number in range(first, first + scale.burst)]
        alone = [create_bytes(number) for number in range(first + scale.burst, first + per_turn)]
        load = generator.run(url, crowd, CLIENTS, status=201)
        single[url].append(generator.run(url, alone, 1, status=201))
        return load.rate

    own, other, silent, _ = in_turn(scale.turns, *(partial(rate, url) for url in urls))
    what = "recording, 20 clients, beside stock mitmdump -w in reverse mode"
    found = pair(own, other)
    yield at_least(what, found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio, 1.8)
    found = pair(own, silent)
    title = f"{what} that prints nothing (-q)"
    yield Row(title, found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio.show("×"))
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        added = {
            url: Spread.of(
                [
                    1000 * (load.percentile(share) - bare.percentile(share))
                    for load, bare in zip(single[url], single[upstream], strict=True)
                ]
            )
            for url in (mine, theirs)
        }
        yield Row(
            f"latency that recording adds, one client, {name}", *(added[url].show(" ms") for url in (mine, theirs))
        )
