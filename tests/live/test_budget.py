"""One budget for the whole run: a server counts, and not one request goes over it, cleaning up included."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import requests
from hostile import behaviours as does
from hostile.fronts import fronted
from hostile.running import TOKEN, USER, run

WORDS = ("--generated", "0.1", "--grace", "1", "--seed", "7")


def counted(*words: str, folder: Path) -> tuple[int, int, dict[str, object], list[bytes], list[object]]:
    """A run of the whole suite: its exit code, the requests that the server got, the report, and what is left there."""
    with fronted(lambda number, request: False, does.never) as server:
        ended = run("--target", server.url, "--report", str(folder), *WORDS, *words, XDG_STATE_HOME=str(folder))
        got = list(server.requests)
        left = requests.get(f"{server.url}/v1/Services/default/Streams", auth=(USER, TOKEN), timeout=10).json()
    assert "Traceback" not in ended.said, ended.said
    report = json.loads((folder / "report.json").read_text("utf-8"))
    return ended.code, len(got), report, got, left["streams"]


@pytest.mark.parametrize("most", [60, 900])
def test_not_one_request_too_many(most: int, tmp_path: Path) -> None:
    """The second is used up by generated requests, among others."""
    code, got, report, _, left = counted("--max-requests", str(most), folder=tmp_path)
    assert got <= most
    assert report["statistics"]["requests"] <= most
    assert code == 2
    assert report["verdict"] == "incomplete"
    assert left == []
    assert report["deletion"]["left"] == []
    unjudged = [rule for rule in report["rules"] if rule["outcome"] == "not_run"]
    assert any(f"the budget of {most} requests is used up" in rule["message"] for rule in unjudged)
    assert not {rule["outcome"] for rule in report["rules"]} & {"fail", "error"}
    if most == 900:
        assert got > 850
        assert {"PROPERTY-MODEL", "RATE-ACCEPTED"} & {rule["id"] for rule in unjudged}


def test_not_one_message_too_many(tmp_path: Path) -> None:
    code, _, report, got, left = counted("--max-messages", "40", folder=tmp_path)
    published = [request for request in got if re.match(rb"POST [^ ]*/Messages ", request)]
    assert len(published) <= 40
    assert code == 2
    assert report["verdict"] == "incomplete"
    assert left == []


def test_no_faster_than_asked_for(tmp_path: Path) -> None:
    words = ("--max-rate", "40", "--rule", "FETCH-*", "--rule", "CREATE-*", "--rule", "PROPERTY-FETCH")
    began = time.monotonic()
    code, got, report, _, _ = counted(*words, folder=tmp_path)
    assert code == 0, report
    assert got > 60
    assert time.monotonic() - began > (got - 1) / 40


def test_what_fits_in_is_judged(tmp_path: Path) -> None:
    code, got, report, _, _ = counted("--max-requests", "200", "--rule", "FETCH-*", folder=tmp_path)
    assert code == 0, report
    assert got < 200


def test_workers_share_a_budget(tmp_path: Path) -> None:
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    from hostile.running import ROOT  # noqa: PLC0415

    environment = {
        **os.environ,
        "TWILIO_ACCOUNT_SID": USER,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "XDG_STATE_HOME": str(tmp_path),
    }
    with fronted(lambda number, request: False, does.never) as server:
        words = ["conformance", "-n", "2", "--target", server.url, "--max-requests", "300", "--grace", "1", *WORDS]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 2, done.stdout
        assert "verdict: incomplete" in done.stdout
        assert len(server.requests) <= 300
        left = requests.get(f"{server.url}/v1/Services/default/Streams", auth=(USER, TOKEN), timeout=10).json()
    assert left["streams"] == []
