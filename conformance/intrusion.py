"""Attempts with credentials that are not the target's, and what became of the stream they were aimed at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import refused
from conformance.operation import Operation
from conformance.streams import Stream
from conformance.target import Credentials

NEW_TTL = 120  # seconds, other than the stream's own


@dataclass(frozen=True, slots=True)
class Attempt:
    """One operation with one login. `login` says in words what was wrong with it."""

    login: str
    operation: Operation
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Intrusion:
    """Attempts on a stream, fetches of it before and after, and of the name that was tried to be created."""

    stream: Stream
    attempts: tuple[Attempt, ...]
    before: Exchange
    after: Exchange
    created: Exchange

    def refused(self, operation: Operation) -> bool:
        """Whether every attempt at that operation was answered with a 4xx."""
        return all(refused(item.exchange) for item in self.attempts if item.operation is operation)


def intrude(
    ctx: Context, login: str, credentials: Credentials | None, near: Iterable[tuple[str, Credentials]] = ()
) -> Intrusion:
    """Makes a stream and tries to get at it: lists and fetches with each login of `near`, then all six operations
    with `credentials`, the fetch by name too and the delete last."""
    stream, streams = ctx.make("kept"), ctx.streams
    before = streams.fetch(stream.sid)
    attempts = []
    for words, other in near:
        attempts.append(Attempt(words, Operation.LIST, streams.list({"PageSize": 1}, credentials=other)))
        attempts.append(Attempt(words, Operation.FETCH, streams.fetch(stream.sid, credentials=other)))
    name, sid = ctx.name("intruder"), stream.sid
    tries: tuple[tuple[Operation, Callable[[], Exchange]], ...] = (
        (Operation.FETCH, lambda: streams.fetch(sid, credentials=credentials)),
        (Operation.FETCH, lambda: streams.fetch(ctx.name("kept"), credentials=credentials)),
        (Operation.LIST, lambda: streams.list({"PageSize": 1}, credentials=credentials)),
        (Operation.UPDATE, lambda: streams.update(sid, {"Ttl": NEW_TTL}, credentials=credentials)),
        (Operation.PUBLISH, lambda: streams.publish(sid, '{"n": 1}', credentials=credentials)),
        (Operation.CREATE, lambda: streams.create({"UniqueName": name, "Ttl": NEW_TTL}, credentials=credentials)),
        (Operation.DELETE, lambda: streams.delete(sid, credentials=credentials)),
    )
    attempts += [Attempt(login, operation, attempt()) for operation, attempt in tries]
    return Intrusion(stream, tuple(attempts), before, streams.fetch(sid), streams.fetch(name))
