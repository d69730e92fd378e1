"""The examples of docs/subscribers.md run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from reference_impl.pytest_plugin import serving

from .client import publish, rest
from .sdk import FOLDER, MODULES, ROOT, node, package

TEXT = (FOLDER.parents[1] / "docs" / "subscribers.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_node_example_receives_a_message_and_ends(tmp_path: Path) -> None:
    package("twilio-sync")
    (program,) = blocks("js")
    (tmp_path / "example.cjs").write_text(program, "utf-8")
    (tmp_path / "node_modules").symlink_to(MODULES)
    with serving() as server:
        rest(server, "POST", "", UniqueName="greetings")
        environment = {"PATH": os.environ["PATH"], "SYNC_URL": server.url, "SYNC_TOKEN": server.token("alice")}
        with subprocess.Popen(
            [node(), str(tmp_path / "example.cjs")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                server.wait_for_subscribers("greetings", timeout=60)
                publish(server, "greetings", {"hello": "world"})
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()
    assert (process.returncode, out, err) == (0, '{"hello":"world"}\n', "")


def test_the_pytest_example_passes(tmp_path: Path) -> None:
    for block in blocks("python"):
        name = block.split("\n", 1)[0].removeprefix("# ")
        (tmp_path / name).write_text(block, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
