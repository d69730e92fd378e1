"""Section `server`: the reference server beside a bare Starlette route and Stoplight Prism, and with many streams."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import quote

from bench import ours
from bench.load import Generator
from bench.processes import free_port, module, served
from bench.rows import Row, at_least, same_cost
from bench.scale import Scale
from bench.spread import Spread, in_turn, pair, ratio
from bench.traffic import ACCOUNT, LOGIN, SERVICE, STREAMS, TOKEN, create_bytes, create_form, message
from reference_impl.api import Api
from reference_impl.app import create_app
from reference_impl.clock import ManualClock
from reference_impl.config import Config, make_services
from reference_impl.paging import FORWARD, Position
from reference_impl.web import FORM_TYPE, Request

CLIENTS = 20
PAGE = 50
FEW = 10
_PRISM = Path(__file__).parent / "node_modules" / ".bin" / "prism"
_OPENAPI = Path(__file__).parent.parent / "schemas" / "openapi.json"


def rows(scale: Scale) -> Iterator[Row]:
    """Over connections first, then the calls themselves, whose cost connections would hide."""
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        own = stack.enter_context(ours.reference())
        yield from _beside_bare(scale, generator, own)
        yield _beside_prism(scale, generator, own)
    yield from _many_streams(scale)


def _beside_bare(scale: Scale, generator: Generator, own: str) -> Iterator[Row]:
    numbers = itertools.count()

    def creates() -> list[bytes]:
        return [create_bytes(next(numbers)) for _ in range(scale.fast_burst // 2)]

    made = create_bytes(next(numbers))
    generator.run(own, [made], 1, status=201)
    fetch = [message("GET", f"{STREAMS}/orders-000000")] * (scale.fast_burst // 2)
    with served(module("bench.bare", 0)) as bare:
        for what, requests in (("fetches", lambda: fetch), ("creates", creates)):
            found = _rates(scale, generator, own, bare, requests)
            yield at_least(f"{what}, 20 clients, beside a bare Starlette route", *found.shown, found.ratio, 0.7)
    pages = [message("GET", f"{STREAMS}?PageSize={PAGE}")] * (scale.fast_burst // 8)
    with served(module("bench.bare", PAGE)) as bare:
        found = _rates(scale, generator, own, bare, lambda: pages)
        yield at_least(
            f"pages of {PAGE}, 20 clients, beside a bare route that answers as much", *found.shown, found.ratio, 0.7
        )


class _Rates:
    """Answers a second of two servers."""

    def __init__(self, ours: list[float], theirs: list[float]) -> None:
        self.shown = (Spread.of(ours).show("/s", 0), Spread.of(theirs).show("/s", 0))
        self.ratio = ratio(ours, theirs)


def _rates(
    scale: Scale, generator: Generator, own: str, other: str, requests: Callable[[], list[bytes]], *, size: int = 0
) -> _Rates:
    """`size` bounds the requests that the other server gets."""

    def rate(url: str, limit: int | None) -> float:
        load = generator.run(url, requests()[:limit], CLIENTS)
        assert all(status < 300 for status in load.statuses), (url, load.statuses)
        return load.rate

    return _Rates(*in_turn(scale.turns, lambda _: rate(own, None), lambda _: rate(other, size or None)))


def _beside_prism(scale: Scale, generator: Generator, own: str) -> Row:
    what = "fetches, 20 clients, beside Stoplight Prism serving the project's OpenAPI document"
    if not _PRISM.exists() or shutil.which("node") is None:
        return Row(what, "", "not measured: Prism is not installed (`make bench/node_modules` needs npm)")
    port = free_port()
    command = [str(_PRISM), "mock", "--port", str(port), "--host", "127.0.0.1", str(_OPENAPI)]
    requests = [message("GET", f"/v1/Services/{SERVICE}/Streams/{quote('orders-000000')}")] * scale.burst
    with served(command, port=port) as prism:
        found = _rates(scale, generator, own, prism, lambda: requests, size=max(scale.burst // 3, 1))
    return at_least(what, *found.shown, found.ratio, 8)


def _api(streams: int) -> tuple[Api, ManualClock]:
    """A server's Api with so many streams in it, and its clock."""
    clock = ManualClock()
    services = make_services(ACCOUNT, (), {"default": SERVICE})
    app = create_app(Config(ACCOUNT, TOKEN, {}, services), clock)
    for number in range(streams):
        app.api.store.add(SERVICE, f"stream-{number:06d}", 1_000_000, clock.now())
    return app.api, clock


