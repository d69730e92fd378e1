"""Sends messages to one stream, many at once or at a pace. Every message has a number, so that each is another request.

What is sent next never depends on the order in which answers happen to come in, only on the answers themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from conformance.context import Context
from conformance.exchange import Exchange

MOST_AT_ONCE = 24
MOST_UNDER_WAY = 60  # messages of a paced volley that wait for their answers: two seconds' worth
CHUNK = 0.25  # seconds of a pressed volley that are looked at together


def numbered(number: int) -> str:
    """The message of that number, as JSON text."""
    return f'{{"number": {number}}}'


def calls(ctx: Context, reference: str, count: int, *, first: int = 0) -> list[Callable[[], Exchange]]:
    """Publishes of `count` messages, numbered from `first`, ready to be made."""
    return [partial(ctx.streams.publish, reference, numbered(first + number)) for number in range(count)]


def at_once(ctx: Context, reference: str, count: int, *, first: int = 0) -> tuple[Exchange, ...]:
    """Publishes `count` messages, each on a thread of its own."""
    return tuple(ctx.parallel(calls(ctx, reference, count, first=first), at_once=count))


def paced(ctx: Context, reference: str, count: int, *, every: float) -> tuple[Exchange, ...]:
    """Publishes a message every so many seconds, waiting for no answer; returns all of them, in order."""
    with ThreadPoolExecutor(max_workers=MOST_UNDER_WAY, thread_name_prefix=ctx.scenario) as pool:
        start = ctx.clock.now()
        futures = []
        for number, call in enumerate(calls(ctx, reference, count)):
            ctx.sleep_until(start + number * every)
            futures.append(pool.submit(call))
        return tuple(future.result() for future in futures)


def pressed(
    ctx: Context, reference: str, count: int, *, every: float, enough: Callable[[Sequence[Exchange]], bool]
) -> tuple[Exchange, ...]:
    """Like `paced`, but ends early when `enough` says so of the answers from half a second ago and before."""
    chunk = max(1, round(CHUNK / every))
    known: list[Exchange] = []
    futures: list[Future[Exchange]] = []
    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE, thread_name_prefix=ctx.scenario) as pool:
        start = ctx.clock.now()
        for number, call in enumerate(calls(ctx, reference, count)):
            if number % chunk == 0:
                known += [future.result() for future in futures[len(known) : max(0, number - 2 * chunk)]]
                if enough(known):
                    break
            ctx.sleep_until(start + number * every)
            futures.append(pool.submit(call))
        return (*known, *(future.result() for future in futures[len(known) :]))


def retried(ctx: Context, reference: str) -> tuple[Exchange, ...]:
    """The messages to that stream that this scenario had to send again: they may have been counted."""
    url = ctx.target.messages_url(reference)
    return tuple(e for e in tuple(ctx.session.retried) if e.scenario == ctx.scenario and e.request.url == url)
