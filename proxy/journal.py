"""The file a recording grows in: `calls.yaml.journal` beside `calls.yaml`, of the same format but for the trailer.

Each interaction is one write of a whole document, already redacted, so a process killed at any moment leaves whole
documents and perhaps one cut short. A lock on the file, which the system drops when its process ends, tells a
recording that goes on from one that was interrupted. The finished journal becomes the cassette by being renamed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxy import document
from proxy.errors import CassetteError, RecordingError, RecordingLocked
from proxy.header import PREAMBLE, chain, read_header, write_trailer

_SEPARATOR = "---\n"


def journal_of(path: Path) -> Path:
    """Where a recording of that cassette grows."""
    return path.with_name(path.name + ".journal")


class Journal:
    """An open, locked journal. `append` writes a document; `finish` makes the cassette of it.

    Every write reaches the kernel before `append` returns, so a killed process loses nothing. A thread asks for the
    disk itself every `sync_every` seconds, which a power failure would need.
    """

    def __init__(self, path: Path, descriptor: int, *, sync_every: float = 0.2) -> None:
        self.path = path
        self._file = descriptor
        self._size = os.fstat(descriptor).st_size
        self._stop = threading.Event()
        self._dirty = False
        self._sync_every = sync_every
        self._thread = threading.Thread(target=self._sync, name="journal-sync", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Writes what stands before the first document; raises OSError."""
        self._write(PREAMBLE.encode())

    def append(self, text: str) -> None:
        """Adds one document; on OSError the file is as it was before."""
        self._write((_SEPARATOR + text).encode())

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
                os.lseek(self._file, self._size, os.SEEK_SET)
            raise
        self._size += len(data)
        self._dirty = True

    def read(self) -> bytes:
        return journal_of(self.path).read_bytes()

    def finish(self, trailer: str, *, replace: bool) -> None:
        """Adds the trailer and gives the file its name; raises RecordingError when that name is taken meanwhile."""
        self.append(trailer)
        os.fsync(self._file)
        if replace:
            journal_of(self.path).replace(self.path)
        else:
            try:
                os.link(journal_of(self.path), self.path)
            except FileExistsError:
                raise RecordingError(
                    f"{self.path} was made by somebody else meanwhile; the recording is in {journal_of(self.path)}."
                ) from None
            journal_of(self.path).unlink()
        _sync_folder(self.path.parent)
        self.release()

    def discard(self) -> None:
        """Removes the journal."""
        journal_of(self.path).unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Closes the file, which drops the lock. What is in it stays and is adopted by the next start."""
        if self._file < 0:
            return
        self._stop.set()
        self._thread.join()
        os.close(self._file)
        self._file = -1

    def _sync(self) -> None:
        while not self._stop.wait(self._sync_every):
            if self._dirty:
                self._dirty = False
                with contextlib.suppress(OSError):
                    os.fdatasync(self._file)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_locked(path: Path, *, create: bool) -> int | None:
    """The journal's descriptor with the lock held; None when there is none and none is to be made.

    Raises RecordingLocked when another process holds it, OSError when it can't be opened.
    """
    journal = journal_of(path)
    while True:
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        try:
            descriptor = os.open(journal, flags, 0o666)
        except FileNotFoundError:
            if create:
                raise
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise RecordingLocked(
                f"{path} is being recorded by another process; wait for it or choose another file."
            ) from None
        try:  # it may have become the cassette, or been removed, between opening and locking
            if os.path.samestat(os.fstat(descriptor), journal.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def start(path: Path, header: str, documents: list[str]) -> Journal:
    """A new journal that begins with the header and those documents; raises RecordingError.

    An interrupted one must have been adopted before.
    """
    try:
        descriptor = _open_locked(path, create=True)
        assert descriptor is not None
        if os.fstat(descriptor).st_size:
            os.close(descriptor)
            raise RecordingError(f"{journal_of(path)} is in the way; it belongs to an interrupted recording.")
        journal = Journal(path, descriptor)
    except OSError as error:
        raise RecordingError(f"{path} can't be recorded to: {error.strerror or error}.") from None
    try:
        journal.begin()
        for text in (header, *documents):
            journal.append(text)
    except OSError as error:
        journal.discard()
        raise RecordingError(f"{path} can't be recorded to: {error.strerror or error}.") from None
    return journal


@dataclass(frozen=True, slots=True)
class Adopted:
    """An interrupted recording that became a cassette. `lost` says whether an unfinished document was cut off."""

    path: Path
    interactions: int
    lost: bool

    def __str__(self) -> str:
        cut = ", and one that was being written was dropped" if self.lost else ""
        number = f"{self.interactions} interaction{'' if self.interactions == 1 else 's'}"
        return f"{self.path}: adopted {number} of a recording that was interrupted{cut}."


def adopt(path: Path, check: Callable[[bytes], None] | None = None) -> Adopted | None:
    """Makes the cassette of an interrupted recording, if there is one; the cassette that was there is replaced.

    A journal without a single whole interaction is removed. While another process records, RecordingLocked is raised.
    `check` gets the bytes before they become the cassette and may raise.
    """
    try:
        descriptor = _open_locked(path, create=False)
    except OSError as error:
        raise RecordingError(f"{journal_of(path)} can't be read: {error.strerror or error}.") from None
    if descriptor is None:
        return None
    try:
        data = journal_of(path).read_bytes()
        whole, digests, finished = _whole_documents(path, data)
        if not digests:
            journal_of(path).unlink()
            return None
        if not finished:
            os.ftruncate(descriptor, whole)
            note = "adopted after the recording was interrupted"
            os.write(descriptor, (_SEPARATOR + write_trailer(len(digests), chain(digests), note)).encode())
        if check is not None:
            check(journal_of(path).read_bytes())
        os.fsync(descriptor)
        journal_of(path).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise RecordingError(f"{journal_of(path)} can't be adopted: {error.strerror or error}.") from None
    finally:
        os.close(descriptor)
    return Adopted(path, len(digests), lost=not finished and whole < len(data))


def _whole_documents(path: Path, data: bytes) -> tuple[int, list[str], bool]:
    """How many bytes of the journal are whole documents, their digests, and whether the trailer is among them."""
    first, *pieces = data.split(b"\n---\n")
    position = len(first) + 1
    digests: list[str] = []
    for at, piece in enumerate(pieces):
        # Every document but the last has lost its line end to the separator; the last may have been cut anywhere,
        # and may have the start of the next one behind it.
        whole = piece + b"\n" if at < len(pieces) - 1 else piece[: piece.rfind(b'"\n') + 2]
        text = whole.decode("utf-8", "replace")
        if text.startswith("end: "):
            finished = piece == whole and digests_fit(text, digests)
            return (position + 4 + len(whole), digests, True) if finished else (position, digests, False)
        if at == 0:
            if not _is_header(text, path):
                break
        else:
            found = document.match(text)
            if found is None or found["digest"] != document.digest_of(text[: found.start("tail")]):
                break
            digests.append(found["digest"])
        position += 4 + len(whole)
    return position, digests, False


def digests_fit(trailer: str, digests: list[str]) -> bool:
    return f'"{chain(digests)}"' in trailer


def _is_header(text: str, path: Path) -> bool:
    try:
        read_header(text, path, 1)
    except CassetteError:
        return False
    return True
