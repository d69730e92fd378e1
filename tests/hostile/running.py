"""The real command against a target, in a process of its own: how it ended, what it said, how long and how much it
took."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
USER, TOKEN = "AC" + "5e" * 16, "token-that-nobody-else-may-see"
BOUND = re.compile(r"this run ends within (?:(\d+) h ?)?(?:(\d+) min ?)?(?:(\d+) s)?,")
PATIENCE = 30.0  # seconds beyond the bound until a run is killed, and so fails its test


@dataclass(frozen=True, slots=True)
class Ended:
    """`seconds` from its printing the bound to its end, `rss` in MB at its highest, `bound` in seconds."""

    code: int
    out: str
    err: str
    seconds: float
    rss: float
    bound: float

    @property
    def said(self) -> str:
        return self.out + self.err


def peak(pid: int) -> float:
    """The highest RSS that process has had, in MB; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def bound_in(text: str) -> float:
    found = BOUND.search(text)
    if found is None:
        return 0.0
    return sum(int(number or 0) * size for number, size in zip(found.groups(), (3600, 60, 1), strict=True))


def run(*words: str, longest: float = 600.0, **environment: str) -> Ended:
    """Runs `sync-conformance run` with these words. Kills it after `longest` seconds: its code is negative then."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TWILIO_")}
    variables = clean | {"TWILIO_ACCOUNT_SID": USER, "TWILIO_AUTH_TOKEN": TOKEN} | environment
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "conformance", "run", *words], cwd=ROOT, env=variables, stdout=out, stderr=err
        )
        rss, printed = 0.0, 0.0
        while process.poll() is None:
            if not printed and os.fstat(out.fileno()).st_size:
                printed = time.monotonic()  # the bound counts from here, however long Python took to start
            rss = max(rss, peak(process.pid))
            if time.monotonic() - began > longest:
                process.kill()
                process.wait()
            time.sleep(0.05)
        seconds = time.monotonic() - (printed or began)
        out.seek(0)
        err.seek(0)
        said = out.read()
        return Ended(process.returncode, said, err.read(), seconds, rss, bound_in(said))


def assert_came_through(ended: Ended, *, codes: tuple[int, ...], says: str) -> None:
    """What holds for every run, however hostile its target was."""
    shown = f"code {ended.code} after {ended.seconds:.1f} s of {ended.bound:g}, {ended.rss:.0f} MB\n{ended.said}"
    assert ended.code in codes, shown
    assert ended.bound, shown
    assert ended.seconds < ended.bound + 15, shown
    assert ended.rss < 500, shown
    assert "Traceback" not in ended.said, shown
    assert "the suite itself failed" not in ended.said, shown
    assert TOKEN not in ended.said, shown
    assert re.search(says, ended.said), shown
    if ended.code == 3:
        assert len(ended.err.strip().splitlines()) == 1, shown
    else:
        assert not ended.err, shown
        assert "verdict: " in ended.out, shown
