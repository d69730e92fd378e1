"""What a scenario works with: the operations, names of its own, chance from the seed, time, and threads."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

from conformance.clock import Clock
from conformance.exchange import Exchange, NotJSON
from conformance.gate import Gate
from conformance.journal import Journal
from conformance.options import Options
from conformance.outcomes import Blocked, Unsupported
from conformance.ownership import SAFETY_TTL, nameless_ttl, prefix_of
from conformance.session import Session
from conformance.streams import Stream, Streams, sid_in
from conformance.target import Target

T = TypeVar("T")
__all__ = ["SAFETY_TTL", "Context", "made"]


class Context:
    """Handed to a scenario's `gather`. `turn` counts how often the scenario was gathered before: names differ then."""

    def __init__(
        self,
        scenario: str,
        *,
        session: Session,
        clock: Clock,
        options: Options,
        gate: Gate,
        journal: Journal,
        run_id: str,
        turn: int = 0,
    ) -> None:
        self.scenario = scenario
        self.session = session
        self.clock = clock
        self.options = options
        again = f"/{turn}" if turn else ""
        self.random = random.Random(f"{options.seed}/{scenario}{again}")  # noqa: S311 - test data, no secrets
        self.streams = Streams(session, clock, scenario, gate=gate, journal=journal)
        self.waited = 0.0
        self._gate = gate
        self._run_id = run_id
        self._turn = f"-turn-{turn + 1}" if turn else ""

    @property
    def target(self) -> Target:
        return self.session.target

    @property
    def second_service(self) -> str:
        """The second service; raises Unsupported when the run was given none."""
        if self.target.second_service is None:
            raise Unsupported("needs a second service: name one with --second-service-sid")
        return self.target.second_service

    def name(self, label: str) -> str:
        """A unique name of this run, ASCII letters, digits and hyphens; the same for the same seed."""
        return f"{prefix_of(self._run_id)}{self.scenario.replace('_', '-')}{self._turn}-{label}"

    @property
    def nameless_ttl(self) -> int:
        """The Ttl for streams without a name, by which this run knows them again."""
        return nameless_ttl(self._run_id)

    def make(self, label: str | None = None, *, ttl: int | None = SAFETY_TTL, service: str | None = None) -> Stream:
        """Creates a stream to work with (nameless without a label). Raises Blocked when that does not work."""
        fields: dict[str, object] = {}
        if label is not None:
            fields["UniqueName"] = self.name(label)
        if ttl is not None:
            fields["Ttl"] = self.nameless_ttl if label is None and ttl == SAFETY_TTL else ttl
        return made(self.streams.create(fields, service=service))

    def parallel(self, calls: Iterable[Callable[[], T]], *, at_once: int = 8) -> list[T]:
        """Makes the calls on threads, `at_once` at a time, and returns their results in order."""
        with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix=self.scenario) as pool:
            futures = [pool.submit(call) for call in calls]
            return [future.result() for future in futures]

    def quiet(self) -> AbstractContextManager[None]:
        """While this is held nothing of this run creates or deletes streams but the thread that holds it."""
        return self._gate.quiet()

    def sleep(self, seconds: float) -> None:
        """Waits; counted as this scenario's wait. Raises NotRun when the run is stopped."""
        if seconds > 0:
            self.waited += seconds
            self.session.pause(self.clock, seconds)

    def sleep_until(self, moment: float) -> None:
        """Waits until that moment of the suite's clock (seconds since the epoch)."""
        self.sleep(moment - self.clock.now())

    def poll(
        self, ask: Callable[[], Exchange], until: Callable[[Exchange], bool], *, deadline: float, every: float = 0.25
    ) -> list[Exchange]:
        """Asks again and again until an answer satisfies `until` or `deadline` has passed; returns all answers."""
        answers = [ask()]
        while not until(answers[-1]) and answers[-1].received < deadline:
            self.sleep(every)
            answers.append(ask())
        return answers


def made(exchange: Exchange) -> Stream:
    """The stream that a create made. Raises Blocked, naming what came instead, when it made none."""
    if exchange.response is None:
        raise Blocked(f"a stream to work with could not be created: {exchange.error}", exchange)
    if sid_in(exchange) is None:
        raise Blocked(
            f"a stream to work with could not be created: the answer was {exchange.response.status}"
            " without a stream in it",
            exchange,
        )
    try:
        return Stream(exchange, exchange.response.json())
    except NotJSON as error:
        raise Blocked(f"a stream to work with could not be created: {error}", exchange) from None
