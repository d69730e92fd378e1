"""Deletes what earlier runs have left on a target because they were killed: the journals tell what that may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conformance.cleaning import Cleaner
from conformance.deletion import Deletion
from conformance.errors import UsageError
from conformance.journal import Head, Journal, journals_in
from conformance.streams import Streams


@dataclass(frozen=True, slots=True)
class Recovered:
    """An earlier run, and what became of its streams."""

    head: Head
    deletion: Deletion

    def __str__(self) -> str:
        return f"the run {self.head.run} of {self.head.started} was cut off: {self.deletion}"


def left_journals(folder: Path) -> Iterator[Journal]:
    """The journals of runs that have ended without cleaning up. Who takes one closes it."""
    for path in journals_in(folder):
        with suppress(UsageError):  # gone meanwhile, of another version, or no journal
            if (journal := Journal.resumed(path)) is not None:
                yield journal


def recover(folder: Path, ours: Head, streams_for: Callable[[Journal], Streams]) -> Iterator[Recovered]:
    """Cleans up after the runs of the same account on the same target."""
    for journal in left_journals(folder):
        if (journal.head.target, journal.head.account) == (ours.target, ours.account):
            yield clean_after(journal, streams_for(journal))
        else:
            journal.close(clean=False)


def clean_after(journal: Journal, streams: Streams) -> Recovered:
    """Cleans up after the run that left this journal, which is closed then."""
    deletion = Cleaner(streams, journal).clean()
    journal.close(clean=deletion.settled)
    return Recovered(journal.head, deletion)
