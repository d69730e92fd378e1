"""Running each client over its steps: one process for all of them, told on standard input, answering in JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .commands import Curl
from .installed import BINARIES, MODULES, PROGRAMS, ROOT, command, from_npm
from .serving import Server
from .table import steps_of

THROUGH_PROXY = ("cli",)  # twilio-cli has no setting for another host but a proxy
CANONICAL = "https://sync.twilio.com"


def environment(server: Server, home: Path) -> dict[str, str]:
    """What a user's shell would hold, and nothing of ours."""
    return {
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TWILIO_ACCOUNT_SID": server.account_sid,
        "TWILIO_AUTH_TOKEN": server.auth_token,
        "NODE_PATH": str(MODULES),
        # twilio-cli would look for a newer version of itself, and install it.
        "TWILIO_SKIP_NEW_VERSION_CHECK": "true",
        "TWILIO_DISABLE_AUTOUPDATE": "true",
        "NODE_NO_WARNINGS": "1",
    }


def behind_proxy(server: Server, words: list[str]) -> list[str]:
    """A command line that runs another behind sync-proxy, which sends all to the server."""
    return [sys.executable, "-m", "proxy", "passthrough", "--upstream", server.url, "--", *words]


def outcomes_of(client: str, server: Server, home: Path) -> dict[str, Any]:
    """What each step of a client came to, by the step's id: `value`, `error` or `crash`."""
    steps = [step.told(client) for step in steps_of(client)]
    if client == "curl":
        return Curl(server).run(steps)
    variables = environment(server, home) | {"SYNC_URL": server.url}
    match client:
        case "python" | "python-async":
            words = [sys.executable, str(PROGRAMS / f"drive_{client.replace('-', '_')}.py")]
        case "node":
            from_npm("twilio")
            words = [command("node"), str(PROGRAMS / "drive_node.cjs")]
        case _:
            from_npm("twilio-cli")
            words = behind_proxy(server, [command("node"), str(PROGRAMS / "drive_cli.cjs")])
            variables["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        words, input=json.dumps(steps), env=variables, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-4000:])
    return json.loads(done.stdout)


@contextmanager
def reference_server(*options: str) -> Iterator[Server]:
    """The command `sync-reference` on a free port."""
    line = [sys.executable, "-m", "reference_impl", "--port", "0", "--json", "--exit-with-stdin", *options]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean, cwd=ROOT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Server(**json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


@contextmanager
def proxying(server: Server, folder: Path) -> Iterator[dict[str, str]]:
    """The variables that lead a client through a `sync-proxy` to the server, as a user would set them."""
    line = [sys.executable, "-m", "proxy", "passthrough", "--upstream", server.url, "--confdir", str(folder)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            address, _, authority = process.stdout.readline().strip().partition(", trust ")
            url = address.removeprefix("sync-proxy proxying on ")
            assert url.startswith("http://")
            yield {
                **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY"), url),
                **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), authority),
            }
        finally:
            process.terminate()
