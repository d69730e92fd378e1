"""The examples of the documentation, run in the order they stand."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from proxy_traffic import ACCOUNT, TOKEN
from proxy_upstream import Upstream

from proxy.rules import default_rules, load_rules

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str) -> list[tuple[str, str]]:
    return FENCE.findall((ROOT / "docs" / name).read_text())


@pytest.fixture
def folder(tmp_path: Path, server: Upstream, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it: the command on the path, a server, app.py from the documentation."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    shim = binaries / "sync-proxy"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m proxy "$@"\n')
    shim.chmod(0o755)
    (binaries / "python").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{Path(yaml.__file__).parents[1]}")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "app.py").write_text(next(text for kind, text in blocks("proxy.md") if kind == "python"))
    return work


def shell(script: str, server: Upstream) -> str:
    text = script.replace("http://127.0.0.1:8080", server.url)
    done = subprocess.run(["sh", "-e", "-c", text], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(code: str, server: Upstream) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code.replace("http://127.0.0.1:8080", server.url), "example", "exec"), {})
    return out.getvalue()


def test_the_examples_of_the_proxy(folder: Path, server: Upstream) -> None:
    _, twice, serving, missed, api = blocks("proxy.md")
    first, second = shell(twice[1], server).splitlines()
    assert first == second
    assert f"{ACCOUNT} orders" in first
    command = serving[1].replace("9000", "0").replace("9001", "0").split()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("sync-proxy listening on http://127.0.0.1:")
        assert str(folder.parent / "config") in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert shell(missed[1], server) == "exit code 1\n"
    assert "replaying at http://127.0.0.1:" in python(api[1], server)


def test_the_examples_of_cassettes(folder: Path, server: Upstream) -> None:
    example, reading, recording, rules, strict, editing = blocks("cassettes.md")
    schema = json.loads((ROOT / "schemas" / "cassette.json").read_text())
    jsonschema.validate(yaml.safe_load(example[1]), schema)
    shell("sync-proxy record calls.yaml --upstream http://127.0.0.1:8080 -- python app.py", server)
    said = python(reading[1], server).splitlines()
    assert len(said) == 5
    assert said[-2:] == ["1 201", "used-up"]
    python(recording[1], server)
    assert "0123456789abcdef" not in (folder / "mine.yaml").read_text()
    (folder / "rules.yaml").write_text(rules[1])
    assert {"customer-numbers", "service-sids"} <= {
        rule.id for rule in load_rules(folder / "rules.yaml", default_rules())
    }
    assert "strict.yaml: 3 interactions, each of which finds its answer" in shell(strict[1], server)
    edited = shell(editing[1], server)
    assert "refused" in edited
    assert "finds its answer" in edited


def test_the_documented_rules_and_kinds_are_the_real_ones() -> None:
    text = (ROOT / "docs" / "cassettes.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) == {rule.id for rule in default_rules()}
