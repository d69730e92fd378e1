"""Section `clients`: libraries that replay inside the client, and the suite's own client by itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cassetter
import requests
import vcr

from bench.ours import replaying_direct, write_cassette
from bench.processes import module, served
from bench.rows import Row
from bench.scale import Scale
from bench.spread import in_turn, pair
from bench.traffic import ACCOUNT, STREAMS, TOKEN, exchange, exchanges
from conformance.exchange import Headers, Request
from conformance.wire import Wire
from proxy.cassette import load
from proxy.player import Answer, Player


def rows(scale: Scale) -> Iterator[Row]:
    """One client by itself, as these libraries work: `requests` makes the same creates in every case."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(served(module("bench.plain")))
        yield from _replaying(scale, folder, upstream)
        bare = stack.enter_context(served(module("bench.bare", 0)))
        yield _own_client(scale, bare)


def _creates(url: str, count: int, first: int = 0) -> float:
    """Seconds an answer, `requests` asking one after the other."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (ACCOUNT, TOKEN)
        started = time.perf_counter()
        for number in range(first, first + count):
            answer = session.post(url + STREAMS, data={"UniqueName": f"orders-{number:06d}", "Ttl": 3600}, timeout=30)
            assert answer.status_code == 201, answer.text
        return (time.perf_counter() - started) / count


def _vcr(path: Path) -> Any:
    keys = ["method", "scheme", "host", "port", "path", "query", "body"]
    return vcr.VCR(match_on=keys).use_cassette(str(path))


def _cassetter(path: Path) -> Any:
    return cassetter.Cassetter(match_on=["method", "uri", "body"]).use_cassette(str(path))


def _replaying(scale: Scale, folder: Path, upstream: str) -> Iterator[Row]:
    libraries: dict[str, Callable[[Path], Any]] = {"vcrpy": _vcr, "cassetter": _cassetter}
    for name, use in libraries.items():
        with use(folder / f"{name}.yaml"):
            _creates(upstream, scale.small)
    write_cassette(folder / "ours.yaml", exchanges(scale.small, upstream))
    yield from _first_answers(scale, folder, upstream, libraries)
    count = scale.single
    write_cassette(folder / "many.yaml", exchanges(count * scale.turns))
    with replaying_direct(folder / "many.yaml") as url:

        def replay(name: str) -> float:
            with libraries[name](folder / f"{name}.yaml"):
                _creates(upstream, 1, count)  # so that loading is done
                return _creates(upstream, count) * 1000

        direct, *others = in_turn(
            scale.turns,
            lambda turn: _creates(url, count, turn * count) * 1000,
            *(lambda _, name=name: replay(name) for name in libraries),
        )
    for name, other in zip(libraries, others, strict=True):
        found = pair(direct, other)
        yield Row(
            f"an answer to `requests`, one client: replay --direct beside {name}, which replays inside the client",
            found.ours.show(" ms"), found.theirs.show(" ms"), found.ratio.show("×"),
        )  # fmt: skip


def _first_answers(
    scale: Scale, folder: Path, upstream: str, libraries: dict[str, Callable[[Path], Any]]
) -> Iterator[Row]:
    def own(_: int) -> float:
        started = time.perf_counter()
        found = Player(load(folder / "ours.yaml")).answer(exchange(0, upstream).request)
        assert isinstance(found, Answer), found
        return time.perf_counter() - started

    def theirs(name: str) -> float:
        started = time.perf_counter()
        with libraries[name](folder / f"{name}.yaml"):
            _creates(upstream, 1)
            return time.perf_counter() - started

    calls = [own, *(lambda _, name=name: theirs(name) for name in libraries)]
    ours, *others = in_turn(scale.turns, *calls)
    for name, other in zip(libraries, others, strict=True):
        found = pair(ours, other)
        yield Row(
            f"from a file of {scale.small:,} interactions to the first answer, in one process, beside {name}",
            found.ours.show(" s", 3), found.theirs.show(" s", 3), found.ratio.show("×"),
        )  # fmt: skip


def _own_client(scale: Scale, url: str) -> Row:
    """What the suite's client costs beside `requests`, against a server that answers constant JSON."""
    count = scale.single
    wire = Wire()

    def own(_: int) -> float:
        request = Request("GET", url + STREAMS, Headers((("Accept", "application/json"),)), b"")
        started = time.perf_counter()
        for _number in range(count):
            assert wire.send(request, timeout=30.0).status == 200
        return count / (time.perf_counter() - started)

    def plain(_: int) -> float:
        with requests.Session() as session:
            session.trust_env = False
            started = time.perf_counter()
            for _number in range(count):
                assert session.get(url + STREAMS, timeout=30).status_code == 200
            return count / (time.perf_counter() - started)

    found = pair(*in_turn(scale.turns, own, plain))
    wire.close()
    return Row(
        "the suite's client against a bare Starlette route, one thread, beside `requests`",
        found.ours.show("/s", 0), found.theirs.show("/s", 0), found.ratio.show("×"),
    )  # fmt: skip
