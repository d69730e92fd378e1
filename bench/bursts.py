"""Creates sent to several proxies in turn: by many clients at once for the rate, by one alone for the latency."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from bench.load import Generator, Load
from bench.rows import Row, at_least
from bench.scale import Scale
from bench.spread import Spread, in_turn, pair
from bench.traffic import create_bytes

CLIENTS = 20


class Bursts:
    """What was measured of each proxy: `rates` in answers a second, and the `alone` loads, a turn each.

    Every request is another create, and each proxy gets the same ones, since a replay answers each once only.
    """

    def __init__(self, scale: Scale, generator: Generator, urls: Mapping[str, str]) -> None:
        self._scale, self._generator = scale, generator
        self.alone: dict[str, list[Load]] = {name: [] for name in urls}
        runs = (partial(self._burst, name, url) for name, url in urls.items())
        self.rates = dict(zip(urls, in_turn(scale.turns, *runs), strict=True))

    def _burst(self, name: str, url: str, turn: int) -> float:
        first = turn * each_turn(self._scale)
        middle, last = first + self._scale.burst, first + each_turn(self._scale)
        crowd = [create_bytes(number) for number in range(first, middle)]
        load = self._generator.run(url, crowd, CLIENTS, status=201)
        single = [create_bytes(number) for number in range(middle, last)]
        self.alone[name].append(self._generator.run(url, single, 1, status=201))
        return load.rate

    def compared(self, what: str, ours: str, theirs: str, limit: float | None = None) -> Row:
        """Rates of two of them, with a target for the ratio or without."""
        found = pair(self.rates[ours], self.rates[theirs])
        shown = (found.ours.show("/s", 0), found.theirs.show("/s", 0))
        if limit is None:
            return Row(what, *shown, found.ratio.show("×"))
        return at_least(what, *shown, found.ratio, limit)

    def milliseconds(self, name: str, share: float) -> list[float]:
        """That percentile of the time to an answer, for each turn, of one client alone."""
        return [1000 * load.percentile(share) for load in self.alone[name]]

    def added(self, name: str, bare: str, share: float) -> str:
        """What a proxy adds to the time that its upstream takes by itself."""
        pairs = zip(self.milliseconds(name, share), self.milliseconds(bare, share), strict=True)
        return Spread.of([proxied - direct for proxied, direct in pairs]).show(" ms")


def each_turn(scale: Scale) -> int:
    """How many different creates a turn takes."""
    return scale.burst + scale.single
