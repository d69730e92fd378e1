"""Rules of expiry with a target that takes seconds to answer: a short life is over before it can be looked at, or
before an update can come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.exchange import Exchange, Request, Response
from conformance.options import Options
from conformance.outcomes import Failed, Inconclusive
from conformance.sections import test_expiry, test_expiry_moved
from conformance.streams import Stream

NOON = 1_900_000_000.0  # seconds since the epoch
Alive = Callable[[float, float], bool]
Gather = Callable[[Any], Any]


@dataclass
class SlowTarget:
    """A context and its target at once. Every answer takes `latency` seconds, what is asked at once comes at once, and
    `alive` says of a stream's age and Ttl whether it is there. `heeds` updates, or only says so."""

    latency: float
    alive: Alive
    heeds: bool = True

    def __post_init__(self) -> None:
        self.options = Options(grace=10)
        self.streams = self
        self.now = NOON
        self.side_by_side = False
        self.births: dict[str, tuple[float, float]] = {}

    def name(self, label: str) -> str:
        return f"run-{label}"

    def make(self, label: str, *, ttl: int) -> Stream:
        self.births[f"sid-{label}"] = self.now + self.latency / 2, ttl
        body = {"sid": f"sid-{label}", "unique_name": self.name(label)}
        stream = Stream(self._answer(201, body), body)
        self.now += self.latency
        return stream

    def update(self, key: str, fields: dict[str, int]) -> Exchange:
        answer = self._use(key)
        if self.heeds and answer.status == 200:
            self.births[key] = self.now + self.latency / 2, fields["Ttl"] or float("inf")
        return self._alone(answer)

    def fetch(self, key: str) -> Exchange:
        return self._alone(self._use(key))

    def publish(self, key: str, data: str) -> Exchange:
        return self._alone(self._use(key))

    def parallel(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        self.side_by_side = True
        answers = [call() for call in calls]
        self.side_by_side = False
        self.now += self.latency
        return answers

    def _alone(self, answer: Exchange) -> Exchange:
        self.now += 0 if self.side_by_side else self.latency
        return answer

    def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment)

    def _use(self, key: str) -> Exchange:
        born, ttl = self.births[key.replace("run-", "sid-")]
        return self._answer(200 if self.alive(self.now + self.latency / 2 - born, ttl) else 404, {"date_expires": None})

    def _answer(self, status: int, body: dict[str, Any]) -> Exchange:
        response = Response(status, body=json.dumps(body).encode())
        return Exchange(Request("GET", "http://x"), response, self.now, self.now + self.latency)


def judged(target: SlowTarget, gather: Gather = test_expiry.used_life, check: Gather = test_expiry.test_lives) -> str:
    try:
        check(gather(target))
    except Failed:
        return "fail"
    except Inconclusive:
        return "inconclusive"
    return "pass"


def lawful(age: float, ttl: float) -> bool:
    return age < ttl


def to_half(age: float, ttl: float) -> bool:
    return age < ttl / 2


def but_for_its_last_seconds(age: float, ttl: float) -> bool:
    return age < ttl - 3


@pytest.mark.parametrize("latency", [0.0, 0.3, 0.7, 1.0, 1.5, 2.0, 2.5])
def test_a_lawful_target_passes_and_one_that_forgets_too_early_fails(latency: float) -> None:
    assert judged(SlowTarget(latency, lawful)) == "pass"
    assert judged(SlowTarget(latency, to_half)) == "fail"


@pytest.mark.parametrize("latency", [0.0, 0.5, 1.0, 1.3])
def test_the_last_seconds_are_seen_unless_an_answer_takes_as_long(latency: float) -> None:
    assert judged(SlowTarget(latency, but_for_its_last_seconds)) == "fail"


@pytest.mark.parametrize("alive", [lawful, to_half])
def test_of_one_that_takes_forever_nothing_is_known(alive: Alive) -> None:
    assert judged(SlowTarget(20.0, alive)) == "inconclusive"


MOVED = pytest.mark.parametrize(
    ("gather", "check"),
    [
        (test_expiry_moved.extended, test_expiry_moved.test_update_extends),
        (test_expiry_moved.cleared, test_expiry_moved.test_update_clears),
    ],
)


@MOVED
@pytest.mark.parametrize("latency", [0.0, 0.3, 0.9, 1.1, 2.0, 3.0, 6.0])
def test_an_update_is_seen_to_move_the_expiry_or_not_to(gather: Gather, check: Gather, latency: float) -> None:
    assert judged(SlowTarget(latency, lawful), gather, check) == "pass"
    assert judged(SlowTarget(latency, lawful, heeds=False), gather, check) == "fail"


@MOVED
@pytest.mark.parametrize("heeds", [True, False])
def test_an_update_that_takes_forever_tells_nothing(gather: Gather, check: Gather, heeds: bool) -> None:
    assert judged(SlowTarget(20.0, lawful, heeds), gather, check) == "inconclusive"
