"""The recording of the whole suite that ships is judged as the server was, and holds all that the suite asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conformance.options import Options
from conformance.rules import load_catalogue
from conformance.selection import in_reach

ROOT = Path(__file__).parents[2]
ANEW = (
    "the suite asks for something that cassettes/whole_suite.yaml does not hold: record it anew with 'make cassettes'"
)


def test_the_recording_of_the_whole_suite_is_judged_conformant() -> None:
    command = [sys.executable, "-m", "conformance", "run", "--replay", "cassettes/whole_suite.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    total = len(in_reach(load_catalogue(), Options()))
    assert done.returncode == 0, f"{ANEW}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert f"{total} of {total} rules" in done.stdout, ANEW
    assert "verdict: conformant" in done.stdout
