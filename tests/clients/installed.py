"""Finding the clients; what is missing is an error that says how to get it, never a skip."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PROGRAMS = FOLDER / "programs"
MODULES = FOLDER / "node_modules"
BINARIES = MODULES / ".bin"


class ClientMissingError(Exception):
    """A client that the tests need is not installed; the message says how to install it."""


def command(name: str) -> str:
    """The path of a command. Raises ClientMissingError."""
    found = shutil.which(name)
    if found is None:
        raise ClientMissingError(f"{name} is not on the path; install it, on Debian with apt-get install {name}.")
    return found


def from_npm(package: str) -> Path:
    """The folder of a package from npm, of the version that package.json pins. Raises ClientMissingError."""
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"][package]
    manifest = MODULES / package / "package.json"
    there = json.loads(manifest.read_text())["version"] if manifest.exists() else "no version"
    if there != wanted:
        raise ClientMissingError(
            f"{package} {wanted} from npm is needed in tests/clients/node_modules and {there} is there; "
            "run `make tests/clients/node_modules`."
        )
    return manifest.parent


@functools.cache
def versions() -> dict[str, str]:
    """What the tests run with; where something is missing, the sentence about it."""
    found = {"twilio (PyPI)": version("twilio")}
    for label, ask in {
        "twilio (npm)": lambda: json.loads((from_npm("twilio") / "package.json").read_text())["version"],
        "twilio-cli (npm)": lambda: json.loads((from_npm("twilio-cli") / "package.json").read_text())["version"],
        "node": lambda: _says("node").removeprefix("v"),
        "curl": lambda: _says("curl").split()[1],
    }.items():
        try:
            found[label] = ask()
        except ClientMissingError as missing:
            found[label] = f"missing: {missing}"
    return found


def _says(name: str) -> str:
    return subprocess.run([command(name), "--version"], capture_output=True, text=True, check=True).stdout.strip()
