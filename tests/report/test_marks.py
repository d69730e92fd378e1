"""What differs is marked in the exchange."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.outcomes import Outcome
from conformance.report.document import document_of
from conformance.report.page import page
from conformance.results import RuleResult
from conformance.rules import load_catalogue
from report.examples import BASE, FAILURES, SID, exchange, results, stream


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


def test_what_is_missing_is_marked_where_it_should_stand() -> None:
    marks = marked(
        "AUTH-CHALLENGE",
        "401 with a header WWW-Authenticate that names the scheme Basic",
        "no such header",
        Exchange(
            Request("GET", BASE, Headers(()), b""), Response(401, "Unauthorized", Headers(()), b"{}"), 0, 1, None, "x"
        ),
    )
    assert marks == ["(no header Authorization)", "(no header WWW-Authenticate)"]
    marks = marked("PUBLISH-SID", "the key 'sid'", "only 'data'", exchange(body={"data": {"url": 1}}))
    assert marks[1:] == ["(no key 'sid')"]


def test_a_success_where_a_refusal_was_due_is_marked_by_its_status_alone() -> None:
    seen = exchange(body=stream())
    expected = "a refusal (4xx): a fetch by the name of a stream that was deleted by its sid"
    assert marked("DELETE-GONE-BY-NAME", expected, "200 OK", seen)[1:] == ["200 OK"]


def test_of_several_answers_with_one_status_the_last_is_marked() -> None:
    first, last = exchange("POST", form={"Ttl": "2"}, body=stream()), exchange(body=stream())
    assert marked("TTL-GONE", "a fetch to be refused (4xx)", "200 OK 2.0 s after it", first, last) == [
        "Ttl = 2",
        SID,
        "200 OK",
    ]


def test_a_stream_that_is_still_listed_is_marked_in_the_list() -> None:
    made, listed = exchange("POST", "", form={"Ttl": "3"}, status=201, body=stream()), {"streams": [stream()]}
    marks = marked(
        "TTL-GONE-FROM-LIST",
        "it not to be listed",
        "it is still listed 2.0 s after it",
        made,
        exchange(path="", body=listed),
    )
    assert marks[-1] == f'"{SID}"'


def test_a_mark_far_down_in_a_long_answer_is_shown() -> None:
    body = {"streams": [stream() for _ in range(40)], "meta": {"key": "data"}}
    marks = marked("LIST-META-KEY", "'streams' under 'meta.key'", "'data'", exchange(path="", body=body))
    assert marks[-1] == '"key": "data"'


@given(st.text(alphabet="abc'\"{}[]: 0124_,.()\n", max_size=60), st.text(alphabet="ab'\"{}[]: 04_,\n", max_size=60))
@settings(max_examples=40, deadline=None)
def test_a_failure_always_has_a_mark_in_its_answer(expected: str, got: str) -> None:
    result = RuleResult(
        load_catalogue()["FETCH-STATUS"], Outcome.FAIL, "", expected or "x", got, (exchange(body=stream()),)
    )
    html = page(document_of(results({"FETCH-STATUS": result}, only="FETCH-STATUS")))
    assert "<mark>" in html.partition('aria-label="Response">')[2].partition("</pre>")[0]


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
