"""Judges mutants on kept evidence: one is killed when a rule's outcome on some server is no longer as declared."""

from __future__ import annotations

import gc
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from types import CodeType, FrameType
from typing import Any

from conformance import exchange
from conformance.outcomes import Outcome
from mutation.evidence import Record
from mutation.mutants import Mutant
from mutation.subjects import Suite, looks_at_traffic

WATCHED = 6  # lawful servers on which each rule is watched, to learn which lines it runs
MOST_LAWFUL = 120  # judgements of a mutant on lawful servers
MOST_BYSTANDERS = 20  # and by rules on other rules' faults, on which they must not fail
QUIET_CALLS = 40  # calls of a function that run no new line, after which it is no longer watched
LONGEST = 10.0  # seconds for one judgement, which takes milliseconds unless it never ends
Line = tuple[str, int]


class TimeUp(BaseException):
    """A judgement did not end; no check catches this."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """A rule and a server that it is judged on."""

    record: int
    rule_id: str


@dataclass(frozen=True, slots=True)
class Base:
    """What is so before any change: which of the watched pairs run which lines, and which are not as declared."""

    by_line: dict[Line, list[Pair]]
    wrong: tuple[tuple[str, str, Outcome], ...]


def spread(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many of them, from all over."""
    return list(pairs[:: 1 + (len(pairs) - 1) // most]) if pairs else []


def make_fresh(suite: Suite) -> Parsed:
    """Has what is worked out once per object worked out each time, so that a change to it matters, and matters no
    longer when it has been undone."""
    exchange.Response.json = lambda response: exchange.parse_json(response.body)  # type: ignore[method-assign]
    for source in suite.sources:
        for owner in vars(source.module).values():
            if isinstance(owner, type) and owner.__module__ == source.module.__name__:
                for name, item in list(vars(owner).items()):
                    if isinstance(item, cached_property):
                        setattr(owner, name, property(item.func))
    PARSED.install()
    return PARSED


class Parsed:
    """Bodies as JSON, read once: the same ones are judged thousands of times."""

    MOST = 150_000_000  # bytes of bodies

    def __init__(self) -> None:
        self.on = True
        self._size = 0
        self._found: dict[bytes, Any] = {}
        self._parse = self.__wrapped__ = exchange.parse_json

    def install(self) -> None:
        exchange.parse_json = self

    def heed(self, mutant: Mutant) -> None:
        """Remembers nothing while a mutant is judged that changes how bodies are read."""
        self.on = mutant.subject.source.name != "exchange"

    def __call__(self, body: bytes) -> Any:
        if not self.on:
            return self._parse(body)
        if body not in self._found:
            self._size += len(body)
            if self._size > self.MOST:
                self._found.clear()
                self._size = len(body)
            try:
                self._found[body] = self._parse(body)
            except exchange.NotJSON as error:
                self._found[body] = error
        found = self._found[body]
        if isinstance(found, exchange.NotJSON):
            raise exchange.NotJSON(*found.args)
        return found


PARSED = Parsed()


@contextmanager
def tracing(paths: frozenset[str], lines: set[Line]) -> Iterator[None]:
    """Adds every line of these files that is run meanwhile."""
    left: dict[CodeType, set[int]] = {}
    quiet: Counter[CodeType] = Counter()

    def on_line(frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if frame.f_lineno in left[code]:
            left[code].discard(frame.f_lineno)
            lines.add((code.co_filename, frame.f_lineno))
            quiet[code] = 0
        return on_line

    def on_call(frame: FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename not in paths:
            return None
        if code not in left:
            left[code] = {line for _, _, line in code.co_lines() if line}
        quiet[code] += 1
        return on_line if left[code] and quiet[code] <= QUIET_CALLS else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def time_limit(seconds: float = LONGEST) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Bench:
    """Kept evidence, and mutants to be judged on it by a few processes."""

    def __init__(self, suite: Suite, records: Sequence[Record], rules: frozenset[str], workers: int) -> None:
        self._parsed = make_fresh(suite)
        self.records = tuple(records)
        self._right: set[Pair] = set()
        self._all: dict[str, list[Pair]] = {"own": [], "lawful": [], "bystander": []}
        for number, record in enumerate(self.records):
            for rule_id in record.rules:
                if rule_id in rules:
                    self._all[self._kind(pair := Pair(number, rule_id))].append(pair)
        self._workers = workers
        self._paths = frozenset(str(source.path) for source in suite.sources)
        gc.freeze()
        self.base = self._look_at_base()

    def judge_all(self, mutants: Sequence[Mutant]) -> list[str]:
        """For each mutant what killed it, in words; empty for a survivor."""
        if not mutants:
            return []
        global _BENCH, _MUTANTS  # inherited by the forked workers: trees and evidence are not worth pickling
        _BENCH, _MUTANTS = self, mutants
        killers: list[str] = []
        with get_context("fork").Pool(self._workers) as pool:
            for killer in pool.imap(_judge_number, range(len(mutants)), chunksize=8):
                killers.append(killer)
                if len(killers) % 500 == 0:
                    print(f"{len(killers)} of {len(mutants)} mutants judged", flush=True)
        return killers

    def killer(self, mutant: Mutant) -> str:
        self._parsed.heed(mutant)
        pairs = iter(self._pairs(mutant))
        while found := self._next_objection(mutant, pairs):
            pair, outcome = found
            if outcome is None or not self._is_wrong_anyway(pair):
                words = f"is {outcome}" if outcome else "does not end"
                return f"{pair.rule_id} on {self.records[pair.record].name} {words}"
        return ""

    def _next_objection(self, mutant: Mutant, pairs: Iterator[Pair]) -> tuple[Pair, Outcome | None] | None:
        """The next pair that is not as declared with the mutant in force, and its outcome; None if it doesn't end."""
        with mutant.in_force():
            for pair in pairs:
                outcome = self._outcome(pair)
                if outcome is None or self.records[pair.record].objection(pair.rule_id, outcome):
                    return pair, outcome
        return None

    def is_run(self, mutant: Mutant) -> bool:
        return any(line in self.base.by_line for line in mutant.lines)

    def _outcome(self, pair: Pair) -> Outcome | None:
        try:
            with time_limit():
                return self.records[pair.record].judge().judge(pair.rule_id).outcome
        except TimeUp:
            return None

    def _is_wrong_anyway(self, pair: Pair) -> bool:
        """Whether the rule is not as declared there without any change: then nothing can be learnt from it."""
        if pair not in self._right:
            outcome = self._outcome(pair)
            if outcome is None or self.records[pair.record].objection(pair.rule_id, outcome):
                return True
            self._right.add(pair)
        return False

    def _pairs(self, mutant: Mutant) -> list[Pair]:
        """Where the mutant may matter: rules on their own faults first, then on lawful servers, then on other faults.

        On their own faults those that run the changed lines; elsewhere any rule that does so on a watched server.
        """
        watched = {pair for line in mutant.lines for pair in self.base.by_line.get(line, ())}
        rules = {pair.rule_id for pair in watched}
        own = sorted(pair for pair in watched if self._kind(pair) == "own")
        lawful = [pair for pair in self._all["lawful"] if pair.rule_id in rules]
        bystanders = [pair for pair in self._all["bystander"] if pair.rule_id in rules]
        own.sort(key=lambda pair: looks_at_traffic(pair.rule_id))
        return [*own, *spread(lawful, MOST_LAWFUL), *spread(bystanders, MOST_BYSTANDERS)]

    def _kind(self, pair: Pair) -> str:
        rule = self.records[pair.record].rule
        return "lawful" if not rule else "own" if rule == pair.rule_id else "bystander"

    def _watched(self) -> list[Pair]:
        lawful: dict[str, list[Pair]] = {}
        for pair in self._all["lawful"]:
            lawful.setdefault(pair.rule_id, []).append(pair)
        return [*self._all["own"], *(pair for pairs in lawful.values() for pair in spread(pairs, WATCHED))]

    def _look_at_base(self) -> Base:
        global _BENCH, _PAIRS
        _BENCH, _PAIRS = self, self._watched()
        by_line: dict[Line, list[Pair]] = {}
        wrong = []
        with get_context("fork").Pool(self._workers) as pool:
            for pair, (outcome, lines) in zip(_PAIRS, pool.imap(_trace_number, range(len(_PAIRS)), 4), strict=True):
                record = self.records[pair.record]
                if record.objection(pair.rule_id, outcome):
                    wrong.append((record.name, pair.rule_id, outcome))
                    continue
                for line in lines:
                    by_line.setdefault(line, []).append(pair)
        return Base(by_line, tuple(wrong))

    def trace(self, pair: Pair) -> tuple[Outcome, frozenset[Line]]:
        self._parsed.on = False
        lines: set[Line] = set()
        with tracing(self._paths, lines):
            outcome = self.records[pair.record].judge().judge(pair.rule_id).outcome
        return outcome, frozenset(lines)


_BENCH: Bench
_MUTANTS: Sequence[Mutant]
_PAIRS: Sequence[Pair]


def _judge_number(number: int) -> str:
    return _BENCH.killer(_MUTANTS[number])


def _trace_number(number: int) -> tuple[Outcome, frozenset[Line]]:
    return _BENCH.trace(_PAIRS[number])
