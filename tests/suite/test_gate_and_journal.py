"""Quiet walks and the journal of what was created."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.gate import Gate
from conformance.journal import Head, Journal, read_journal


def test_nothing_changes_while_it_is_quiet() -> None:
    gate = Gate()
    order: list[str] = []
    quiet = threading.Event()

    def walk() -> None:
        with gate.quiet():
            quiet.set()
            time.sleep(0.1)
            order.append("walked")

    def change() -> None:
        quiet.wait()
        with gate.change():
            order.append("changed")

    threads = [threading.Thread(target=change) for _ in range(4)] + [threading.Thread(target=walk)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert order == ["walked", *["changed"] * 4]


def test_who_holds_the_quiet_may_change_and_nobody_else() -> None:
    gate = Gate()
    order: list[str] = []

    def other() -> None:
        with gate.change():
            order.append("other")

    thread = threading.Thread(target=other)
    with gate.quiet():
        thread.start()
        with gate.change():
            order.append("holder")
        thread.join(timeout=0.05)
    thread.join(timeout=10)
    assert order == ["holder", "other"]


def test_quiet_waits_for_changes_under_way_and_goes_before_new_ones() -> None:
    gate = Gate()
    order: list[str] = []
    under_way, wanted = threading.Event(), threading.Event()

    def first_change() -> None:
        with gate.change():
            under_way.set()
            wanted.wait(5)
            time.sleep(0.05)
            order.append("first")

    def walk() -> None:
        under_way.wait(5)
        wanted.set()
        with gate.quiet():
            order.append("walk")

    def late_change() -> None:
        wanted.wait(5)
        time.sleep(0.02)
        with gate.change():
            order.append("late")

    threads = [threading.Thread(target=one) for one in (first_change, walk, late_change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert order == ["first", "walk", "late"]


def test_changes_go_side_by_side() -> None:
    gate = Gate()
    with gate.change(), gate.change():
        pass


def test_the_journal_knows_what_is_left() -> None:
    journal = Journal()
    journal.creating("n1", "default")
    assert [item.reference for item in journal.leftovers()] == ["n1"]
    journal.created("TO1", "n1", "default")
    journal.created("TO2", None, "IS9")
    assert [(item.reference, item.service) for item in journal.leftovers()] == [("TO2", "IS9"), ("TO1", "default")]
    journal.deleted("n1", "default")
    journal.deleted("TO2", "IS9")
    assert journal.leftovers() == ()


def test_a_create_that_was_refused_stays_suspect_until_it_is_looked_up() -> None:
    journal = Journal()
    journal.creating("n1", "default")
    assert [item.reference for item in journal.leftovers()] == ["n1"]


def test_a_second_create_of_a_known_name_is_nothing_new() -> None:
    journal = Journal()
    journal.creating("n1", "default")
    journal.created("TO1", "n1", "default")
    journal.creating("n1", "default")
    assert [item.reference for item in journal.leftovers()] == ["TO1"]


def test_the_journal_is_on_disk_before_anything_is_sent_and_gone_when_all_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.ndjson"
    journal = Journal(path, head=Head("http://x", "digest", "abc"))
    journal.creating("n1", "default")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert records[0] == {
        "journal": 1, "target": "http://x", "account": "digest", "run": "abc", "started": records[0]["started"]
    }  # fmt: skip
    assert records[1] == {"creating": "n1", "service": "default"}
    journal.close(clean=False)
    head, state = read_journal(path)
    assert (head.target, head.run) == ("http://x", "abc")
    assert [item.reference for item in state.leftovers] == ["n1"]
    again = Journal(tmp_path / "other" / "run.ndjson")
    again.created("TO1", None, "default")
    assert again.path is not None
    again.deleted("TO1", "default")
    again.close(clean=True)
    assert not again.path.exists()


def test_a_nameless_create_is_remembered_until_it_is_answered() -> None:
    journal = Journal()
    first, second = journal.creating(None, "default", "60"), journal.creating(None, "default")
    assert [create.ttl for create in journal.nameless] == ["60", None]
    journal.created("TO1", None, "default", number=first)
    journal.answered(second)
    assert journal.nameless == ()


def test_a_journal_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    journal = Journal(path)
    journal.creating("n1", "default")
    journal.creating("n2", "default")
    journal.close(clean=False)
    path.write_bytes(path.read_bytes()[:-10])
    assert [item.reference for item in read_journal(path)[1].leftovers] == ["n1"]


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping\n")
    with pytest.raises(UsageError, match="no journal"):
        read_journal(path)
