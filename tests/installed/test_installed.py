"""What users install: the suite by itself, and the proxy added to it, each in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("conformance", "proxy", "reference_impl", "schemas")
FEW = ("run", "--quick", "--rule", "FETCH-*")


class Installed:
    """A virtual environment with the distribution in it, and a folder outside the checkout to work in."""

    def __init__(self, folder: Path) -> None:
        self.sources, self.work, self._venv = folder / "sources", folder / "work", folder / "venv"
        self.work.mkdir()
        for name in PACKAGES:  # built from a copy, as what an earlier build left in the checkout would be taken along
            shutil.copytree(ROOT / name, self.sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt"):
            shutil.copy(ROOT / name, self.sources)
        venv.create(self._venv, with_pip=True)

    def install(self, what: str) -> None:
        command = ["python", "-m", "pip", "install", "--quiet", "--constraint", "constraints.txt", what]
        done = self.run(*command, folder=self.sources)
        assert done.returncode == 0, done.stderr

    def run(self, program: str, *words: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWILIO_", "PYTHON"))}
        command = [str(self._venv / "bin" / program), *map(str, words)]
        return subprocess.run(
            command, cwd=folder or self.work, env=kept, capture_output=True, text=True, timeout=300, check=False
        )

    def has(self, module: str) -> bool:
        return self.run("python", "-c", f"import {module}").returncode == 0


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = Installed(tmp_path_factory.mktemp("installed"))
    made.install(".")
    return made


def test_the_suite_alone_runs_without_mitmproxy(installed: Installed) -> None:
    assert not installed.has("mitmproxy")
    done = installed.run("sync-conformance", *FEW)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: conformant" in done.stdout
    assert "/venv/" in installed.run("python", "-c", "import conformance; print(conformance.__file__)").stdout
    assert installed.run("sync-reference", "--help").returncode == 0
    checked = installed.run("sync-proxy", "check", ROOT / "cassettes" / "twilio_python.yaml")
    assert checked.returncode == 0, checked.stderr
    for program, words in (
        ("sync-proxy", ("record", "c.yaml", "--", "true")),
        ("sync-conformance", (*FEW, "--record", "c.yaml")),
    ):
        done = installed.run(program, *words)
        assert done.returncode == 3
        assert "pip install 'twilio-sync-conformance[proxy]'" in done.stderr
    assert list(installed.work.glob("c.yaml*")) == []


def test_the_proxy_is_added_to_it_with_the_mitmproxy_of_this_python(installed: Installed) -> None:
    installed.install(".[proxy]")
    version = installed.run("python", "-c", "from mitmproxy.version import VERSION; print(VERSION)").stdout
    assert version.startswith("11." if sys.version_info < (3, 12) else "12.")
    for words in ((*FEW, "--record", "run.yaml"), ("run", "--replay", "run.yaml")):
        done = installed.run("sync-conformance", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    code = "import os, urllib.request as u; print(u.urlopen(u.Request(os.environ['SYNC_PROXY_URL'] + '/x')).status)"
    missed = installed.run("sync-proxy", "replay", "run.yaml", "--", sys.executable, "-c", code)
    assert missed.returncode == 1, missed.stdout + missed.stderr
    assert "miss (" in missed.stderr
