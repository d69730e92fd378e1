"""docs/emulator-guide.md is true: its commands run against the example emulator, and its tables name what there is."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from conformance.rules import load_catalogue
from examples.emulator import ROOT, VARIABLES, emulating
from examples.mistakes import MISTAKES

TEXT = (ROOT / "docs" / "emulator-guide.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
RUNS = [line for line in COMMANDS if line.startswith("sync-conformance run --target")]
TARGET = "http://127.0.0.1:8080"
PHASES = re.findall(r"^\| (\d) ([\w ]+) \| [^|]* \| ([^|]*)\|$", TEXT, re.MULTILINE)
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with emulating() as url:
        yield url


def run(command: str, folder: Path, url: str = TARGET) -> subprocess.CompletedProcess[str]:
    """The command as a newcomer types it, with the suite's commands on the path and the login exported."""
    return subprocess.run(
        ["/bin/sh", "-c", command.replace(TARGET, url)],
        cwd=folder,
        env={**os.environ, **VARIABLES, "PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("command", RUNS)
def test_a_run_ends_as_the_guide_says(command: str, emulator: str, tmp_path: Path) -> None:
    # A twentieth of the generated requests: that all of them pass is another test's matter.
    done = run(f"{command} --generated 0.05", tmp_path, emulator)
    assert done.returncode == 0, done
    assert "verdict: conformant" in done.stdout
    if "--report" in command:
        assert (tmp_path / "conformance-report" / "junit.xml").exists()
    if "--without" in command:
        assert "unsupported" in done.stdout
        assert "the target does not claim 'messages'" in done.stdout


def test_commands_that_show_what_there_is_to_do(tmp_path: Path) -> None:
    shown = {}
    for command in COMMANDS:
        if command.startswith("sync-conformance") and command not in RUNS:
            done = run(command, tmp_path)
            assert done.returncode == 0, done
            shown[command] = done.stdout
    assert list(shown) == [
        "sync-conformance list --level must",
        "sync-conformance list --feature ttl",
        "sync-conformance explain LIST-PAGE-ALONE",
        "sync-conformance run --help",
    ]
    assert all("TTL-" in line for line in shown["sync-conformance list --feature ttl"].splitlines() if "ttl" in line)
    assert "How it is checked:" in shown["sync-conformance explain LIST-PAGE-ALONE"]


def test_pytest_from_a_clone(emulator: str) -> None:
    (command,) = (line for line in COMMANDS if line.startswith("pytest "))
    done = run(command, ROOT, emulator)
    assert done.returncode == 0, done
    assert re.search(r"\b\d+ passed", done.stdout)


def test_every_line_of_the_shell_is_looked_at_by_a_test() -> None:
    rest = [line for line in COMMANDS if not line.startswith(("sync-conformance ", "pytest ", "export "))]
    assert rest == []
    exported = {word.partition("=")[0] for line in COMMANDS if line.startswith("export ") for word in line.split()[1:]}
    assert exported == set(VARIABLES)


def test_phases_are_commands_and_cover_every_rule() -> None:
    phases = RUNS[: len(PHASES) + 1]
    assert [int(number) for number, _, _ in PHASES] == list(range(1, len(phases)))
    patterns = [shlex.split(command)[5:] for command in phases]
    chosen = [pattern for words in patterns[:-1] for pattern in words if pattern not in {"--rule", "must", "should"}]
    rules = [rule for rule in load_catalogue() if rule.feature != "subscribers"]  # judged only where asked for
    missed = [rule.id for rule in rules if not any(fnmatchcase(rule.id, pattern) for pattern in chosen)]
    assert missed == []


def test_what_a_phase_unlocks_builds_on_it() -> None:
    catalogue = load_catalogue()
    for number, _, unlocked in PHASES[1:]:
        mine = [pattern for pattern in shlex.split(RUNS[int(number) - 1]) if pattern.endswith("*")]
        for rule_id in re.findall(r"[A-Z]+-[A-Z-]+[A-Z]", unlocked):
            built_on = catalogue[rule_id].depends_on
            assert any(fnmatchcase(other, pattern) for other in built_on for pattern in mine), (number, rule_id)
    foundations = ("CREATE-WORKS", "CREATE-NAMED", "CREATE-SIDS-DIFFER", "FETCH-BY-SID")
    assert all(rule_id in PHASES[0][2] for rule_id in foundations)
    assert sum("CREATE-WORKS" in rule.depends_on for rule in catalogue) > 100


def test_the_table_of_mistakes_is_the_one_that_is_tried() -> None:
    part = TEXT.split("## Common mistakes")[1].split("\n## ")[0]
    listed = re.findall(r"^\| (.*) \| ([A-Z0-9-]+) \|$", part, re.MULTILINE)
    assert listed == [(mistake.what, mistake.rule) for mistake in MISTAKES]


def test_the_jobs_use_what_there_is() -> None:
    github, gitlab = (yaml.safe_load(block) for kind, block in BLOCKS if kind == "yaml")
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    steps = github["jobs"]["conformance"]["steps"]
    assert set(steps[-1]["with"]) <= set(action["inputs"])
    assert steps[1]["env"] == {
        "TWILIO_ACCOUNT_SID": steps[-1]["with"]["account-sid"],
        "TWILIO_AUTH_TOKEN": steps[-1]["with"]["auth-token"],
    }
    job = gitlab["conformance"]
    assert set(VARIABLES) <= set(job["variables"])
    assert job["script"][-1].removeprefix("/tmp/suite/bin/") in RUNS
    assert job["artifacts"]["reports"]["junit"].startswith(job["artifacts"]["paths"][0])


def test_the_container_file_installs_what_a_clone_has() -> None:
    (block,) = (block for kind, block in BLOCKS if kind == "dockerfile")
    lines = block.splitlines()
    copied = lines[1].split()[2]
    install = shlex.split(lines[2].removeprefix("RUN "))
    assert install[:3] == ["pip", "install", "--no-cache-dir"]
    for word in (word for word in install if word.startswith(copied)):
        assert (ROOT / word.removeprefix(copied).lstrip("/")).exists()
    assert yaml.safe_load(lines[3].removeprefix("ENTRYPOINT ")) == ["sync-conformance", "run"]
