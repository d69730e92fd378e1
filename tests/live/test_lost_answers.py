"""Requests that the target did and whose answers were lost: what becomes of streams, ours and others', and of rules."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from hostile import behaviours as does
from hostile.fronts import Forward, reference
from hostile.running import TOKEN, USER
from suite.raw_server import raw_server

from conformance.budget import Budget
from conformance.cleaning import Cleaner
from conformance.clock import LiveClock
from conformance.gate import Gate
from conformance.journal import Head, Journal
from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.ownership import nameless_ttl
from conformance.results import RuleResult
from conformance.run import Run
from conformance.sections.test_answers import FEW_DROPPED
from conformance.session import SCENARIO_HEADER, Session
from conformance.streams import Streams, sid_in
from conformance.target import Credentials, Target
from conformance.wire import Wire

AT_ONCE = (0.0, 0.0, 0.0, 0.0)  # seconds before each further try
RUN = "0badcafe"
NAME = f"conformance-{RUN}-test-one"
SCENARIO = re.compile(rb"\r\n" + SCENARIO_HEADER.encode() + rb": ([^\r]+)")
OUR_TTL = str(nameless_ttl(RUN))


class Forgetful(Forward):
    """Does what it is asked for, and resets the connection instead of answering while `loses` says so.

    `parts`: closes the connection after each answer, which it doesn't say.
    """

    loses: Callable[[bytes], bool] = staticmethod(lambda request: False)
    parts = False

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        if not self.loses(request):
            super().__call__(connection, request)
            if self.parts:
                connection.close()  # what has come meanwhile is not read
            return
        assert self._answer(connection, request)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@dataclass
class Scene:
    url: str
    front: Forgetful
    streams: Streams
    journal: Journal
    lost: list[bytes] = field(default_factory=list)

    def lose(self, count: int) -> None:
        """The answers to the next creates."""

        def loses(request: bytes) -> bool:
            if b"/Streams HTTP" not in request.partition(b"\r\n")[0] or not request.startswith(b"POST"):
                return False
            if len(self.lost) == count:
                return False
            self.lost.append(request)
            return True

        self.front.loses = loses  # type: ignore[method-assign]

    def create(self, **form: str) -> str:
        """As somebody else."""
        made = requests.post(f"{self.url}/v1/Services/default/Streams", data=form, auth=(USER, TOKEN), timeout=10)
        return str(made.json()["sid"])

    def there(self) -> dict[str, dict[str, Any]]:
        listed = requests.get(f"{self.url}/v1/Services/default/Streams", auth=(USER, TOKEN), timeout=10).json()
        return {stream["sid"]: stream for stream in listed["streams"]}


@pytest.fixture
def scene() -> Iterator[Scene]:
    with _scene() as made:
        yield made


@contextmanager
def forgetful() -> Iterator[tuple[str, Forgetful, Target]]:
    """The reference server's URL, what stands in front of it, and that as a target."""
    with (
        reference() as url,
        closing(Forgetful(url, lambda number, request: False, does.never)) as front,
        raw_server(front) as server,
    ):
        yield url, front, Target(server.url, Credentials(USER, TOKEN))


@contextmanager
def _scene() -> Iterator[Scene]:
    with forgetful() as (url, front, target), Wire() as wire:
        session = Session(target, wire=wire, budget=Budget(), timeout=5)
        journal = Journal(head=Head(run=RUN))
        streams = Streams(session, LiveClock(), "test", gate=Gate(), journal=journal)
        yield Scene(url, front, streams, journal)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_named_create_is_settled_and_sent_again(scene: Scene, count: int) -> None:
    scene.lose(count)
    exchange = scene.streams.create({"UniqueName": NAME, "Ttl": 3600})
    assert exchange.status == 201
    assert len(scene.lost) == count
    assert scene.there().keys() == {sid_in(exchange)}
    assert Cleaner(scene.streams, scene.journal).clean().settled
    assert scene.there() == {}


def test_a_name_that_is_taken_stays_taken(scene: Scene) -> None:
    first = scene.streams.create({"UniqueName": NAME})
    scene.lose(1)
    assert scene.streams.create({"UniqueName": NAME}).status == 409
    assert scene.there().keys() == {sid_in(first)}


def test_a_stream_without_a_name_is_known_by_its_ttl(scene: Scene) -> None:
    others = {scene.create(), scene.create(Ttl="3600"), scene.create(UniqueName="conformance-of-others")}
    scene.lose(1)
    exchange = scene.streams.create({"Ttl": OUR_TTL})
    assert exchange.status == 201
    assert len(scene.there()) == len(others) + 2
    deletion = Cleaner(scene.streams, scene.journal).clean()
    assert scene.there().keys() == others
    assert deletion.settled
    assert not deletion.doubtful
    assert deletion.made == 2


def test_what_may_be_somebody_elses_is_named_and_left_alone(scene: Scene) -> None:
    scene.lose(1)
    exchange = scene.streams.create()
    theirs = scene.create()
    deletion = Cleaner(scene.streams, scene.journal).clean()
    left = scene.there().keys()
    assert sid_in(exchange) not in left
    assert len(left) == 2
    assert theirs in left
    assert set(deletion.doubtful) == left
    assert "one of these may be its stream, or somebody else's" in str(deletion)


