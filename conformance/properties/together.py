"""A change to something that all threads share, for as long as any of them wants it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator, ExitStack
from threading import Lock
from types import TracebackType


class Together(ContextDecorator):
    """A context that the first thread enters and the last one leaves. Also a decorator."""

    def __init__(self, make: Callable[[], AbstractContextManager[None]]) -> None:
        self._make = make
        self._lock = Lock()
        self._held = 0
        self._context = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._held == 0:
                self._context.enter_context(self._make())
            self._held += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._held -= 1
            if self._held == 0:
                self._context.close()
