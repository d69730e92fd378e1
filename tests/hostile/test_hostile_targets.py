"""A run against a hostile server ends by itself, in time and in bounded memory, with a verdict and a sentence, and
tells nobody else anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from hostile.cases import CASES, Told, carry_out
from hostile.running import assert_came_through

LONG = os.environ.get("HOSTILE") == "all"
SIDE_BY_SIDE = 6  # most of the time they wait
NAMES = [name for name, case in CASES.items() if LONG or not case.slow]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Told]]]:
    """All runs that this session is about, side by side."""
    chosen = [item.callspec.params["name"] for item in request.session.items if item.path == request.path]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {name: pool.submit(carry_out, CASES[name]) for name in chosen}


@pytest.mark.parametrize("name", NAMES)
def test_a_run_comes_through(name: str, runs: dict[str, Future[Told]]) -> None:
    told = runs[name].result()
    assert_came_through(told.ended, codes=CASES[name].codes, says=CASES[name].says)
    assert not told.strangers
    assert told.report == (told.ended.code != 3)
