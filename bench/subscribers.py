"""Section `subscribers`: how long a message takes to many subscribers, and what they cost the reference server.

Nothing stands beside it: no other server takes the Sync SDK's subscribers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.processes import StartFailed
from bench.rows import Row
from bench.scale import Crowd, Scale

TESTS = Path(__file__).parents[1] / "tests"  # where the crowd of subscribers is


def rows(scale: Scale) -> Iterator[Row]:
    """One row a crowd, without targets: the figures are what there is to know."""
    for crowd in scale.crowds:
        found = _measured(crowd)
        on = "one stream" if crowd.streams == 1 else f"{crowd.streams:,} streams"
        yield Row(
            f"{crowd.subscribers:,} subscribers on {on}, {crowd.rate:g} messages/s asked for",
            f"{found['published_per_second']}/s published, {found['deliveries_per_second']:,}/s delivered"
            f" ({found['delivered_percent']:g} %); p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms;"
            f" server {found['server_cpu_percent']} % of a core, {found['server_mb']} MB",
        )


def _measured(crowd: Crowd) -> dict[str, Any]:
    """What the load program of the tests prints."""
    numbers = {
        "--subscribers": crowd.subscribers,
        "--streams": crowd.streams,
        "--rate": crowd.rate,
        "--seconds": crowd.seconds,
    }
    words = [str(word) for pair in numbers.items() for word in pair]
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "subscribers.load", *words],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise StartFailed(f"the load on subscribers ended with {done.returncode}: {done.stderr[-300:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
