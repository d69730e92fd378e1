"""A run that was recorded is judged again from its cassette, with no server and no waits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faulty.serving import serving
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.sections.test_credentials import near_tokens, near_users
from conformance.taping import stand_in
from conformance.target import Credentials
from reference_impl.config import Config
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


users = st.from_regex(r"(AC|SK)[0-9a-f]{32}", fullmatch=True) | st.text(
    st.characters(exclude_characters=":"), min_size=1
)
tokens = st.from_regex(r"[0-9]{8}|[0-9a-f]{32}", fullmatch=True) | st.text(min_size=1)


@given(users, tokens)
@example("AC" + "1" * 31 + "0", "0123456789")
@example("test", "test")
@example("0", "0")
def test_who_replays_sends_the_same_logins_as_who_recorded(user: str, token: str) -> None:
    """Each is told apart by its label, so the labels have to be the same."""
    login = Credentials(user, token)
    for near in (near_tokens, near_users):
        ours, theirs = near(login), near(stand_in(login))
        assert [(words, found.label) for words, found in ours] == [(words, found.label) for words, found in theirs]
    assert len(token) < 8 or token not in (stand_in(login).password, stand_in(login).username)
    assert stand_in(login).username.startswith("SK") == user.startswith("SK")


@pytest.mark.parametrize(
    ("user", "token"), [("AC" + "7" * 31 + "0", "31415926535897932384"), ("SK" + "ab" * 16, "a-key-secret-0123")]
)
def test_a_run_with_any_login_is_judged_alike(tmp_path: Path, user: str, token: str) -> None:
    config = Config(user, token) if user.startswith("AC") else Config(api_keys={user: token})
    words = ("--rule", "AUTH-*", "--rule", "FETCH-*", "--rule", "CREATE-*", "--quick")
    cassette, login = tmp_path / "run.yaml", {"TWILIO_ACCOUNT_SID": user, "TWILIO_AUTH_TOKEN": token}
    with serving({"config": config}) as url:
        live = call(
            "run", "--target", url, *words, "--record", str(cassette), "--report", str(tmp_path / "live"), **login
        )
    assert live.returncode == 0, live.stdout + live.stderr
    for secret in (user, token):
        assert secret not in cassette.read_text()
    again = call("run", "--replay", str(cassette), "--report", str(tmp_path / "again"))
    assert again.returncode == 0, again.stdout + again.stderr
    assert outcomes(tmp_path / "again") == outcomes(tmp_path / "live")
