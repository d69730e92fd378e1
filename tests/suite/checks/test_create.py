"""CREATE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import datetime as dt

import pytest

from conformance.expect import server_date
from suite.checks.doctor import Case, answered, body, doctored, name_of, put, status, to
from suite.checks.recorded import recorded

CASES: list[Case] = [
    ("CREATE-WORKS", "pass"),
    ("CREATE-WORKS", "fail", ("creates.bare", put("sid", to=""))),
    ("CREATE-WORKS", "fail", ("creates.bare", put("sid", to=7))),
    ("CREATE-WORKS", "fail", ("creates.bare", status(404))),
    ("CREATE-STATUS", "pass", ("creates.bare", status(500))),  # for CREATE-WORKS to say
    ("CREATE-STATUS", "fail", ("creates.bare", status(500)), ("creates.named[1][1]", status(200))),
    ("CREATE-STATUS", "blocked", ("creates.bare", status(500)), ("creates.named[*][1]", status(500))),
    ("CREATE-NAMED", "fail", ("creates.named[2][1]", put("unique_name", to=str.upper))),
    ("CREATE-NAMED", "fail", ("creates.named[2][1]", status(400))),
    ("CREATE-NAMELESS-MANY", "pass", ("nameless.at_once[0]", to(None))),
    ("CREATE-NAMELESS-MANY", "fail", ("nameless.created[3]", status(409))),
    ("CREATE-NAMELESS-MANY", "fail", ("nameless.created[3]", status(409)), ("nameless.named", status(404))),
    ("CREATE-NAMELESS-MANY", "fail", ("nameless.in_the_end[2]", status(404))),
    ("CREATE-NAMELESS-MANY", "pass", ("nameless.in_the_end[2]", status(404)), ("nameless.named", status(404))),
    ("CREATE-NAMELESS-MANY", "fail", ("nameless.at_once[3]", put("sid", to="ES" + "0" * 32))),
    ("CREATE-NAMELESS-MANY", "pass", ("nameless.at_once[3]", body({"sid": "x", "unique_name": "of another"}))),
    ("CREATE-NAMELESS-MANY", "pass", ("nameless.at_once[3]", body({}))),  # no stream, for FETCH-BY-SID to say
    ("CREATE-FORM-DECODED", "fail", ("encoded_forms[1].exchange", status(400))),
    ("CREATE-FORM-CHARSET", "fail", ("forms_with_charset[1][1]", status(415))),
    ("CREATE-REFUSED-NO-EFFECT", "pass"),
    ("CREATE-REFUSED-NO-EFFECT", "inconclusive", ("refused_creates.attempts[*].create", status(201))),
    ("CREATE-REFUSED-NO-EFFECT", "fail", ("refused_creates.attempts[1].again", status(409))),
    ("CREATE-REFUSED-NO-EFFECT", "pass", ("refused_creates.attempts[1].again", status(400))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


def test_a_name_that_was_refused_leads_to_no_stream() -> None:
    attempt = recorded()["refused_creates"].attempts[2]
    shown = {"unique_name": attempt.name}
    found = ("refused_creates.attempts[2].fetch", answered(200, shown))
    listed = ("refused_creates.listed[0][0]", to(shown))
    accepted = ("refused_creates.attempts[2].create", status(201))
    for change in (found, listed):
        assert doctored("CREATE-REFUSED-NO-EFFECT", change) == "fail"
        assert doctored("CREATE-REFUSED-NO-EFFECT", change, accepted) == "pass"
    assert doctored("CREATE-REFUSED-NO-EFFECT", ("refused_creates.attempts[2].fetch", answered(200, {}))) == "pass"


@pytest.mark.parametrize(
    ("created", "expires", "name", "outcome"),
    [
        (0, 0, None, "fail"),
        (0, 1, None, "fail"),
        (0, -1, None, "fail"),
        (1, 0, None, "fail"),
        (0, 2, None, "pass"),
        (0, -2, None, "pass"),
        (3, 2, None, "pass"),
        (2, 3, None, "pass"),
        (20, 20, None, "pass"),  # of another moment
        (-20, -20, None, "pass"),
        (-20, 0, None, "pass"),
        (0, 0, "named", "pass"),
        (None, 0, None, "pass"),
        (0, None, None, "pass"),
    ],
)
def test_a_nameless_stream_of_that_moment_and_ttl_is_that_of_the_refused_create(
    created: int | None, expires: int | None, name: str | None, outcome: str
) -> None:
    stray = recorded()["refused_creates"].strays[0]
    made = server_date(stray.create)
    assert made is not None
    entry = {
        "sid": "TO1",
        "unique_name": name,
        "date_created": None if created is None else shown(made + created),
        "date_expires": None if expires is None else shown(made + stray.ttl + expires),
    }
    listed = ("refused_creates.listed[0][0]", to(entry))
    assert doctored("CREATE-REFUSED-NO-EFFECT", listed) == outcome
    accepted = ("refused_creates.strays[0].create", status(201))
    assert doctored("CREATE-REFUSED-NO-EFFECT", listed, accepted) == "pass"


def shown(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
