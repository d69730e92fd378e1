"""The suite on a stand-in for the real service: TLS under its name, far away, busy, and used by others meanwhile.

The verdict is what it is nearby, and however a run is stopped nothing of it remains and nothing of others is missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

import schemas
from live.front import HOST
from live.weather import Fate
from live.world import ACCOUNT, KEY, World, world

LONG = os.environ.get("LIVE") == "all"
SEEDS = (1, 2, 3, 4, 5) if LONG else (1,)
SHARE = "1" if LONG else "0.05"
END = "the end, seed "
ENOUGH = 40  # streams of ours, until a run is stopped
TARGET = ("--target", f"https://{HOST}", "--second-service-sid", "second")
RUN = ("run", *TARGET, "--live")


def whole_run(seed: int) -> dict[str, object]:
    """The whole suite, and what the world is like afterwards."""
    with world(seed) as there:
        words = ("--seed", str(seed), "--generated", SHARE, "--report", str(there.folder / "report"))
        code, said = there.call(*RUN, *words)
        report = json.loads((there.folder / "report/report.json").read_text("utf-8"))
        assert_undisturbed(there, said)
        return {"code": code, "said": said, "report": report, "fates": dict(there.weather.seen)}


def assert_undisturbed(there: World, said: str) -> None:
    """Nothing of ours is there, nothing of others is missing, and no stranger was asked for.

    A stream without a name and a Ttl of the run's own can't be told from those of others when the answer to its create
    was lost; then it was named.
    """
    there.tenants.stop()
    assert there.missing() == set(), said
    for stream in there.ours():
        assert stream["unique_name"] is None, (stream, said)
        assert stream["sid"] in said, (stream, said)
    assert there.front.strangers == []
    assert ACCOUNT.password not in said
    assert KEY.password not in said
    assert "Traceback" not in said, said


@contextlib.contextmanager
def started(there: World, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has made some streams."""
    process = there.start(*RUN, "--generated", "0.05", *words)
    try:
        deadline = time.monotonic() + 120
        while len(there.ours()) < ENOUGH:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield process
    finally:
        process.kill()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def interrupted(number: int) -> str:
    """A signal ends the run, which cleans up and judges nothing more."""
    with world(number) as there, started(there) as process:
        process.send_signal(number)
        said, _ = process.communicate()
        assert process.returncode == 2, said
        assert "verdict: incomplete" in said
        assert re.search(r"cleaned up: \d+ streams made, all of them deleted", said), said
        assert list(there.folder.rglob("*.ndjson")) == []
        assert_undisturbed(there, said)
    return said


def wait_for_what_is_under_way(there: World) -> None:
    """Until the killed process' last requests took effect: nobody is connected any more, and nothing more came."""
    deadline, seen, calm = time.monotonic() + 60, -1, 0
    while calm < 5:
        assert time.monotonic() < deadline, there.front.connected
        time.sleep(0.1)
        requests = there.front.requests
        calm = calm + 1 if not there.front.connected and requests == seen else 0
        seen = requests


def killed(there: World, *words: str) -> None:
    with started(there, *words) as process:
        process.kill()
        process.wait(20)
    wait_for_what_is_under_way(there)
    assert there.ours()
    assert len(list(there.folder.rglob("*.ndjson"))) == 1


def killed_then_cleaned() -> str:
    """`clean` lists first, asks for `--live`, and then deletes. With an API key."""
    with world(21) as there:
        there.environment |= {"TWILIO_ACCOUNT_SID": KEY.username, "TWILIO_AUTH_TOKEN": KEY.password}
        killed(there)
        before = there.front.requests
        code, listed = there.call("clean", "--dry-run")
        assert code == 0, listed
        assert "nothing was deleted" in listed
        code, refused = there.call("clean")
        assert code == 4, refused
        assert "add --live" in refused
        assert there.front.requests == before
        for stream in there.ours():
            assert stream["sid"] in listed or (stream["unique_name"] or "creates without") in listed, listed
        code, said = there.call("clean", "--live")
        assert code == 0, said
        assert list(there.folder.rglob("*.ndjson")) == []
        assert_undisturbed(there, said)
        code, again = there.call("clean", "--live")
        assert code == 0, again
        assert "nothing to clean up" in again
    return said


