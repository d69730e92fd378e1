"""Keeps the list of streams still while it is being walked.

A list that changes under a walk may lawfully skip or repeat entries, so walks ask for quiet: creating and
deleting wait meanwhile, everything else goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Many may change at once, or one may have quiet. Whoever asks for quiet goes first."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._changing = 0
        self._quiet_wanted = 0
        self._quiet = False
        self._holder: int | None = None

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around a request that creates or deletes a stream. Lets through the thread that holds the quiet."""
        if self._holder == threading.get_ident():
            yield
            return
        with self._condition:
            self._condition.wait_for(lambda: not self._quiet and not self._quiet_wanted)
            self._changing += 1
        try:
            yield
        finally:
            with self._condition:
                self._changing -= 1
                self._condition.notify_all()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Around a walk. Nothing is created or deleted but by this very thread, which must not ask for quiet again."""
        with self._condition:
            self._quiet_wanted += 1
            self._condition.wait_for(lambda: not self._quiet and not self._changing)
            self._quiet_wanted -= 1
            self._quiet = True
            self._holder = threading.get_ident()
        try:
            yield
        finally:
            with self._condition:
                self._quiet = False
                self._holder = None
                self._condition.notify_all()
