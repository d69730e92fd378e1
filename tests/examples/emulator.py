"""Starts `docs/examples/node-emulator/server.mjs`, or a changed copy of it, on a free port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.target import Credentials

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "docs" / "examples" / "node-emulator" / "server.mjs"
LOGIN = Credentials("AC0123456789abcdef0123456789abcdef", "a-token-of-this-test")
VARIABLES = {"TWILIO_ACCOUNT_SID": LOGIN.username, "TWILIO_AUTH_TOKEN": LOGIN.password}


class NoNode(Exception):
    """The message says what to install."""


@contextmanager
def emulating(program: Path = SERVER) -> Iterator[str]:
    """The URL of the emulator, with the services `default` and `second`. Raises NoNode, never skips."""
    node = shutil.which("node")
    if node is None:
        raise NoNode("node is not there: install Node.js 18 or newer (Debian: apt-get install nodejs)")
    process = subprocess.Popen(
        [node, str(program)],
        env={**os.environ, **VARIABLES, "PORT": "0", "SERVICES": "default,second"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()  # ends at once, empty, when node does
        assert said.startswith("listening on "), f"{program} did not start"
        yield said.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
