"""Whole runs, from the command line and under pytest: the same files, and no credential in any of them."""

from __future__ import annotations

import base64
import html
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

import schemas
from conformance.cli import main
from conformance.report.events import read_events
from report.echo_server import echo_server

FILES = {"index.html", "report.json", "junit.xml", "events.ndjson", "summary.md", "badge.svg", "badge.json"}
USER, SECRET = "AC" + "5" * 32, 'Tok/en+"with=every kind% of ~sign'
RULES = ("--rule", "FETCH-*", "--seed", "11")
COMMANDS = {
    "run": [sys.executable, "-m", "conformance", "run"],
    "pytest": [sys.executable, "-m", "pytest", "conformance", "-q", "-p", "no:cacheprovider"],
    "xdist": [sys.executable, "-m", "pytest", "conformance", "-q", "-p", "no:cacheprovider", "-n", "2"],
}


def launch(how: str, folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMANDS[how], "--report", str(folder), *RULES, *more],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_way_to_run_writes_the_same_files(tmp_path: Path) -> None:
    requests = {}
    for how in COMMANDS:
        folder, job = tmp_path / how, tmp_path / f"{how}.md"
        done = launch(how, folder, GITHUB_STEP_SUMMARY=str(job))
        assert done.returncode == 0, done.stdout + done.stderr
        assert {path.name for path in folder.iterdir()} == FILES
        document = json.loads((folder / "report.json").read_text())
        assert list(schemas.validator("report").iter_errors(document)) == []
        assert (document["verdict"], document["complete"], document["seed"]) == ("conformant", True, 11)
        assert document["measurements"]["latency"]
        assert read_events(folder / "events.ndjson") == document
        again = tmp_path / f"{how}-again"
        assert main(["report", str(folder / "events.ndjson"), "--report", str(again)]) == 0
        rebuilt = {path.name: path.read_bytes() for path in again.iterdir()}
        assert rebuilt == {name: (folder / name).read_bytes() for name in FILES - {"events.ndjson"}}
        assert job.read_text().strip() == (folder / "summary.md").read_text().strip()
        assert "--seed 11" in document["command"]
        requests[how] = document["statistics"]["requests"]
    assert requests["xdist"] <= requests["run"] + 4  # evidence is gathered by one worker, not by each


@pytest.mark.parametrize("how", ["run", "xdist"])
def test_no_credential_is_in_any_output(how: str, tmp_path: Path) -> None:
    raw = SECRET.encode()
    pair = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
    forms = {SECRET, json.dumps(SECRET)[1:-1], quote(SECRET, safe=""), quote_plus(SECRET), raw.hex(), pair}
    forms |= {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), SECRET.upper(), "Tok/en+"}
    forms |= {
        "every kind%",
        "every+kind%",
        "every%20kind%",
        html.escape(SECRET),
        SECRET.replace("/", "\\/"),
        "Tok\\/en+",
    }
    within = [base64.b64encode(b"x" * n + raw + b"yz").decode() for n in range(1, 4)]
    forms |= {text[8:24] for text in within}  # of the secret alone, wherever it begins
    job, own_junit = tmp_path / "job.md", tmp_path / "pytest.xml"
    more = [] if how == "run" else [f"--junitxml={own_junit}"]
    with echo_server() as url:
        done = launch(
            how, tmp_path / "out", "--target", url, "--rule", "NAME-*", *more,
            GITHUB_STEP_SUMMARY=str(job), TWILIO_ACCOUNT_SID=USER, TWILIO_AUTH_TOKEN=SECRET,
        )  # fmt: skip
    assert done.returncode in {1, 2}, done.stdout + done.stderr  # such answers break rules, or block them
    files = [*(tmp_path / "out").iterdir(), job, *([] if how == "run" else [own_junit])]
    assert {path.name for path in files} >= FILES
    texts = {path.name: path.read_text() for path in files} | {"stdout": done.stdout, "stderr": done.stderr}
    found = {(name, form) for name, text in texts.items() for form in forms if form.lower() in text.lower()}
    assert found == set()
    document = json.loads(texts["report.json"])
    assert any("***" in json.dumps(rule["exchanges"]) for rule in document["rules"])
