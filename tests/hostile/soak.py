"""Runs, recordings and replays in a loop, for as long as wanted; memory and open files must stay flat.

    PYTHONPATH=tests python -m hostile.soak --minutes 60

One reference server, one proxy that forwards, and one process that runs the suite live through all of it. The suite
runs against the server, against it through the proxy, with --record, and with --replay of that recording. After each
run the memory (RSS, MB) and the open files of the three are sampled. Exit code 1 when a run did not end as it should,
or when one of them grew.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bystanders.serving import process, raise_limit, reference_server

from hostile.running import ROOT, TOKEN, USER

KINDS = ("plain", "through the proxy", "recorded", "replayed")
WORDS = ("--quick", "--level", "must", "--generated", "0.2")
WARM = 1 / 3  # of the samples: until then caches and pools fill
GROWTH = 0.10  # between the second third and the last, and
SLACK = 8.0  # MB that count as nothing


@dataclass
class Watched:
    """A process and what was seen of it, run by run."""

    name: str
    pid: int
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def sample(self) -> None:
        words = Path(f"/proc/{self.pid}/statm").read_text().split()
        self.memory.append(int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2)
        self.files.append(len(list(Path(f"/proc/{self.pid}/fd").iterdir())))

    def thirds(self) -> tuple[float, float]:
        """The median memory of the second and of the last third of the samples."""
        start = int(len(self.memory) * WARM)
        middle = (start + len(self.memory)) // 2
        return statistics.median(self.memory[start : middle + 1]), statistics.median(self.memory[middle:])

    def flat(self) -> bool:
        return is_flat(*self.thirds()) and max(self.files[-4:]) <= max(self.files[:8]) + 8

    def __str__(self) -> str:
        before, after = self.thirds()
        return (
            f"{self.name:<24} {self.memory[0]:7.1f} {before:9.1f} {after:9.1f} {max(self.memory):9.1f}"
            f" {self.files[0]:7} {max(self.files):6} {self.files[-1]:6}  {'flat' if self.flat() else 'GROWS'}"
        )


def is_flat(before: float, after: float) -> bool:
    return after - before <= max(SLACK, before * GROWTH)


HEADER = (
    f"{'':<24} {'MB first':>7} {'2nd third':>9} {'3rd third':>9} {'highest':>9} {'files':>6} {'most':>6} {'last':>6}"
)


class Suite:
    """The process that runs the suite."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TWILIO_")}
        variables = clean | {"TWILIO_ACCOUNT_SID": USER, "TWILIO_AUTH_TOKEN": TOKEN}
        variables["XDG_STATE_HOME"] = str(folder)
        variables["PYTHONPATH"] = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
        self._process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "hostile.looping"],
                cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        self.pid = self._process.pid

    def run(self, words: Sequence[str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(["run", *words]) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()


def soak(seconds: float, words: Sequence[str], *, tell: Any = print) -> bool:
    """Whether everything went well and stayed flat. `tell` gets the figures, also after Ctrl-C."""
    raise_limit()
    wrong = 0
    took: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(reference_server(folder))
        url = "http://{}:{}".format(*server.address)
        forwarding = ["proxy", "passthrough", "--upstream", url, "--confdir", str(folder)]
        pid, _, lines = stack.enter_context(process(forwarding, folder, 2))
        through = lines[0].split()[-1]
        suite = Suite(stack, folder / "state")
        stack.callback(suite.end)
        watched = [Watched("reference server", server.pid), Watched("proxy", pid), Watched("suite", suite.pid)]
        began = time.monotonic()
        number = 0
        try:
            while time.monotonic() - began < seconds or number % len(KINDS):
                kind = KINDS[number % len(KINDS)]
                tape = folder / "run.yaml"
                where = {
                    "plain": ["--target", url, *words],
                    "through the proxy": ["--target", through, *words],
                    "recorded": ["--target", url, "--record", str(tape), *words],
                    "replayed": ["--replay", str(tape)],
                }[kind]
                seed = [] if kind == "replayed" else ["--seed", str(number)]
                answer = suite.run([*where, *seed])
                took[kind].append(answer["seconds"])
                if answer["code"] != 0:
                    wrong += 1
                    tell(f"run {number} ({kind}) ended with {answer['code']}: {answer['said'][:500]}")
                if kind == "replayed":
                    tape.unlink(missing_ok=True)
                for each in watched:
                    each.sample()
                number += 1
        except KeyboardInterrupt:
            tell("ended early, by Ctrl-C")
        minutes = (time.monotonic() - began) / 60
    tell(f"{number} runs in {minutes:.1f} min, {wrong} of them not conformant or broken off")
    tell(", ".join(f"{kind}: {len(each)} of {statistics.median(each):.1f} s" for kind, each in took.items()))
    tell("\n".join([HEADER, *map(str, watched)]))
    return not wrong and all(each.flat() for each in watched)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("words", nargs="*", default=WORDS, help="options of the runs (after --)")
    given = parser.parse_args()
    return 0 if soak(given.minutes * 60, given.words) else 1


if __name__ == "__main__":
    sys.exit(main())
