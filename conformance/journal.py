"""What a run created and has not deleted yet, so that nothing of ours stays behind."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Leftover:
    """A stream that may exist: `reference` is its sid, or its name while the sid is not known."""

    reference: str
    service: str


class Journal:
    """Written before a create is sent and after each answer. With a path it survives a kill -9; without, it does not.

    Holds names and sids, never credentials. Safe to use from many threads.
    """

    def __init__(self, path: Path | None = None, *, target: str = "", run: str = "") -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Leftover] = {}
        self._sid_of: dict[str, str] = {}
        self._file: IO[str] | None = None
        self.path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            self._write({"journal": 1, "target": target, "run": run})

    def creating(self, name: str | None, service: str) -> None:
        """A create is about to be sent. A nameless one can't be found by name and counts on its Ttl."""
        if name is None:
            return
        with self._lock:
            if name not in self._sid_of and name not in self._open:
                self._open[name] = Leftover(name, service)
                self._write({"creating": name, "service": service})

    def created(self, sid: str, name: str | None, service: str) -> None:
        with self._lock:
            if name is not None:
                self._open.pop(name, None)
                self._sid_of[name] = sid
            self._open[sid] = Leftover(sid, service)
            self._write({"created": sid, "name": name, "service": service})

    def deleted(self, reference: str) -> None:
        """A delete by sid or name succeeded."""
        with self._lock:
            sid = self._sid_of.pop(reference, reference)
            self._open.pop(sid, None)
            self._open.pop(reference, None)
            self._write({"deleted": reference})

    def leftovers(self) -> tuple[Leftover, ...]:
        """What may still exist, newest first."""
        with self._lock:
            return tuple(reversed(self._open.values()))

    def close(self, *, clean: bool) -> None:
        """Ends the journal; when nothing is left, its file goes too."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            if clean and self.path is not None:
                self.path.unlink(missing_ok=True)

    def _write(self, record: dict[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
