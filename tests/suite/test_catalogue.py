"""The catalogue and the checks belong together: every rule has its test, every test its rule, every fault too."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml
from faulty.registry import FAULTS, VARIATIONS, load

from conformance import guide
from conformance.outcomes import Level
from conformance.passive import load_passive
from conformance.registry import CHECKS, SCENARIOS, load_sections
from conformance.rules import Catalogue, load_catalogue, parse_catalogue
from conformance.stage import TRAFFIC

ROOT = Path(__file__).parents[2]
SECTIONS = (
    "Stream Resource",
    "Sync Stream properties",
    "Create a Sync Stream resource",
    "Fetch a Sync Stream resource",
    "Read multiple Sync Stream resources",
    "Update a Sync Stream resource",
    "Delete a Sync Stream resource",
)
BASIS = {Level.MUST: ("page",), Level.SHOULD: ("doc", "seen", "client"), Level.SURVEY: ("open",)}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    load_sections()
    load()
    return load_catalogue()


def test_every_rule_has_a_test_and_every_test_a_rule(catalogue: Catalogue) -> None:
    assert {rule.id for rule in catalogue} == set(CHECKS)


def test_every_check_asks_for_known_scenarios(catalogue: Catalogue) -> None:
    known = {*SCENARIOS, TRAFFIC}
    assert {
        check.rule_id: set(check.scenarios) - known for check in CHECKS.values() if set(check.scenarios) - known
    } == {}


def test_every_scenario_is_looked_at(catalogue: Catalogue) -> None:
    used = {name for check in CHECKS.values() for name in check.scenarios}
    assert set(SCENARIOS) - used == set()


def test_checks_and_scenarios_say_how_they_work(catalogue: Catalogue) -> None:
    silent = [check.rule_id for check in CHECKS.values() if not check.function.__doc__]
    silent += [name for name, scenario in SCENARIOS.items() if not scenario.gather.__doc__]
    assert silent == []


def test_passive_rules_are_rules(catalogue: Catalogue) -> None:
    assert {rule_id for rule_id in load_passive() if rule_id not in catalogue} == set()


def test_ids_are_well_formed_and_named_once() -> None:
    ids = [entry["id"] for entry in yaml.safe_load((ROOT / "conformance/rules.yaml").read_text())["rules"]]
    assert [rule_id for rule_id, count in Counter(ids).items() if count > 1] == []
    assert [rule_id for rule_id in ids if not re.fullmatch(r"[A-Z]+(-[A-Z0-9]+)+", rule_id)] == []


def test_released_ids_are_never_lost(catalogue: Catalogue) -> None:
    released = (ROOT / "tests/suite/released_rules.txt").read_text().split()
    assert [rule_id for rule_id in released if rule_id not in catalogue] == []


def test_sources_exist_and_fit_the_level(catalogue: Catalogue) -> None:
    odd = [rule.id for rule in catalogue if not rule.source.startswith(BASIS[rule.level])]
    assert odd == []


def test_sections_are_headings_of_the_page(catalogue: Catalogue) -> None:
    assert {rule.section for rule in catalogue} == set(SECTIONS)
    assert {item.section for item in catalogue.unchecked} <= set(SECTIONS)


def test_the_whole_page_is_covered(catalogue: Catalogue) -> None:
    assert sum(rule.level is not Level.SURVEY for rule in catalogue) >= 90
    assert all(item.reason for item in catalogue.unchecked)


def test_dependencies_form_no_circle(catalogue: Catalogue) -> None:
    settled: set[str] = set()

    def visit(rule_id: str, path: tuple[str, ...]) -> None:
        assert rule_id not in path, f"{' -> '.join(path)} -> {rule_id}"
        if rule_id not in settled:
            for other in catalogue[rule_id].depends_on:
                visit(other, (*path, rule_id))
            settled.add(rule_id)

    for rule in catalogue:
        visit(rule.id, ())


def test_features_that_a_rule_needs_exist(catalogue: Catalogue) -> None:
    assert {name for rule in catalogue for name in rule.needs} <= set(catalogue.features)


def test_a_must_never_builds_on_a_survey(catalogue: Catalogue) -> None:
    surveys = {rule.id for rule in catalogue if rule.level is Level.SURVEY}
    explicit = yaml.safe_load((ROOT / "conformance/rules.yaml").read_text())["rules"]
    named = {entry["id"]: surveys & set(entry.get("depends_on", ())) for entry in explicit}
    assert {rule_id: found for rule_id, found in named.items() if found} == {}


def short_of_faults(catalogue: Catalogue) -> dict[str, int]:
    """Rules that fewer than two faulty servers break, with how many do."""
    counts = Counter(fault.rule for fault in FAULTS.values() if not fault.uncatchable)
    return {rule.id: counts[rule.id] for rule in catalogue if rule.level is not Level.SURVEY and counts[rule.id] < 2}


def test_every_judged_rule_has_two_faulty_servers(catalogue: Catalogue) -> None:
    assert short_of_faults(catalogue) == {}


def test_a_new_rule_without_two_faulty_servers_is_found_out(catalogue: Catalogue) -> None:
    new = [replace(catalogue["FETCH-STATUS"], id=f"NEW-{level.name}", level=level) for level in Level]
    assert short_of_faults(Catalogue([*catalogue, *new])) == {"NEW-MUST": 0, "NEW-SHOULD": 0}


def test_no_faulty_server_is_told_twice() -> None:
    told = Counter(server.sentence for server in (*FAULTS.values(), *VARIATIONS.values()))
    assert [sentence for sentence, count in told.items() if count > 1] == []


def test_faults_name_rules_and_are_told_in_a_sentence(catalogue: Catalogue) -> None:
    ids = [rule.id for rule in catalogue]
    for fault in FAULTS.values():
        assert fault.rule in ids, fault.name
        assert fault.sentence.endswith("."), fault.name
        for pattern in fault.may:
            assert any(fnmatchcase(rule_id, pattern) for rule_id in ids), (fault.name, pattern)


def test_there_are_enough_servers(catalogue: Catalogue) -> None:
    assert len(FAULTS) >= 150
    assert len(VARIATIONS) >= 30


def test_rules_md_is_what_the_catalogue_gives(catalogue: Catalogue) -> None:
    assert (ROOT / "docs/rules.md").read_text("utf-8") == guide.markdown(catalogue), "run 'make docs'"


def test_every_rule_can_be_explained(catalogue: Catalogue) -> None:
    for rule in catalogue:
        text = guide.explanation(rule.id)
        assert rule.id in text
        assert "How it is checked:" in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"level": "may"}, "may"),
        ({"depends_on": ["NO-SUCH"]}, "NO-SUCH"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_broken_catalogue_is_refused(change: dict[str, object], complaint: str) -> None:
    entry = {
        "id": "A-B",
        "level": "must",
        "section": "s",
        "source": "page",
        "feature": "f",
        "statement": "x",
        "since": "0",
    }
    with pytest.raises((ValueError, TypeError), match=complaint):
        parse_catalogue({"rules": [entry | change]})


def test_what_stands_apart_must_exist() -> None:
    with pytest.raises(ValueError, match="NO-SUCH"):
        parse_catalogue({"foundations": {"rules": [], "apart": ["NO-SUCH"]}, "rules": []})


def test_logins_and_the_form_of_answers_need_no_stream(catalogue: Catalogue) -> None:
    for rule_id in ("AUTH-REQUIRED", "ANSWER-JSON", "ANSWER-REQUEST-ID"):
        assert catalogue[rule_id].depends_on == ()
    assert "CREATE-NAMED" not in catalogue["ERROR-BODY"].depends_on
    assert "CREATE-NAMED" in catalogue["ERROR-METHOD"].depends_on


def test_a_repeated_id_is_refused() -> None:
    entry = {
        "id": "A-B",
        "level": "must",
        "section": "s",
        "source": "page",
        "feature": "f",
        "statement": "x",
        "since": "0",
    }
    with pytest.raises(ValueError, match="A-B"):
        parse_catalogue({"rules": [entry, dict(entry)]})