def test_a_name_that_the_target_does_not_read_leaves_a_stream_without_one(scene: Scene) -> None:
    body = json.dumps({"UniqueName": NAME, "Ttl": 3600}).encode()
    scene.lose(1)
    exchange = scene.streams.create_as(body, NAME, headers={"Content-Type": "application/json"})
    assert exchange.status == 201
    deletion = Cleaner(scene.streams, scene.journal).clean()
    left = scene.there()
    assert [stream["unique_name"] for stream in left.values()] == [None]
    assert set(deletion.doubtful) == left.keys()


@pytest.mark.parametrize("ttl", ["soon", "1.5"])
def test_a_ttl_that_is_no_number_is_looked_for_like_any_other(scene: Scene, ttl: str) -> None:
    theirs = scene.create()
    scene.lose(1)
    assert scene.streams.create({"Ttl": ttl}).status == 400
    deletion = Cleaner(scene.streams, scene.journal).clean()
    assert scene.there().keys() == {theirs}
    assert set(deletion.doubtful) == {theirs}


def test_more_streams_than_were_lost_are_nobodys_to_delete(scene: Scene) -> None:
    scene.lose(1)
    scene.streams.create({"Ttl": OUR_TTL})
    scene.create(Ttl=OUR_TTL)
    deletion = Cleaner(scene.streams, scene.journal).clean()
    assert set(deletion.doubtful) == scene.there().keys()
    assert len(deletion.doubtful) == 2


def test_a_name_of_this_run_in_the_list_is_deleted_though_the_journal_does_not_know_it(scene: Scene) -> None:
    scene.streams.create({"UniqueName": NAME})
    scene.create(UniqueName=f"{NAME}-unknown")
    theirs = scene.create(UniqueName="conformance-00000000-of-another-run")
    assert Cleaner(scene.streams, scene.journal).clean().settled
    assert scene.there().keys() == {theirs}


def test_a_proof_counts_what_others_have(scene: Scene) -> None:
    scene.create()
    scene.streams.create({"UniqueName": NAME})
    said = str(Cleaner(scene.streams, scene.journal).clean())
    assert said == "1 streams made, all of them deleted; none is listed afterwards (of others there are 1 in 'default')"


def judged(*rules: str, loses: Callable[[bytes], bool] = lambda _: False, parts: bool = False) -> dict[str, RuleResult]:
    """What a run says of the reference server where such requests are done and not answered."""
    with forgetful() as (_, front, target):
        front.loses, front.parts = loses, parts  # type: ignore[method-assign]
        with Run(target, Options(seed=1, rules=rules)) as run:
            return {result.rule.id: result for result in run.judge_all()}


def test_a_scenario_is_gathered_anew_when_the_answer_to_a_delete_was_lost() -> None:
    scenarios = {b"deletes_by_sid", b"delete_by_name", b"deleted_and_listed", b"rebirth"}
    lost: list[bytes] = []

    def loses(request: bytes) -> bool:
        scenario = SCENARIO.search(request)
        if not request.startswith(b"DELETE") or scenario is None or scenario[1] not in scenarios - set(lost):
            return False
        lost.append(scenario[1])
        return True

    results = judged("DELETE-*", loses=loses)
    assert set(lost) == scenarios
    assert {result.outcome for result in results.values()} == {Outcome.PASS}


def test_no_rule_fails_for_deletes_whose_answers_are_lost_each_time() -> None:
    """The first to each delete of a stream is."""
    tried: set[bytes] = set()

    def loses(request: bytes) -> bool:
        line = request.partition(b"\r\n")[0]
        first = request.startswith(b"DELETE") and line not in tried
        tried.add(line)
        return first

    results = judged("DELETE-*", loses=loses)
    works = results["DELETE-WORKS"]
    assert works.outcome is Outcome.INCONCLUSIVE
    assert "answers to requests that change something were lost each time this was tried" in works.message
    assert Outcome.FAIL not in {result.outcome for result in results.values()}


def test_a_chain_goes_by_no_delete_whose_answer_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.session.RETRY_PAUSES", AT_ONCE)
    deletes = 0

    def loses(request: bytes) -> bool:
        nonlocal deletes
        ours = request.startswith(b"DELETE") and b": linked_operations\r\n" in request
        deletes += ours
        return ours and deletes % 2 == 1

    result = judged("PROPERTY-LINKS", loses=loses)["PROPERTY-LINKS"]
    assert deletes > 2
    assert result.outcome is Outcome.PASS, result.message


def test_what_drops_more_than_a_network_is_not_taken_for_one() -> None:
    """Each message has its answer when it comes for the third time."""
    tries: Counter[bytes] = Counter()

    def loses(request: bytes) -> bool:
        if b"/Messages HTTP" not in request.partition(b"\r\n")[0]:
            return False
        tries[request] += 1
        return tries[request] % 3 != 0

    results = judged("PUBLISH-ECHO*", "PUBLISH-STATUS", "ANSWER-NO-SERVER-ERROR", loses=loses)
    assert len(tries) > FEW_DROPPED
    result = results.pop("ANSWER-NO-SERVER-ERROR")
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "requests to publish were sent again, on connections of their own" in result.message
    assert {result.outcome for result in results.values()} == {Outcome.PASS}


def test_a_target_that_hangs_up_after_each_answer_is_spared() -> None:
    results = judged("CREATE-*", "FETCH-*", "DELETE-*", "ANSWER-*", parts=True)
    held = {Outcome.PASS, Outcome.ANSWERED}
    assert {rule_id: result.message for rule_id, result in results.items() if result.outcome not in held} == {}
