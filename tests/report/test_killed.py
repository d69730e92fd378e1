"""A run that is killed leaves what it had found, and never a verdict that it did not reach."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import schemas
from conformance.cli import main
from conformance.errors import UsageError
from conformance.report.document import head_of, rule_record, tail_of
from conformance.report.events import line, read_events
from conformance.report.files import write_report
from conformance.report.mask import Mask
from conformance.report.recorder import Recorder
from report.examples import FAILURES, results

RULES = ("--rule", "FETCH-*", "--rule", "TTL-LIVES")  # the last one waits for some seconds


def started(folder: Path) -> subprocess.Popen[str]:
    """A run against the bundled server that has judged some rules and waits for others."""
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", "--report", str(folder), *RULES],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    events = folder / "events.ndjson"
    while time.monotonic() < deadline and process.poll() is None:
        if events.exists() and events.read_bytes().count(b'"event":"result"') >= 3:
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the run did not get going: {process.communicate()[0]}")


def test_a_killed_run_leaves_a_report_marked_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(tmp_path, {**_document(), "verdict": "conformant"})  # of an earlier run
    process = started(tmp_path)
    process.kill()
    process.communicate()
    left = json.loads((tmp_path / "report.json").read_text())
    assert (left["verdict"], left["complete"]) == ("incomplete", False)
    assert "<h1>Incomplete</h1>" in (tmp_path / "index.html").read_text()

    assert main(["report", str(tmp_path / "events.ndjson")]) == 0
    assert "verdict: incomplete" in capsys.readouterr().out
    document = json.loads((tmp_path / "report.json").read_text())
    assert (document["verdict"], document["complete"], document["exit_code"]) == ("incomplete", False, 2)
    assert document["counts"]["pass"] >= 2
    assert document["counts"]["not_run"] >= 1
    assert document["measurements"] is None
    assert "not reach its end" in (tmp_path / "index.html").read_text()


def test_sigterm_ends_a_run_with_a_whole_report(tmp_path: Path) -> None:
    process = started(tmp_path)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 2, said
    document = json.loads((tmp_path / "report.json").read_text())
    assert (document["verdict"], document["complete"]) == ("incomplete", False)
    assert any("interrupted" in note for note in document["notes"])
    assert document["measurements"]["latency"]
    assert read_events(tmp_path / "events.ndjson") == document


def test_a_line_that_was_cut_while_it_was_written_is_left_out(tmp_path: Path) -> None:
    found = results(FAILURES)
    path = tmp_path / "events.ndjson"
    lines = [line("start", head_of(found)), *(line("result", rule_record(result)) for result in found.results)]
    whole = b"".join(lines[:40])
    for cut in (1, 10, len(lines[40]) - 2):
        path.write_bytes(whole + lines[40][:cut])
        document = read_events(path)
        assert sum(rule["outcome"] != "not_run" for rule in document["rules"]) == 39
        assert not document["complete"]


def test_a_run_killed_at_any_moment_leaves_a_report_or_none_at_all(tmp_path: Path) -> None:
    """Whatever part of the file was written: never a verdict that was not reached, never anything but a sentence."""
    found = results(FAILURES, only="TTL-", measured=True)
    records = [line("result", rule_record(result)) for result in found.results]
    content = b"".join([line("start", head_of(found)), *records, line("end", tail_of(found))])
    first = content.index(b"\n") + 1
    path = tmp_path / "events.ndjson"
    for size in {0, 1, first - 2, *range(first - 1, len(content) - 1, 997), len(content) - 2}:
        path.write_bytes(content[:size])
        if size < first - 1:
            with pytest.raises(UsageError, match="holds no run"):
                read_events(path)
            continue
        document = read_events(path)
        assert not document["complete"]
        assert document["verdict"] in {"incomplete", "not conformant"}
        judged = sum(rule["outcome"] != "not_run" for rule in document["rules"])
        assert content[:size].count(b"\n") - 1 <= judged <= content[:size].count(b"\n")
        assert list(schemas.validator("report").iter_errors(document)) == []
    path.write_bytes(content)
    assert read_events(path)["complete"]


def test_a_run_that_starts_takes_the_record_of_an_earlier_one_away(tmp_path: Path) -> None:
    """So that no moment has the page of one run beside the record of another."""
    recorder = Recorder(tmp_path, Mask())
    recorder.start(results())
    recorder.end(results())
    assert read_events(tmp_path / "events.ndjson")["verdict"] == "conformant"
    (tmp_path / "index.html").unlink()
    (tmp_path / "index.html").mkdir()  # stops the next one at its first file
    recorder = Recorder(tmp_path, Mask())
    with pytest.raises(UsageError):
        recorder.start(results())
    assert not (tmp_path / "events.ndjson").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no run"),
        (b"<html>\n\n", "line 1 is not JSON"),
        (b"[1]\n", "line 1 is not an event"),
        (b'{"event":"start","version":99}\n', "has version 99"),
        (b'{"event":"start","version":1}\n', "is damaged"),
    ],
)
def test_what_is_no_event_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_events(path)
    assert main(["report", str(path)]) == 4
    assert main(["report", str(tmp_path / "nothing.ndjson")]) == 4


def test_results_are_on_record_at_once(tmp_path: Path) -> None:
    found = results(FAILURES)
    recorder = Recorder(tmp_path, Mask())
    recorder.start(found)
    for number, result in enumerate(found.results[:5], start=1):
        recorder.result(result)
        assert (tmp_path / "events.ndjson").read_bytes().count(b"\n") == number + 1
    recorder.close()


def _document() -> dict[str, object]:
    from conformance.report.document import document_of  # noqa: PLC0415

    return document_of(results())
