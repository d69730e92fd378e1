"""Which rules a run is about, and in which order they are judged."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.options import Options
from conformance.outcomes import Level
from conformance.registry import CHECKS, SCENARIOS, Check, Scenario, load_sections
from conformance.rules import load_catalogue
from conformance.selection import judging_order, select, waits
from conformance.stage import TRAFFIC


@pytest.fixture(autouse=True)
def _sections() -> None:
    load_sections()


def chosen(**options: object) -> list[str]:
    return [rule.id for rule in select(load_catalogue(), Options(**options))]  # type: ignore[arg-type]


def test_everything_but_subscribers_is_selected_by_default() -> None:
    assert chosen() == [rule.id for rule in load_catalogue() if rule.feature != "subscribers"]


def test_a_level_includes_what_binds_more() -> None:
    must, should, survey = chosen(level=Level.MUST), chosen(level=Level.SHOULD), chosen(level=Level.SURVEY)
    assert set(must) < set(should) < set(survey)
    assert {load_catalogue()[rule_id].level for rule_id in must} == {Level.MUST}


def test_rules_are_named_by_id_and_pattern() -> None:
    assert chosen(rules=("FETCH-BY-SID",)) == ["FETCH-BY-SID"]
    assert set(chosen(rules=("fetch-*", "TTL-ONE"))) == {
        r.id for r in load_catalogue() if r.id.startswith("FETCH-") or r.id == "TTL-ONE"
    }


def test_features_narrow() -> None:
    assert {load_catalogue()[rule_id].feature for rule_id in chosen(features=("ttl",))} == {"ttl"}


SUBSCRIBERS = [rule.id for rule in load_catalogue() if "subscribers" in rule.features]


@pytest.mark.parametrize(
    "options", [{"features": ("subscribers",)}, {"rules": ("SUBSCRIBE-*",)}, {"rules": ("FETCH-*", SUBSCRIBERS[0])}]
)
def test_rules_about_subscribers_are_asked_for_only_with_a_place_to_connect_to(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--subscribers"):
        chosen(**options)
    assert set(chosen(**options, subscribers="ws://127.0.0.1/")) & set(SUBSCRIBERS)


def test_a_pattern_that_names_others_too_needs_no_place_to_connect_to() -> None:
    assert chosen(rules=("*",)) == chosen()
    assert set(chosen(rules=("*",), subscribers="ws://127.0.0.1/")) == {rule.id for rule in load_catalogue()}


def test_quick_leaves_out_what_waits() -> None:
    left_out = set(chosen()) - set(chosen(quick=True))
    assert left_out
    assert all(waits(load_catalogue()[rule_id]) for rule_id in left_out)


def test_what_was_left_out_as_a_feature_stays_selected_and_becomes_unsupported() -> None:
    assert chosen(without=("rate",)) == chosen()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"rules": ("FETCH-BY-SDI",)}, "did you mean FETCH-BY-SID"),
        ({"rules": ("NO-SUCH-*",)}, "no rule matches"),
        ({"features": ("nothing",)}, "the features are create"),
        ({"without": ("nothing",)}, "the features are create"),
    ],
)
def test_unknown_names_are_refused_with_a_hint(options: dict[str, tuple[str, ...]], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        chosen(**options)


def test_traffic_is_judged_last_and_waits_before_it() -> None:
    order = judging_order(tuple(load_catalogue()))
    kinds = []
    for rule in order:
        names = CHECKS[rule.id].scenarios
        waiting = any(SCENARIOS[name].timed for name in names if name != TRAFFIC)
        kinds.append(3 if TRAFFIC in names else 2 if waiting else 0)
    assert [kind for kind in kinds if kind] == sorted(kind for kind in kinds if kind)
    assert set(order) == set(load_catalogue())


def ordered(*rule_ids: str) -> list[str]:
    return [rule.id for rule in judging_order([load_catalogue()[rule_id] for rule_id in rule_ids])]


def test_quick_ones_come_first_then_generators_then_what_waits_then_traffic() -> None:
    in_order = ["FETCH-BY-SID", "PROPERTY-FETCH", "TTL-ONE", "ANSWER-JSON"]
    assert ordered(*reversed(in_order)) == in_order


def test_rules_of_one_kind_keep_their_order() -> None:
    assert ordered("TTL-MAXIMUM", "FETCH-BY-SID") == ["TTL-MAXIMUM", "FETCH-BY-SID"]


def test_a_rule_waits_when_one_of_its_scenarios_does(monkeypatch: pytest.MonkeyPatch) -> None:
    quick, waiting = Scenario("t_quick", str), Scenario("t_waiting", str, timed=True)
    generator = Scenario("t_generator", str, generates=True)
    for each in (quick, waiting, generator):
        monkeypatch.setitem(SCENARIOS, each.name, each)
    rule, other = load_catalogue()["FETCH-BY-SID"], load_catalogue()["FETCH-BY-NAME"]
    monkeypatch.setitem(CHECKS, rule.id, Check(rule.id, str, ("t_quick", "t_waiting")))
    assert waits(rule)
    monkeypatch.setitem(CHECKS, rule.id, Check(rule.id, str, ("t_quick", "t_generator")))
    assert not waits(rule)
    monkeypatch.setitem(CHECKS, other.id, Check(other.id, str, ("t_quick",)))
    assert ordered(rule.id, other.id) == [other.id, rule.id]
