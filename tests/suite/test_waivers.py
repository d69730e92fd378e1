"""Waivers are strict: each names a rule and a reason, may expire, and anything else is refused in a sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.rules import load_catalogue
from conformance.waivers import Waiver, load_waivers, parse_waivers

TODAY = dt.date(2030, 6, 1)
RULE = "FETCH-BY-SID"


def parse(document: Any) -> dict[str, Any]:
    return parse_waivers(document, load_catalogue(), today=TODAY, source="waive.yaml")


def test_a_waiver_names_a_rule_and_a_reason() -> None:
    waivers = parse([{"rule": RULE, "reason": "known\n since  May"}])
    assert waivers[RULE].reason == "known since May"


def test_an_empty_file_waives_nothing() -> None:
    assert parse(None) == {}
    assert parse([]) == {}


@pytest.mark.parametrize(
    ("expires", "holds"), [(TODAY, True), (dt.date(2030, 5, 31), False), (dt.date(2031, 1, 1), True)]
)
def test_a_waiver_holds_until_the_day_it_expires(expires: dt.date, holds: bool) -> None:
    assert (RULE in parse([{"rule": RULE, "reason": "x", "expires": expires}])) is holds


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"rule": RULE}, "list of waivers"),
        ("text", "list of waivers"),
        ([RULE], "waiver 1"),
        (["reason, rule"], "waiver 1 must have"),
        ([5], "waiver 1 must have"),
        ([{"rule": RULE}], "must have 'rule' and 'reason'"),
        ([{"rule": RULE, "reason": ""}], "reason in words"),
        ([{"rule": RULE, "reason": " \n"}], "reason in words"),
        ([{"rule": RULE, "reason": 5}], "reason in words"),
        ([{"rule": RULE, "reason": "x", "until": "y"}], "nothing else"),
        ([{"rule": RULE, "reason": "x", "expires": "soon"}], "day such as"),
        ([{"rule": RULE, "reason": "x", "expires": dt.datetime(2030, 1, 1, tzinfo=dt.UTC)}], "day such as"),
        ([{"rule": "NO-SUCH", "reason": "x"}], "'NO-SUCH', which is no rule"),
        ([{"rule": ["a"], "reason": "x"}], "which is no rule"),
        ([{"rule": RULE, "reason": "x"}, {"rule": RULE, "reason": "y"}], "second time"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(document: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        parse(document)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- {", b"- !!python/object:os.system {}", b"a: b: c"])
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "waive.yaml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"waive\.yaml"):
        load_waivers(path, load_catalogue(), today=TODAY)


def test_no_file_waives_nothing() -> None:
    assert load_waivers(None, load_catalogue(), today=TODAY) == {}


def test_waivers_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "waive.yaml"
    path.write_text(f"- {{rule: {RULE}, reason: known, expires: 2030-06-01}}\n", "utf-8")
    assert load_waivers(path, load_catalogue(), today=TODAY) == {RULE: Waiver(RULE, "known", TODAY)}


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        load_waivers(tmp_path / "none.yaml", load_catalogue(), today=TODAY)
