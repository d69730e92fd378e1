"""When a server did something, by each witness, and whether a date fits; and when a stream was surely alive."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

import pytest

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.expiry import Life, expect_alive, expect_gone
from conformance.outcomes import Failed, Inconclusive
from conformance.server_time import (
    CLOCK_ERROR,
    Span,
    act_by_header,
    by_header,
    by_our_clock,
    by_own_date,
    expect_at,
    expect_expiry,
    shown_date,
    witnesses,
)
from suite.checks.messages import message

NOON = 1_438_257_600.0  # 2015-07-30T12:00:00Z
Day = float | None


def date(moment: Day) -> str | None:
    return None if moment is None else f"2015-07-30T12:{int(moment - NOON) // 60:02}:{int(moment - NOON) % 60:02}Z"


def made(
    header: Day = None, *, created: Day = None, expires: Day = None, sent: float = NOON, took: float = 0.5,
    body: bytes | None = None,
) -> Exchange:  # fmt: skip
    """A create whose answer says these moments."""
    shown: dict[str, Any] = {"date_created": date(created), "date_expires": date(expires)}
    headers = {} if header is None else {"Date": formatdate(header, usegmt=True)}
    response = Response(201, "Created", Headers.of(headers), json.dumps(shown).encode() if body is None else body)
    return Exchange(Request("POST", "http://127.0.0.1/"), response, sent, sent + took)


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (Span(0, 1), False),
        (Span(0, 2), True),
        (Span(2, 4), True),
        (Span(3, 3), True),
        (Span(0, 9), True),
        (Span(4, 9), True),
        (Span(5, 9), False),
    ],
)
def test_spans_overlap_when_they_share_a_moment(other: Span, overlap: bool) -> None:
    assert Span(2, 4).overlaps(other) is overlap
    assert other.overlaps(Span(2, 4)) is overlap


def test_a_span_has_its_ends() -> None:
    assert [moment in Span(2, 4) for moment in (1, 2, 3, 4, 5)] == [False, True, True, True, False]
    assert Span(2, 4).later(3) == Span(5, 7)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b'"date_created"', b"null", b'{"date_created": "soon"}'])
def test_a_date_that_is_not_there_is_no_witness(body: bytes) -> None:
    assert shown_date(made(body=body), "date_created") is None
    assert by_own_date(made(body=body), "date_created") is None


def test_no_answer_shows_no_date() -> None:
    assert shown_date(message(0, None), "date_created") is None


def test_each_witness_gives_a_span() -> None:
    assert by_own_date(made(created=NOON), "date_created") == Span(NOON - 1, NOON + 1)
    assert by_header(made(NOON)) == Span(NOON - 1.5, NOON + 2)
    assert by_header(made()) is None
    assert act_by_header(made(NOON)) == Span(NOON - 2.5, NOON + 2)
    assert act_by_header(made()) == Span(NOON - CLOCK_ERROR, NOON + 0.5 + CLOCK_ERROR)
    assert CLOCK_ERROR == 15 * 60


def test_our_clock_is_moved_by_what_a_create_showed() -> None:
    ahead = made(created=NOON + 100, sent=NOON, took=0.5)  # the server is some 100 s ahead
    later = made(sent=NOON + 10, took=0.25)
    assert by_our_clock(later, ahead) == Span(NOON + 10 + 99.5 - 2, NOON + 10.25 + 100 + 2)
    assert by_our_clock(later, None) is None
    assert by_our_clock(later, made()) is None


OWN, HEADER = Span(NOON - 1, NOON + 1), Span(NOON - 1.5, NOON + 2)
MEASURED = made(created=NOON)


@pytest.mark.parametrize(
    ("exchange", "measured", "spans"),
    [
        (made(NOON, created=NOON), None, (OWN,)),
        (made(NOON + 2, created=NOON), None, (OWN,)),
        (made(NOON + 9, created=NOON), None, (OWN, Span(NOON + 7.5, NOON + 11))),
        (made(created=NOON), None, (OWN,)),
        (made(NOON), None, (HEADER,)),
        (made(NOON), MEASURED, (HEADER,)),
        (made(), None, ()),
        (made(), made(), ()),
        (made(), MEASURED, (Span(NOON - 2.5, NOON + 2.5),)),
    ],
)
def test_the_most_exact_witness_is_heard_unless_another_contradicts_it(
    exchange: Exchange, measured: Exchange | None, spans: tuple[Span, ...]
) -> None:
    assert witnesses(exchange, "date_created", measured) == spans


@pytest.mark.parametrize(
    ("exchange", "outcome"),
    [
        (made(NOON, created=NOON, expires=NOON + 60), None),
        (made(NOON, created=NOON, expires=NOON + 59), None),
        (made(NOON, created=NOON, expires=NOON + 61), None),
        (made(NOON, created=NOON, expires=NOON + 58), Failed),
        (made(NOON, created=NOON, expires=NOON + 62), Failed),
        (made(NOON + 9, created=NOON, expires=NOON + 60), None),  # either clock will do
        (made(NOON + 9, created=NOON, expires=NOON + 69), None),
        (made(NOON + 9, created=NOON, expires=NOON + 64), Failed),
        (made(NOON, expires=NOON + 60), None),
        (made(NOON, expires=NOON + 70), Failed),
        (made(expires=NOON + 60), Inconclusive),
        (made(NOON, created=NOON), Failed),
    ],
)
def test_an_expiry_is_the_ttl_after_the_call(exchange: Exchange, outcome: type[Exception] | None) -> None:
    if outcome is None:
        expect_expiry(exchange, 60, "date_created")
        return
    with pytest.raises(outcome):
        expect_expiry(exchange, 60, "date_created")


def test_the_message_says_how_far_off_an_expiry_is() -> None:
    with pytest.raises(Failed, match="which is 70 s after date_created"):
        expect_expiry(made(NOON, created=NOON, expires=NOON + 70), 60, "date_created")
    with pytest.raises(Failed, match=r"the time of the call \+ 60 s"):
        expect_expiry(made(NOON, expires=NOON + 70), 60, "date_created")


@pytest.mark.parametrize(
    ("exchange", "fits"),
    [
        (made(NOON - 2), True),
        (made(NOON + 2), True),
        (made(NOON - 3), False),
        (made(NOON + 3), False),
        (made(sent=NOON - 800), True),
        (made(sent=NOON + 800), True),
        (made(sent=NOON - 1000), False),
        (made(sent=NOON + 1000), False),
    ],
)
def test_a_date_is_measured_by_the_header_or_else_by_our_clock(exchange: Exchange, fits: bool) -> None:
    if fits:
        expect_at(date(NOON), exchange, "date_created")
        return
    with pytest.raises(Failed):
        expect_at(date(NOON), exchange, "date_created")


def test_what_is_no_date_fits_nowhere() -> None:
    for wrong in ("soon", None, 7):
        with pytest.raises(Failed):
            expect_at(wrong, made(NOON), "date_created")


LIFE = Life(message(10.0, took=1.0), 3.0)  # surely alive from 11 to 12, over at 14


@pytest.mark.parametrize(
    ("exchange", "owed"),
    [
        (message(10.5, took=0.5), False),
        (message(11.0, took=0.5), True),
        (message(11.5, took=0.25), True),
        (message(11.5, took=0.5), False),
        (message(13.0), False),
    ],
)
def test_a_life_is_owed_from_the_answer_until_a_second_before_the_first_possible_expiry(
    exchange: Exchange, owed: bool
) -> None:
    assert LIFE.owed(exchange) is owed
    assert expect_alive(LIFE, [exchange], "it") == owed


def test_what_is_owed_must_succeed() -> None:
    expect_alive(LIFE, [message(12.5, 404)], "it")
    with pytest.raises(Failed):
        expect_alive(LIFE, [message(11.25, 404), message(11.5)], "it")


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([message(15.0, 404)], None),
        ([message(17.0), message(18.0, 404)], None),
        ([message(15.5)], Inconclusive),
        ([message(16.0)], Failed),
        ([message(15.0, 404), message(16.5)], Failed),
        ([message(15.0, 500)], Inconclusive),
    ],
)
def test_gone_is_owed_after_the_grace(answers: list[Exchange], outcome: type[Exception] | None) -> None:
    if outcome is None:
        expect_gone(LIFE, answers, 2.0, "a fetch")
        return
    with pytest.raises(outcome):
        expect_gone(LIFE, answers, 2.0, "a fetch")
