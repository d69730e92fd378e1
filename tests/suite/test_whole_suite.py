"""The whole suite on the reference server: every rule holds, whatever the seed, alone and spread over workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from faulty.serving import CREDENTIALS, serving

import schemas
from conformance.options import Options
from conformance.run import Run
from conformance.target import Target
from suite.test_command import run, under_pytest

SEEDS = (1, 2, 3)
GOOD = {"must": {"pass"}, "should": {"pass"}, "survey": {"answered"}}


def assert_every_rule_holds(report: Path) -> None:
    document = json.loads((report / "report.json").read_text("utf-8"))
    schemas.validator("report").validate(document)
    assert document["verdict"] == "conformant"
    assert len(document["rules"]) == document["rules_in_catalogue"] >= 90
    odd = {
        rule["id"]: (rule["outcome"], rule["message"])
        for rule in document["rules"]
        if rule["outcome"] not in GOOD[rule["level"]]
    }
    assert odd == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_alone(seed: int, tmp_path: Path) -> None:
    done = run("--seed", str(seed), "--report", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert_every_rule_holds(tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_on_two_workers(seed: int, tmp_path: Path) -> None:
    done = under_pytest("-n", "2", "-q", "--seed", str(seed), "--report", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert_every_rule_holds(tmp_path)


def test_other_peoples_streams_survive_and_ours_do_not(tmp_path: Path) -> None:
    login = (CREDENTIALS.username, CREDENTIALS.password)
    with serving({}) as url:
        streams = f"{url}/v1/Services/default/Streams"
        for number in range(30):
            name = {"UniqueName": f"conformance-{number}-of-somebody-else"}
            requests.post(streams, data=name, auth=login, timeout=10).raise_for_status()
        before = requests.get(streams, params={"PageSize": 100}, auth=login, timeout=10).json()["streams"]
        done = run("--target", url, "--second-service-sid", "second", "--report", str(tmp_path))
        after = requests.get(streams, params={"PageSize": 100}, auth=login, timeout=10).json()["streams"]
        second = requests.get(streams.replace("default", "second"), auth=login, timeout=10).json()["streams"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert_every_rule_holds(tmp_path)
    assert after == before
    assert second == []


def test_a_seed_repeats_its_names() -> None:
    shown = []
    for seed in (5, 5, 6):
        with serving({}) as url, Run(Target(url, CREDENTIALS), Options(seed=seed, rules=("CREATE-NAMED",))) as live:
            live.judge_all()
            shown.append(
                sorted({value for e in live.session.log for key, value in e.request.form if key == "UniqueName"})
            )
    assert shown[0] == shown[1] != shown[2]
    assert shown[0]
