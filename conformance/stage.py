"""Runs scenarios and hands out their evidence. Waits overlap: timed scenarios start first, each on its own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from conformance.context import Context
from conformance.registry import SCENARIOS, Scenario

ALWAYS = ("lifecycle",)  # what passive rules look at when nothing else was asked for
GENERATORS = 8  # that run side by side at most: far from the target they mostly wait for it
# Seconds that generators leave the other scenarios alone. Near the target those have ended by then, and the lists that
# they walk are short still.
HEAD_START = 5.0
TURNS = 3  # of a scenario, where answers are lost
TRAFFIC = "traffic"  # the evidence that is everything the run has seen


class Stage:
    """Each scenario runs once, when it is started or when its evidence is first asked for."""

    def __init__(
        self,
        new_context: Callable[[str, int], Context],
        traffic: Callable[[], Any],
        *,
        jobs: int = 4,
    ) -> None:
        self._new_context = new_context
        self._traffic = traffic
        self._futures: dict[str, Future[Any]] = {}
        self._contexts: dict[str, Context] = {}
        self._doubtful: set[str] = set()
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="scenario")
        self._generators = ThreadPoolExecutor(min(2 * jobs, GENERATORS), thread_name_prefix="generator")

    def start(self, names: Iterable[str]) -> None:
        """Starts these scenarios, those that wait for the target's clock first."""
        wanted = [SCENARIOS[name] for name in dict.fromkeys(names) if name != TRAFFIC]
        for scenario in sorted(wanted, key=lambda item: (item.generates, not item.timed)):
            self._ensure(scenario)

    def evidence(self, name: str) -> Any:
        """The scenario's evidence, waiting for it; raises what the scenario raised."""
        if name == TRAFFIC:
            self.settle()
            return self._traffic()
        return self._ensure(SCENARIOS[name]).result()

    def doubtful(self, name: str) -> bool:
        """Whether answers were lost even the last time that this scenario's evidence was gathered, and what it shows
        may be their doing: a delete that is sent again finds nothing when the first was done and only its answer lost.
        """
        return name in self._doubtful

    def settle(self) -> None:
        """Waits until everything that was started has ended, well or badly."""
        with self._lock:
            futures = tuple(self._futures.values())
        for future in futures:
            future.exception()

    def close(self) -> None:
        self.settle()
        self._pool.shutdown()
        self._generators.shutdown()

    @property
    def waits(self) -> dict[str, float]:
        """Seconds each scenario has spent waiting for the target's clock."""
        return {name: context.waited for name, context in self._contexts.items() if context.waited}

    def _ensure(self, scenario: Scenario) -> Future[Any]:
        with self._lock:
            future = self._futures.get(scenario.name)
            if future is not None:
                return future
            future = self._futures[scenario.name] = Future()
        if scenario.generates:
            self._generators.submit(self._run_late, scenario, future)
        elif scenario.timed:
            threading.Thread(target=self._run, args=(scenario, future), name=scenario.name, daemon=True).start()
        else:
            self._pool.submit(self._run, scenario, future)
        return future

    def _run_late(self, scenario: Scenario, future: Future[Any]) -> None:
        with self._lock:
            started = [(SCENARIOS[name], other) for name, other in self._futures.items()]
        others = [other for known, other in started if not (known.generates or known.timed)]
        wait(others, timeout=max(0.0, self._began + HEAD_START - time.monotonic()))
        self._run(scenario, future)

    def _run(self, scenario: Scenario, future: Future[Any]) -> None:
        """Gathers the evidence; anew, with other names, when an answer was lost that leaves open what was done.

        Generators look after that themselves.
        """
        turns = 1 if scenario.generates else TURNS
        for turn in range(turns):
            context = self._contexts[scenario.name] = self._new_context(scenario.name, turn)
            session = context.session
            before = session.uncertain(scenario.name)
            outcome = _outcome(scenario, context)
            lost = session.uncertain(scenario.name) > before
            if not (lost and session.reliable):
                break
        if lost and not scenario.generates:
            self._doubtful.add(scenario.name)
        if (error := outcome.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(outcome.result())


def _outcome(scenario: Scenario, context: Context) -> Future[Any]:
    """The evidence, or what was raised instead."""
    outcome: Future[Any] = Future()
    try:
        outcome.set_result(scenario.gather(context))
    except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the evidence
        outcome.set_exception(error)
    return outcome
