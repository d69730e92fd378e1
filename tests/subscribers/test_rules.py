"""The rules about subscribers are judged only where an option says where they connect."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.errors import UsageError
from conformance.options import Options
from conformance.registry import load_sections
from conformance.rules import load_catalogue
from conformance.selection import select
from conformance.subscribers.access import FEATURE, access_from
from conformance.subscribers.frames import Message, NotAFrame, pack, unpack
from reference_impl.subscribers import frames as theirs

from .sdk import ROOT, command

KEYS = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"}


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, Any]]:
    with command() as (_, announced):
        yield announced


def run(server: dict[str, Any], *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    ((key, secret),) = server["api_keys"].items()
    login = {"TWILIO_ACCOUNT_SID": server["account_sid"], "TWILIO_AUTH_TOKEN": server["auth_token"]}
    environment = {**os.environ, **login, "TWILIO_API_KEY": key, "TWILIO_API_SECRET": secret, **changes}
    return subprocess.run(
        [sys.executable, "-m", "conformance", "run", "--rule", "SUBSCRIBE-*", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_reference_server_keeps_them(server: dict[str, Any]) -> None:
    done = run(server, "--target", server["url"], "--subscribers", server["socket"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 pass, 1 answered" in done.stdout


def test_a_key_that_the_target_does_not_know_is_a_deviation(server: dict[str, Any]) -> None:
    done = run(server, "--target", server["url"], "--subscribers", server["socket"], TWILIO_API_SECRET="wrong")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformant with deviations" in done.stdout
    assert "SUBSCRIBE-CONNECTS" in done.stdout


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--target", "http://127.0.0.1:1"], "--subscribers URL"),
        (["--subscribers", "ws://127.0.0.1:1"], "--target"),
        (["--target", "http://127.0.0.1:1", "--subscribers", "http://127.0.0.1:1"], "no WebSocket URL"),
        (["--target", "http://127.0.0.1:1", "--subscribers", "ws://x", "--record", "no.yaml"], "no WebSockets"),
        (["--target", "http://127.0.0.1:1", "--subscribers", "wss://tsock.us1.twilio.com/v3/wsconnect"], "--live"),
    ],
)
def test_what_can_not_be_is_told(server: dict[str, Any], words: list[str], part: str) -> None:
    done = run(server, *words)
    assert done.returncode == 4, done.stdout + done.stderr
    assert part in done.stdout + done.stderr


def test_without_a_socket_they_are_no_part_of_a_run() -> None:
    load_sections()
    catalogue = load_catalogue()
    assert [rule.id for rule in select(catalogue, Options()) if FEATURE in rule.features] == []
    options = Options(subscribers=access_from("ws://127.0.0.1:1", KEYS))
    assert len(select(catalogue, options)) == len(catalogue)


@pytest.mark.parametrize("missing", list(KEYS))
def test_without_a_key_it_is_refused(missing: str) -> None:
    with pytest.raises(UsageError, match="TWILIO_API_SECRET"):
        access_from("ws://127.0.0.1:1", {**KEYS, missing: ""})


def test_both_implementations_of_frames_understand_each_other() -> None:
    ours = pack(Message({"method": "message", "id": "TM1"}, {"text": "é 𝄞"}))
    assert theirs.decode(ours).json() == {"text": "é 𝄞"}
    got = unpack(theirs.encode("reply", "TM1", {"status": {"code": 200}}, {"text": "é 𝄞"}))
    assert (got.method, got.payload) == ("reply", {"text": "é 𝄞"})


@pytest.mark.parametrize(
    "data", [b"", b"TWILSOCK V3.0 x\r\n", b"TWILSOCK V3.0 2\r\n{}", b"TWILSOCK V3.0 2\r\n[]\r\n", b"\xff" * 50]
)
def test_what_is_no_frame_is_told(data: bytes) -> None:
    with pytest.raises(NotAFrame):
        unpack(data)
