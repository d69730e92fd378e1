"""NAME: what right evidence is doctored with, and what the check must say then."""

from __future__ import annotations

import pytest

from conformance.exchange import Exchange
from suite.checks.doctor import Case, Change, doctored, name_of, no_answer, plus, put, raw, refusal, status
from suite.checks.recorded import recorded


def winners(creates: tuple[Exchange, ...], *statuses: int) -> tuple[Exchange, ...]:
    """The first creates of a round with these statuses, the others refused; each success shows the stream that won."""
    won = next(each for each in creates if each.status == 201)
    answers = [status(number)(won) for number in statuses]
    return (*answers, *(status(409)(won) for _ in creates[len(answers) :]))


def lost(creates: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """The same round, in which the last answer did not come."""
    return (*creates[:-1], no_answer()(creates[-1]))


CASES: list[Case] = [
    ("NAME-320-CHARACTERS", "fail", ("long_names.twin.by_sid", put("unique_name", to=lambda name: name[:-1]))),
    ("NAME-320-CHARACTERS", "fail", ("long_names.longest.by_name", status(404))),
    ("NAME-COUNTED-IN-CHARACTERS", "fail", ("long_names.wide[1][1].by_sid", put("unique_name", to=lambda n: n[:300]))),
    ("NAME-COUNTED-IN-CHARACTERS", "fail", ("long_names.wide[0][1].by_name", status(404))),
    ("NAME-UNIQUE", "fail", ("duplicates.duplicate", status(201))),
    ("NAME-UNIQUE", "fail", ("duplicates.duplicate_after_update", status(201))),
    # The second counts only if the first stream was still there, under its name, till then.
    ("NAME-UNIQUE", "pass", ("duplicates.duplicate_after_update", status(201)), ("duplicates.updated", status(404))),
    ("NAME-UNIQUE", "pass", ("duplicates.duplicate_after_update", status(201)), ("duplicates.by_name", status(404))),
    (
        "NAME-UNIQUE",
        "pass",
        ("duplicates.duplicate_after_update", status(201)),
        ("duplicates.by_name", put("sid", to="another")),
    ),
    # And the one that is not ASCII only if such a name was taken as it is.
    ("NAME-UNIQUE", "fail", ("duplicates.unicode[1]", status(201))),
    ("NAME-UNIQUE", "pass", ("duplicates.unicode[1]", status(201)), ("duplicates.unicode[0]", refusal(400))),
    ("NAME-UNIQUE", "pass", ("duplicates.unicode[1]", status(201)), ("duplicates.unicode[0]", raw(b"<html>"))),
    (
        "NAME-UNIQUE",
        "pass",
        ("duplicates.unicode[1]", status(201)),
        ("duplicates.unicode[0]", put("unique_name", to="another")),
    ),
    ("NAME-DUPLICATE-ERROR", "fail", ("duplicates.duplicate", refusal(400, 54301))),
    ("NAME-DUPLICATE-ERROR", "fail", ("duplicates.duplicate", refusal(409, 54302))),
    ("NAME-DUPLICATE-KEEPS-FIRST", "fail", ("duplicates.by_name", put("sid", to="another"))),
    ("NAME-DUPLICATE-KEEPS-FIRST", "fail", ("duplicates.by_sid", put("date_expires", to=plus(1)))),
    ("NAME-DUPLICATE-KEEPS-FIRST", "fail", ("late_duplicate.after[1]", put("date_updated", to=plus(1)))),
    ("NAME-DUPLICATE-KEEPS-FIRST", "fail", ("late_duplicate.after[0]", status(404))),
    ("NAME-SID-SHAPED", "fail", ("sid_shaped_names[2]", status(201))),
    ("NAME-FREE-AFTER-DELETE", "fail", ("reused_names[0].naming.created", status(409))),
    ("NAME-FREE-AFTER-DELETE", "fail", ("reused_names[0].naming.by_name", status(404))),
    ("NAME-FREE-AFTER-DELETE", "fail", ("reused_names[3].naming.by_name", put("sid", to="another"))),
    ("NAME-UNICODE", "fail", ("scripts.usual[1].by_sid", put("unique_name", to="?"))),
    ("NAME-UNICODE", "fail", ("scripts.usual[1].created", status(400))),
    ("NAME-UNICODE", "fail", ("scripts.unusual[1].by_sid", put("unique_name", to="?"))),
    ("NAME-UNICODE", "pass", ("scripts.unusual[*].created", status(400))),
    ("NAME-UNICODE", "fail", ("scripts.unusual[*].created", status(500))),
    ("NAME-RESERVED-CHARACTERS", "fail", ("reserved[3][1].by_sid", put("unique_name", to="?"))),
    ("NAME-RESERVED-CHARACTERS", "fail", ("reserved[3][1].by_name", status(404))),
    # One of eight creates succeeds.
    ("NAME-RACE", "pass"),
    ("NAME-RACE", "fail", ("race[0].creates[*]", status(409))),
    ("NAME-RACE", "fail", ("race[0].creates[*]", status(201))),
    ("NAME-RACE", "fail", ("race[4].creates", lambda creates: winners(creates, 299, 200))),
    ("NAME-RACE", "pass", ("race[4].creates", lambda creates: winners(creates, 201, 300))),
    ("NAME-RACE", "pass", ("race[4].creates", lambda creates: winners(creates, 199, 201))),
    ("NAME-RACE", "fail", ("race[4].creates", lambda creates: winners(creates, 300, 199))),
    ("NAME-RACE", "fail", ("race[1].found", status(404))),
    ("NAME-RACE", "fail", ("race[1].found", put("sid", to="another"))),
    # A round with a lost answer tells nothing, unless two have succeeded.
    ("NAME-RACE", "pass", ("race[2].creates[*]", no_answer())),
    ("NAME-RACE", "inconclusive", ("race[*].creates", lambda creates: lost(winners(creates, 201)))),
    ("NAME-RACE", "pass", ("race[2].creates", lambda creates: lost(winners(creates, 409)))),
    ("NAME-RACE", "fail", ("race[2].creates", lambda creates: lost(winners(creates, 201, 201)))),
    ("NAME-RACE", "fail", ("race[2].creates", lambda creates: lost(winners(creates, 201, 201, 201)))),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_doctored_evidence(case: Case) -> None:
    rule_id, outcome, *changes = case
    assert doctored(rule_id, *changes) == outcome


@pytest.mark.parametrize("by_name", [status(404), put("sid", to="another"), put("sid", to=lambda sid: sid)])
def test_an_old_sid_given_again_is_the_business_of_another_rule(by_name: Change) -> None:
    sid = recorded()["reused_names"][1].old_sid
    changes = ("reused_names[1].naming.created", put("sid", to=sid)), ("reused_names[1].naming.by_name", by_name)
    assert doctored("NAME-FREE-AFTER-DELETE", *changes) == "pass"


def test_an_old_stream_under_a_new_name_fails() -> None:
    sid = recorded()["reused_names"][1].old_sid
    assert doctored("NAME-FREE-AFTER-DELETE", ("reused_names[1].naming.by_name", put("sid", to=sid))) == "fail"
