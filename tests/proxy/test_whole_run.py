"""The whole suite on the reference server, recorded through the proxy, and judged again when the server is gone."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from faulty.serving import CREDENTIALS, serving

from conformance.options import Options
from conformance.rules import load_catalogue
from conformance.selection import in_reach
from proxy.cassette import load

ROOT = Path(__file__).parents[2]
LOGIN = {"TWILIO_ACCOUNT_SID": CREDENTIALS.username, "TWILIO_AUTH_TOKEN": CREDENTIALS.password}
SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("TWILIO_")}


def run(*words: object, **login: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance", "run", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, env=CLEAN | login, capture_output=True, text=True, timeout=300, check=False
    )


def outcomes(report: Path) -> dict[str, tuple[str, str]]:
    """What was found of each rule, in the words of the report; but for sids, in whose place a cassette has others."""
    document = json.loads((report / "report.json").read_text("utf-8"))
    return {rule["id"]: (rule["outcome"], SID.sub("a sid", rule["message"])) for rule in document["rules"]}


@contextmanager
def counting(url: str) -> Iterator[list[object]]:
    """Who connects where the server was."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", urlsplit(url).port or 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, peer = listener.accept()
                except OSError:
                    return
                seen.append(peer)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield seen
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_the_whole_suite_is_judged_alike_when_the_server_is_gone(tmp_path: Path) -> None:
    cassette = tmp_path / "run.yaml"
    with serving({}) as url:
        target = ("--target", url, "--second-service-sid", "second", "--generated", "0.02")
        live = run(*target, "--record", cassette, "--report", tmp_path / "live", **LOGIN)
    assert live.returncode in {0, 2}, live.stdout + live.stderr  # 2: this machine was too busy for some rule
    text = cassette.read_text()
    for secret in LOGIN.values():
        assert secret not in text
    with counting(url) as connections:
        again = run("--replay", cassette, "--report", tmp_path / "again")
    assert again.returncode == live.returncode, again.stdout + again.stderr
    assert connections == []
    found = outcomes(tmp_path / "again")
    assert found.keys() == {rule.id for rule in in_reach(load_catalogue(), Options())}
    assert {rule: what for rule, what in found.items() if what != outcomes(tmp_path / "live")[rule]} == {}
    assert len(load(cassette)) > 2000
