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

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around a request that creates or deletes a stream."""
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
        """Around a walk. Whoever holds it must not create or delete."""
        with self._condition:
            self._quiet_wanted += 1
            self._condition.wait_for(lambda: not self._quiet and not self._changing)
            self._quiet_wanted -= 1
            self._quiet = True
        try:
            yield
        finally:
            with self._condition:
                self._quiet = False
                self._condition.notify_all()
