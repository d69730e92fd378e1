"""Waiting for streams to expire, and what may be concluded from what came back.

An expiry is known within a span only: a server may count from any moment between the create's departure and
its answer, and one that keeps whole seconds may end a life up to a second early. So 'alive' is owed only to
requests answered a second before the earliest expiry, and 'gone' only after the latest one and the grace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, refused
from conformance.outcomes import Blocked, Failed, Inconclusive
from conformance.streams import Stream

SETTLE = 0.1  # seconds after the expiry before the first look
EVERY = 0.4
IN_A_ROW = 3
WHOLE_SECONDS = 1.0  # how much of a life a server that counts whole seconds may cut off


@dataclass(frozen=True, slots=True)
class Life:
    """From when to when a stream lives: `start` is the exchange that set its Ttl, in seconds."""

    start: Exchange
    ttl: float

    @property
    def surely_until(self) -> float:
        """Up to this moment of our clock it is surely alive."""
        return self.start.sent + self.ttl - WHOLE_SECONDS

    @property
    def over(self) -> float:
        """From this moment of our clock on its Ttl has passed."""
        return self.start.received + self.ttl

    def owed(self, exchange: Exchange) -> bool:
        """Whether the stream was surely alive until that answer had arrived."""
        return exchange.sent >= self.start.received and exchange.received < self.surely_until


def expires_in(stream: Stream, ttl: float) -> Life:
    """The life of a stream made with that Ttl."""
    return Life(stream.exchange, ttl)


def succeeded(exchange: Exchange) -> bool:
    return exchange.status is not None and 200 <= exchange.status < 300


def until_gone(
    ctx: Context,
    life: Life,
    ask: Callable[[], Exchange],
    *,
    gone: Callable[[Exchange], bool] = refused,
    times: int = IN_A_ROW,
) -> tuple[Exchange, ...]:
    """Asks from the expiry on until the stream is gone, `times` in a row, or still there after the grace.

    Once is not enough: behind some servers are several, or caches, that do not forget a stream at the same time.
    """
    deadline = life.over + ctx.options.grace
    ctx.sleep_until(life.over + SETTLE)
    answers = [ask()]
    while not (len(answers) >= times and all(gone(answer) for answer in answers[-times:])):
        if not gone(answers[-1]):
            if answers[-1].sent > deadline:
                break
            ctx.sleep_until(next_look(answers[-1].received, deadline))
        answers.append(ask())
    return tuple(answers)


def next_look(now: float, deadline: float) -> float:
    """When to ask again: soon, but once right after the deadline rather than around it."""
    soon = now + EVERY
    return soon if soon <= deadline else max(deadline + 0.01, now)


@dataclass(frozen=True, slots=True)
class Try:
    """One write to an expired stream that nothing has touched since it was made."""

    life: Life
    answer: Exchange


TRIES = 3


def try_untouched(ctx: Context, lives: Iterable[tuple[str, Life]], ask: Callable[[str], Exchange]) -> tuple[Try, ...]:
    """Writes to one expired stream after another, each by its sid, until a write is refused.

    The first is tried right after its expiry, the last after the grace, so that a server that is merely late is
    not taken for one whose writes don't look: each stream is written to once only, since a write that gets
    through may give it a new life.
    """
    targets = list(lives)
    tries: list[Try] = []
    for number, (sid, life) in enumerate(targets):
        share = number / max(1, len(targets) - 1)
        ctx.sleep_until(life.over + SETTLE + (ctx.options.grace * share**2))
        tries.append(Try(life, ask(sid)))
        if refused(tries[-1].answer):
            break
    return tuple(tries)


def expect_alive(life: Life, answers: Iterable[Exchange], what: str) -> int:
    """Every answer that came while the stream was surely alive must be a success; returns how many there were."""
    owed = [answer for answer in answers if life.owed(answer)]
    for answer in owed:
        if not succeeded(answer):
            age = answer.received - life.start.sent
            raise Failed(
                f"{what} to work until the Ttl of {life.ttl:g} s has passed",
                f"{describe(answer)} after {age:.1f} s",
                life.start,
                answer,
            )
    return len(owed)


def expect_gone(
    life: Life, answers: Iterable[Exchange], grace: float, what: str, *, gone: Callable[[Exchange], bool] = refused
) -> None:
    """The last answer must show that the stream is gone; `what` completes 'expected … to be refused (4xx)'."""
    last = tuple(answers)[-1]
    if gone(last):
        return
    late = last.sent - life.over
    if late < grace:
        raise Inconclusive(f"the last look came {late:.1f} s after the expiry, before the grace was over", last)
    raise Failed(
        f"{what} to be refused (4xx) at the latest {grace:g} s after the Ttl of {life.ttl:g} s had passed"
        " (--grace sets how late a deletion may be)",
        f"{describe(last)} {late:.1f} s after it",
        life.start,
        last,
    )


def need(exchange: Exchange, what: str) -> None:
    """Raises Blocked when a request that only prepares something did not succeed."""
    if not succeeded(exchange):
        raise Blocked(f"{what} did not work: {describe(exchange)}", exchange)
