"""Recording: what is refused, what survives a crash, and that what was recorded replays."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from proxy_traffic import STARTED, create, exchange, fetch, reply, request

from proxy import recorder as recorder_module
from proxy.cassette import load
from proxy.document import Interaction
from proxy.engine import Engine, Settings
from proxy.errors import CassetteError, RecordingError, RecordingLocked
from proxy.journal import journal_of
from proxy.player import Answer, Player
from proxy.recorder import Recorder
from proxy.redaction import Redactor

ROOT = Path(__file__).parents[2]
LONG = bool(os.environ.get("SYNC_PROXY_LONG_TESTS"))


def test_a_cassette_that_exists_is_not_overwritten(tmp_path: Path, record) -> None:
    path = record(create("orders")).path
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="exists; use the mode append"):
        Recorder(path)
    assert path.read_bytes() == before
    forced = Recorder(path, force=True)
    assert path.read_bytes() == before  # until the new one is whole
    forced.record(fetch())
    forced.close()
    assert load(path).interaction(0).request.method == "GET"


def test_appending_goes_on_with_the_same_pseudonyms(record) -> None:
    path = record(create("orders")).path
    more = Recorder(path, append=True)
    more.record(exchange(request("GET", f"{fetch().request.path[:-35]}/orders"), reply(200, {"unique_name": "orders"})))
    more.close()
    cassette = load(path)
    assert len(cassette) == 2
    name = cassette.interaction(0).request.field("UniqueName")
    assert cassette.interaction(1).request.path.endswith(f"/{name}")
    assert [found.number for found in cassette.interactions()] == [1, 2]


def test_abandoning_leaves_what_was_there(record) -> None:
    path = record(create("orders")).path
    before = path.read_bytes()
    recorder = Recorder(path, append=True)
    recorder.record(fetch())
    recorder.abandon()
    assert path.read_bytes() == before
    assert not journal_of(path).exists()


def test_a_second_recorder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    first = Recorder(path)
    first.record(create("orders"))
    code = "import sys; from proxy.recorder import Recorder; Recorder(sys.argv[1])"
    other = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=False, capture_output=True, text=True)
    assert "is being recorded by another process" in other.stderr
    with pytest.raises(RecordingLocked):
        Recorder(path, append=True)
    first.record(fetch())
    first.close()
    assert len(load(path)) == 2


@pytest.mark.parametrize("name", ["none/c.yaml", "file/c.yaml"])
def test_an_unwritable_path_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match=r"can't be recorded to|can't be read"):
        Recorder(tmp_path / name)


FULL_DISK = """
import resource, signal, sys
sys.path.insert(0, "tests/proxy")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from proxy_traffic import create
from proxy.errors import RecordingError
from proxy.recorder import Recorder
recorder = Recorder(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
for number in range(50):
    try:
        recorder.record(create(f"name-{number}", number))
    except RecordingError as error:
        print(number, error)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
try:
    recorder.record(create("later"))
except RecordingError:
    pass
try:
    recorder.close()
except RecordingError as error:
    print(error)
"""


def test_a_full_disk_ends_the_recording_without_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    out = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    first, last = out.splitlines()
    count = int(first.split()[0])
    assert "can't be written any more" in first
    assert "2 more were answered and not recorded" in last
    assert len(load(path)) == count > 3
    assert load(path).trailer.note


FULL_FROM_THE_START = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from proxy.errors import RecordingError
from proxy.recorder import Recorder
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    Recorder(sys.argv[1])
except RecordingError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 50, 500])
def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(tmp_path: Path, room: int) -> None:
    command = [sys.executable, "-c", FULL_FROM_THE_START, tmp_path / "c.yaml", str(room)]
    out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "can't be recorded to" in out
    assert list(tmp_path.iterdir()) == []


def test_a_client_gets_its_answer_when_recording_fails(tmp_path: Path) -> None:
    told: list[str] = []
    engine = Engine(Settings(tmp_path / "c.yaml", "record"), told.append)
    engine.start()
    os.close(engine.recorder._journal._file)
    engine.keep(create("orders"))  # does not raise
    assert any("can't be written" in message for message in told)


def test_a_recording_that_would_not_replay_is_not_written(tmp_path: Path, monkeypatch) -> None:
    """A redaction that is not repeatable, as a fault in a rule would make it."""
    monkeypatch.setattr(Redactor, "_url", lambda self, url: f"{url}?{random.random()}")
    recorder = Recorder(tmp_path / "c.yaml")
    recorder.record(create("orders"))
    with pytest.raises(RecordingError, match=r"interaction 1 .* would not be found"):
        recorder.close()
    assert not recorder.path.exists()
    assert journal_of(recorder.path).exists()


def test_nothing_is_recorded_after_closing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml")
    recorder.close()
    assert recorder.close() == recorder.path
    with pytest.raises(RecordingError, match="finished"):
        recorder.record(create("orders"))
    assert len(load(recorder.path)) == 0


RECORD_UNTIL_KILLED = """
import sys
sys.path.insert(0, "tests/proxy")
from proxy_traffic import create
from proxy.recorder import Recorder
recorder = Recorder(sys.argv[1], append=True)
number = 0
while True:
    number += 1
    recorder.record(create(f"name-{number}", number))
    print(number, flush=True)
"""


@pytest.mark.parametrize("attempt", range(60 if LONG else 6))
def test_a_kill_at_any_moment_loses_nothing_finished(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / "c.yaml"
    earlier = 0
    for _ in range(2):  # the second one appends to what the first one left
        with subprocess.Popen(
            [sys.executable, "-c", RECORD_UNTIL_KILLED, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "1\n"
            time.sleep(random.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            finished = 1 + len(
                [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            )
        with pytest.raises(CassetteError):
            load(journal_of(path))
        told: list[str] = []
        engine = Engine(Settings(path, "replay"), told.append)
        engine.start()
        count = len(engine.player.cassette)
        assert earlier + finished <= count <= earlier + finished + 1
        assert f"adopted {count} interaction{'s' if count > 1 else ''} of a recording that was interrupted" in told[0]
        assert "adopted" in load(path).trailer.note
        assert isinstance(engine.ask(create("name-1", 1).request), Answer)
        assert not journal_of(path).exists()
        earlier = count


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 30, 400, -1, -5, -200])
def test_a_journal_cut_anywhere_is_adopted_up_to_the_last_whole_interaction(tmp_path: Path, cut: int) -> None:
    recorder = Recorder(tmp_path / "c.yaml", started=STARTED)
    recorder.record(create("orders"))
    one = len(journal_of(recorder.path).read_bytes())
    recorder.record(fetch())
    data = journal_of(recorder.path).read_bytes()
    recorder._journal.release()
    end = one + cut if cut > 0 else len(data) + cut
    journal_of(recorder.path).write_bytes(data[:end])
    with pytest.raises(RecordingError, match=r"adopted 1 interaction .*dropped"):
        Recorder(recorder.path)
    assert len(load(recorder.path)) == 1


def test_a_finished_journal_that_was_not_renamed_yet_is_adopted_whole(tmp_path: Path, record) -> None:
    cassette = record(create("orders"), fetch())
    cassette.path.rename(journal_of(cassette.path))
    Recorder(cassette.path, append=True).close()
    assert len(load(cassette.path)) == 2


def test_a_journal_without_an_interaction_is_no_cassette(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml")
    recorder._journal.release()
    assert journal_of(recorder.path).exists()
    again = Recorder(recorder.path)
    assert again.adopted is None
    again.close()


def test_fifty_threads_record_a_thousand_exchanges(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "c.yaml", started=STARTED)

    def work(worker: int) -> None:
        for number in range(20):
            recorder.record(create(f"worker-{worker}-{number}", worker * 100 + number))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    player = Player(load(recorder.close()))
    for worker in range(50):
        for number in range(20):
            wanted = create(f"worker-{worker}-{number}", worker * 100 + number)
            assert player.answer(wanted.request).response.json() == wanted.response.json()
    assert player.unused() == []


def test_a_document_is_written_at_once(tmp_path: Path, monkeypatch) -> None:
    """One write for each interaction, whatever was recorded before: the cost does not grow."""
    written: list[int] = []
    real = os.write
    recorder = Recorder(tmp_path / "c.yaml")
    monkeypatch.setattr(os, "write", lambda file, data: written.append(len(data)) or real(file, data))
    for number in range(40):
        recorder.record(create(f"name-{number:03}", number))
    assert len(written) == 40
    assert max(written) - min(written) < 20
    recorder.abandon()


def test_interactions_are_values() -> None:
    assert recorder_module.Provenance() == recorder_module.Provenance()
    assert Interaction(1, 0, 0, create("a").request) == Interaction(1, 0, 0, create("a").request)
