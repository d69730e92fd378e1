"""A run that was recorded is judged again from its cassette, with no server and no waits."""

from __future__ import annotations

import json
from pathlib import Path

from suite.test_command import assert_one_sentence, call, run

RULES = ("--rule", "FETCH-*", "--rule", "NAME-*", "--rule", "AUTH-*")


def outcomes(report: Path) -> dict[str, str]:
    document = json.loads((report / "report.json").read_text("utf-8"))
    return {rule["id"]: rule["outcome"] for rule in document["rules"]}


def test_a_recorded_run_is_judged_alike_without_a_server(tmp_path: Path) -> None:
    cassette = tmp_path / "run.yaml"
    live = run(*RULES, "--seed", "3", "--record", str(cassette), "--report", str(tmp_path / "live"))
    assert live.returncode == 0, live.stdout + live.stderr
    replayed = call("run", "--replay", str(cassette), "--report", str(tmp_path / "replayed"))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert outcomes(tmp_path / "replayed") == outcomes(tmp_path / "live")
    assert "seed 3 repeats this run" in replayed.stdout


def test_what_is_no_recording_of_a_run_is_refused(tmp_path: Path) -> None:
    assert_one_sentence(call("run", "--replay", "README.md"), 4, "not a recording of a run")
    assert_one_sentence(call("run", "--replay", str(tmp_path / "none.yaml")), 4, "can't be read")


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    cassette = tmp_path / "run.yaml"
    cassette.write_text("mine")
    assert_one_sentence(run("--record", str(cassette)), 4, "exists")
    assert cassette.read_text() == "mine"


def test_a_replay_takes_no_target(tmp_path: Path) -> None:
    done = run("--replay", "x.yaml", "--target", "http://127.0.0.1:1")
    assert_one_sentence(done, 4, "leave out --target")
