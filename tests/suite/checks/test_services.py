"""SERVICE: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from suite.checks.doctor import Case, doctored, name_of, plus, put, status, to
from suite.checks.recorded import recorded


def their_stream(_: str) -> str:
    return str(recorded()["lists_apart"].two.theirs.sid)


def their_service(_: str) -> str:
    return str(recorded()["lists_apart"].two.theirs.body["service_sid"])


def our_service(_: str) -> str:
    return str(recorded()["lists_apart"].two.ours.body["service_sid"])


CASES: list[Case] = [
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.second", status(409))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.in_first", status(404))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.left", status(404))),
    ("NAME-IN-OTHER-SERVICE", "fail", ("same_name.left", put("sid", to="another"))),
    ("LIST-OTHER-SERVICE", "pass"),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.ours[0]", put("streams", 0, "service_sid", to=their_service))),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.theirs[0]", put("streams", 0, "service_sid", to=our_service))),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.ours[0]", put("streams", 0, "sid", to=their_stream))),
    # Where both services show the same sid, which is for STREAM-SERVICE-SID to say.
    (
        "LIST-OTHER-SERVICE",
        "pass",
        ("lists_apart.two.theirs.body.service_sid", our_service),
        ("lists_apart.nameless[1].body.service_sid", our_service),
        ("lists_apart.theirs[*]", put("streams", to=[])),
    ),
    # The nameless stream may show no sid of its service.
    ("LIST-OTHER-SERVICE", "pass", ("lists_apart.nameless[*].body.service_sid", to("another"))),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.ours[0]", put("streams", to="none"))),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.ours[0]", put("streams", 0, to="none"))),
    ("LIST-OTHER-SERVICE", "fail", ("lists_apart.ours[0]", status(404))),
    ("SERVICE-APART", "fail", ("apart.before", status(404))),
    ("SERVICE-APART", "fail", ("apart.after", status(404))),
    ("SERVICE-APART", "fail", ("apart.after", put("date_updated", to=plus(1)))),
    ("SERVICE-APART", "fail", ("apart.after", put("date_expires", to=plus(1)))),
    ("SERVICE-BY-SID", "fail", ("service_sid.by_sid", status(404))),
    ("SERVICE-BY-SID", "fail", ("service_sid.by_sid", put("sid", to="another"))),
    ("SERVICE-BY-SID", "fail", ("service_sid.back", status(404))),
    ("SERVICE-BY-SID", "fail", ("service_sid.back", put("sid", to="another"))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome
