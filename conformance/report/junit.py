"""The report as JUnit XML: one suite per section of the Stream page, one case per rule.

GitLab, GitHub's reporters and Jenkins tell a case by class name and name, so both stay the same for ever; they
show the `message` in a list and the element's text when it is opened. Jenkins' xunit plugin refuses a file that its
schema does not know: what is written here keeps to that schema, the strictest of those in use.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from conformance.report.text import room, shorten, visible
from conformance.report.wording import section_order

KIND = {"fail": "failure", "unexpected_pass": "failure", "error": "error", "blocked": "error", "inconclusive": "error",
        "not_run": "error", "unsupported": "skipped", "waived": "skipped"}  # fmt: skip
TOTALS = ("tests", "failures", "errors", "skipped")
SHOWN_BODY, SHOWN_BODIES = 4_000, 12_000  # characters of one answer, and of all of a rule's


def junit_of(document: dict[str, Any]) -> bytes:
    """What did not run or could not be measured is an error, never a pass and never a skip."""
    root = ET.Element("testsuites", name="twilio-sync-conformance")
    sections: dict[str, list[dict[str, Any]]] = {}
    for rule in document["rules"]:
        sections.setdefault(rule["section"], []).append(rule)
    for name, count in _counts(document["rules"]).items():
        if name != "skipped":  # Jenkins' schema does not know it here
            root.set(name, str(count))
    root.set("time", f"{document['duration']:.3f}")
    for section in section_order(set(sections)):
        rules = sections[section]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(section),
            timestamp=document["started"].removesuffix("Z"),
            time=f"{sum(rule['duration'] for rule in rules):.3f}",
        )
        for name, count in _counts(rules).items():
            suite.set(name, str(count))
        properties = ET.SubElement(suite, "properties")
        for name, value in _run(document).items():
            ET.SubElement(properties, "property", name=name, value=_clean(value))
        for rule in rules:
            _case(suite, rule)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + content + b"\n"


def _run(document: dict[str, Any]) -> dict[str, str]:
    return {
        "target": document["target"]["url"],
        "suite": document["suite"]["version"],
        "seed": str(document["seed"]),
        "verdict": document["verdict"],
        "complete": str(document["complete"]).lower(),
    }


def _counts(rules: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [KIND.get(rule["outcome"]) for rule in rules]
    return dict(
        zip(TOTALS, (len(rules), kinds.count("failure"), kinds.count("error"), kinds.count("skipped")), strict=True)
    )


def _case(suite: ET.Element, rule: dict[str, Any]) -> None:
    case = ET.SubElement(
        suite, "testcase", name=rule["id"], classname=f"conformance.{rule['feature']}", time=f"{rule['duration']:.3f}"
    )
    kind = KIND.get(rule["outcome"])
    if kind is None:
        about = [rule["statement"], f"level: {rule['level']}", f"source: {rule['source']}"]
        answer = [f"answer: {rule['message']}"] if rule["outcome"] == "answered" else []
        ET.SubElement(case, "system-out").text = _clean("\n".join([*about, *answer]))
        return
    element = ET.SubElement(case, kind, message=_clean(shorten(f"{rule['outcome']}: {rule['message']}", 1000)))
    if kind != "skipped":
        element.set("type", rule["outcome"])
        element.text = _clean("\n".join([*_words(rule), *_evidence(rule)]))


def _words(rule: dict[str, Any]) -> list[str]:
    lines = [rule["statement"], f"level: {rule['level']}", f"source: {rule['source']}"]
    if rule["expected"]:
        lines += [f"expected: {rule['expected']}", f"got: {rule['got']}"]
    if rule["advice"]:
        lines += [f"at fault: {rule['advice']['fault']}", f"to do: {rule['advice']['change']}"]
    return lines


def _evidence(rule: dict[str, Any]) -> list[str]:
    lines = []
    bodies = [(exchange["response"] or {}).get("body", "") for exchange in rule["exchanges"]]
    limit = room(map(len, bodies), SHOWN_BODIES, SHOWN_BODY)
    for exchange in rule["exchanges"]:
        response = exchange["response"]
        came = f"{response['status']} {response['reason']}" if response else f"no answer: {exchange['error']}"
        lines += ["", exchange["curl"], came]
        if response:
            lines.append(shorten(str(response.get("body", "(binary body)")), limit))
    return lines


def _clean(text: str) -> str:
    """XML can't hold every character; what it can't hold or nobody can see is shown as its number.

    GitLab and a Jenkins plugin read `[[ATTACHMENT|path]]` as an order to attach a file: a target can't give it.
    """
    return visible(text, keep="\n\t").replace("[[ATTACHMENT", "[ [ATTACHMENT")
