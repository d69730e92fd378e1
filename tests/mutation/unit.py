"""Judges mutants by the suite's unit tests: one is killed when a test that runs the changed line fails.

The tests are collected once, in one pytest; each mutant is then judged in a fork of that process.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from mutation.judging import Line, tracing
from mutation.mutants import Mutant

FOLDER = Path(__file__).parents[1] / "suite"
# They start servers or whole runs: seconds each, and nothing in them that others don't look at more closely.
SLOW = ("test_whole_suite.py", "test_command.py", "test_session.py", "test_wire.py", "test_gate_and_journal.py")
SLOWEST = 1.0  # seconds that a test may take to be used here, once what it shares with others is there
LONGEST = 30  # seconds for all tests of one mutant
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
        self._mutants = mutants
        self._workers = workers
        self._paths = frozenset(mutant.path for mutant in mutants)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = [found for item in session.items if (found := self._first_run(item)) is not None]
        self.found = _in_forks([lambda m=m: _killer(m, items) for m in self._mutants], self._workers)
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


def judge_by_tests(mutants: Sequence[Mutant], workers: int) -> list[str]:
    """For each mutant the test that failed; empty for a survivor."""
    if not mutants:
        return []
    settings = hypothesis.settings(derandomize=True, database=None, deadline=None, max_examples=EXAMPLES)
    hypothesis.settings.register_profile("mutation", settings, suppress_health_check=list(hypothesis.HealthCheck))
    hypothesis.settings.load_profile("mutation")
    plugin = Judging(mutants, workers)
    files = [str(path) for path in sorted(FOLDER.rglob("test_*.py")) if path.name not in SLOW]
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
    concerned = sorted((each for each in items if each.lines & mutant.lines), key=lambda each: each.seconds)
    with mutant.in_force():
        for each in concerned:
            if _fails(each.item):
                return str(each.item.nodeid)
    return ""


def _in_forks(calls: Sequence[Any], workers: int) -> list[str]:
    """What each call returns, made in a process of its own, a few at a time; a call that doesn't end is a kill."""
    results = ["" for _ in calls]
    running: dict[int, tuple[int, int]] = {}
    for number, call in enumerate(calls):
        if len(running) >= workers:
            _collect(running, results)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _answer(call, writer)
        os.close(writer)
        running[child] = (number, reader)
    while running:
        _collect(running, results)
    return results


def _answer(call: Any, writer: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST)
    words = "the tests broke off"
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            words = call()
    finally:
        os.write(writer, words.encode()[:2000])
        os._exit(0)


def _collect(running: dict[int, tuple[int, int]], results: list[str]) -> None:
    child, status = os.wait()
    number, reader = running.pop(child)
    with os.fdopen(reader, "rb") as pipe:
        words = pipe.read().decode()
    results[number] = words or ("" if os.WIFEXITED(status) else "the tests do not end")
