"""What a third party pastes into its CI: the action and the GitLab job do what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conformance.cli import main
from conformance.report.document import document_of
from conformance.report.files import write_report
from report.examples import FAILURES, results

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = ACTION["runs"]["steps"]
JUDGE = next(step for step in STEPS if step.get("id") == "run")
FAKE = """#!{python}
import os, shutil, sys
sys.path.insert(0, {root!r})
with open(os.environ["CALLS"], "a") as calls:
    calls.write(repr(sys.argv[1:]) + "\\n")
if sys.argv[1] == "compare":
    from conformance.cli import main
    sys.exit(main())
shutil.copytree(os.environ["PREPARED"], sys.argv[sys.argv.index("--report") + 1], dirs_exist_ok=True)
sys.exit(int(os.environ["CODE"]))
"""


def judge(tmp_path: Path, *, code: int, prepared: Path, **inputs: str) -> tuple[int, list[list[str]], str]:
    """Runs the action's own script with a prepared report; returns exit code, calls of the command, and outputs."""
    command = tmp_path / "sync-conformance" / "bin" / "sync-conformance"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(FAKE.format(python=sys.executable, root=str(ROOT)))
    command.chmod(0o755)
    calls, output = tmp_path / "calls", tmp_path / "output"
    variables = dict.fromkeys(JUDGE["env"], "") | {"REPORT": str(tmp_path / "report")} | inputs
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", JUDGE["run"]],  # as GitHub starts it
        env={**os.environ, **variables, "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(output), "CALLS": str(calls),
             "CODE": str(code), "PREPARED": str(prepared)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    told = output.read_text() if output.exists() else ""
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line.replace("'", '"')) for line in calls.read_text().splitlines()], told


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    good, bad = tmp_path / "good", tmp_path / "bad"
    write_report(good, document_of(results()))
    write_report(bad, document_of(results(FAILURES)))
    return good, bad


def test_the_action_runs_the_suite_and_tells_the_verdict(tmp_path: Path, reports: tuple[Path, Path]) -> None:
    code, calls, told = judge(
        tmp_path, code=1, prepared=reports[1], TARGET="http://x $(touch owned)", ARGUMENTS="--strict\n\n--seed=3\n"
    )
    assert code == 1
    assert calls == [
        ["run", "--report", str(tmp_path / "report"), "--target", "http://x $(touch owned)", "--strict", "--seed=3"]
    ]
    assert told == "verdict=not conformant\n"


def test_with_a_baseline_only_a_regression_fails(tmp_path: Path, reports: tuple[Path, Path]) -> None:
    good, bad = (str(path / "report.json") for path in reports)
    assert judge(tmp_path, code=1, prepared=reports[1], BASELINE=bad)[0] == 0
    assert judge(tmp_path, code=1, prepared=reports[1], BASELINE=good)[0] == 1
    assert (tmp_path / "report" / "matrix.html").exists()


def test_a_target_that_is_not_there_fails_the_job(tmp_path: Path, reports: tuple[Path, Path]) -> None:
    assert judge(tmp_path, code=3, prepared=reports[0], BASELINE=str(reports[0] / "report.json"))[0] == 3


def test_no_input_is_pasted_into_a_script() -> None:
    assert not [step for step in STEPS if "${{" in step.get("run", "")]
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(ACTION["inputs"])


def test_the_recipes_in_the_documentation_are_yaml_and_use_options_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (ROOT / "docs" / "report.md").read_text("utf-8")
    recipes = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    (with_,) = [step["with"] for step in recipes[0]["jobs"]["conformance"]["steps"] if "with" in step]
    assert set(with_) <= set(ACTION["inputs"])
    job = recipes[1]["conformance"]
    for script in (recipes[0]["jobs"]["conformance"]["steps"][1]["run"], "\n".join(job["script"])):
        start, wait = script.index("start-my-emulator"), script.index("--retry-connrefused http://127.0.0.1:8080/")
        assert (
            start < wait < (script.index("sync-conformance run") if "sync-conformance run" in script else len(script))
        )
    folder = job["artifacts"]["reports"]["junit"].partition("/")[0]
    assert any(f"--report {folder}" in line for line in job["script"])
    for command in ("run", "report", "compare"):
        assert main([command, "--help"]) == 0
    help_text = capsys.readouterr().out
    ours = re.sub(r"^.*\bcurl --silent.*$", "", text, flags=re.MULTILINE)
    documented = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", ours)) - {"--port", "--quiet"}
    assert {option for option in documented if option not in help_text} == set()
