"""All forms of a report are made from one document and say the same."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.outcomes import Level, Outcome
from conformance.report.document import document_of, head_of, rule_record, tail_of
from conformance.report.events import lines_of, read_events
from conformance.report.files import json_bytes, report_files, write_report
from conformance.report.junit import KIND
from conformance.report.terminal import summary
from conformance.report.wording import OUTCOMES
from conformance.results import Results, RuleResult
from conformance.rules import load_catalogue
from report.examples import FAILURES, results

RULES = tuple(load_catalogue())
OUTCOMES_OF_RULES = st.dictionaries(st.sampled_from(RULES), st.sampled_from(Outcome), max_size=25)


class Cards(HTMLParser):
    """Every rule on the page: its id, outcome, level and feature."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rules: list[tuple[str, str, str, str]] = []
        self.heading = ""
        self._in_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self._in_heading = tag == "h1"
        if "data-rule" in found:
            self.rules.append(tuple(found[key] for key in ("id", "data-outcome", "data-level", "data-feature")))  # type: ignore[arg-type]

    def handle_data(self, data: str) -> None:
        self.heading += data if self._in_heading else ""

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = False


def made(changes: dict[object, Outcome], *, complete: bool = True) -> Results:
    return results({rule.id: RuleResult(rule, outcome, "why") for rule, outcome in changes.items()}, complete=complete)


@given(OUTCOMES_OF_RULES, st.booleans())
@settings(max_examples=6, deadline=None)
def test_all_forms_agree(changes: dict[object, Outcome], complete: bool) -> None:
    found = made(changes, complete=complete)
    document = document_of(found)
    files = report_files(document)
    expected = Counter(str(result.outcome) for result in found.results)
    verdict = str(found.verdict)

    stored = json.loads(files["report.json"])
    assert Counter(rule["outcome"] for rule in stored["rules"]) == expected == Counter(stored["counts"])
    assert (stored["verdict"], stored["exit_code"]) == (verdict, found.exit_code)

    cards = Cards(files["index.html"].decode())
    assert sorted(cards.rules) == sorted((r["id"], r["outcome"], r["level"], r["feature"]) for r in stored["rules"])
    assert cards.heading.lower() == verdict

    root = ET.fromstring(files["junit.xml"])
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == {rule["id"] for rule in stored["rules"]}
    for rule in stored["rules"]:
        kinds = {child.tag for child in cases[rule["id"]]} & {"failure", "error", "skipped"}
        assert kinds == ({KIND[rule["outcome"]]} if rule["outcome"] in KIND else set())
    for scope in (root, *root.iter("testsuite")):
        inside = list(scope.iter("testcase"))
        kinds_of = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
        for name, tag in kinds_of if scope is not root else kinds_of[:2]:
            assert int(scope.get(name, "-1")) == sum(case.find(tag) is not None for case in inside)
        assert int(scope.get("tests", "-1")) == len(inside)

    markdown = files["summary.md"].decode()
    assert f"Verdict: **{verdict}**" in markdown
    for level in Level:
        cells = re.findall(rf"^\| \*\*{level}\*\* .*?\) \| (.*) \|$", markdown, re.MULTILINE)[0].split("|")
        of_level = Counter(str(r.outcome) for r in found.results if r.rule.level is level)
        assert [int(cell.strip() or 0) for cell in cells] == [of_level[str(o)] for o in OUTCOMES if expected[str(o)]]

    terminal = summary(document)
    assert f"verdict: {verdict}" in terminal
    for outcome, count in expected.items():
        assert f"{count} {outcome.replace('_', ' ')}" in terminal

    assert json.loads(files["badge.json"])["message"].startswith(verdict)
    assert verdict in "".join(ET.fromstring(files["badge.svg"]).itertext())


@given(OUTCOMES_OF_RULES)
@settings(max_examples=5, deadline=None)
def test_a_report_rebuilt_from_its_events_is_the_same(tmp_path_factory: object, changes: dict[object, Outcome]) -> None:
    found = made({**changes})
    folder = Path(tmp_path_factory.mktemp("events"))  # type: ignore[attr-defined]
    path = folder / "events.ndjson"
    path.write_bytes(b"".join(lines_of(head_of(found), map(rule_record, found.results), tail_of(found))))
    assert json_bytes(read_events(path)) == json_bytes(document_of(found))


def test_the_files_are_written(tmp_path: Path) -> None:
    document = document_of(results(FAILURES, measured=True))
    written = write_report(tmp_path / "deep" / "out", document)
    assert {path.name for path in written} == set(report_files(document))
    assert all(path.stat().st_size > 100 for path in written)
    assert not [path for path in (tmp_path / "deep" / "out").iterdir() if path.name.startswith(".")]


def test_a_badge_never_says_conformant_without_saying_of_what() -> None:
    document = document_of(results(only="TTL-"))
    assert json.loads(report_files(document)["badge.json"])["message"] == (
        f"conformant, {document['selected']} of {len(RULES)} rules"
    )
