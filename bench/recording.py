"""Section `record`: recording beside stock `mitmdump -w` in reverse mode, and the latency that either adds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
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
        with stock.recording(folder / "flows", folder / "stock", upstream) as theirs, ExitStack() as own:
            mine = own.enter_context(ours.recording(folder / "calls.yaml", folder / "ours", upstream))
            yield from _side_by_side(scale, generator, mine, theirs, upstream)
            started = time.perf_counter()
            own.close()
            seconds = time.perf_counter() - started
        count = scale.turns * (scale.burst + scale.single)
        yield Row(f"ending a recording of {count:,}: searched for secrets, proved to replay", f"{seconds:.1f} s")
        assert (folder / "calls.yaml").exists()


def _side_by_side(scale: Scale, generator: Generator, mine: str, theirs: str, upstream: str) -> Iterator[Row]:
    single: dict[str, list[Load]] = {mine: [], theirs: [], upstream: []}
    per_turn = scale.burst + scale.single

    def rate(url: str, turn: int) -> float:
        first = turn * per_turn
        crowd = [create_bytes(number) for number in range(first, first + scale.burst)]
        alone = [create_bytes(number) for number in range(first + scale.burst, first + per_turn)]
        load = generator.run(url, crowd, CLIENTS, status=201)
        single[url].append(generator.run(url, alone, 1, status=201))
        return load.rate

    urls = (mine, theirs, upstream)
    own, other, _ = in_turn(scale.turns, *(lambda turn, url=url: rate(url, turn) for url in urls))
    found = pair(own, other)
    yield at_least(
        "recording, 20 clients, beside stock mitmdump -w in reverse mode",
        found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio, 1.8,
    )  # fmt: skip
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        added = {
            url: Spread.of([
                1000 * (load.percentile(share) - bare.percentile(share))
                for load, bare in zip(single[url], single[upstream], strict=True)
            ])
            for url in (mine, theirs)
        }  # fmt: skip
        yield Row(
            f"latency that recording adds, one client, {name}", added[mine].show(" ms"), added[theirs].show(" ms")
        )