def _ask(api: Api, clock: ManualClock, method: str, path: str, form: bytes = b"") -> int:
    path, _, query = path.partition("?")
    headers = {"authorization": LOGIN, "content-type": FORM_TYPE}
    request = Request(method, path, query.encode(), headers, form, "http://127.0.0.1", clock.now())
    return api.handle(request).status


def _cost(calls: int, call: Callable[[int], object]) -> float:
    """Microseconds a call."""
    started = time.perf_counter()
    for number in range(calls):
        call(number)
    return (time.perf_counter() - started) / calls * 1e6


def _many_streams(scale: Scale) -> Iterator[Row]:
    few, few_clock = _api(FEW)
    many, many_clock = _api(scale.large)
    names = itertools.count()

    def create(api: Api, clock: ManualClock, _total: int) -> float:
        made = [next(names) for _ in range(scale.scale_calls)]
        cost = _cost(len(made), lambda at: _ask(api, clock, "POST", STREAMS, create_form(made[at])))
        for number in made:  # so that few stay few
            assert _ask(api, clock, "DELETE", f"{STREAMS}/orders-{number:06d}") == 204
        return cost

    def look_up(api: Api, clock: ManualClock, total: int) -> float:
        step = max(total // scale.scale_calls, 1)
        paths = [f"{STREAMS}/stream-{at * step % total:06d}" for at in range(scale.scale_calls)]
        return _cost(len(paths), lambda at: _ask(api, clock, "GET", paths[at]))

    def expire(api: Api, clock: ManualClock, _total: int) -> float:
        count = min(scale.scale_calls, 1000)
        for number in range(count):
            api.store.add(SERVICE, f"mortal-{number}", 1, clock.now())
        clock.advance(2)
        return _cost(count, lambda _: api.store.sweep(clock.now(), 1))

    def compared(what: str, run: Callable[[Api, ManualClock, int], float]) -> Row:
        large, small = in_turn(
            2 * scale.turns, lambda _: run(many, many_clock, scale.large), lambda _: run(few, few_clock, FEW)
        )
        found = pair(large, small)
        return same_cost(
            f"{what} among {scale.large:,} streams beside one among {FEW}",
            found.ours.show(" µs", 1), found.theirs.show(" µs", 1), found.ratio,
        )  # fmt: skip

    yield compared("a create", create)
    yield compared("a look-up by name", look_up)
    yield compared("an expiry", expire)
    yield from _pages(scale, many, many_clock)


def _pages(scale: Scale, api: Api, clock: ManualClock) -> Iterator[Row]:
    """Pages at places that a walk would have reached, asked for with the tokens that the server would have given."""

    def path(sequence: int) -> str:
        token = api.pager.issue_token(SERVICE, Position(FORWARD, sequence))
        return f"{STREAMS}?PageSize={PAGE}&Page=1&PageToken={token}"

    calls = max(scale.scale_calls // 5, 1)

    def cost(path: str, _turn: int) -> float:
        return _cost(calls, lambda _: _ask(api, clock, "GET", path))

    first = f"{STREAMS}?PageSize={PAGE}"
    for what, sequence in (("in the middle", scale.large // 2), ("at the end", scale.large - PAGE)):
        found = pair(*in_turn(2 * scale.turns, partial(cost, path(sequence)), partial(cost, first)))
        yield same_cost(
            f"a page of {PAGE} {what} of {scale.large:,} streams beside the first page",
            found.ours.show(" µs", 0), found.theirs.show(" µs", 0), found.ratio,
        )  # fmt: skip
