"""What generated tests make of the date_expires in an answer."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Any

import pytest

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.properties.promised import DATE_SLACK, expect_expiry
from conformance.properties.search import Broken

NOW = dt.datetime(2030, 1, 31, 10, 20, 30, tzinfo=dt.UTC)
DATED = Headers((("Date", format_datetime(NOW, usegmt=True)),))
TTL = 3600


def answered(headers: Headers = DATED) -> Exchange:
    return Exchange(Request("POST", "http://x"), Response(201, "", headers), 0, 0)


def expiring(seconds: float) -> dict[str, Any]:
    return {"date_expires": (NOW + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.mark.parametrize("body", [{}, {"date_expires": None}])
def test_nothing_expires_without_a_ttl(body: dict[str, Any]) -> None:
    expect_expiry(body, None, answered())


@pytest.mark.parametrize("came", ["2030-01-31T10:20:30Z", "", 0, False, []])
def test_a_date_without_a_ttl_is_broken(came: Any) -> None:
    with pytest.raises(Broken, match="null without a Ttl"):
        expect_expiry({"date_expires": came}, None, answered())


@pytest.mark.parametrize("off", [0, 1, -1, DATE_SLACK, -DATE_SLACK])
def test_a_date_about_a_ttl_after_the_answer_is_kept(off: float) -> None:
    expect_expiry(expiring(TTL + off), TTL, answered())


@pytest.mark.parametrize("off", [DATE_SLACK + 1, -DATE_SLACK - 1, 60, -TTL, 3600, 86_400])
def test_any_other_date_is_broken(off: float) -> None:
    with pytest.raises(Broken, match="3600 s after the answer's Date"):
        expect_expiry(expiring(TTL + off), TTL, answered())


@pytest.mark.parametrize(
    "body", [{}, {"date_expires": None}, {"date_expires": "soon"}, {"date_expires": 1_900_000_000}]
)
def test_a_ttl_without_a_date_is_broken(body: dict[str, Any]) -> None:
    with pytest.raises(Broken, match="a date_expires for a Ttl of 3600"):
        expect_expiry(body, TTL, answered())


@pytest.mark.parametrize("headers", [Headers(), Headers((("Date", "today"),))])
def test_without_the_answers_date_any_date_will_do(headers: Headers) -> None:
    expect_expiry(expiring(0), TTL, answered(headers))


def test_a_ttl_of_a_second_is_no_missing_one() -> None:
    with pytest.raises(Broken):
        expect_expiry({"date_expires": None}, 1, answered())


def test_what_is_broken_names_its_exchange() -> None:
    exchange = answered()
    with pytest.raises(Broken) as caught:
        expect_expiry(expiring(0), TTL, exchange)
    assert caught.value.exchange is exchange
