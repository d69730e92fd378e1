"""What a run created and has not deleted yet, so that nothing of ours stays behind, not even after a kill -9.

A journal on disk is a file of JSON lines: a header, then one record for each step in a stream's life. Names, sids and
times are in it, never credentials; the account is there as a digest, so that another account's run leaves it alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from conformance.errors import UsageError

_locks: ModuleType | None = None
with contextlib.suppress(ImportError):  # Windows has none
    import fcntl

    _locks = fcntl

VERSION = 1
FOLDER, SUFFIX = "sync-conformance", ".ndjson"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A stream that may exist: `reference` is its sid, or its name while the sid is not known."""

    reference: str
    service: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Nameless:
    """A create without a name that may have made a stream that nobody knows: its answer never came.

    `ttl` is what was asked for, as text; `since` and `until` are seconds since the epoch by our clock, `until` None
    when the run ended before it gave up waiting.
    """

    number: int
    service: str
    ttl: str | None
    since: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Whose streams a journal is about. `account` is a digest, see `account_digest`."""

    target: str = ""
    account: str = ""
    run: str = ""
    started: str = ""


@dataclass(slots=True)
class State:
    """What the records of a journal come to. Counts are of streams known by their sid."""

    open: dict[tuple[str, str], Leftover] = field(default_factory=dict)  # by service and reference
    sid_of: dict[tuple[str, str], str] = field(default_factory=dict)  # by service and name
    made: dict[str, str] = field(default_factory=dict)  # service by sid, of every stream there ever was
    deleted: set[str] = field(default_factory=set)
    nameless: dict[int, Nameless] = field(default_factory=dict)

    def apply(self, record: Mapping[str, Any]) -> None:
        """Takes in one record; what it can't read is left out."""
        service = record.get("service", "")
        if "creating" in record:
            self._creating(record["creating"], service, record)
        elif "created" in record:
            self._created(record["created"], record.get("name"), service)
            self.nameless.pop(record.get("number", 0), None)
        elif "deleted" in record:
            self._deleted(record["deleted"], service)
        elif "answered" in record:
            self.nameless.pop(record["answered"], None)
        elif "lost" in record and (create := self.nameless.get(record["lost"])):
            self.nameless[create.number] = replace(create, until=record["until"])

    def _creating(self, name: str | None, service: str, record: Mapping[str, Any]) -> None:
        if name is None:
            number = record["number"]
            self.nameless[number] = Nameless(number, service, record.get("ttl"), record["at"])
        elif (service, name) not in self.sid_of:
            self.open.setdefault((service, name), Leftover(name, service, name))

    def _created(self, sid: str, name: str | None, service: str) -> None:
        if name is not None:
            self.open.pop((service, name), None)
            self.sid_of[service, name] = sid
        self.open[service, sid] = Leftover(sid, service, name)
        self.made.setdefault(sid, service)

    def _deleted(self, reference: str, service: str) -> None:
        sid = self.sid_of.pop((service, reference), reference)
        for key in ((service, sid), (service, reference)):
            self.open.pop(key, None)
        if sid in self.made:
            self.deleted.add(sid)

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        """What may still exist, newest first."""
        return tuple(reversed(self.open.values()))


