"""The ledger of runs on the real service, and that the documents say what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from suite.test_command import assert_one_sentence, call

from conformance.errors import UsageError
from conformance.ledger import enter, entered, ledger_lines, read_ledger

ROOT = Path(__file__).parents[2]
EMPTY: dict[str, Any] = {"runs": [], "rules": {}}
NONE_YET = "No run on the real service has been made yet"


def report(started: str, url: str = "https://sync.twilio.com", **outcomes: str) -> dict[str, Any]:
    rules = [{"id": name.replace("_", "-"), "outcome": outcome} for name, outcome in outcomes.items()]
    return {
        "target": {"url": url}, "started": started, "suite": {"version": "0.1.0"}, "seed": 1, "verdict": "conformant",
        "rules": rules,
    }  # fmt: skip


def test_a_rule_keeps_the_time_it_last_held() -> None:
    first = entered(EMPTY, report("2030-01-01T00:00:00Z", FETCH_BY_SID="pass", FETCH_BY_NAME="fail"))
    second = entered(first, report("2030-02-01T00:00:00Z", FETCH_BY_SID="fail", FETCH_BY_NAME="not_run"))
    assert second["rules"]["FETCH-BY-SID"] == {
        "held": "2030-01-01T00:00:00Z", "suite": "0.1.0", "outcome": "fail", "judged": "2030-02-01T00:00:00Z"
    }  # fmt: skip
    assert second["rules"]["FETCH-BY-NAME"] == {"outcome": "fail", "judged": "2030-01-01T00:00:00Z"}
    assert [run["started"] for run in second["runs"]] == ["2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z"]
    shown = "\n".join(ledger_lines(second))
    assert "held 2030-01-01T00:00:00Z with suite 0.1.0, last fail" in shown
    assert "never judged" in shown


def test_an_older_run_entered_later_changes_nothing_newer() -> None:
    newer = entered(EMPTY, report("2030-02-01T00:00:00Z", FETCH_BY_SID="pass"))
    assert entered(newer, report("2030-01-01T00:00:00Z", FETCH_BY_SID="fail"))["rules"] == newer["rules"]


def test_only_runs_on_the_real_service_once_each() -> None:
    with pytest.raises(UsageError, match=r"that run was on http://127\.0\.0\.1:80"):
        entered(EMPTY, report("2030-01-01T00:00:00Z", url="http://127.0.0.1:80"))
    once = entered(EMPTY, report("2030-01-01T00:00:00Z"))
    with pytest.raises(UsageError, match="in the ledger already"):
        entered(once, report("2030-01-01T00:00:00Z"))


def test_the_file_and_the_command(tmp_path: Path) -> None:
    file, source = tmp_path / "ledger.yaml", tmp_path / "report.json"
    source.write_text(json.dumps(report("2030-01-01T00:00:00Z", FETCH_BY_SID="pass")))
    ledger = enter(file, source)
    assert read_ledger(file) == ledger
    shown = call("ledger", "--file", str(file))
    assert "1 runs on the real service" in shown.stdout
    assert_one_sentence(call("ledger", "README.md", "--file", str(file)), 4, "is no report")
    assert_one_sentence(call("ledger", "--file", "README.md"), 4, "is no ledger")


def test_the_documents_say_what_is_in_the_ledger() -> None:
    runs = read_ledger(ROOT / "docs/ledger.yaml")["runs"]
    assert (NONE_YET in (ROOT / "docs/live.md").read_text("utf-8")) == (not runs)
    assert ("not\nbeen run against the real service yet" in (ROOT / "README.md").read_text("utf-8")) == (not runs)
