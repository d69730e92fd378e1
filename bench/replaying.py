"""Section `replay`: answers a second and latency of replaying, beside stock mitmdump's server replay."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import ours, stock
from bench.bursts import CLIENTS, Bursts, each_turn
from bench.load import Generator
from bench.processes import module, served
from bench.rows import Row
from bench.scale import Scale
from bench.spread import Spread, pair
from bench.traffic import create_bytes, exchanges


def rows(scale: Scale) -> Iterator[Row]:
    """Stock mitmdump is measured as it starts by default, and silent, which makes it faster."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generator = stack.enter_context(Generator())
        yield _ceiling(generator, scale)
        count = each_turn(scale) * scale.turns
        cassette, flows = folder / "calls.yaml", folder / "flows"
        ours.write_cassette(cassette, exchanges(count))
        stock.write_flows(flows, exchanges(count))
        urls = {
            "ours": stack.enter_context(ours.replaying(cassette, folder / "ours")),
            "stock": stack.enter_context(stock.replaying(flows, folder / "stock")),
            "direct": stack.enter_context(ours.replaying_direct(cassette)),
            "silent": stack.enter_context(stock.replaying(flows, folder / "silent", "-q")),
        }
        yield from _compared(Bursts(scale, generator, urls))


def _ceiling(generator: Generator, scale: Scale) -> Row:
    """What the generator can do when nothing holds it up."""
    requests = [create_bytes(number) for number in range(scale.fast_burst)]
    with served(module("bench.plain")) as url:
        rates = [generator.run(url, requests, CLIENTS, status=201).rate for _ in range(scale.turns)]
    return Row("the load generator's own ceiling, against a server that does nothing", Spread.of(rates).show("/s", 0))


def _compared(bursts: Bursts) -> Iterator[Row]:
    beside = "20 clients, beside stock mitmdump server replay"
    yield bursts.compared(f"replay through mitmproxy, {beside}", "ours", "stock", 2.4)
    yield bursts.compared(f"replay through mitmproxy, {beside} that prints nothing (-q)", "ours", "silent")
    yield bursts.compared(f"replay --direct, {beside}", "direct", "stock", 10)
    yield bursts.compared(f"replay --direct, {beside} that prints nothing (-q)", "direct", "silent")
    for what, name in (("through mitmproxy", "ours"), ("--direct", "direct")):
        for title, share in (("p50", 0.5), ("p99", 0.99)):
            found = pair(bursts.milliseconds(name, share), bursts.milliseconds("stock", share))
            yield Row(
                f"replay {what}, one client, {title} of an answer",
                found.ours.show(" ms"),
                found.theirs.show(" ms"),
                found.ratio.show("×"),
            )
