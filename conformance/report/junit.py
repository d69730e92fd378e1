"""The report as JUnit XML: one suite per section of the Stream page, one case per rule."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
KIND = {"fail": "failure", "unexpected_pass": "failure", "error": "error", "blocked": "error", "inconclusive": "error",
        "not_run": "error", "unsupported": "skipped", "waived": "skipped"}  # fmt: skip


def junit_of(document: dict[str, Any]) -> bytes:
    """What did not run or could not be measured is an error, never a pass and never a skip."""
    root = ET.Element("testsuites", name="twilio-sync-conformance", time=str(document["duration"]))
    sections: dict[str, list[dict[str, Any]]] = {}
    for rule in document["rules"]:
        sections.setdefault(rule["section"], []).append(rule)
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for section, rules in sections.items():
        counts = _counts(rules)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_clean(section),
            timestamp=document["started"].removesuffix("Z"),
            time=f"{sum(rule['duration'] for rule in rules):.3f}",
        )
        for name, count in counts.items():
            suite.set(name, str(count))
        for rule in rules:
            _case(suite, rule)
        totals = {name: totals[name] + counts[name] for name in totals}
    for name, count in totals.items():
        root.set(name, str(count))
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + content


def _counts(rules: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [KIND.get(rule["outcome"]) for rule in rules]
    return {
        "tests": len(rules),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
    }


def _case(suite: ET.Element, rule: dict[str, Any]) -> None:
    case = ET.SubElement(
        suite, "testcase", name=rule["id"], classname=f"conformance.{rule['feature']}", time=f"{rule['duration']:.3f}"
    )
    properties = ET.SubElement(case, "properties")
    for name in ("level", "source", "outcome"):
        ET.SubElement(properties, "property", name=name, value=_clean(rule[name]))
    kind = KIND.get(rule["outcome"])
    if kind is None:
        if rule["outcome"] == "answered":
            ET.SubElement(case, "system-out").text = _clean(f"{rule['statement']} {rule['message']}")
        return
    element = ET.SubElement(case, kind, message=_clean(f"{rule['outcome']}: {rule['message']}")[:2000])
    if kind != "skipped":
        element.set("type", rule["outcome"])
        element.text = _clean("\n".join([rule["statement"], f"source: {rule['source']}", *_evidence(rule)]))


def _evidence(rule: dict[str, Any]) -> list[str]:
    lines = []
    for exchange in rule["exchanges"]:
        response = exchange["response"]
        came = f"{response['status']} {response['reason']}" if response else f"no answer: {exchange['error']}"
        lines += ["", exchange["curl"], came]
        if response:
            lines.append(str(response.get("body", "(binary body)"))[:4000])
    return lines


def _clean(text: str) -> str:
    """XML can't hold every character; what it can't is shown as its number."""
    return NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
