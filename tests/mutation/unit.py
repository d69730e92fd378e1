"""Judges mutants by the suite's unit tests: one is killed when a test that runs the changed line fails.

The tests are collected once, in one pytest; the mutants are then judged in a few forks of that process.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from mutation.judging import PARSED, Line, TimeUp, tracing
from mutation.mutants import Mutant

FOLDER = Path(__file__).parents[1] / "suite"
# Of pure functions. The others start servers and whole runs or walk over generated lists: they kill nothing more.
PURE = (
    "checks/test_*.py", "test_evidence.py", "test_judge.py", "test_newly_shown.py", "test_promised_expiry.py",
    "test_run_totals.py", "test_selection.py", "test_verdict.py", "test_waivers.py",
)  # fmt: skip
SLOWEST = 1.0  # seconds that a test may take to be used here, once what it shares with others is there
LONGEST = 10.0  # seconds of the processor for one test
EXAMPLES = 60  # of hypothesis, for each test


@dataclass(slots=True)
class Item:
    """A collected test, how long it took and what it ran."""

    item: pytest.Item
    seconds: float
    lines: frozenset[Line]


class Judging:
    """The plugin: in place of running the tests once, runs them on each mutant."""

    def __init__(self, mutants: Sequence[Mutant], workers: int) -> None:
        self.found: list[str] = []
        self.mutants = mutants
        self._workers = workers
        self._paths = frozenset(mutant.path for mutant in mutants)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        PARSED.on = False
        print(f"{len(session.items)} unit tests are run once", file=sys.stderr, flush=True)
        items = [found for item in session.items if (found := self._first_run(item)) is not None]
        global _JUDGING, _ITEMS  # inherited by the forked workers
        _JUDGING, _ITEMS = self, items
        gc.freeze()
        with get_context("fork").Pool(self._workers) as pool:
            for found in pool.imap(_judge_number, range(len(self.mutants)), chunksize=1):
                self.found.append(found)
                if len(self.found) % 100 == 0:
                    killed = sum(map(bool, self.found))
                    print(f"{len(self.found)} tried by unit tests, {killed} killed", file=sys.stderr, flush=True)
        return True

    def _first_run(self, item: pytest.Item) -> Item | None:
        lines: set[Line] = set()
        with tracing(self._paths, lines):
            failed, seconds = _timed(item)
        if seconds > SLOWEST and lines and not failed:
            failed, seconds = _timed(item)
        if failed:
            print(f"left out, since it fails without any change: {item.nodeid}", file=sys.stderr, flush=True)
        return Item(item, seconds, frozenset(lines)) if lines and seconds <= SLOWEST and not failed else None


def judge_by_tests(mutants: Sequence[Mutant], workers: int, names: Sequence[str] = PURE) -> list[str]:
    """For each mutant the test that failed; empty for a survivor. `names` are those of test files in tests/suite."""
    if not mutants:
        return []
    settings = hypothesis.settings(derandomize=True, database=None, deadline=None, max_examples=EXAMPLES)
    hypothesis.settings.register_profile("mutation", settings, suppress_health_check=list(hypothesis.HealthCheck))
    hypothesis.settings.load_profile("mutation")
    plugin = Judging(mutants, workers)
    files = [str(path) for path in sorted({path for name in names for path in FOLDER.glob(name)})]
    arguments = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", *files]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        pytest.main(arguments, plugins=[plugin])
    if len(plugin.found) != len(mutants):
        raise RuntimeError(f"the tests could not be run on mutants:\n{shown.getvalue()[-3000:]}")
    return plugin.found


def _timed(item: pytest.Item) -> tuple[bool, float]:
    started = time.monotonic()
    return _fails(item), time.monotonic() - started


def _fails(item: pytest.Item) -> bool:
    item._initrequest()  # type: ignore[attr-defined]
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _killer(mutant: Mutant, items: Sequence[Item]) -> str:
    PARSED.heed(mutant)
    concerned = sorted((each for each in items if each.lines & mutant.lines), key=lambda each: each.seconds)
    with mutant.in_force(), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        for each in concerned:
            with cpu_limit(LONGEST):
                if _fails(each.item):
                    return str(each.item.nodeid)
    return ""


@contextlib.contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Breaks off what takes longer: a test fails then. Processor's time, so that a busy machine kills no mutant."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


_JUDGING: Judging
_ITEMS: Sequence[Item]


def _judge_number(number: int) -> str:
    return _killer(_JUDGING.mutants[number], _ITEMS)
