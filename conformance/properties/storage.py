"""Keeps hypothesis from writing a .hypothesis folder to wherever the suite is started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import configuration

HOME = "__hypothesis_home_directory"


@contextmanager
def stored_elsewhere() -> Iterator[None]:
    """While this is held hypothesis writes its tables of characters to a folder that is removed again.

    A folder that somebody has chosen, in hypothesis or with HYPOTHESIS_STORAGE_DIRECTORY, is left as it is. Also a
    decorator, as all context managers of this kind are.
    """
    chosen = vars(configuration).get(HOME)
    default = vars(configuration).get(f"{HOME}_default")
    if (chosen and chosen != default) or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        yield
        return
    with TemporaryDirectory(prefix="sync-conformance-", ignore_cleanup_errors=True) as folder:
        configuration.set_hypothesis_home_dir(Path(folder))
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(chosen)
