"""The ledger of runs on the real service: when each rule last held there, and with which version of the suite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import UsageError
from conformance.report.text import plain
from conformance.rules import load_catalogue
from conformance.target import Credentials, Target

HELD = frozenset({"pass", "answered", "unexpected_pass"})
HEAD = """\
# When each rule last held on the real service, and with which version of the suite; made by `sync-conformance ledger`.
"""
Ledger = dict[str, Any]


def entered(ledger: Mapping[str, Any], report: Mapping[str, Any]) -> Ledger:
    """The ledger with one more run in it. Raises UsageError for a run on another target, and for one that is in it."""
    if not Target(report["target"]["url"], Credentials("", "")).is_real:
        raise UsageError(f"that run was on {report['target']['url']}: the ledger is of runs on the real service alone")
    run = {
        "started": report["started"],
        "suite": report["suite"]["version"],
        "seed": report["seed"],
        "verdict": report["verdict"],
    }
    if run in ledger["runs"]:
        raise UsageError(f"the run of {run['started']} is in the ledger already")
    rules = dict(ledger["rules"])
    for rule in report["rules"]:
        last = {"outcome": rule["outcome"], "judged": report["started"]}
        before = {key: value for key, value in rules.get(rule["id"], {}).items() if key in {"held", "suite"}}
        if rule["outcome"] in HELD:
            before = {"held": report["started"], "suite": report["suite"]["version"]}
        if rule["outcome"] != "not_run" and rules.get(rule["id"], {}).get("judged", "") <= report["started"]:
            rules[rule["id"]] = before | last
    runs = sorted([*ledger["runs"], run], key=lambda each: str(each["started"]))
    return {"runs": runs, "rules": {name: rules[name] for name in sorted(rules)}}


def read_ledger(file: Path) -> Ledger:
    """The ledger in that file, an empty one if there is none. Raises UsageError."""
    try:
        ledger = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {"runs": [], "rules": {}}
        return {"runs": list(ledger["runs"]), "rules": dict(ledger["rules"])}
    except OSError as error:
        raise UsageError(f"the ledger {file} can't be read: {error.strerror}") from None
    except (LookupError, TypeError, ValueError, yaml.YAMLError):
        raise UsageError(f"{file} is no ledger: it has no runs and rules") from None


def enter(file: Path, report: Path) -> Ledger:
    """Puts the run of that report into the ledger's file. Raises UsageError."""
    try:
        ledger = entered(read_ledger(file), json.loads(report.read_text("utf-8")))
        file.write_text(HEAD + yaml.safe_dump(ledger, sort_keys=False, allow_unicode=True), "utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    except (LookupError, TypeError, ValueError):
        raise UsageError(f"{report} is no report: name the report.json of a run") from None
    return ledger


def ledger_lines(ledger: Mapping[str, Any]) -> list[str]:
    """The ledger for a terminal: every rule of the catalogue, those first that never held."""
    runs, rules = ledger["runs"], ledger["rules"]
    if not runs:
        return ["no run on the real service is in the ledger"]
    lines = [f"{len(runs)} runs on the real service, the last {runs[-1]['started']}: {runs[-1]['verdict']}"]
    rows = []
    for rule in load_catalogue():
        entry = rules.get(rule.id, {})
        held = f"held {entry['held']} with suite {entry['suite']}" if "held" in entry else "never held"
        last = "never judged" if not entry else "" if entry["outcome"] in HELD else f", last {entry['outcome']}"
        rows.append((entry.get("held", ""), f"{rule.id:<32} {last if not entry else held + last}"))
    return [plain(line, 300) for line in (*lines, *(row for _, row in sorted(rows)))]
