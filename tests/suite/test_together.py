"""A change that several threads share is made once and undone when the last of them is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.properties.together import Together


def test_the_first_thread_enters_and_the_last_leaves() -> None:
    happened: list[str] = []

    @contextmanager
    def change() -> Iterator[None]:
        happened.append("made")
        yield
        happened.append("undone")

    shared, inside, leave = Together(change), threading.Barrier(4), threading.Event()

    def hold() -> None:
        with shared:
            inside.wait(30)
            leave.wait(30)

    threads = [threading.Thread(target=hold) for _ in range(3)]
    for thread in threads:
        thread.start()
    inside.wait(30)
    assert happened == ["made"]
    leave.set()
    for thread in threads:
        thread.join(30)
    assert happened == ["made", "undone"]
    with pytest.raises(KeyError), shared:
        raise KeyError
    assert happened == ["made", "undone"] * 2
