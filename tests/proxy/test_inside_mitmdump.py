"""The addon inside the user's own mitmdump."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from proxy_traffic import ACCOUNT, STREAMS, TOKEN
from proxy_upstream import Upstream

from proxy.misses import STATUS

ROOT = Path(__file__).parents[2]


def mitmdump(*arguments: str | Path, **options: object) -> subprocess.Popen[str]:
    program = Path(sys.executable).with_name("mitmdump")
    command = [program, "-s", ROOT / "proxy" / "addon.py", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_the_addon_replays_inside_mitmdump_and_forwards_nothing(
    recorded, server: Upstream, confdir: Path, tmp_path: Path
) -> None:
    path, _, _ = recorded
    port = free_port()
    process = mitmdump(
        "--set", f"cassette={path}", "--set", "cassette_mode=replay", "--set", f"confdir={confdir}",
        "--mode", f"reverse:{server.url}@127.0.0.1:{port}", cwd=tmp_path,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                first = requests.get(url + STREAMS, auth=(ACCOUNT, TOKEN), timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        assert first.status_code == 200
        assert requests.get(url + STREAMS, auth=(ACCOUNT, TOKEN), timeout=5).status_code == STATUS
        assert requests.get(url + "/else", timeout=5).status_code == STATUS
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert server.connections == 0
    assert "used-up" in said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["cassette=none.yaml", "cassette_mode=reply"], "there is no mode 'reply'"),
        (["cassette=c.yaml", "cassette_mode=record", "cassette_keep=true"], "no option cassette_keep"),
    ],
)
def test_the_addon_ends_mitmdump_when_it_can_not_work(
    tmp_path: Path, confdir: Path, settings: list[str], sentence: str
) -> None:
    options = [part for setting in (*settings, f"confdir={confdir}") for part in ("--set", setting)]
    process = mitmdump(*options, "--mode", "regular@127.0.0.1:0", cwd=tmp_path)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert sentence in " ".join(said.split())