class Journal:
    """Written before a create is sent and after each answer. With a path it survives a kill -9; without, it does not.

    The file is made with the first record. Safe to use from many threads.
    """

    def __init__(self, path: Path | None = None, *, head: Head = Head(), now: Callable[[], float] = time.time) -> None:
        self.path = path
        self.head = head
        self._now = now
        self._lock = threading.Lock()
        self._state = State()
        self._file: IO[str] | None = None
        self._closed = False
        self._numbers = 0
        self._opened: dict[int, tuple[str, str]] = {}  # service and name of creates that made a name known

    @classmethod
    def resumed(cls, path: Path) -> Journal | None:
        """The journal that an earlier run left, to be gone on with; None while somebody uses it.

        A run holds its own until it ends, however it ends. Where files can't be locked every journal is taken for one
        that was left. Raises UsageError when the file can't be read or is no journal.
        """
        try:
            file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the journal {path} can't be opened: {error.strerror}") from None
        try:
            if _locks is not None:
                _locks.flock(file.fileno(), _locks.LOCK_EX | _locks.LOCK_NB)
        except OSError:
            file.close()
            return None
        try:
            head, state = read_journal(path)
        except UsageError:
            file.close()
            raise
        file.write("\n")  # the last line may have been cut off
        journal = cls(path, head=head)
        journal._state, journal._file = state, file
        journal._numbers = max(state.nameless, default=0)
        return journal

    def begin(self) -> None:
        """Makes the file now. Raises UsageError when that can't be done."""
        with self._lock:
            if self.path is not None and self._file is None:
                self._file = self._begin(self.path)

    def creating(self, name: str | None, service: str, ttl: str | None = None) -> int:
        """A create is about to be sent. Returns its number, by which `answered` and `lost` know it."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
            record: dict[str, Any] = {"creating": name, "service": service}
            if name is None:
                self._record({**record, "ttl": ttl, "at": self._now(), "number": number}, sure=True)
            elif not self._known(name, service):
                self._opened[number] = service, name
                self._record(record, sure=True)
        return number

    def unsent(self, number: int) -> None:
        """The create of that number was not sent after all."""
        with self._lock:
            service, name = self._opened.pop(number, ("", ""))
            if name and (service, name) not in self._state.sid_of:
                self._record({"deleted": name, "service": service})
            elif number in self._state.nameless:
                self._record({"answered": number})

    def created(self, sid: str, name: str | None, service: str, *, number: int = 0) -> None:
        """An answer showed this stream."""
        with self._lock:
            self._record({"created": sid, "name": name, "service": service, "number": number})

    def answered(self, number: int) -> None:
        """The create of that number was answered, and shows no stream."""
        with self._lock:
            if number in self._state.nameless:
                self._record({"answered": number})

    def lost(self, number: int) -> None:
        """No answer will ever tell what became of the create of that number."""
        with self._lock:
            if number in self._state.nameless:
                self._record({"lost": number, "until": self._now()})

    def deleted(self, reference: str, service: str) -> None:
        """A delete by sid or name succeeded, or the stream is known to be gone."""
        with self._lock:
            self._record({"deleted": reference, "service": service})

    def _known(self, name: str, service: str) -> bool:
        return (service, name) in self._state.sid_of or (service, name) in self._state.open

    def sid_of(self, name: str, service: str) -> str | None:
        """The sid of our stream of that name, if an answer has shown one."""
        with self._lock:
            return self._state.sid_of.get((service, name))

    def knows(self, sid: str) -> bool:
        """Whether that stream is ours, by an answer to one of our creates."""
        with self._lock:
            return sid in self._state.made

    def leftovers(self) -> tuple[Leftover, ...]:
        """What may still exist, newest first."""
        with self._lock:
            return self._state.leftovers

    @property
    def made(self) -> dict[str, str]:
        """Every stream that an answer has shown: its service by its sid."""
        with self._lock:
            return dict(self._state.made)

    @property
    def deletes(self) -> frozenset[str]:
        """The sids of those that were deleted, or were found gone."""
        with self._lock:
            return frozenset(self._state.deleted)

    @property
    def owed(self) -> int:
        """How many streams may have to be deleted."""
        with self._lock:
            return len(self._state.open) + len(self._state.nameless)

    @property
    def nameless(self) -> tuple[Nameless, ...]:
        """Creates without a name that may have made a stream that nobody knows."""
        with self._lock:
            return tuple(self._state.nameless.values())

    def close(self, *, clean: bool) -> None:
        """Ends the journal; when nothing is left, its file goes too."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()
                if clean and self.path is not None:
                    self.path.unlink(missing_ok=True)
                    with contextlib.suppress(OSError):
                        self.path.parent.rmdir()  # the folder of the suite's journals, when it is empty
                self._file = None

    def _record(self, record: dict[str, Any], *, sure: bool = False) -> None:
        """`sure`: on disk, not only handed to the system, before anything is sent."""
        self._state.apply(record)
        if self.path is None or self._closed:
            return
        if self._file is None:
            self._file = self._begin(self.path)
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        if sure:
            os.fsync(self._file.fileno())

    def _begin(self, path: Path) -> IO[str]:
        started = dt.datetime.fromtimestamp(self._now(), dt.UTC).isoformat(timespec="seconds")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("x", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"the journal {path} can't be written ({error.strerror}): name another folder with --journal"
            ) from None
        if _locks is not None:
            _locks.flock(file.fileno(), _locks.LOCK_EX | _locks.LOCK_NB)
        head = self.head
        first = {"journal": VERSION, "target": head.target, "account": head.account, "run": head.run}
        file.write(json.dumps({**first, "started": started}) + "\n")
        return file


def read_journal(path: Path) -> tuple[Head, State]:
    """A journal that an earlier run left. A last line that was not written to its end is left out.

    Raises UsageError when the file can't be read or is no journal.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        first = json.loads(lines[0])
        if first["journal"] != VERSION:
            raise UsageError(f"the journal {path} is of another version of the suite: clean with that version")
        head = Head(str(first["target"]), str(first["account"]), str(first["run"]), str(first["started"]))
    except OSError as error:
        raise UsageError(f"the journal {path} can't be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise UsageError(f"{path} is no journal of sync-conformance") from None
    state = State()
    for line in lines[1:]:
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            state.apply(json.loads(line))
    return head, state


def default_folder() -> Path:
    """Where journals are kept when nobody says where: the user's folder for what programs keep between runs."""
    if base := os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None):
        return Path(base, FOLDER)
    try:
        return Path.home() / ".local" / "state" / FOLDER
    except RuntimeError:
        raise UsageError("no home folder is known to keep the journal in: name a folder with --journal") from None


def journal_path(folder: Path, run: str) -> Path:
    """A new file for the journal of that run."""
    return folder / f"{run}-{time.time_ns():x}{SUFFIX}"


def journals_in(folder: Path) -> tuple[Path, ...]:
    """The journals that runs have left there, the oldest first."""
    with contextlib.suppress(OSError):
        return tuple(sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime))
    return ()


def account_digest(username: str) -> str:
    """Tells accounts apart without naming them."""
    return blake2b(username.encode("utf-8", "replace"), digest_size=8, person=b"sync-conformance").hexdigest()
