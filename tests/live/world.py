"""A stand-in for the real service with everything around it, and the command run against it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostile.certificates import certificate
from hostile.running import ROOT

from conformance.target import Credentials
from live.front import HOST, Front, fronting
from live.tenants import Tenants
from live.weather import TYPICAL, Climate, Weather

ACCOUNT = Credentials("AC" + "1f" * 16, "token-of-the-account")
KEY = Credentials("SK" + "2e" * 16, "secret-of-the-key")
# Whoever starts these tests under nohup, or behind an `&` in a script, has them ignore what a terminal sends.
AS_IN_A_TERMINAL = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass
class World:
    """`environment` is what the command needs to find it: a proxy, a CA and credentials."""

    front: Front
    tenants: Tenants
    weather: Weather
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-c", AS_IN_A_TERMINAL, "-m", "conformance", *words]

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """The command, begun."""
        return subprocess.Popen(
            self.command(*words), cwd=ROOT, env=self.environment | more, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def call(self, *words: str, **more: str) -> tuple[int, str]:
        """The command, run to its end: exit code and all that it said."""
        process = self.start(*words, **more)
        said, _ = process.communicate()
        return process.returncode, said

    def ours(self) -> list[dict[str, Any]]:
        """Streams that nobody else has made."""
        found = []
        for service in ("default", "second"):
            found += [each for sid, each in self.tenants.everything(service).items() if sid not in self.tenants.sids]
        return found

    def missing(self) -> set[str]:
        """Streams of others that are gone."""
        return self.tenants.sids - self.tenants.everything().keys()


@contextmanager
def reference_server() -> Iterator[str]:
    words = [
        sys.executable, "-m", "reference_impl", "--port", "0", "--exit-with-stdin", "--account-sid", ACCOUNT.username,
        "--auth-token", ACCOUNT.password, "--api-key", f"{KEY.username}:{KEY.password}",
    ]  # fmt: skip
    process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@contextmanager
def world(seed: int, climate: Climate = TYPICAL) -> Iterator[World]:
    """The service, its other tenants at work, and the weather of that seed."""
    with tempfile.TemporaryDirectory() as name, reference_server() as url:
        folder = Path(name)
        weather = Weather(seed, climate)
        ca = certificate(folder, name=HOST)
        with fronting(url, weather, ca) as front, Tenants(url, ACCOUNT, seed) as tenants:
            clean = {key: value for key, value in os.environ.items() if not key.startswith("TWILIO_")}
            environment = clean | {
                "HTTPS_PROXY": front.proxy,
                "REQUESTS_CA_BUNDLE": str(ca),
                "XDG_STATE_HOME": str(folder / "state"),
                "TWILIO_ACCOUNT_SID": ACCOUNT.username,
                "TWILIO_AUTH_TOKEN": ACCOUNT.password,
            }
            yield World(front, tenants, weather, folder, environment)
