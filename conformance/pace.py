"""How fast messages were sent, and whether a refusal can have been lawful. Pure: looks at recorded exchanges.

The page: up to 30 messages a second for each stream. Twilio's limits: a burst window of 10 s. So a limiter may
count in fixed or sliding windows of one second (30) to ten (300), or be a bucket that is refilled with 30 a second.
When a message arrived is known only to lie between its departure and its answer; every judgement here gives the
target the benefit of that doubt.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from conformance.exchange import Exchange, NotJSON
from conformance.expect import describe, refused
from conformance.outcomes import Failed, Inconclusive
from conformance.session import ACCOUNT_THROTTLED

RATE = 30  # messages a second
BURST_WINDOW = 10.0  # seconds
MOST_LAWFUL = 600  # in any 10 s: the ends of two fixed windows meet, or a full bucket of 300 and its refill
CLEARLY_MORE = 630


def accepted(exchange: Exchange) -> bool:
    return exchange.status is not None and 200 <= exchange.status < 300


def account_limited(exchange: Exchange) -> bool:
    """Refused because the whole account asks too much, which says nothing about a stream's limit."""
    if exchange.response is None or exchange.status != 429:
        return False
    try:
        body = exchange.response.json()
    except NotJSON:
        return False
    return isinstance(body, dict) and body.get("code") == ACCOUNT_THROTTLED


def turned_away(exchange: Exchange) -> bool:
    """Answered with anything but a success, and not on the account's behalf."""
    return exchange.response is not None and not accepted(exchange) and not account_limited(exchange)


def limited(exchange: Exchange) -> bool:
    """Refused with a 4xx, and not on the account's behalf."""
    return refused(exchange) and not account_limited(exchange)


class Arrivals:
    """When messages to one stream can have arrived."""

    def __init__(self, attempts: Iterable[Exchange]) -> None:
        self._all = tuple(attempts)
        self._sent = sorted(exchange.sent for exchange in self._all)
        self._received = sorted(exchange.received for exchange in self._all)

    def most_before(self, exchange: Exchange, seconds: float) -> int:
        """The most messages, itself among them, that can have arrived in the `seconds` that end with this one."""
        low = bisect_left(self._sent, exchange.sent)
        high = bisect_right(self._sent, exchange.received)
        moments = {exchange.sent, *self._sent[low:high]}
        return max(
            bisect_right(self._sent, moment) - bisect_left(self._received, moment - seconds) for moment in moments
        )

    def may_refuse(self, exchange: Exchange) -> bool:
        """For one of the messages: whether more than 30 a second can have arrived in any whole number of seconds that
        ends with it."""
        span = exchange.received - self._sent[0]
        return any(
            self.most_before(exchange, seconds) > RATE * seconds for seconds in range(1, max(1, math.ceil(span)) + 1)
        )


def wrongly_refused(attempts: Sequence[Exchange], retried: Iterable[Exchange] = ()) -> tuple[Exchange, ...]:
    """Those turned away that no lawful limiter can have refused. `retried` were sent to the same stream before these.

    Whatever is not a success counts as turned away: with which status to refuse is another rule's subject.
    """
    refusals = [exchange for exchange in attempts if turned_away(exchange)]
    if not refusals:
        return ()
    arrivals = Arrivals((*attempts, *retried))
    return tuple(exchange for exchange in refusals if not arrivals.may_refuse(exchange))


def most_accepted(attempts: Iterable[Exchange], seconds: float = BURST_WINDOW) -> int:
    """The most accepted messages that surely arrived within some stretch of that many seconds."""
    taken = sorted((exchange for exchange in attempts if accepted(exchange)), key=lambda exchange: exchange.sent)
    ends = [exchange.received for exchange in taken]
    best = 0
    for number, first in enumerate(taken):
        if len(taken) - number <= best:
            break
        best = max(best, sum(end <= first.sent + seconds for end in ends[number:]))
    return best


def achieved(attempts: Sequence[Exchange]) -> float:
    """Messages a second from the first departure to the last; 0 for fewer than two."""
    sent = [exchange.sent for exchange in attempts]
    span = max(sent, default=0.0) - min(sent, default=0.0)
    return (len(sent) - 1) / span if span > 0 else 0.0


def steady(attempts: Sequence[Exchange], *, slowest: float = 0.3) -> bool:
    """Whether all were answered quickly and no second saw more than 31 departures: then nothing piled up under way."""
    sent = sorted(exchange.sent for exchange in attempts)
    crowded = any(bisect_left(sent, moment + 1) - number > RATE + 1 for number, moment in enumerate(sent))
    return not crowded and all(exchange.elapsed <= slowest for exchange in attempts)


def expect_all_accepted(attempts: Sequence[Exchange], retried: Iterable[Exchange], what: str) -> None:
    """Fails for messages turned away without a lawful reason, and for those whose connection broke off."""
    wrong = wrongly_refused(attempts, retried)
    total = len(attempts)
    if wrong:
        count = sum(turned_away(exchange) for exchange in attempts)
        raise Failed(f"{what} to be accepted", f"{count} of {total} refused, first: {describe(wrong[0])}", wrong[0])
    broken = [exchange for exchange in attempts if exchange.response is None]
    if broken:
        got = f"{len(broken)} of {total} not answered, first: {describe(broken[0])}"
        if all("within" in (exchange.error or "") for exchange in broken):  # slow, which says nothing of a limit
            raise Inconclusive(f"the target is too slow to tell: {got}", broken[0])
        raise Failed(f"{what} to be accepted", got, broken[0])
    if busy := next((exchange for exchange in attempts if account_limited(exchange)), None):
        raise Inconclusive("the account's own limit (code 20429) was reached", busy)
