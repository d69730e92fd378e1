"""Searches for a story that breaks a rule, and for its shortest form, by hypothesis; reproducible from a seed.

A story is what one run of a test asked and was answered. Whatever happens inside hypothesis comes out as a judgement:
`Failed` with the shortest story, `NotRun` and the like as they were raised, and errors of our own as they are.

Hypothesis shrinks single requests and chains. Stories of many steps are shortened here, by leaving steps out: that
takes tens of retellings where hypothesis takes hundreds, and every one costs requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import hypothesis
from hypothesis.errors import Flaky
from hypothesis.internal.conjecture import providers

from conformance.exchange import Exchange
from conformance.outcomes import Failed, Inconclusive
from conformance.properties.together import Together

T = TypeVar("T")
ROUND = 10  # cases
MOST_RETELLINGS = 200  # of a failing story, while a shorter one is looked for
LONGEST_SHORTENING = 10.0  # seconds
LONGEST_SEARCH = 30.0  # seconds; a slow target hears the first of the stories only
TOGETHER = 8  # attempts between two looks at what they found, so that how many are made never depends on threads
STEPS_SHOWN = 30


class Broken(Exception):
    """A story in which the target broke the rule."""

    def __init__(self, expected: str, got: str, exchange: Exchange) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got
        self.exchange = exchange


class Leave(BaseException):
    """Carries an error out of hypothesis, which would take an ordinary one for a finding and shrink it."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class Story:
    """What was done so far, in words, and the exchanges."""

    plan: list[Any] = field(default_factory=list)  # what to do to tell it again, where hypothesis does not shrink it
    steps: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def tell(self, step: str, exchange: Exchange) -> None:
        status = "no answer" if exchange.response is None else str(exchange.response.status)
        self.steps.append(f"{step} → {status}")
        self.exchanges.append(exchange)

    @property
    def size(self) -> tuple[int, int]:
        """Shorter stories come first, then those with fewer bytes."""
        requests = (exchange.request for exchange in self.exchanges)
        return len(self.steps), sum(len(request.url) + len(request.body) for request in requests)

    def __str__(self) -> str:
        shown = [f"{number}. {step}" for number, step in enumerate(self.steps, 1)]
        if len(shown) > STEPS_SHOWN:
            shown = [*shown[:3], "…", *shown[3 - STEPS_SHOWN :]]
        return "; ".join(shown)


Outcome = tuple[Story, Broken] | None


