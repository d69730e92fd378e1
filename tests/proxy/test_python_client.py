"""The official Python library, unmodified, through HTTPS interception."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from proxy_traffic import ACCOUNT, OTHER_ACCOUNT, SERVICE, TOKEN
from proxy_upstream import upstream

from proxy.cassette import load

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
streams = client.sync.v1.services(os.environ["SERVICE"]).sync_streams
made = streams.create(unique_name="Ana's orders", ttl=3600)
print(made.sid, made.unique_name, made.account_sid, made.service_sid, made.url, made.links, made.date_created)
print(streams("Ana's orders").fetch().sid == made.sid)
print(streams(made.sid).stream_messages.create(data={"to": "Ana", "n": 1}).data)
print([found.unique_name for found in streams.list(limit=20)])
print(streams(made.sid).delete())
try:
    streams("Ana's orders").fetch()
except TwilioRestException as error:
    print(error.status, error.code, error.msg)
"""
EXTRA = """
try:
    streams("somebody else").fetch()
except TwilioRestException as error:
    print(error.status)
"""


def sync_proxy(
    *arguments: str | Path, environment: dict[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "PYTHONPATH": str(ROOT),
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "SERVICE": SERVICE,
        "NO_PROXY": "sync.twilio.com",
        "no_proxy": "*",
        "REQUESTS_CA_BUNDLE": "/nonexistent",
        **(environment or {}),
    }
    command = [sys.executable, "-m", "proxy", *map(str, arguments)]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def test_an_unmodified_program_is_recorded_and_replayed_without_its_server(tmp_path: Path, certificate: Path) -> None:
    cassette = tmp_path / "calls.yaml"
    program = (sys.executable, "-c", PROGRAM)
    with upstream(certificate) as server:
        live = sync_proxy("record", cassette, "--upstream", server.url, "--upstream-ca", certificate, "--", *program)
        assert len(server.requests) == 6
        assert not any("proxy" in name.lower() for _, _, headers in server.requests for name in headers)
    assert "Ana's orders" in live.stdout
    assert f"https://sync.twilio.com/v1/Services/{SERVICE}/Streams/TO" in live.stdout
    assert live.stdout.splitlines()[-1].startswith("404 20404")
    text = cassette.read_text()
    for secret in (TOKEN, ACCOUNT, "Ana"):
        assert secret not in text + live.stderr
    assert load(cassette).interaction(0).request.url.startswith("https://sync.twilio.com/v1/")

    replayed = sync_proxy("replay", cassette, "--all-used", "--", *program)
    assert replayed.stdout == live.stdout
    assert replayed.stderr == ""

    other = {"TWILIO_ACCOUNT_SID": OTHER_ACCOUNT, "TWILIO_AUTH_TOKEN": "another-token", "SERVICE": "IS" + "9" * 32}
    theirs = sync_proxy("replay", cassette, "--", *program, environment=other)
    assert theirs.stdout == live.stdout.replace(ACCOUNT, OTHER_ACCOUNT).replace(SERVICE, "IS" + "9" * 32)


@pytest.mark.parametrize("swallowed", [True, False])
def test_a_miss_fails_the_run_even_when_the_program_swallows_it(
    tmp_path: Path, certificate: Path, swallowed: bool
) -> None:
    cassette = tmp_path / "calls.yaml"
    with upstream(certificate) as server:
        sync_proxy(
            "record",
            cassette,
            "--upstream",
            server.url,
            "--upstream-ca",
            certificate,
            "--",
            sys.executable,
            "-c",
            PROGRAM,
        )
    program = PROGRAM + (EXTRA if swallowed else "\nstreams('somebody else').fetch()\n")
    done = sync_proxy("replay", cassette, "--", sys.executable, "-c", program, code=1)
    assert "miss (never-recorded)" in done.stderr or "miss (differs)" in done.stderr
    assert "1 request had no answer" in done.stderr  # one: the client did not try again
    assert "somebody" not in done.stderr.split("Traceback")[0]
