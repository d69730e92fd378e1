"""docs/clients.md: the examples of installed clients are run, and its tables say what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from . import faces, test_other_languages
from .installed import ROOT, command, from_npm, versions
from .running_clients import environment, reference_server
from .serving import Server
from .table import STEPS, Burst, Refusal

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
# An example is a block followed by what it prints.
EXAMPLES = [(kind, code, shown) for (kind, code), (after, shown) in pairwise(BLOCKS) if after == "text"]
PACKAGES = {"js": ("twilio",), "sh": ("twilio-cli",)}


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Server]:
    with reference_server() as running:
        yield running


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=[f"{kind}-{n}" for n, (kind, _, _) in enumerate(EXAMPLES)])
def test_an_example_prints_what_stands_below_it(number: int, ordinary: Server, home: Path, tmp_path: Path) -> None:
    kind, code, shown = EXAMPLES[number]
    for package in PACKAGES.get(kind, ()):
        from_npm(package)
    shim = tmp_path / "sync-proxy"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m proxy "$@"\n')
    shim.chmod(0o755)
    variables = environment(ordinary, home)
    variables |= {"PATH": f"{tmp_path}:{variables['PATH']}", "PYTHONPATH": str(ROOT)}
    program = tmp_path / f"example.{kind}"
    program.write_text(code.replace("http://127.0.0.1:8080", ordinary.url), encoding="utf-8")
    words = {"python": [sys.executable], "js": [command("node")], "sh": [command("sh"), "-e"]}[kind]
    done = subprocess.run(
        [*words, str(program)], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done
    assert re.sub("TZ[0-9a-f]{32}", "TZ…", done.stdout) == shown


def test_each_language_of_the_page_has_a_program() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert {kind: kinds.count(kind) for kind in set(kinds) - {"text"}} == {
        "python": 2,
        "js": 1,
        "sh": 2,
        "ruby": 1,
        "php": 1,
        "go": 1,
        "java": 1,
        "csharp": 1,
    }
    assert [kind for kind, _, _ in EXAMPLES] == ["python", "python", "js", "sh", "sh"]


def test_the_requirements_listed_are_the_tests_there_are() -> None:
    listed = re.findall(r"^\|.*\| `(test_\w+)` \|$", TEXT, re.MULTILINE)
    assert listed == [name for name in vars(test_other_languages) if name.startswith("test_")]


def test_the_refusals_listed_are_those_that_clients_are_shown() -> None:
    part = TEXT.split("## What a refusal looks like")[1].split("\n## ")[0]
    listed = re.findall(r"^\| .* \| (\d+) \| (\d+) \| (.*) \|$", part, re.MULTILINE)
    told = [Refusal(int(status), int(code), message) for status, code, message in listed]
    steps = [step.expected for step in STEPS]
    shown = [step.refused if isinstance(step, Burst) else step for step in steps]
    assert len(told) == 6
    assert all(refusal in shown for refusal in told)
    create = next(step for step in STEPS if step.expected == told[0])
    for client, name in {"python": "TwilioRestException", "node": "RestException"}.items():
        seen = faces.refusal(client, create, told[0], {})
        assert f"`{seen['class']}`" in part
        assert seen["class"] == name
    assert faces.refusal("python", create, told[0], {})["message"].startswith("Unable to create record: ")
    assert faces.refusal("cli", create, told[0], {})["stderr"].startswith(" » Error code 54301 from Twilio: ")
    assert faces.refusal("curl", create, told[0], {})["exit"] == 22


def test_the_versions_named_are_those_that_run() -> None:
    named = dict(re.findall(r"^\| ([^|]+?) \| ([\d.]+) \|", TEXT, re.MULTILINE))
    assert named["Python, `twilio` from PyPI"] == named["Python, asynchronous"] == versions()["twilio (PyPI)"]
    assert named["Node, `twilio` from npm"] == versions()["twilio (npm)"]
    assert named["`twilio-cli` from npm"] == versions()["twilio-cli (npm)"]
