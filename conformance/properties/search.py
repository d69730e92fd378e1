"""Searches for a story that breaks a rule, and for its shortest form, by hypothesis; reproducible from a seed.

A story is what one run of a test asked and was answered. Whatever happens inside hypothesis comes out as a judgement:
`Failed` with the shortest story, `NotRun` and the like as they were raised, and errors of our own as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis.errors import Flaky, FlakyBackendFailure
from hypothesis.internal.conjecture import providers

from conformance.exchange import Exchange
from conformance.outcomes import Failed, Inconclusive

MOST_RETELLINGS = 150  # of a failing story, while a shorter one is looked for
LONGEST_SHORTENING = 20.0  # seconds
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

    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self.error = error


@dataclass(slots=True)
class Story:
    """What was done so far, in words, and the exchanges."""

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


class Search:
    """Runs the tests of one rule: each begins a story and does its steps inside `telling`."""

    def __init__(self, seed: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seed = seed
        self._clock = clock
        self._finding: tuple[Story, Broken] | None = None
        self._retellings = 0
        self._found_at = 0.0
        self._fixed_order = False

    def begin(self) -> Story:
        """A new story. Ends the search when enough has been told since the finding."""
        if self._finding is not None and not self._fixed_order:
            self._retellings += 1
            late = self._clock() - self._found_at > LONGEST_SHORTENING
            if late or self._retellings > MOST_RETELLINGS:
                raise Leave(None)
        return Story()

    @contextmanager
    def telling(self, story: Story) -> Iterator[None]:
        """A `Broken` inside is remembered with the story so far; errors that are not hypothesis' own end the search."""
        try:
            yield
        except Broken as broken:
            self._remember(story, broken)
            raise
        except Exception as error:
            if type(error).__module__.split(".")[0] == "hypothesis":
                raise
            raise Leave(error) from error

    def _remember(self, story: Story, broken: Broken) -> None:
        if self._finding is None:
            self._found_at = self._clock()
        if self._finding is None or story.size < self._finding[0].size:
            self._finding = story, broken

    def run(self, test: Callable[[], Any]) -> None:
        """Runs a hypothesis test. Raises Failed for the shortest story that it found."""
        flaky = False
        try:
            with _constants_of_no_module():
                test()
        except Leave as leave:
            if leave.error is not None:
                raise leave.error from None
        except (Broken, BaseExceptionGroup):
            pass
        except (Flaky, FlakyBackendFailure):
            flaky = True
        if self._finding is not None:
            raise self._judgement(*self._finding, flaky=flaky)
        if flaky:
            raise Inconclusive("the target answered the same requests differently, but never broke the rule") from None

    def run_each(self, tellings: Iterator[Callable[[], None]]) -> None:
        """Runs tests one after the other, up to the first finding. Raises Failed for it."""
        self._fixed_order = True

        def test() -> None:
            for telling in tellings:
                telling()

        self.run(test)

    def _judgement(self, story: Story, broken: Broken, *, flaky: bool) -> Failed | Inconclusive:
        if flaky and broken.exchange.response is None:
            return Inconclusive(
                f"a request got no answer once, and one when it was sent again: {broken}", *story.exchanges
            )
        got = f"{broken.got}, in this story: {story}" if len(story.steps) > 1 else f"{broken.got}, to {story.steps[0]}"
        if flaky:
            got += "; told again, the same story ended differently: the target does not answer alike to like requests"
        return Failed(broken.expected, got, *story.exchanges)


def settings(cases: int, steps: int = 0) -> hypothesis.settings:
    """How hypothesis runs here: no files, no clock, no output."""
    return hypothesis.settings(
        max_examples=cases,
        stateful_step_count=max(steps, 1),
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
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


def _forget_constants() -> None:
    cache = getattr(getattr(providers, "CONSTANTS_CACHE", None), "cache", None)
    if cache is not None:
        cache.clear()
