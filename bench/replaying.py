"""Section `replay`: answers a second and added latency of replaying, beside stock mitmdump's server replay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench import ours, stock
from bench.load import Generator, Load
from bench.processes import module, served
from bench.rows import Row, at_least
from bench.scale import Scale
from bench.spread import in_turn, pair
from bench.traffic import create_bytes, exchanges

CLIENTS = 20


def rows(scale: Scale) -> Iterator[Row]:
    """Each request of a burst is another create, and each is answered once, as in a real replay."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generator = stack.enter_context(Generator())
        yield _ceiling(generator, scale)
        per_turn = scale.burst + scale.single
        count = per_turn * scale.turns
        ours.write_cassette(folder / "calls.yaml", exchanges(count))
        stock.write_flows(folder / "flows", exchanges(count))
        theirs = stack.enter_context(stock.replaying(folder / "flows", folder / "stock"))
        quiet = stack.enter_context(stock.replaying(folder / "flows", folder / "quiet", "-q"))
        mine = stack.enter_context(ours.replaying(folder / "calls.yaml", folder / "ours"))
        direct = stack.enter_context(ours.replaying_direct(folder / "calls.yaml"))
        yield from _side_by_side(scale, generator, mine, direct, theirs, quiet)


def _ceiling(generator: Generator, scale: Scale) -> Row:
    """What the generator can do when nothing holds it up."""
    requests = [create_bytes(number) for number in range(scale.fast_burst)]
    with served(module("bench.plain")) as url:
        rates = [generator.run(url, requests, CLIENTS, status=201).rate for _ in range(scale.turns)]
    spread = pair(rates, rates).ours
    return Row("the load generator's own ceiling, against a server that does nothing", spread.show("/s", 0))


def _side_by_side(scale: Scale, generator: Generator, mine: str, direct: str, theirs: str, quiet: str) -> Iterator[Row]:
    per_turn = scale.burst + scale.single
    urls = (mine, theirs, direct, quiet)
    single: dict[str, list[Load]] = {url: [] for url in urls}

    def rate(url: str, turn: int) -> float:
        first = turn * per_turn
        crowd = [create_bytes(number) for number in range(first, first + scale.burst)]
        alone = [create_bytes(number) for number in range(first + scale.burst, first + per_turn)]
        load = generator.run(url, crowd, CLIENTS, status=201)
        single[url].append(generator.run(url, alone, 1, status=201))
        return load.rate

    rates = in_turn(scale.turns, *(partial(rate, url) for url in urls))
    for what, own, limit in (
        ("replay through mitmproxy, 20 clients, beside stock mitmdump server replay", rates[0], 2.4),
        ("replay --direct, 20 clients, beside stock mitmdump server replay", rates[2], 10),
    ):
        found = pair(own, rates[1])
        yield at_least(what, found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio, limit)
        found = pair(own, rates[3])
        title = f"{what} that prints nothing (-q)"
        yield Row(title, found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio.show("×"))
    for what, own_loads in (("through mitmproxy", single[mine]), ("--direct", single[direct])):
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            own = [load.percentile(share) * 1000 for load in own_loads]
            other = [load.percentile(share) * 1000 for load in single[theirs]]
            found = pair(own, other)
            title = f"replay {what}, one client, {name} of an answer"
            yield Row(title, found.ours.show(" ms"), found.theirs.show(" ms"), found.ratio.show("×"))
