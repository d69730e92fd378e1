"""Writes a run's report: a first page and the events while it goes, everything at its end."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from conformance.errors import UsageError
from conformance.report.document import assemble, head_of, rule_record, tail_of
from conformance.report.events import NAME, line
from conformance.report.files import write_report
from conformance.report.mask import Mask
from conformance.results import Results, RuleResult

GOING = (
    "this run has not ended: it is still going, or was killed;"
    f" 'sync-conformance report {NAME}' makes the report of what it had found"
)


class Recorder:
    """One run's report in a folder; without a folder it writes nothing and only makes the document.

    `start` replaces what an earlier run left there, so an old verdict never stands for a run that was killed.
    """

    def __init__(self, folder: Path | None, mask: Mask) -> None:
        self._folder = folder
        self._mask = mask
        self._events: IO[bytes] | None = None
        self._recorded: set[str] = set()
        self.written: tuple[Path, ...] = ()

    def start(self, results: Results) -> None:
        """`results` name the rules that will be judged. Raises UsageError when the folder can't be written."""
        if self._folder is None:
            return
        head, events = head_of(results), self._folder / NAME
        document = assemble(head, (), None)
        try:
            events.unlink(missing_ok=True)  # first, so that it never is of another run than the files beside it
            write_report(self._folder, {**document, "notes": [GOING]})
            self._events = events.open("wb")
        except OSError as error:
            raise UsageError(f"{events} can't be written: {error.strerror}") from None
        self._write("start", head)

    def result(self, result: RuleResult) -> None:
        """Puts one result on record, at once."""
        if self._events is not None:
            self._write("result", rule_record(self._mask.result(result)))
            self._recorded.add(result.rule.id)

    def end(self, results: Results) -> dict[str, Any]:
        """The document of the whole run; writes all files. Raises UsageError when that can't be done."""
        records = [rule_record(self._mask.result(result)) for result in results.results]
        tail = tail_of(results, self._mask)
        document = assemble(head_of(results), records, tail)
        if self._folder is not None:
            if self._events is not None:
                for record in records:
                    if record["id"] not in self._recorded:
                        self._write("result", record)
                self._write("end", tail)
                self.close()
            self.written = (*write_report(self._folder, document), self._folder / NAME)
        return document

    def close(self) -> None:
        """Lets go of the event file, at the end or when the run is given up."""
        if self._events is not None:
            self._events.close()
            self._events = None

    def _write(self, event: str, content: dict[str, Any]) -> None:
        assert self._events is not None
        self._events.write(line(event, content))
        self._events.flush()
