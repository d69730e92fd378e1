"""Nothing is sent to the real service by accident, and the plan tells what a run would cost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from faulty.serving import serving
from suite.test_command import assert_one_sentence, call, run, under_pytest

from conformance.costs import known_costs
from conformance.registry import SCENARIOS, load_sections
from conformance.target import Credentials, Target

REAL = (
    "https://sync.twilio.com",
    "https://Sync.TWILIO.com./v1/",
    "https://sync.us1.twilio.com:8443",
    "http://twilio.com",
)
# Nobody is there, so whatever was sent would end in another sentence.
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.mark.parametrize("url", REAL)
def test_the_real_service_is_refused_without_live(url: str) -> None:
    done = run("--target", url, **NOWHERE)
    assert_one_sentence(done, 4, "is the real service", "--live", "--dry-run", "--max-requests")
    numbers = re.search(r"about (\d+) requests, (\d+) streams and (\d+) messages", done.stderr)
    assert numbers
    assert all(int(number) > 500 for number in numbers.groups())


def test_recording_and_pytest_are_no_way_round_it(tmp_path: Path) -> None:
    done = run("--target", REAL[0], "--record", str(tmp_path / "new.yaml"), **NOWHERE)
    assert_one_sentence(done, 4, "is the real service")
    done = under_pytest("--target", REAL[0], **NOWHERE)
    assert done.returncode == 4
    assert "is the real service" in done.stdout + done.stderr


def test_with_live_it_is_asked() -> None:
    assert_one_sentence(run("--target", REAL[0], "--live", **NOWHERE), 3, "can't reach https://sync.twilio.com")


@pytest.mark.parametrize("url", ["https://twilio.com.example", "https://nottwilio.com", "http://127.0.0.1/twilio.com"])
def test_others_are_not_the_real_service(url: str) -> None:
    assert not Target(url, Credentials("", "")).is_real


def test_a_dry_run_sends_nothing_and_needs_no_login() -> None:
    done = call("run", "--dry-run", "--target", REAL[0], "--max-rate", "5", "--seed", "7", **NOWHERE)
    assert done.returncode == 0, done.stderr
    assert "in all, about" in done.stdout
    assert "Fetch a Sync Stream resource" in done.stdout
    assert "no more than 5 requests a second" in done.stdout
    assert re.search(r"named conformance-[0-9a-f]{8}-…", done.stdout)
    assert done.stdout.endswith("nothing was sent\n")


def test_every_scenario_has_its_cost() -> None:
    load_sections()
    assert SCENARIOS.keys() <= known_costs().keys()


# On a busy machine the messages at a pace are sent once or twice more.
NEAR = {"requests": 0.15, "streams": 0.15, "messages": 0.6}


@pytest.mark.parametrize("words", [("--generated", "0.1"), ("--rule", "FETCH-*", "--rule", "MESSAGES-*")])
def test_a_run_costs_what_was_planned(words: tuple[str, ...], tmp_path: Path) -> None:
    planned = call("run", "--dry-run", *words).stdout
    numbers = re.search(r"(\d+) +(\d+) +(\d+)  in all, about", planned)
    assert numbers
    with serving({}) as url:
        run(
            "--target",
            url,
            *words,
            "--second-service-sid",
            "second",
            "--report",
            str(tmp_path),
            XDG_STATE_HOME=str(tmp_path),
        )
    statistics = json.loads((tmp_path / "report.json").read_text("utf-8"))["statistics"]
    for number, (key, near) in zip(numbers.groups(), NEAR.items(), strict=True):
        assert abs(int(number) - statistics[key]) < near * statistics[key], (key, number, statistics)
