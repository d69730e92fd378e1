"""The command as a user types it: bad input gets one sentence and the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty.serving import CREDENTIALS, serving

import schemas
from suite.nobody import nobody
from suite.raw_server import raw_server, reply

ROOT = Path(__file__).parents[2]
LOGIN = {"TWILIO_ACCOUNT_SID": CREDENTIALS.username, "TWILIO_AUTH_TOKEN": CREDENTIALS.password}
FEW = ("--rule", "FETCH-*", "--rule", "CREATE-STATUS", "--quick")


def call(*words: str, module: str = "conformance", **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TWILIO_")}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(
        command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return call("run", *words, **(LOGIN | environment))


def under_pytest(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return call("conformance", "-p", "no:cacheprovider", *words, module="pytest", **(LOGIN | environment))


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *fragments: str) -> None:
    assert done.returncode == code, done.stdout + done.stderr
    said = done.stderr.strip()
    assert len(said.splitlines()) == 1, said
    assert "Traceback" not in said + done.stdout
    for fragment in fragments:
        assert fragment in said


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving({}) as url:
        yield url


def test_an_unreachable_target() -> None:
    with nobody() as url:
        done = run("--target", url)
    assert_one_sentence(done, 3, "can't reach http://127.0.0.1:", "refused")


def test_wrong_credentials(server: str) -> None:
    done = run("--target", server, TWILIO_AUTH_TOKEN="wrong-token-entirely")
    assert_one_sentence(done, 3, "refuses the credentials", "TWILIO_AUTH_TOKEN")
    assert "wrong-token-entirely" not in done.stdout + done.stderr


@pytest.mark.parametrize("status", [200, 404])
def test_a_target_that_answers_html(status: int) -> None:
    page = reply(status, b"<html>hello</html>", "Content-Type: text/html; charset=utf-8")
    with raw_server(lambda connection, _: connection.sendall(page)) as server:
        done = run("--target", server.url)
    assert_one_sentence(done, 3, "HTML page", "--target")


def test_a_target_that_redirects() -> None:
    answer = reply(302, b"", "Location: https://login.example/")
    with raw_server(lambda connection, _: connection.sendall(answer)) as server:
        done = run("--target", server.url)
    assert_one_sentence(done, 3, "redirects to 'https://login.example/'")


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (("--rule", "NO-SUCH-RULE"), "there is no rule 'NO-SUCH-RULE'"),
        (("--feature", "teleport"), "there is no feature 'teleport'"),
        (("--target", "no url"), "is not a URL"),
        (("--target", "http://user:word@127.0.0.1"), "must not hold credentials"),
        (("--report", "README.md"), "is a file"),
    ],
)
def test_words_that_are_off(words: tuple[str, ...], fragment: str) -> None:
    assert_one_sentence(run(*words), 4, fragment)


@pytest.mark.parametrize("words", [("--level", "may"), ("--no-such-option",), ("--seed", "x"), ("--grace", "-1")])
def test_options_that_do_not_exist_or_fit(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_no_credentials_for_a_named_target(server: str) -> None:
    done = call("run", "--target", server)
    assert_one_sentence(done, 4, "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")


def test_a_waiver_for_a_rule_that_does_not_exist(tmp_path: Path, server: str) -> None:
    file = tmp_path / "waive.yaml"
    file.write_text("- {rule: NO-SUCH, reason: because}\n")
    assert_one_sentence(run("--target", server, "--waive", str(file)), 4, "'NO-SUCH', which is no rule")


def test_a_waiver_that_is_no_longer_needed_breaks_the_run(tmp_path: Path, server: str) -> None:
    file = tmp_path / "waive.yaml"
    file.write_text("- {rule: FETCH-STATUS, reason: our proxy answers 203}\n")
    done = run("--target", server, *FEW, "--waive", str(file))
    assert done.returncode == 1
    assert "UNEXPECTED PASS  FETCH-STATUS" in done.stdout
    assert "take the waiver out" in done.stdout


def test_a_run_says_what_it_judged_and_writes_a_report(tmp_path: Path, server: str) -> None:
    done = run("--target", server, *FEW, "--seed", "7", "--report", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: conformant (7 of" in done.stdout
    assert "seed 7 repeats this run" in done.stdout
    document = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    schemas.validator("report").validate(document)
    assert document["seed"] == 7
    assert document["verdict"] == "conformant"
    assert (tmp_path / "out/junit.xml").exists()


def test_a_failure_is_told_with_everything_needed_to_repeat_it() -> None:
    from faulty.servers.fetch import FetchAnswers203  # noqa: PLC0415

    with serving({"api": FetchAnswers203}) as url:
        done = run("--target", url, *FEW)
    assert done.returncode == 0
    assert "conformant with deviations" in done.stdout
    told = done.stdout.partition("FAIL  FETCH-STATUS")[2]
    for fragment in ("A fetch is answered with status 200", "expected  200", "got       203", "curl -sS"):
        assert fragment in told
    assert '-u "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"' in told
    with serving({"api": FetchAnswers203}) as url:
        assert run("--target", url, *FEW, "--strict").returncode == 1


def test_nothing_remains_on_the_target(server: str) -> None:
    import requests  # noqa: PLC0415

    run("--target", server, *FEW)
    listed = requests.get(
        f"{server}/v1/Services/default/Streams", auth=(CREDENTIALS.username, CREDENTIALS.password), timeout=10
    ).json()
    assert listed["streams"] == []


def test_pytest_gives_the_same_verdict(tmp_path: Path, server: str) -> None:
    done = under_pytest("--target", server, *FEW, "--seed", "7", "--report", str(tmp_path / "out"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: conformant" in done.stdout
    document = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    assert {rule["outcome"] for rule in document["rules"]} == {"pass", "answered"}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_failed_rule_is_a_failed_test(workers: tuple[str, ...]) -> None:
    from faulty.servers.fetch import ForgetsLongNames  # noqa: PLC0415

    with serving({"store": ForgetsLongNames}) as url:
        done = under_pytest("--target", url, *FEW, *workers)
    assert done.returncode == 1, done.stdout
    assert "FAIL  FETCH-BY-NAME" in done.stdout
    assert "verdict: not conformant" in done.stdout
    assert "2 failed" in done.stdout or "1 failed" in done.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_pytest_notes_where_links_lead(workers: tuple[str, ...]) -> None:
    from faulty.servers.lawful_bodies import CanonicalLinks  # noqa: PLC0415

    with serving({"api": CanonicalLinks}) as url:
        done = under_pytest("--target", url, *FEW, *workers)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("note: links on the target's answers lead to https://sync.twilio.com;") == 1


def test_pytest_ends_with_the_same_codes(server: str) -> None:
    with nobody() as url:
        done = under_pytest("--target", url)
    assert done.returncode == 3
    assert "can't reach" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    done = under_pytest("--target", server, "--rule", "NO-SUCH")
    assert done.returncode == 4
    assert "there is no rule 'NO-SUCH'" in done.stdout + done.stderr


def test_collecting_asks_nobody() -> None:
    with nobody() as url:
        done = under_pytest("--target", url, "--collect-only", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FETCH-BY-SID" in done.stdout


def test_list_and_explain() -> None:
    listed = call("list", "--level", "survey")
    assert listed.returncode == 0
    assert all(" survey " in line for line in listed.stdout.splitlines())
    explained = call("explain", "FETCH-BY-NAME")
    assert "How it is checked:" in explained.stdout
    assert_one_sentence(call("explain", "FETCH-BY-NAMES"), 4, "did you mean FETCH-BY-NAME")


def test_help_is_quick_to_import() -> None:
    heavy = ("schemathesis", "hypothesis", "pytest", "urllib3")
    code = f"import sys, conformance.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
