"""ANSWER and ERROR: hand-made answers, and what the rules about all traffic make of them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.exchange import Exchange, Headers, Request
from suite.checks.doctor import Case, answered, doctored, name_of, plus, put, status
from suite.checks.recorded import recorded
from suite.checks.traffic import HOME, HOST, STREAM, TO, exchange, judged, judged_again

ERROR = {"code": 20404, "message": "not found", "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}


@pytest.mark.parametrize(
    ("rule_id", "changes", "outcome"),
    [
        ("ERROR-BODY", {}, "pass"),
        ("ERROR-BODY", {"code": True}, "fail"),
        ("ERROR-BODY", {"code": "20404"}, "fail"),
        ("ERROR-BODY", {"message": ""}, "fail"),
        ("ERROR-BODY", {"more_info": None}, "fail"),
        ("ERROR-BODY", {"status": None}, "fail"),
        ("ERROR-STATUS-REPEATED", {}, "pass"),
        ("ERROR-STATUS-REPEATED", {"status": 400}, "fail"),
        ("ERROR-STATUS-REPEATED", {"status": "404"}, "blocked"),
        ("ERROR-MORE-INFO", {}, "pass"),
        ("ERROR-MORE-INFO", {"more_info": "http://errors/20404/"}, "pass"),
        ("ERROR-MORE-INFO", {"more_info": "http://errors/20405"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "http://errors/20404X"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "/docs/errors/20404"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "//errors/20404"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "ftp://errors/20404"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "https:/errors/20404"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": "http://[/20404"}, "fail"),
        ("ERROR-MORE-INFO", {"more_info": None}, "blocked"),
        ("ERROR-MORE-INFO", {"code": "20404"}, "blocked"),
        ("ERROR-NO-PROBLEM-KEYS", {}, "pass"),
        ("ERROR-NO-PROBLEM-KEYS", {"type": "about:blank"}, "fail"),
        ("ERROR-NO-PROBLEM-KEYS", {"title": "Not found"}, "fail"),
        ("ERROR-NOT-FOUND-CODE", {}, "pass"),
        ("ERROR-NOT-FOUND-CODE", {"code": 54050}, "pass"),
        ("ERROR-NOT-FOUND-CODE", {"code": 54250}, "pass"),
        ("ERROR-NOT-FOUND-CODE", {"code": 54300}, "pass"),
        ("ERROR-NOT-FOUND-CODE", {"code": 404}, "fail"),
        ("ERROR-NOT-FOUND-CODE", {"code": 20003}, "blocked"),
        ("ERROR-NOT-FOUND-CODE", {"code": True}, "blocked"),
    ],
)
def test_an_error(rule_id: str, changes: dict[str, Any], outcome: str) -> None:
    assert judged(rule_id, exchange({**ERROR, **changes}, 404)) == outcome


ERROR_RULES = ("ERROR-STATUS-REPEATED", "ERROR-MORE-INFO", "ERROR-NO-PROBLEM-KEYS", "ERROR-NOT-FOUND-CODE")


@pytest.mark.parametrize("rule_id", ERROR_RULES)
def test_where_no_error_can_be_read_error_body_says_more(rule_id: str) -> None:
    for body in (b"", b"nonsense", [], "no", None):
        assert judged("ERROR-BODY", exchange(body, 404)) == "fail"
        assert judged(rule_id, exchange(body, 404)) == "blocked"
    assert judged(rule_id, exchange(STREAM)) == "inconclusive"
    assert judged(rule_id) == "inconclusive"


@pytest.mark.parametrize("rule_id", ["ERROR-BODY", *ERROR_RULES])
def test_errors_are_the_4xx_of_sync_streams(rule_id: str) -> None:
    wrong = {"code": 1, "message": "", "more_info": "here", "status": 1, "type": "x"}
    assert judged(rule_id, exchange(wrong, 404)) == "fail"
    for number in (200, 299, 300, 399, 500, 503):
        assert judged(rule_id, exchange(wrong, number)) == "inconclusive"
    assert judged(rule_id, exchange(wrong, 404, path="/v1/Services")) in {"inconclusive", "blocked"}
    assert judged(rule_id, exchange(wrong, 404, method="HEAD")) in {"inconclusive", "blocked"}
    if rule_id != "ERROR-NOT-FOUND-CODE":
        for number in (400, 499):
            assert judged(rule_id, exchange(wrong, number)) == "fail"


def test_a_404_may_have_another_reason() -> None:
    wrong = {**ERROR, "code": 1}
    rule_id = "ERROR-NOT-FOUND-CODE"
    assert judged(rule_id, exchange(wrong, 404, path=HOME)) == "fail"
    assert judged(rule_id, exchange(wrong, 404, path=HOME + "?PageSize=1")) == "fail"
    assert judged(rule_id, exchange(wrong, 404, path=HOME + "?PageToken=x")) == "blocked"
    assert judged(rule_id, exchange(wrong, 404, path=f"{HOME}/{TO}?PageToken=x")) == "fail"
    assert judged(rule_id, exchange(wrong, 404, method="PUT")) == "blocked"
    assert judged(rule_id, exchange(wrong, 400)) == "blocked"


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (exchange({}), "pass"),
        (exchange({}, kind="Application/JSON ; charset=utf-8"), "pass"),
        (exchange({}, kind="text/html"), "fail"),
        (exchange({}, kind=None), "fail"),
        (exchange(b"nonsense"), "fail"),
        (exchange(b"nonsense", 404), "fail"),
        (exchange(b"nonsense", 400), "fail"),
        (exchange(b"nonsense", 299), "fail"),
        (exchange(b"nonsense", 499), "fail"),
        (exchange(b"nonsense", 199), "inconclusive"),
        (exchange(b"nonsense", 300), "inconclusive"),
        (exchange(b"nonsense", 399), "inconclusive"),
        (exchange(b"nonsense", 500), "inconclusive"),
        (exchange(b"", 204, kind=None), "inconclusive"),
        (exchange(b"nonsense", method="HEAD"), "inconclusive"),
        (exchange(b"nonsense", path="/v1/Services"), "inconclusive"),
    ],
)
def test_bodies_are_json(seen: Exchange, outcome: str) -> None:
    assert judged("ANSWER-JSON", seen) == outcome


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (exchange({}), "pass"),
        (exchange({}, 499), "pass"),
        (exchange({}, 500), "fail"),
        (exchange({}, 501), "fail"),
        (exchange({}, 501, method="PUT"), "inconclusive"),
        (exchange({}, 502, method="PUT"), "fail"),
        (exchange({}, 500, path="/v1/Services"), "inconclusive"),
    ],
)
def test_no_answer_is_a_server_error(seen: Exchange, outcome: str) -> None:
    assert judged("ANSWER-NO-SERVER-ERROR", seen) == outcome


def lost(method: str = "GET", body: bytes = b"", error: str | None = "reset", login: str = "me") -> Exchange:
    request = Request(method, HOST + HOME, Headers.of({"Authorization": login}), body)
    return Exchange(request, None, 0, 1, error)


GOOD = exchange({})


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        ([lost()], "fail"),
        ([lost(error=None)], "fail"),
        ([lost(error="no answer within 10 s")], "pass"),
        ([lost("POST")], "pass"),  # one create, which is not sent again
        ([lost("POST"), lost("POST")], "fail"),
        ([lost("POST"), lost("POST", b"Ttl=1")], "pass"),
        ([lost("POST"), lost("POST", login="you")], "pass"),
        ([lost("GET", b"x" * 65_535)], "fail"),
        ([lost("GET", b"x" * 65_536)], "pass"),  # a server may hang up on it
        ([lost(), Exchange(lost().request, GOOD.response, 2, 3)], "pass"),
        ([lost(), Exchange(lost(login="you").request, GOOD.response, 2, 3)], "fail"),
    ],
)
def test_every_request_is_answered_in_the_end(seen: list[Exchange], outcome: str) -> None:
    assert judged("ANSWER-NO-SERVER-ERROR", GOOD, *seen) == outcome


ANSWERED = Exchange(lost().request, GOOD.response, 0, 1)


@pytest.mark.parametrize(
    ("again", "outcome"),
    [
        ([lost()] * 5, "pass"),
        ([lost()] * 6, "inconclusive"),
        ([lost()] * 6 + [ANSWERED] * 13, "inconclusive"),
        ([lost()] * 6 + [ANSWERED] * 14, "pass"),  # one in twenty
        ([lost()] * 9 + [ANSWERED] * 70, "inconclusive"),
        ([lost()] * 9 + [ANSWERED] * 71, "pass"),
        ([lost()] * 5 + [lost("POST")] * 5, "pass"),  # each operation counts for itself
        ([lost("POST")] * 6 + [ANSWERED] * 100, "inconclusive"),
        ([lost("PUT")] * 6, "pass"),  # none of the operations
        ([lost(error="no answer within 10 s")] * 9, "pass"),
        ([lost("POST", b"x" * 65_536)] * 9, "pass"),
        ([ANSWERED] * 100, "pass"),
    ],
)
def test_a_target_that_drops_what_is_sent_again_is_no_network(again: list[Exchange], outcome: str) -> None:
    assert judged_again("ANSWER-NO-SERVER-ERROR", *again) == outcome


def test_every_answer_has_a_request_id_of_its_own() -> None:
    rule_id, other = "ANSWER-REQUEST-ID", "RQ" + "0b" * 16
    assert judged(rule_id, exchange({}), exchange({}, request_id=other)) == "pass"
    assert judged(rule_id, exchange({}), exchange({})) == "fail"
    assert judged(rule_id, exchange({}, request_id=other + "0")) == "fail"
    assert judged(rule_id, exchange({}, request_id=None)) == "fail"
    assert judged(rule_id, exchange({}, 500, request_id=None)) == "inconclusive"
    assert (
        judged(rule_id, exchange({}), exchange({}, 500, request_id=None), exchange({}, 500, request_id=None)) == "pass"
    )
    assert judged(rule_id, exchange({}), lost()) == "pass"


CASES: list[Case] = [
    ("ERROR-METHOD", "pass"),
    ("ERROR-METHOD", "fail", ("other_methods.on_list", status(400))),
    ("ERROR-METHOD", "fail", ("other_methods.on_messages", status(200))),
    ("ERROR-METHOD", "fail", ("other_methods.on_stream[0]", status(501))),
    ("ERROR-METHOD", "fail", ("other_methods.before", status(404))),
    ("ERROR-METHOD", "fail", ("other_methods.after", status(404))),
    ("ERROR-METHOD", "fail", ("other_methods.after", put("date_expires", to=plus(1)))),
    ("ERROR-METHOD", "fail", ("other_methods.after", put("date_updated", to=plus(1)))),
    ("ERROR-METHOD", "pass", ("other_methods.made", answered(200, {"unique_name": "another"}))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


def test_a_put_that_was_refused_makes_no_stream() -> None:
    name = dict(recorded()["other_methods"].on_list.request.form)["UniqueName"]
    assert doctored("ERROR-METHOD", ("other_methods.made", answered(200, {"unique_name": name}))) == "fail"
