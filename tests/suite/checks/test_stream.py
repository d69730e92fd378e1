"""STREAM: streams in hand-made answers, and what the rules about all traffic make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.exchange import Exchange
from conformance.target import Credentials
from suite.checks.doctor import Case, answered, doctored, name_of, plus, put, refusal, status, to
from suite.checks.recorded import recorded
from suite.checks.traffic import AC, ELSEWHERE, FORM, HOME, HOST, IS, NAMED, STREAM, TO, beside, exchange, judged


def create(changes: dict[str, Any], sent: bytes = NAMED, headers: dict[str, str] | None = None) -> Exchange:
    return exchange(
        {**STREAM, **changes}, 201, method="POST", path=HOME, sent=sent, headers=FORM if headers is None else headers
    )


def test_a_right_stream_passes_every_rule_about_streams() -> None:
    seen = create({}), exchange(STREAM), exchange({"streams": [STREAM, STREAM]}, path=HOME)
    for rule_id in (
        "STREAM-KEYS", "STREAM-SID", "STREAM-SERVICE-SID", "STREAM-UNIQUE-NAME", "STREAM-URL", "STREAM-LINKS",
        "STREAM-LINKS-MESSAGES", "STREAM-URL-BY-SID", "STREAM-DATES", "STREAM-DATES-WHOLE-SECONDS",
        "STREAM-DATE-UPDATED-NEW", "STREAM-CREATED-BY",
    ):  # fmt: skip
        assert judged(rule_id, *seen) == "pass", rule_id


ABSENT = object()
NOW, LATER = "2015-07-30T20:00:00Z", "2015-07-30T20:00:01Z"


@pytest.mark.parametrize(
    ("rule_id", "changes", "outcome"),
    [
        *(("STREAM-KEYS", {key: ABSENT}, "fail") for key in STREAM),
        ("STREAM-SID", {"sid": TO + "0"}, "fail"),
        ("STREAM-SID", {"sid": TO[:-1]}, "fail"),
        ("STREAM-SID", {"sid": TO.upper()}, "pass"),
        ("STREAM-SID", {"sid": 7}, "fail"),
        ("STREAM-SERVICE-SID", {"service_sid": IS + "0"}, "fail"),
        ("STREAM-UNIQUE-NAME", {"unique_name": None}, "pass"),
        ("STREAM-UNIQUE-NAME", {"unique_name": ""}, "fail"),
        ("STREAM-UNIQUE-NAME", {"unique_name": 7}, "fail"),
        ("STREAM-URL", {"url": f"https://elsewhere/twilio/v1/Services/{IS}/Streams/{TO}"}, "pass"),
        ("STREAM-URL", {"url": f"{HOST}/v1/Services/x/v1/Services/{IS}/Streams/{TO}"}, "pass"),
        ("STREAM-URL", {"url": f"{HOST}/v1/Services/%49S{IS[2:]}/Streams/a%20b"}, "pass"),
        ("STREAM-URL", {"url": f"{HOST}/v1/Services/default/Streams/{TO}"}, "pass"),  # asked for by its sid
        ("STREAM-URL", {"url": f"{HOST}/v1/Services/{ELSEWHERE}/Streams/{TO}"}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}{HOME}/other"}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}{HOME}/{TO}/Messages"}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}{HOME}//"}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}{HOME}/", "sid": ""}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}/v1/Services//Streams/{TO}"}, "fail"),
        ("STREAM-URL", {"url": f"{HOME}/{TO}"}, "fail"),
        ("STREAM-URL", {"url": None}, "fail"),
        ("STREAM-URL", {"url": [7]}, "fail"),
        ("STREAM-URL", {"url": f"{HOST}{HOME}/{TO}", "sid": 7}, "fail"),
        ("STREAM-LINKS", {"links": {}}, "pass"),
        ("STREAM-LINKS", {"links": {"messages": "/Messages"}}, "fail"),
        ("STREAM-LINKS", {"links": {"messages": "http://"}}, "fail"),
        ("STREAM-LINKS", {"links": {"messages": "http://a:b/"}}, "fail"),
        ("STREAM-LINKS", {"links": {"messages": "http://a/ b"}}, "fail"),
        ("STREAM-LINKS", {"links": {"messages": "HTTPS://a"}}, "pass"),
        ("STREAM-LINKS", {"links": {"messages": "http://:80/"}}, "fail"),
        ("STREAM-LINKS", {"links": {"messages": 7}}, "fail"),
        ("STREAM-LINKS", {"links": []}, "fail"),
        ("STREAM-LINKS-MESSAGES", {"links": "none"}, "fail"),
        ("STREAM-LINKS-MESSAGES", {"links": {}}, "fail"),
        ("STREAM-LINKS-MESSAGES", {"links": {"messages": f"{HOST}{HOME}/{TO}"}}, "fail"),
        ("STREAM-URL-BY-SID", {"url": f"{HOST}{HOME}/a%20b"}, "fail"),
        ("STREAM-URL-BY-SID", {"url": f"{HOST}/v1/Services/default/Streams/{TO}"}, "fail"),
        ("STREAM-URL-BY-SID", {"url": None}, "pass"),
        ("STREAM-URL-BY-SID", {"links": {"other": f"{HOST}{HOME}/a%20b/Other"}}, "fail"),
        ("STREAM-URL-BY-SID", {"links": "none"}, "pass"),
        ("STREAM-URL-BY-SID", {"links": "none", "url": 7}, "inconclusive"),
        ("STREAM-DATES", {"date_expires": "2015-07-30T22:00:00+02:00"}, "pass"),
        ("STREAM-DATES", {"date_expires": "soon"}, "fail"),
        ("STREAM-DATES", {"date_created": None}, "fail"),
        ("STREAM-DATES", {"date_updated": "2015-07-30"}, "fail"),
        ("STREAM-DATES-WHOLE-SECONDS", {"date_updated": "2015-07-30T20:00:00.5Z"}, "fail"),
        ("STREAM-DATES-WHOLE-SECONDS", {"date_updated": "2015-07-30T20:00:00.5Z or so"}, "pass"),  # no date at all
        ("STREAM-DATES-WHOLE-SECONDS", {"unique_name": "2015-07-30T20:00:00.5Z"}, "pass"),
        ("STREAM-DATES-WHOLE-SECONDS", {"date_created": 1, "date_updated": 1}, "inconclusive"),
        ("STREAM-CREATED-BY", {"created_by": "me"}, "inconclusive"),
        ("STREAM-CREATED-BY", {"created_by": "me", "unique_name": "conformance-1"}, "fail"),
        ("STREAM-CREATED-BY", {"created_by": "system", "unique_name": "conformance-1"}, "pass"),
        ("STREAM-CREATED-BY", {"unique_name": 7}, "inconclusive"),
        ("STREAM-DATE-UPDATED-NEW", {"date_updated": LATER}, "inconclusive"),
    ],
)
def test_a_fetched_stream(rule_id: str, changes: dict[str, Any], outcome: str) -> None:
    body = {key: value for key, value in {**STREAM, **changes}.items() if value is not ABSENT}
    assert judged(rule_id, exchange(body)) == outcome


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "pass"),
        ({"date_updated": LATER}, "fail"),
        ({"date_updated": "2015-07-30T22:00:00+02:00"}, "pass"),
        ({"date_created": "2015-07-30T20:00:00.25Z", "date_updated": "2015-07-30T20:00:00.75Z"}, "pass"),
        ({"date_created": "2015-07-30T20:00:00.25Z"}, "pass"),
        ({"date_updated": "2015-07-30T20:00:00.25Z"}, "pass"),
        ({"date_created": "2015-07-30T20:00:00.25Z", "date_updated": "2015-07-30T20:00:01.25Z"}, "fail"),
        ({"date_created": "2015-07-30T19:59:58.5Z"}, "fail"),
        ({"date_created": "soon"}, "fail"),
        ({"date_updated": "soon"}, "fail"),
        ({"date_created": "soon", "date_updated": "soon"}, "fail"),
        ({"date_created": "soon", "date_updated": "2015-07-30T20:00:00.25Z"}, "fail"),
    ],
)
def test_the_dates_of_a_new_stream(changes: dict[str, Any], outcome: str) -> None:
    assert judged("STREAM-DATE-UPDATED-NEW", create(changes)) == outcome


@pytest.mark.parametrize(
    ("sent", "headers", "outcome"),
    [
        (NAMED, FORM, "pass"),
        (b"", FORM, "fail"),
        (b"", {}, "fail"),
        (b"Ttl=60", FORM, "fail"),
        (b"Ttl=60", {"Content-Type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}, "fail"),
        (b"Ttl=60", {}, "pass"),  # nobody knows what that meant
        (b"Ttl=60", {"Content-Type": "text/application/x-www-form-urlencoded"}, "pass"),
        (b'{"UniqueName": "a b"}', {"Content-Type": "application/json"}, "pass"),
    ],
)
def test_a_stream_made_without_a_name_has_none(sent: bytes, headers: dict[str, str], outcome: str) -> None:
    assert judged("STREAM-UNIQUE-NAME", create({}, sent, headers)) == outcome
    assert judged("STREAM-UNIQUE-NAME", create({"unique_name": None}, sent, headers)) == "pass"


@pytest.mark.parametrize(("creator", "outcome"), [("system", "pass"), ("me", "fail"), (None, "fail")])
def test_a_stream_made_over_rest_was_created_by_the_system(creator: Any, outcome: str) -> None:
    assert judged("STREAM-CREATED-BY", create({"created_by": creator})) == outcome


def test_a_stream_in_a_list_is_looked_at_like_any_other() -> None:
    for place in (0, 1, 2):
        entries = [STREAM] * 3
        entries[place] = {**STREAM, "sid": "TO1"}
        assert judged("STREAM-SID", exchange({"streams": entries}, path=HOME)) == "fail"
    assert judged("STREAM-SID", exchange({"streams": [STREAM, {"other": 1}]}, path=HOME)) == "pass"
    assert judged("STREAM-SID", exchange({"streams": []}, path=HOME)) == "inconclusive"
    ours = {**STREAM, "unique_name": "conformance-1"}
    assert judged("STREAM-CREATED-BY", exchange({"streams": [ours, STREAM]}, path=HOME)) == "pass"


@pytest.mark.parametrize(
    ("asked", "shown", "outcome"),
    [
        (("default",), (IS,), "pass"),
        (("default", "default"), (IS, IS.upper()), "pass"),
        (("default", "default"), (IS, ELSEWHERE), "fail"),
        (("default", "other"), (IS, ELSEWHERE), "pass"),
        (("default",), (IS + "0",), "fail"),  # no sid at all
        ((IS,), (IS,), "pass"),
        ((IS,), (ELSEWHERE,), "fail"),
        ((IS + "0",), (ELSEWHERE,), "pass"),  # a name, not a sid
    ],
)
def test_one_service_has_one_sid(asked: tuple[str, ...], shown: tuple[str, ...], outcome: str) -> None:
    seen = [
        exchange({**STREAM, "service_sid": sid}, path=f"/v1/Services/{service}/Streams/{TO}")
        for service, sid in zip(asked, shown, strict=True)
    ]
    assert judged("STREAM-SERVICE-SID", *seen) == outcome


def test_one_account_has_one_sid() -> None:
    own = recorded()["traffic"].target.credentials.account_sid or AC
    other = "AC" + "0c" * 16
    assert judged("STREAM-ACCOUNT-SID", exchange({**STREAM, "account_sid": own.upper()})) == "pass"
    assert judged("STREAM-ACCOUNT-SID", exchange({**STREAM, "account_sid": "AC1"})) == "fail"
    seen = exchange({**STREAM, "account_sid": own}), exchange({**STREAM, "account_sid": other})
    assert judged("STREAM-ACCOUNT-SID", *seen) == "fail"
    by_key = replace(recorded()["traffic"].target, credentials=Credentials("SK" + "0" * 32, "secret"))
    assert judged("STREAM-ACCOUNT-SID", *seen, target=by_key) == "fail"
    assert judged("STREAM-ACCOUNT-SID", *seen[:1], target=by_key) == "pass"
    assert judged("STREAM-ACCOUNT-SID", exchange({**STREAM, "account_sid": "AC1"}), target=by_key) == "fail"


@pytest.mark.parametrize(
    ("asked", "service", "outcome"),
    [
        ("default", "default", "pass"),
        ("default", "other", "fail"),
        ("default", IS, "pass"),
        ("default", ELSEWHERE, "fail"),
        ("a%20b", "a%20b", "pass"),
        (IS, "other", "pass"),  # its name is not known
        (IS, IS + "x", "pass"),  # this is a name, too
        (IS, ELSEWHERE, "fail"),
        (IS + "x", "other", "fail"),
    ],
)
def test_the_url_names_the_service_as_it_was_asked_for_or_by_its_sid(asked: str, service: str, outcome: str) -> None:
    body = {**STREAM, "url": f"{HOST}/v1/Services/{service}/Streams/{TO}"}
    assert judged("STREAM-URL", exchange(body, path=f"/v1/Services/{asked}/Streams/{TO}")) == outcome


CASES: list[Case] = [
    ("STREAM-DATE-CREATED", "pass"),
    ("STREAM-DATE-CREATED", "fail", ("aging.older.body.date_created", plus(20))),
    ("STREAM-DATE-CREATED", "fail", ("aging.younger.body.date_created", plus(-20))),
    ("STREAM-DATE-CREATED", "fail", ("aging.seen", put("date_created", to=plus(9)))),
    (
        "STREAM-DATE-CREATED", "pass",
        ("aging.seen", put("date_created", to=plus(9))), ("aging.seen", put("sid", to="another")),
    ),
    ("STREAM-DATE-UPDATED", "pass", ("aging.updates[0]", status(404))),
    ("STREAM-DATE-UPDATED", "blocked", ("aging.updates[*]", status(404))),
    ("STREAM-DATE-UPDATED", "fail", ("aging.updates[1]", put("date_updated", to=plus(9)))),
    ("STREAM-SAME-EVERYWHERE", "pass"),
    ("STREAM-SAME-EVERYWHERE", "fail", ("everywhere.new.by_sid", put("url", to="another"))),
    ("STREAM-SAME-EVERYWHERE", "fail", ("everywhere.new.by_name", put("url", to="another"))),
    ("STREAM-SAME-EVERYWHERE", "fail", ("everywhere.new.entry.url", to("another"))),
    ("STREAM-SAME-EVERYWHERE", "fail", ("everywhere.later.by_name", put("url", to="another"))),
    ("STREAM-SAME-EVERYWHERE", "fail", ("everywhere.later.entry.url", to("another"))),
    ("STREAM-SAME-EVERYWHERE", "pass", ("everywhere.later.entry.url", to("a")), ("everywhere.later.page", to(None))),
    ("STREAM-SAME-EVERYWHERE", "inconclusive", ("everywhere.new.page", to(None))),
    (
        "STREAM-SAME-EVERYWHERE", "pass",
        ("everywhere.later.by_name", put("url", to="a")), ("everywhere.updated", status(404)),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


@pytest.mark.parametrize(
    ("moments", "outcome"),
    [(("date_updated", "older.body.date_updated"), "fail"), (("date_created", "older.body.date_updated"), "pass")],
)
def test_an_update_moves_the_date(moments: tuple[str, str], outcome: str) -> None:
    """By the Date header the date would be right as well: two updates in the same second."""
    aging = recorded()["aging"]
    shown = aging.updates[0].response.json()["date_updated"]
    change = (f"aging.older.body.{moments[0]}", to(shown))
    assert doctored("STREAM-DATE-UPDATED", change) == outcome


def test_two_streams_that_were_made_apart_have_two_dates() -> None:
    aging = recorded()["aging"]
    same = aging.older.body["date_created"]
    header = aging.older.exchange.response.headers.get("Date")
    response = aging.younger.exchange.response
    assert response is not None
    changes = (
        ("aging.younger.body.date_created", to(same)),
        ("aging.younger.exchange", lambda _: aging.older.exchange),
        ("aging.seen", put("date_created", to=same)),
    )
    assert header is not None
    assert doctored("STREAM-DATE-CREATED", *changes) == "fail"


def test_two_services_have_two_sids() -> None:
    first = recorded()["homes"].first.response.json()["service_sid"]
    rule_id, same = "STREAM-SERVICE-SID", ("homes.second", answered(201, {"service_sid": first}))
    assert beside(rule_id) == "pass"
    assert beside(rule_id, same) == "fail"
    assert beside(rule_id, same, ("homes.first", status(400))) == "pass"
    assert beside(rule_id, ("homes.second", refusal(400)), ("homes.first", put("service_sid", to=None))) == "pass"
    assert beside(rule_id, ("homes.second", to(None))) == "pass"
    assert beside(rule_id, ("homes.first", status(400)), ("homes.second", put("service_sid", to=None))) == "pass"


def test_a_nameless_stream_is_fetched_without_a_name() -> None:
    rule_id, named = "STREAM-UNIQUE-NAME", ("fetch_unnamed.by_sid", put("unique_name", to="a"))
    assert beside(rule_id) == "pass"
    assert beside(rule_id, named) == "fail"
    assert beside(rule_id, named, ("fetch_unnamed.by_sid", put("sid", to="another"))) == "pass"
