"""RATE: messages made by hand, of which each rule is shown just enough and just too little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.exchange import Exchange
from conformance.registry import Answer
from conformance.sections.test_rate import (
    Flood,
    Pressure,
    TwoAddresses,
    Volley,
    counted_apart,
    quick_enough,
    spread,
    telling,
)
from conformance.sections.test_rate import (
    test_burst as burst,
)
from suite.checks.doctor import Change, doctored, plus, put, refusal, status, to, verdict, without
from suite.checks.messages import ACCOUNT, message, refused, row, with_refusals
from suite.checks.recorded import recorded

QUICK = row(30, 0.01)
SLOW = (*row(29, 0.01), message(1.0, took=0.5))
NONE = TwoAddresses((), (), ())
LOST = message(0.2, None)


def flood(*attempts: Exchange, **parts: Any) -> Flood:
    """A flood in which nothing happens but these messages."""
    stream = recorded()["flood"].stream
    whole: dict[str, Any] = {"beside": (), "looks": (), "updated": None, "after_update": None, "recovered": Volley(())}
    return Flood(stream, Volley(attempts), **{**whole, **parts})


def test_refusals_are_the_4xx_or_else_whatever_is_no_success() -> None:
    busy = message(0, 503)
    assert Volley((QUICK[0], busy, refused(1))).refusals == (refused(1),)
    assert Volley((QUICK[0], busy, LOST)).refusals == (busy,)
    assert Volley((QUICK[0], refused(1, code=ACCOUNT))).refusals == ()


def test_a_volley_lasts_from_its_first_answer_to_its_last() -> None:
    assert spread(Volley((message(5, took=1), message(0, took=3), message(4, took=1)))) == 3


@pytest.mark.parametrize(
    ("volleys", "outcome"),
    [
        ([QUICK], "pass"),
        ([(*row(29, 0.01, took=0.5), message(1.0, took=0.5))], "pass"),  # just one second
        ([SLOW, QUICK], "pass"),
        ([(message(0, took=0.0), *SLOW)], "inconclusive"),
        ([(message(0, took=0.0), *SLOW)] * 3, "inconclusive"),
        ([with_refusals(QUICK, 3)], "fail"),
        ([QUICK, with_refusals(QUICK, 3)], "fail"),
        ([(*QUICK, LOST)], "fail"),
    ],
)
def test_thirty_at_once(volleys: list[tuple[Exchange, ...]], outcome: str) -> None:
    assert verdict("RATE-30-AT-ONCE", {"thirty_at_once": tuple(map(Volley, volleys))}) == outcome


def test_thirty_at_once_counts_what_was_sent_again() -> None:
    volley = Volley(with_refusals(QUICK, 29), row(1, 1.0))
    assert verdict("RATE-30-AT-ONCE", {"thirty_at_once": (volley,)}) == "pass"


EVEN = row(300, 0.034, took=0.01)


@pytest.mark.parametrize(
    ("attempts", "tells"),
    [
        (EVEN, True),
        (row(100, 1 / 25), False),  # slower than 26 a second
        (row(100, 1 / 26.5), True),
        (row(27, 1 / 26), True),  # 26 a second
        (with_refusals(row(10, 1.0), 5), True),  # slow, but the refusal is wrong
        (with_refusals(row(50, 0.02), *range(40, 50)), True),  # a fifth refused, lawfully
        (with_refusals(row(50, 0.02), *range(39, 50)), False),
    ],
)
def test_a_volley_tells_when_the_pace_was_held(attempts: tuple[Exchange, ...], tells: bool) -> None:
    assert telling(Volley(attempts)) is tells


def doubtful(count: int, refusals: int, *, took: float = 0.25) -> tuple[Exchange, ...]:
    """Steady messages, of which none can be said to have been refused wrongly: 31 can have come in each second."""
    messages = row(count, 1 / 30.5, took=took)
    return with_refusals(messages, *range(count - refusals, count))


@pytest.mark.parametrize(
    ("attempts", "outcome"),
    [
        (EVEN, "pass"),
        (with_refusals(EVEN, 100), "fail"),
        (row(50, 0.1), "inconclusive"),  # 10 a second
        (doubtful(100, 20), "pass"),
        (doubtful(100, 21), "fail"),
        (doubtful(100, 21, took=0.4), "inconclusive"),  # not steady
    ],
)
def test_sustained(attempts: tuple[Exchange, ...], outcome: str) -> None:
    assert verdict("RATE-SUSTAINED", {"sustained": (Volley(attempts),)}) == outcome


def test_one_of_two_sustained_volleys_that_tells_is_enough() -> None:
    evidence = {"sustained": (Volley(row(50, 0.1)), Volley(EVEN))}
    assert verdict("RATE-SUSTAINED", evidence) == "pass"
    evidence = {"sustained": (Volley(EVEN), Volley(with_refusals(row(50, 0.1), 9)))}
    assert verdict("RATE-SUSTAINED", evidence) == "fail"


def test_sustained_counts_what_was_sent_again() -> None:
    volley = Volley(with_refusals(row(100, 1 / 30), 99), row(40, 0.0, start=2.5))
    assert verdict("RATE-SUSTAINED", {"sustained": (volley,)}) == "pass"


# Refused by sid from 0.125 s on; twenty by name then, and five by sid again.
BY_SID = (*row(24, 0.0), *(refused(0.125) for _ in range(6)))


def two(taken: int = 20, *, by_sid: tuple[Exchange, ...] = BY_SID, at: float = 0.2, until: float = 0.3) -> TwoAddresses:
    by_name = tuple(message(at, took=0.125) if number < taken else refused(at) for number in range(20))
    return TwoAddresses(by_sid, by_name, tuple(refused(until) for _ in range(5)))


@pytest.mark.parametrize(
    ("seen", "quick"),
    [
        (two(), True),
        (two(at=0.49, until=0.6), True),
        (two(at=0.5, until=0.6), False),  # a bucket may have gained (0.5 + 0.125 - 0.125) · 30 + 1 = 16
        (two(at=0.2, until=0.9), True),
        (two(at=0.2, until=0.95), False),  # a second
        (two(by_sid=row(24, 0.0)), False),  # no refusal
        (two(by_sid=(*row(24, 0.0), message(0.1, 503))), False),  # none that is a 4xx
        (TwoAddresses(BY_SID, (), ()), False),
        (NONE, False),
    ],
)
def test_two_addresses_tell_something_within_a_second(seen: TwoAddresses, quick: bool) -> None:
    assert quick_enough(seen) is quick


def test_the_first_refusal_and_the_last_message_by_name_count() -> None:
    late = replace(two(), by_name=(*two().by_name[:-1], message(0.6, took=0.125)))
    assert not quick_enough(late)
    early = two(by_sid=(refused(0.0), *BY_SID), at=0.45, until=0.6)
    assert quick_enough(two(at=0.45, until=0.6))
    assert not quick_enough(early)


@pytest.mark.parametrize(
    ("seen", "apart"),
    [
        (two(), True),
        (two(18), True),
        (two(17), False),
        (two(0), False),
        (two(until=0.95), False),  # too slow
        (replace(two(), by_sid_again=(refused(0.3), message(0.3))), False),
    ],
)
def test_counted_apart_is_what_takes_messages_by_name_between_refusals_by_sid(seen: TwoAddresses, apart: bool) -> None:
    assert counted_apart(seen) is apart


FEW = row(10, 0.1)
FIVE_REFUSED = (*FEW, *(refused(2) for _ in range(5)))
FOUR_REFUSED = (*FEW, *(refused(2) for _ in range(4)))
MOST = row(630, 0.01)
TOO_MANY = row(631, 0.01)


@pytest.mark.parametrize(
    ("by_sid", "by_name", "outcome"),
    [
        (FIVE_REFUSED, FIVE_REFUSED, "pass"),
        (FIVE_REFUSED, FOUR_REFUSED, "inconclusive"),
        (FOUR_REFUSED, FIVE_REFUSED, "inconclusive"),
        (FEW, FEW, "inconclusive"),
        (MOST, MOST, "pass"),
        (row(629, 0.01), MOST, "inconclusive"),
        (TOO_MANY, FIVE_REFUSED, "fail"),
        (FIVE_REFUSED, TOO_MANY, "fail"),
        ((*TOO_MANY, *FIVE_REFUSED), FIVE_REFUSED, "fail"),
    ],
)
def test_refused(by_sid: tuple[Exchange, ...], by_name: tuple[Exchange, ...], outcome: str) -> None:
    evidence = {"flood": flood(*by_sid), "pressure": Pressure(by_name), "two_addresses": NONE}
    assert verdict("RATE-REFUSED", evidence) == outcome


def test_what_is_sent_beside_counts_as_part_of_the_flood() -> None:
    beside = ((row(8, 0.01, start=6.3), row(5, 0.01)),)
    evidence = {"flood": flood(*row(625, 0.01), beside=beside), "pressure": Pressure(MOST), "two_addresses": NONE}
    assert verdict("RATE-REFUSED", evidence) == "fail"


def test_refused_needs_both_addresses_to_be_counted_together() -> None:
    evidence = {"flood": flood(*FIVE_REFUSED), "pressure": Pressure(FIVE_REFUSED), "two_addresses": two()}
    assert verdict("RATE-REFUSED", evidence) == "fail"


BAD = refused(2, status=400)
NEED_REFUSALS = ["RATE-ERROR", "RATE-RECOVERS", "RATE-REFUSED-NO-HARM"]
NO_REFUSALS = [(FEW, "inconclusive"), (MOST, "inconclusive"), (TOO_MANY, "blocked")]


@pytest.mark.parametrize(
    ("by_sid", "by_name", "outcome"),
    [
        (FIVE_REFUSED, FIVE_REFUSED, "pass"),
        (FIVE_REFUSED, FEW, "pass"),
        (FEW, FIVE_REFUSED, "pass"),
        ((*FIVE_REFUSED, BAD), FIVE_REFUSED, "fail"),
        (FIVE_REFUSED, (*FIVE_REFUSED, BAD), "fail"),
        ((*FIVE_REFUSED, refused(2, code=20001)), FEW, "fail"),
        ((*FEW, message(2, 503)), FEW, "fail"),
        (FEW, FEW, "inconclusive"),
        (MOST, FEW, "inconclusive"),
        (TOO_MANY, FEW, "blocked"),
    ],
)
def test_error(by_sid: tuple[Exchange, ...], by_name: tuple[Exchange, ...], outcome: str) -> None:
    assert verdict("RATE-ERROR", {"flood": flood(*by_sid), "pressure": Pressure(by_name)}) == outcome


@pytest.mark.parametrize("rule_id", NEED_REFUSALS)
@pytest.mark.parametrize(
    ("attempts", "outcome"), [(FEW, "inconclusive"), (MOST, "inconclusive"), (TOO_MANY, "blocked")]
)
def test_a_flood_without_a_refusal_tells_nothing(rule_id: str, attempts: tuple[Exchange, ...], outcome: str) -> None:
    assert verdict(rule_id, {"flood": flood(*attempts), "pressure": Pressure(FEW)}) == outcome


def beside(*other: Exchange) -> tuple[tuple[tuple[Exchange, ...], tuple[Exchange, ...]], ...]:
    return (((refused(3),), row(5, 0.01, start=3)), ((refused(4),), other))


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (flood(*FIVE_REFUSED, beside=beside(message(4))), "pass"),
        (flood(*FIVE_REFUSED, beside=beside(message(4), refused(4))), "fail"),
        (flood(*FIVE_REFUSED, beside=beside(refused(4, code=1))), "fail"),
        (flood(*FIVE_REFUSED, beside=beside(message(4, 400))), "pass"),  # another matter than the limit
        (flood(*FEW, BAD, beside=beside(message(4, 400))), "fail"),  # with the status of this server's refusals
        (flood(*FEW, message(2, 503), beside=beside(message(4, 503))), "fail"),
        (flood(*FIVE_REFUSED, beside=beside(refused(4, code=ACCOUNT))), "pass"),
        (flood(*FIVE_REFUSED, beside=beside(LOST)), "pass"),
        (flood(*FEW, BAD, beside=beside(refused(4))), "fail"),  # with 429, whatever this server refuses with
        (flood(*FEW, BAD, message(2, 403), beside=beside(message(4, 400))), "fail"),
        (flood(*FEW, BAD, beside=beside(message(4, 403))), "pass"),
        (flood(refused(0), refused(1)), "fail"),
        (flood(refused(0), message(1, 400)), "blocked"),
        (flood(message(0, 404)), "blocked"),
    ],
)
def test_per_stream(seen: Flood, outcome: str) -> None:
    assert verdict("RATE-PER-STREAM", {"flood": seen}) == outcome


@pytest.mark.parametrize(
    ("recovered", "outcome"),
    [
        (Volley(QUICK), "pass"),
        (Volley(with_refusals(QUICK, 29)), "fail"),
        (Volley(with_refusals(QUICK, 29), row(1, 1.0)), "pass"),
        (Volley((*QUICK, LOST)), "fail"),
        (Volley((*QUICK, refused(0.3, code=ACCOUNT))), "inconclusive"),
    ],
)
def test_recovers(recovered: Volley, outcome: str) -> None:
    assert verdict("RATE-RECOVERS", {"flood": flood(*FIVE_REFUSED, recovered=recovered)}) == outcome


ALL_REFUSED = refusal(429, 54009)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ([], "pass"),
        ([("flood.looks[0]", status(404))], "fail"),
        ([("flood.looks[1]", status(404))], "fail"),
        ([("flood.looks[1]", put("sid", to="ES" + "0" * 32))], "fail"),
        ([("flood.looks[0]", put("sid", to="ES" + "0" * 32))], "fail"),
        ([("flood.looks[1]", put("unique_name", to="other"))], "fail"),
        ([("flood.looks[1]", without("created_by"))], "fail"),
        ([("flood.beside[1][0][*]", ALL_REFUSED), ("flood.looks[1]", put("date_updated", to=plus(1)))], "fail"),
        ([("flood.beside[1][0][*]", status(201)), ("flood.looks[1]", put("date_updated", to=plus(1)))], "pass"),
        ([("flood.beside[1][0][3]", status(201)), ("flood.looks[1]", put("date_updated", to=plus(1)))], "pass"),
        ([("flood.beside[1][0][*]", status(201)), ("flood.looks[1]", put("date_created", to=plus(1)))], "fail"),
        ([("flood.looks[*]", put("date_expires", to=plus(-1)))], "pass"),
        ([("flood.looks[*]", put("date_expires", to=plus(-2)))], "fail"),
        ([("flood.looks[*]", put("date_expires", to=plus(2)))], "pass"),
        ([("flood.looks[*]", put("sid", to="ES" + "0" * 32))], "fail"),
        ([("flood.after_update", put("sid", to="ES" + "0" * 32))], "fail"),
        ([("flood.updated", status(429))], "fail"),
        ([("flood.updated", to(None))], "pass"),
        ([("flood.after_update", to(None)), ("flood.updated", status(429))], "pass"),
        ([("flood.after_update", status(404))], "fail"),
        ([("flood.after_update", put("date_expires", to=plus(1)))], "pass"),
        ([("flood.after_update", put("date_expires", to=plus(-1)))], "pass"),
        ([("flood.after_update", put("date_expires", to=plus(2)))], "fail"),
        ([("flood.after_update", put("date_expires", to=plus(-2)))], "fail"),
        ([("pressure.look", status(404))], "fail"),
        ([("pressure.look", status(404)), ("pressure.attempts[*]", status(201))], "pass"),
        ([("pressure.look", to(None))], "pass"),
    ],
)
def test_refused_messages_do_no_harm(changes: list[tuple[str, Change]], outcome: str) -> None:
    assert doctored("RATE-REFUSED-NO-HARM", *changes) == outcome


def test_the_burst_is_told_but_never_judged() -> None:
    pressed = (refused(1.0), message(0.9), message(3.05), message(4.0))
    answer = burst(flood(*FEW, refused(0.35), refused(2, code=ACCOUNT)), Pressure(pressed))
    assert isinstance(answer, Answer)
    assert "about 4 were" in answer.text
    assert "after: 2.0 s" in answer.text
    assert "account" in answer.text
