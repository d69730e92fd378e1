"""Keeps threads that generate from reading Python source at the same moment.

hypothesis reads source while it generates. Before Python 3.13 all threads share one count of how deep `ast.parse` is
in, and two of them at once can end in a SystemError, "AST constructor recursion depth mismatch" (CPython issue 106905).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from conformance.properties.together import Together


@contextmanager
def _in_turn() -> Iterator[None]:
    parse, turn = ast.parse, RLock()

    def parse_in_turn(*args: Any, **options: Any) -> Any:
        with turn:
            return parse(*args, **options)

    ast.parse = parse_in_turn
    try:
        yield
    finally:
        ast.parse = parse


_IN_TURN = Together(_in_turn)


def parsing_in_turn() -> Together:
    """While this is held one thread at a time is in `ast.parse`. Also a decorator."""
    return _IN_TURN
