"""How fast messages were sent, and which refusals no lawful limiter can have given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.exchange import Exchange
from conformance.outcomes import Failed, Inconclusive
from conformance.pace import (
    Arrivals,
    accepted,
    account_limited,
    achieved,
    expect_all_accepted,
    limited,
    most_accepted,
    steady,
    turned_away,
    wrongly_refused,
)
from suite.checks.messages import ACCOUNT, message, refused, row, with_refusals

LOST = message(0, None)


def with_body(exchange: Exchange, body: bytes) -> Exchange:
    assert exchange.response is not None
    return replace(exchange, response=replace(exchange.response, body=body))


@pytest.mark.parametrize(
    ("exchange", "was_accepted", "by_account", "was_turned_away", "was_limited"),
    [
        (LOST, False, False, False, False),
        (message(0, 199), False, False, True, False),
        (message(0, 200), True, False, False, False),
        (message(0, 299), True, False, False, False),
        (message(0, 300), False, False, True, False),
        (message(0, 400), False, False, True, True),
        (message(0, 400, code=ACCOUNT), False, False, True, True),
        (message(0, 499), False, False, True, True),
        (message(0, 500), False, False, True, False),
        (refused(0), False, False, True, True),
        (refused(0, code=ACCOUNT), False, True, False, False),
        (with_body(refused(0), b"slow down"), False, False, True, True),
        (with_body(refused(0), b"[20429]"), False, False, True, True),
    ],
)
def test_each_answer_is_of_one_kind(
    exchange: Exchange, was_accepted: bool, by_account: bool, was_turned_away: bool, was_limited: bool
) -> None:
    assert accepted(exchange) is was_accepted
    assert account_limited(exchange) is by_account
    assert turned_away(exchange) is was_turned_away
    assert limited(exchange) is was_limited


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        (1, 2),  # itself and the one that was sent at 2.0 and may have arrived until 2.1
        (2, 3),
        (3, 4),
    ],
)
def test_arrivals_count_what_may_have_come_shortly_before(seconds: float, most: int) -> None:
    arrivals = Arrivals(row(4, 1.0, took=0.1))
    assert arrivals.most_before(message(3.0, took=0.05), seconds) == most


def test_what_was_answered_just_as_long_ago_may_have_come_within_that_time() -> None:
    assert Arrivals(row(2, 1.0, took=0.0)).most_before(message(1.0, took=0.0), 1) == 2


def test_a_message_may_arrive_at_any_moment_until_its_answer() -> None:
    late = message(0.0, took=2.0)  # may have arrived together with those of second 2
    arrivals = Arrivals([late, *row(3, 0.1, start=1.8)])
    assert arrivals.most_before(late, 1) == 4


@pytest.mark.parametrize(
    ("attempts", "wrong"),
    [
        ((), 0),
        (row(30, 0.03), 0),
        (with_refusals(row(30, 0.03), 29), 1),  # the thirtieth within a second
        (with_refusals(row(31, 0.03), 30), 0),  # the thirty-first
        (with_refusals(row(31, 0.03), 0, 30), 1),
        (with_refusals(row(100, 0.04), 99), 1),  # 25 a second for four seconds
        ((*row(60, 0.01), *with_refusals(row(1, 1, start=1.8), 0)), 0),  # 61 in two seconds, of which none in the last
        ((*row(59, 0.01), *with_refusals(row(1, 1, start=1.8), 0)), 1),  # 60 in two seconds
        ((*row(90, 0.01), *with_refusals(row(1, 1, start=2.9), 0)), 0),
        ((*row(89, 0.01), *with_refusals(row(1, 1, start=2.9), 0)), 1),
        ((refused(0),), 1),
        ((message(0, 500),), 1),
        ((refused(0, code=ACCOUNT),), 0),
        ((LOST,), 0),
    ],
)
def test_a_refusal_is_wrong_when_no_more_than_thirty_a_second_can_have_come(
    attempts: tuple[Exchange, ...], wrong: int
) -> None:
    assert len(wrongly_refused(attempts)) == wrong


def test_messages_that_were_sent_again_may_have_been_counted_twice() -> None:
    attempts = with_refusals(row(30, 0.03), 29)
    assert wrongly_refused(attempts)
    assert not wrongly_refused(attempts, row(1, 1, start=0.2))


@pytest.mark.parametrize(
    ("attempts", "most"),
    [
        ((), 0),
        (row(5, 1.0), 5),
        (with_refusals(row(5, 1.0), 2), 4),
        (row(11, 1.0), 10),  # the eleventh is answered after 10.05 s
        (row(11, 1.0, took=0.0), 11),
        ((*row(3, 1.0), *row(8, 1.0, start=20.0)), 8),
        ((*row(8, 1.0), *row(3, 1.0, start=20.0)), 8),
        (tuple(reversed(row(5, 1.0))), 5),
        ((message(0, took=12.0), *row(3, 0.1, start=0.1)), 3),
    ],
)
def test_most_accepted_counts_what_surely_came_within_ten_seconds(attempts: tuple[Exchange, ...], most: int) -> None:
    assert most_accepted(attempts) == most


def test_the_stretch_can_be_shorter() -> None:
    assert most_accepted(row(11, 1.0, took=0.0), 3.0) == 4


@pytest.mark.parametrize(
    ("attempts", "pace"),
    [((), 0.0), (row(1, 1.0), 0.0), (row(3, 0.0), 0.0), (row(31, 1 / 30), 30.0), (tuple(reversed(row(5, 0.5))), 2.0)],
)
def test_the_pace_is_that_of_departures(attempts: tuple[Exchange, ...], pace: float) -> None:
    assert achieved(attempts) == pytest.approx(pace)


@pytest.mark.parametrize(
    ("attempts", "is_steady"),
    [
        ((), True),
        (row(100, 0.034), True),
        (row(3, 1.0, took=0.25), True),
        (row(3, 1.0, took=0.375), False),
        (row(31, 0.0), True),
        (row(32, 0.0), False),
        ((*row(20, 1.0), *row(32, 0.01, start=40.0)), False),
        ((*row(16, 0.0), *row(16, 0.0, start=1.0)), True),  # a second apart
        ((*row(16, 0.0), *row(16, 0.0, start=0.9)), False),
        (tuple(reversed(row(40, 0.03))), False),
    ],
)
def test_steady_means_answered_soon_and_never_crowded(attempts: tuple[Exchange, ...], is_steady: bool) -> None:
    assert steady(attempts) is is_steady


def test_as_slow_as_it_may_be_is_steady() -> None:
    assert steady(row(3, 1.0, took=0.25), slowest=0.25)
    assert not steady(row(3, 1.0, took=0.25), slowest=0.2)


SLOW = message(0.5, None, error="no answer within 10 s")


@pytest.mark.parametrize(
    ("attempts", "outcome"),
    [
        (row(30, 0.03), None),
        (with_refusals(row(31, 0.03), 30), None),
        (with_refusals(row(30, 0.03), 5), Failed),
        ((*row(3, 0.1), LOST), Failed),
        ((*row(3, 0.1), SLOW), Inconclusive),
        ((*row(3, 0.1), SLOW, LOST), Failed),
        ((*row(3, 0.1), replace(LOST, error=None)), Failed),
        ((*row(3, 0.1), refused(1, code=ACCOUNT)), Inconclusive),
        ((*row(3, 0.1), refused(1, code=ACCOUNT), LOST), Failed),
        ((*with_refusals(row(3, 0.1), 2), refused(1, code=ACCOUNT), SLOW), Failed),
    ],
)
def test_all_accepted_fails_for_wrong_refusals_and_lost_answers(
    attempts: tuple[Exchange, ...], outcome: type[Exception] | None
) -> None:
    if outcome is None:
        expect_all_accepted(attempts, (), "messages")
        return
    with pytest.raises(outcome):
        expect_all_accepted(attempts, (), "messages")


def test_all_accepted_counts_what_was_sent_again() -> None:
    attempts = with_refusals(row(30, 0.03), 29)
    expect_all_accepted(attempts, row(1, 1, start=0.2), "messages")
