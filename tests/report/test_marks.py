"""What differs is marked in the exchange."""

from __future__ import annotations

import re
from html import unescape

import pytest

from conformance.exchange import Exchange
from conformance.outcomes import Outcome
from conformance.report.document import document_of
from conformance.report.page import page
from conformance.results import RuleResult
from conformance.rules import load_catalogue
from report.examples import FAILURES, exchange, results, stream


def marked(rule_id: str, expected: str, got: str, *exchanges: Exchange) -> list[str]:
    """What is marked on the page of a run in which that rule failed so."""
    result = RuleResult(load_catalogue()[rule_id], Outcome.FAIL, "", expected, got, exchanges)
    html = page(document_of(results({rule_id: result}, only=rule_id)))
    return [unescape(text) for text in re.findall(r"<mark>(.*?)</mark>", html, re.DOTALL)]


@pytest.mark.parametrize(
    ("rule_id", "expected", "got", "seen", "marks"),
    [
        (
            "CREATE-STATUS",
            "201",
            "200 OK",
            exchange("POST", "", form={}, body=stream()),
            ["200 OK"],
        ),
        (
            "STREAM-CREATED-BY",
            "a string under 'created_by'",
            "5",
            exchange(body=stream(created_by=5)),
            [stream()["sid"], '"created_by": 5'],
        ),
        (
            "NAME-DUPLICATE-ERROR",
            "409 with code 54301: the name is taken",
            "400 OK (code 20001: no)",
            exchange("POST", "", form={"UniqueName": "a", "Ttl": "60"}, status=400, body={"code": 20001}),
            ["UniqueName = a", "400 OK", '"code": 20001'],
        ),
        (
            "STREAM-LINKS",
            "an object of URLs under 'links'",
            "[1]",
            exchange(body={"links": [1], "sid": "x"}),
            [stream()["sid"], '"links": [\n    1\n  ],'],
        ),
        (
            "ANSWER-REQUEST-ID",
            "a Twilio-Request-Id header",
            "'abc'",
            exchange(headers=[("twilio-request-id", "abc")], body={}),
            [stream()["sid"], "twilio-request-id: abc"],
        ),
    ],
)
def test_the_differing_part_is_marked(rule_id: str, expected: str, got: str, seen: Exchange, marks: list[str]) -> None:
    assert marked(rule_id, expected, got, seen) == marks


def test_two_answers_to_one_request_are_compared() -> None:
    first, second = exchange(body=stream()), exchange(body=stream(date_updated="2026-09-21T12:00:09Z"))
    marks = marked("FETCH-CHANGES-NOTHING", "the same values in two fetches", "others", first, second)
    assert [mark for mark in marks if "date_updated" in mark] == [
        '"date_updated": "2026-09-21T12:00:00Z",',
        '"date_updated": "2026-09-21T12:00:09Z",',
    ]


def test_what_is_as_expected_is_not_marked() -> None:
    body = {"code": 54301, "message": "taken"}
    marks = marked(
        "NAME-DUPLICATE-ERROR",
        "409 with code 54301: the name is taken",
        "400 OK (code 54301: taken)",
        exchange("POST", "", form={"UniqueName": "a"}, status=400, body=body),
    )
    assert marks == ["UniqueName = a", "400 OK"]


def test_a_page_of_failures_shows_everything_a_reader_needs() -> None:
    html = page(document_of(results(FAILURES, measured=True)))
    for words in ("What to change", "At fault", "Copy curl", "Blocked by", "Who says so", "What was not checked"):
        assert words in html
    assert html.count('id="TTL-DATE-EXPIRES"') == 1
    assert 'href="#TTL-DATE-EXPIRES"' in html
