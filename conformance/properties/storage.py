"""Keeps hypothesis from writing a .hypothesis folder to wherever the suite is started."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import configuration
from hypothesis.internal import charmap

from conformance.properties.together import Together

HOME = "__hypothesis_home_directory"


@contextmanager
def _elsewhere() -> Iterator[None]:
    chosen = vars(configuration).get(HOME)
    default = vars(configuration).get(f"{HOME}_default")
    if (chosen and chosen != default) or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        yield
        return
    with TemporaryDirectory(prefix="sync-conformance-", ignore_cleanup_errors=True) as folder:
        configuration.set_hypothesis_home_dir(Path(folder))
        _make_tables()
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(chosen)


_ELSEWHERE = Together(_elsewhere)


def stored_elsewhere() -> Together:
    """While this is held hypothesis writes its tables of characters to a folder that is removed again.

    A folder that somebody has chosen, in hypothesis or with HYPOTHESIS_STORAGE_DIRECTORY, is left as it is. Also a
    decorator.
    """
    return _ELSEWHERE


def _make_tables() -> None:
    """Makes the tables of characters: once, since threads that need them side by side would make one each.

    That of what UTF-8 can encode, everything but surrogates, is written here: hypothesis needs a second for it.
    """
    if not hasattr(charmap, "charmap_file"):  # another hypothesis than the ones this was written for
        return
    charmap.charmap()
    table = charmap.charmap_file("codec-v2-utf-8")
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_bytes(gzip.compress(json.dumps([[[0, 0xD7FF], [0xE000, 0x10FFFF]], []]).encode()))
