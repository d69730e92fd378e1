"""TTL-LIVES with a target that takes seconds to answer: a short life is over before its second half can be seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from conformance.exchange import Exchange, Request, Response
from conformance.options import Options
from conformance.outcomes import Failed, Inconclusive
from conformance.sections.test_expiry import test_lives as check
from conformance.sections.test_expiry import used_life
from conformance.streams import Stream

NOON = 1_900_000_000.0  # seconds since the epoch
Alive = Callable[[float, float], bool]


@dataclass
class SlowTarget:
    """A context and its target at once. Every answer takes `latency` seconds, what is asked at once comes at once, and
    `alive` says of a stream's age and Ttl whether it is there."""

    latency: float
    alive: Alive

    def __post_init__(self) -> None:
        self.options = Options(grace=10)
        self.streams = self
        self.now = NOON
        self.births: dict[str, tuple[float, float]] = {}

    def name(self, label: str) -> str:
        return f"run-{label}"

    def make(self, label: str, *, ttl: int) -> Stream:
        self.births[f"sid-{label}"] = self.now + self.latency / 2, ttl
        body = {"sid": f"sid-{label}", "unique_name": self.name(label)}
        stream = Stream(self._answer(201, body), body)
        self.now += self.latency
        return stream

    def fetch(self, key: str) -> Exchange:
        return self._use(key)

    def publish(self, key: str, data: str) -> Exchange:
        return self._use(key)

    def parallel(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        answers = [call() for call in calls]
        self.now += self.latency
        return answers

    def sleep_until(self, moment: float) -> None:
        self.now = max(self.now, moment)

    def _use(self, key: str) -> Exchange:
        born, ttl = self.births[key.replace("run-", "sid-")]
        return self._answer(200 if self.alive(self.now + self.latency / 2 - born, ttl) else 404, {})

    def _answer(self, status: int, body: dict[str, Any]) -> Exchange:
        response = Response(status, body=json.dumps(body).encode())
        return Exchange(Request("GET", "http://x"), response, self.now, self.now + self.latency)


def judged(latency: float, alive: Alive) -> str:
    try:
        check(used_life(cast("Any", SlowTarget(latency, alive))))
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
    assert judged(latency, lawful) == "pass"
    assert judged(latency, to_half) == "fail"


@pytest.mark.parametrize("latency", [0.0, 0.5, 1.0, 1.3])
def test_the_last_seconds_are_seen_unless_an_answer_takes_as_long(latency: float) -> None:
    assert judged(latency, but_for_its_last_seconds) == "fail"


@pytest.mark.parametrize("alive", [lawful, to_half])
def test_of_one_that_takes_forever_nothing_is_known(alive: Alive) -> None:
    assert judged(20.0, alive) == "inconclusive"