class Search:
    """Runs the tests of one rule: each begins a story and does its steps inside `telling`.

    `clock` gives when the latest answer came (`Clock.latest`): a replay of the run then ends where the run ended.
    After `longest` seconds no story is begun but the first.
    """

    def __init__(self, seed: int, *, clock: Callable[[], float], longest: float = LONGEST_SEARCH) -> None:
        self.seed = seed
        self._longest = longest
        self._clock = clock
        self._began = 0.0
        self._finding: tuple[Story, Broken] | None = None
        self._found_at = 0.0
        self._retellings = 0
        self._flaky = False
        self._left: Leave | None = None

    def begin(self) -> Story:
        """A new story. Ends the search when enough has been told."""
        if self._finding is None:
            enough = self._too_long()
        else:
            self._retellings += 1
            enough = self._clock() - self._found_at > LONGEST_SHORTENING or self._retellings > MOST_RETELLINGS
        if enough:
            raise self._leave(None)
        return Story()

    def _too_long(self) -> bool:
        now = self._clock()
        self._began = self._began or now
        return now - self._began > self._longest

    @contextmanager
    def telling(self, story: Story) -> Iterator[None]:
        """A `Broken` inside is remembered with the story so far; errors that are not hypothesis' own end the search."""
        found: Broken | None = None
        try:
            yield
        except Broken as broken:
            self._remember(story, broken)
            found = Broken(broken.expected, broken.got, broken.exchange)
        except Exception as error:
            if type(error).__module__.split(".")[0] == "hypothesis":
                raise
            raise self._leave(error) from error
        if found is not None:
            raise found  # always from this line: hypothesis tells findings apart by where they come from

    def run(
        self, test: Callable[[int, hypothesis.settings], None], cases: int, *, steps: int = 0, shrinks: bool = True
    ) -> None:
        """Runs a hypothesis test, given its seed and settings, until something is found or `cases` were told.

        In rounds, because after the first ten cases hypothesis varies old ones more than it tries new ones.
        """
        if self._finding is not None or self._left is not None:
            return
        for number in range(-(-cases // ROUND)):
            size = min(ROUND, cases - number * ROUND)
            self._attempt(partial(test, self.seed * 1_000 + number, settings(size, steps, shrinks=shrinks)))
            if self._finding is not None or self._left is not None:
                return

    def try_all(
        self,
        attempts: Sequence[Callable[[Story], None]],
        parallel: Callable[[list[Callable[[], Outcome]]], list[Outcome]],
    ) -> int | None:
        """Makes the attempts, which share nothing, through `parallel`. Returns the number of the first that broke the
        rule, which is the finding then; later ones are left out, but for a few."""

        def make(attempt: Callable[[Story], None]) -> Outcome:
            story = Story()
            try:
                attempt(story)
            except Broken as broken:
                return story, broken
            return None

        for first in range(0, len(attempts), TOGETHER):
            if self._finding is not None or self._too_long():
                return None
            some = attempts[first : first + TOGETHER]
            for number, outcome in enumerate(parallel([partial(make, attempt) for attempt in some]), first):
                if outcome is not None:
                    self._remember(*outcome)
                    return number
        return None

    def simplify(self, found: T, simpler: Callable[[T], Iterable[T]], tell: Callable[[T], None]) -> None:
        """Looks for a simpler form of what was found, as long as `tell`, which tells it inside `telling`, breaks."""

        def fails(candidate: T) -> bool:
            try:
                tell(candidate)
            except Broken:
                return True
            return False

        def test() -> None:
            simplest: T | None = found
            while simplest is not None:
                simplest = next(filter(fails, simpler(simplest)), None)

        self._attempt(test)

    def run_each(self, tellings: Iterator[Callable[[], None]]) -> None:
        """Runs tests one after the other, up to the first finding."""

        def test() -> None:
            for tell in tellings:
                tell()

        if self._finding is None and self._left is None:
            self._attempt(test)

    def shorten(self, tell: Callable[[Sequence[Any]], None]) -> None:
        """Leaves out of the plan of the story found what it fails without. `tell` tells a plan, inside `telling`."""

        def fails(plan: list[Any]) -> bool:
            try:
                tell(plan)
            except Broken:
                return True
            return False

        def test() -> None:
            if self._finding is None:
                return
            plan = list(self._finding[0].plan)
            self._flaky = not fails(plan)
            size = len(plan)
            while size and not self._flaky:
                start, before = 0, len(plan)
                while start < len(plan):
                    without = plan[:start] + plan[start + size :]
                    if without and fails(without):
                        plan = without
                    else:
                        start += size
                size = size // 2 if size > 1 or len(plan) == before else 1

        if self._finding is not None:
            self._attempt(test)

    @property
    def settled(self) -> bool:
        """Something was found, or something went wrong; not when the time was up."""
        return self._finding is not None or (self._left is not None and self._left.error is not None)

    def conclude(self) -> None:
        """Raises what the search came to: nothing, if nothing was found."""
        if self._left is not None and self._left.error is not None:
            raise self._left.error
        if self._finding is not None:
            raise self._judgement(*self._finding)
        if self._flaky:
            raise Inconclusive("the target answered the same requests differently, but never broke the rule")

    def _attempt(self, test: Callable[[], None]) -> None:
        try:
            with _NO_CONSTANTS:
                test()
        except (Leave, Broken, BaseExceptionGroup):
            pass
        except Flaky:
            self._flaky = self._left is None

    def _leave(self, error: Exception | None) -> Leave:
        """Remembered too, because hypothesis may take the sudden end for flakiness and raise that instead."""
        self._left = Leave(error)
        return self._left

    def _remember(self, story: Story, broken: Broken) -> None:
        if self._finding is None:
            self._found_at = self._clock()
        if self._finding is None or story.size < self._finding[0].size:
            self._finding = story, broken

    def _judgement(self, story: Story, broken: Broken) -> Failed | Inconclusive:
        if self._flaky and broken.exchange.response is None:
            return Inconclusive(f"a request had no answer once, and one when sent again: {broken}", *story.exchanges)
        got = f"{broken.got}, in this story: {story}" if len(story.steps) > 1 else f"{broken.got}, to {story.steps[0]}"
        if self._flaky:
            got += "; told again, the same story ended differently: the target does not answer alike to like requests"
        return Failed(broken.expected, got, *story.exchanges)


def settings(cases: int, steps: int = 0, *, shrinks: bool = True) -> hypothesis.settings:
    """How hypothesis runs here: no database, no clock, no output."""
    return hypothesis.settings(
        max_examples=cases,
        stateful_step_count=max(steps, 1),
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, *((hypothesis.Phase.shrink,) if shrinks else ())),
        suppress_health_check=list(hypothesis.HealthCheck),
    )


@contextmanager
def _constants_of_no_module() -> Iterator[None]:
    """While this is held hypothesis draws no constants from the modules that happen to be loaded.

    They would make the requests of one seed depend on how the suite was started.
    """
    provider, name = providers.HypothesisProvider, "_local_constants"
    original, constants = vars(provider).get(name), vars(providers).get("Constants")
    if original is None or constants is None:  # another hypothesis than the ones this was written for
        yield
        return
    _forget_constants()
    setattr(provider, name, constants())
    try:
        yield
    finally:
        setattr(provider, name, original)
        _forget_constants()


_NO_CONSTANTS = Together(_constants_of_no_module)


def _forget_constants() -> None:
    cache = getattr(getattr(providers, "CONSTANTS_CACHE", None), "cache", None)
    if cache is not None:
        cache.clear()
