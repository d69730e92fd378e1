"""Each machine form keeps to what its readers accept: JUnit's, shields.io's, GitHub's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conformance.outcomes import Outcome
from conformance.report.document import document_of
from conformance.report.files import report_files
from conformance.report.junit import junit_of
from conformance.report.summary import MOST_BYTES, append_job_summary, markdown_summary
from conformance.results import Results, RuleResult
from conformance.rules import load_catalogue
from report.examples import FAILURES, HOSTILE, results
from report.test_hostile import hostile

CATALOGUE = load_catalogue()
# What Jenkins' xunit plugin lets stand in a JUnit file: attributes that must be there, those that may be, children.
TEXT = (set(), {"message", "type"}, set())
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"classname", "time"}, {"failure", "error", "skipped", "system-out", "system-err"}),
    "failure": TEXT,
    "error": TEXT,
    "skipped": TEXT,
    "system-out": (set(), set(), set()),
}


def off_shape(root: ET.Element) -> list[str]:
    """Where a JUnit file is not what Jenkins reads."""
    found = []
    for element in root.iter():
        must, may, children = JUNIT[element.tag]
        names = set(element.keys())
        found += [f"{element.tag} lacks {name}" for name in must - names]
        found += [f"{element.tag} has {name}" for name in names - must - may]
        found += [f"{element.tag} holds {child.tag}" for child in element if child.tag not in children]
        seconds = element.get("time")
        if seconds is not None and not re.fullmatch(r"\d+\.\d+", seconds):
            found.append(f"{element.tag} took {seconds}")
    return found


def every_outcome() -> Results:
    changes = {
        rule.id: RuleResult(rule, list(Outcome)[number % len(Outcome)], "m", "e", "g")
        for number, rule in enumerate(CATALOGUE)
    }
    return results(changes)


@pytest.mark.parametrize(
    "found",
    [results(), results(FAILURES), results(FAILURES, complete=False), every_outcome(), hostile(HOSTILE),
     results(only="?")],
    ids=["good", "failing", "cut off", "every outcome", "hostile", "empty"],
)  # fmt: skip
def test_junit_has_the_shape_that_jenkins_reads(found: Results) -> None:
    root = ET.fromstring(junit_of(document_of(found)))
    assert root.tag == "testsuites"
    assert off_shape(root) == []


def test_a_junit_file_off_its_shape_is_noticed() -> None:
    root = ET.fromstring(junit_of(document_of(results(only="TTL-"))))
    root.set("skipped", "1")
    case = next(root.iter("testcase"))
    ET.SubElement(case, "properties")
    del case.attrib["name"]
    assert off_shape(root) == ["testsuites has skipped", "testcase lacks name", "testcase holds properties"]


def test_gitlab_and_github_tell_cases_apart_and_show_what_failed() -> None:
    """Both match a case with that of an earlier run by class name and name, and list the message."""
    first, second = (ET.fromstring(junit_of(document_of(results(changes)))) for changes in (FAILURES, None))
    keys = [[(case.get("classname"), case.get("name")) for case in root.iter("testcase")] for root in (first, second)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])
    (failure,) = first.findall(".//testcase[@name='NAME-DUPLICATE-ERROR']/failure")
    assert "got 400 OK" in (failure.get("message") or "")
    for words in ("expected: 409", "got: 400", "to do: ", "curl -sS", "source: "):
        assert words in (failure.text or "")
    (suite,) = (suite for suite in first if suite.get("name") == "Create a Sync Stream resource")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", suite.get("timestamp") or "")


@pytest.mark.parametrize("found", [results(), results(FAILURES), results(only="TTL-"), results(complete=False)])
def test_shields_reads_the_endpoint(found: Results) -> None:
    """Its documentation: schemaVersion is 1, label and message are text and the message is not empty."""
    answer = json.loads(report_files(document_of(found))["badge.json"])
    assert answer["schemaVersion"] == 1
    assert set(answer) <= {"schemaVersion", "label", "message", "color", "labelColor", "isError", "namedLogo", "style"}
    assert isinstance(answer["label"], str)
    assert isinstance(answer["message"], str)
    assert answer["message"]
    assert answer["color"] in {"brightgreen", "yellowgreen", "red", "lightgrey"}
    assert isinstance(answer["isError"], bool)


def test_a_job_summary_never_outgrows_what_github_takes(tmp_path: Path) -> None:
    document = document_of(hostile(HOSTILE * 20))
    document["notes"] = [HOSTILE * 20] * 1000
    text = markdown_summary(document)
    assert len(text.encode()) < MOST_BYTES
    path = tmp_path / "summary.md"
    environment = {"GITHUB_STEP_SUMMARY": str(path)}
    for _ in range(2 + MOST_BYTES // len(text)):  # runs of one step
        assert append_job_summary(document, environment) is None
    content = path.read_text()
    assert len(content.encode()) <= MOST_BYTES
    assert content.count("## ") > 2
    assert content.rstrip().endswith("The rest is in summary.md: no room here.")
    path.write_bytes(b"x" * (MOST_BYTES - 5))
    assert "is full" in (append_job_summary(document, environment) or "")
    assert path.stat().st_size == MOST_BYTES - 5
