"""The recordings in cassettes/ are whole, valid, free of secrets, and replay."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from proxy_traffic import OTHER_ACCOUNT

from proxy.cassette import load
from proxy.recorder import prove

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "cassettes").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_each_is_whole_and_every_request_finds_its_answer(path: Path) -> None:
    cassette = load(path)
    assert len(cassette) > 0
    prove(cassette, {})
    assert cassette.header.target_kind
    assert f"`{path.name}`" in (ROOT / "cassettes" / "README.md").read_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_first_documents_are_as_the_schema_says(path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "cassette.json").read_text()))
    cassette = load(path)
    for at in range(min(30, len(cassette))):
        validator.validate(yaml.safe_load(cassette.text(at)))
    assert not re.search(r"Basic [A-Za-z0-9+/]{20,}={0,2}\"", path.read_text())


def test_the_official_librarys_program_replays_with_any_credentials() -> None:
    variables = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "TWILIO_ACCOUNT_SID": OTHER_ACCOUNT,
        "TWILIO_AUTH_TOKEN": "any-token-at-all",
    }
    command = [sys.executable, "-m", "proxy", "replay", "cassettes/twilio_python.yaml", "--all-used", "--"]
    command += [sys.executable, "cassettes/twilio_python.py"]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "made cassette-orders-0 True 20" in done.stdout
    assert "published {'order': 17, 'for': 'Ana'}" in done.stdout
    assert "refused 409 54301" in done.stdout
    assert "deleted True" in done.stdout