def killed_then_run_again() -> str:
    """The next run on the same target cleans up after the one that was killed, also with the same seed."""
    with world(22) as there:
        killed(there, "--seed", "5")
        code, said = there.call(*RUN, "--rule", "FETCH-BY-*", "--seed", "5")
        assert code == 0, said
        assert re.search(r"the run \w+ of [\dT:+-]+ was cut off: \d+ streams made, all of them deleted", said), said
        assert list(there.folder.rglob("*.ndjson")) == []
        assert_undisturbed(there, said)
    return said


def lasting(there: World) -> set[str]:
    """Streams of ours that don't expire while the test lasts."""
    return {stream["sid"] for stream in there.ours() if stream["date_expires"] is None}


def somebody_elses_journal() -> str:
    """`clean` with another account leaves alone what it can't know anything about."""
    with world(23) as there:
        killed(there)
        before = lasting(there)
        assert before
        code, said = there.call("clean", "--live", TWILIO_ACCOUNT_SID=KEY.username, TWILIO_AUTH_TOKEN=KEY.password)
        assert code == 0, said
        assert "of other accounts or targets" in said
        assert lasting(there) == before
        code, said = there.call("clean", "--live")
        assert_undisturbed(there, said)
    return said


WAYS: dict[str, Callable[[], object]] = {
    **{f"{END}{seed}": lambda seed=seed: whole_run(seed) for seed in SEEDS},  # type: ignore[misc]
    "Ctrl-C": lambda: interrupted(signal.SIGINT),
    "SIGTERM": lambda: interrupted(signal.SIGTERM),
    "SIGHUP": lambda: interrupted(signal.SIGHUP),
    "kill -9, then clean": killed_then_cleaned,
    "kill -9, then the next run": killed_then_run_again,
    "kill -9, then clean as somebody else": somebody_elses_journal,
}


@pytest.fixture(scope="module")
def ended() -> Iterator[dict[str, Future[object]]]:
    """Whole runs one after the other, since some rules are about seconds; then the others side by side."""
    runs: dict[str, Future[object]] = {}
    with ThreadPoolExecutor(5) as pool:
        for name, way in WAYS.items():
            runs[name] = pool.submit(way)
            if name.startswith(END):
                runs[name].exception()
        yield runs


@pytest.mark.parametrize("seed", SEEDS)
def test_the_verdict_is_what_it_is_nearby(seed: int, ended: dict[str, Future[object]]) -> None:
    run = ended[f"{END}{seed}"].result()
    assert isinstance(run, dict)
    assert run["code"] == 0, run["said"]
    report = run["report"]
    print(f"{report['statistics']}, {run['fates']}")  # shown with -rP
    schemas.validator("report").validate(report)
    assert report["verdict"] == "conformant", run["said"]
    assert report["statistics"]["retries"] > 0
    assert run["fates"][Fate.THROTTLED] > 0
    assert sum(run["fates"][fate] for fate in (Fate.LOST, Fate.UNTOLD, Fate.CUT)) > 0
    assert report["deletion"]["made"] > 300  # those of the written scenarios; how many are generated varies
    assert report["deletion"]["left"] == []
    assert {look["service"] for look in report["deletion"]["looks"]} >= {"default", "second"}
    assert all(look["whole"] for look in report["deletion"]["looks"])


@pytest.mark.parametrize("way", [name for name in WAYS if not name.startswith(END)])
def test_nothing_remains_and_nothing_is_missing(way: str, ended: dict[str, Future[object]]) -> None:
    assert ended[way].result()
