"""Threads that generate read Python source one at a time."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance.properties.parsing import parsing_in_turn

THREADS = 4


class Room:
    """A parser that tells how many were in it at once. It waits for company, up to a moment."""

    def __init__(self) -> None:
        self.most = self._inside = 0
        self._change = threading.Condition()

    def parse(self, source: str, **_: Any) -> str:
        with self._change:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self._change.notify_all()
            self._change.wait_for(lambda: self._inside > 1, timeout=0.1)
            self._inside -= 1
        return source


def together(work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def anyhow() -> Iterator[None]:
    yield


@pytest.mark.parametrize(("held", "most"), [(anyhow, THREADS), (parsing_in_turn, 1)])
def test_one_thread_at_a_time_parses(monkeypatch: pytest.MonkeyPatch, held: Any, most: int) -> None:
    room = Room()
    monkeypatch.setattr(ast, "parse", room.parse)
    with held():
        together(lambda: ast.parse("1"))
    assert room.most in range(min(2, most), most + 1)


def test_it_is_put_back_and_answers_as_ever() -> None:
    before = ast.parse
    with parsing_in_turn():
        assert ast.dump(ast.parse("1 + 1", mode="eval")) == ast.dump(before("1 + 1", mode="eval"))
    assert ast.parse is before
