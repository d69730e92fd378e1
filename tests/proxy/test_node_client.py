"""The official Node library from npm, unmodified, through HTTPS interception.

Needs node, npm and the registry; the package is kept in the user's cache folder between runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from proxy_traffic import ACCOUNT, OTHER_ACCOUNT, SERVICE, TOKEN
from proxy_upstream import upstream

ROOT = Path(__file__).parents[2]
VERSION = "6.2.0"
PROGRAM = """
const client = require("twilio")(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const streams = client.sync.v1.services(process.env.SERVICE).syncStreams;
(async () => {
  const made = await streams.create({ uniqueName: "Ana's orders", ttl: 3600 });
  console.log(made.sid, made.uniqueName, made.accountSid, made.url, made.links, made.dateCreated);
  console.log((await streams("Ana's orders").fetch()).sid === made.sid);
  console.log((await streams(made.sid).streamMessages.create({ data: { to: "Ana", n: 1 } })).data);
  console.log((await streams.list({ limit: 20 })).map((found) => found.uniqueName));
  console.log(await streams(made.sid).remove());
  await streams("Ana's orders").fetch().catch((error) => console.log(error.status, error.code, error.message));
})();
"""


@pytest.fixture(scope="session")
def modules() -> Path:
    """A folder with the package installed in it."""
    npm = shutil.which("npm")
    assert npm, "this test needs node and npm"
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twilio-sync-conformance" / f"npm-{VERSION}"
    )
    if not (cache / "node_modules" / "twilio" / "package.json").exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            cache,
            f"twilio@{VERSION}",
        ]
        subprocess.run(command, check=True, timeout=300)
    return cache


def run(modules: Path, *arguments: str | Path, **changed: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(modules),
        "PYTHONPATH": str(ROOT),
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "SERVICE": SERVICE,
        "NODE_PATH": str(modules / "node_modules"),
        "NO_PROXY": "*",
        **changed,
    }
    command = [sys.executable, "-m", "proxy", *map(str, arguments), "--", "node", "-e", PROGRAM]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done


def test_an_unmodified_program_is_recorded_and_replayed_without_its_server(
    modules: Path, tmp_path: Path, certificate: Path
) -> None:
    cassette = tmp_path / "calls.yaml"
    with upstream(certificate) as server:
        live = run(modules, "record", cassette, "--upstream", server.url, "--upstream-ca", certificate)
        assert len(server.requests) == 6
    assert "Ana's orders" in live.stdout
    assert "404 20404" in live.stdout
    for secret in (TOKEN, ACCOUNT, "Ana"):
        assert secret not in cassette.read_text() + live.stderr
    replayed = run(modules, "replay", cassette, "--all-used")
    assert replayed.stdout == live.stdout
    theirs = run(modules, "replay", cassette, TWILIO_ACCOUNT_SID=OTHER_ACCOUNT, TWILIO_AUTH_TOKEN="another-token")
    assert theirs.stdout == live.stdout.replace(ACCOUNT, OTHER_ACCOUNT)
