"""Twilio's Sync SDK in Node: where it is, and running a program over it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
MODULES = FOLDER / "node_modules"


class Missing(Exception):
    """Something that the tests need is not installed; the message says how to get it."""


def package(name: str) -> Path:
    """The folder of a package from npm, of the version that package.json pins. Raises Missing."""
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"][name]
    manifest = MODULES / name / "package.json"
    there = json.loads(manifest.read_text())["version"] if manifest.exists() else "no version"
    if there != wanted:
        raise Missing(f"{name} {wanted} is needed in tests/subscribers and {there} is there: run 'npm install' in it")
    return manifest.parent


def node() -> str:
    """The path of Node. Raises Missing."""
    found = shutil.which("node")
    if found is None:
        raise Missing("node is not on the path: install it, on Debian with 'apt-get install nodejs'")
    return found


def run_program(name: str, orders: dict[str, Any], timeout: float = 90) -> Any:
    """What a program of programs/ prints; it must end by itself."""
    package("twilio-sync")
    package("twilsock")
    done = subprocess.run(
        [node(), str(FOLDER / "programs" / name)],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1"},
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-4000:])
    assert done.stderr == ""
    return json.loads(done.stdout)


@contextmanager
def command(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """The command `sync-reference --subscribers` and what it announces; it must not complain of anything."""
    line = [sys.executable, "-m", "reference_impl", "--subscribers", "--port", "0", "--json", "--exit-with-stdin"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    with subprocess.Popen(
        [*line, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean,
        cwd=ROOT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
            process.stdin.close()
            process.stdin = None
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""
        finally:
            process.kill()
