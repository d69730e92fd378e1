"""Cassettes: loading one, and reading its interactions when they are asked for.

cassette = load(Path("calls.yaml"))
for exchange in cassette.exchanges(): ...
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

from conformance.exchange import Exchange, Request
from proxy import document
from proxy.document import Interaction
from proxy.edited import read_interaction
from proxy.errors import CassetteError
from proxy.header import PREAMBLE, Header, Trailer, chain, read_header, read_trailer

_SEPARATOR = b"\n---\n"
_ACCEPT = "if that was done on purpose, accept it with --allow-edited."


class Cassette:
    """The documents of one file. Interactions are counted from 0 here, from 1 in the file.

    The whole text stays in memory; an interaction is taken apart when it is asked for.
    """

    def __init__(self, path: Path, data: bytes, spans: array[int], header: Header, trailer: Trailer) -> None:
        self.path, self.header, self.trailer = path, header, trailer
        self._data, self._spans = data, spans
        self._edited: dict[int, Interaction] = {}

    def __len__(self) -> int:
        return len(self._spans) // 2

    @property
    def edited(self) -> tuple[int, ...]:
        """Which interactions were edited since they were recorded."""
        return tuple(self._edited)

    def text(self, at: int) -> str:
        """The document as it stands in the file, without its `---`."""
        return self._data[self._spans[2 * at] : self._spans[2 * at + 1]].decode()

    def line(self, at: int) -> int:
        """The line the document starts on, counted from 1."""
        return self._data.count(b"\n", 0, self._spans[2 * at]) + 1

    def interaction(self, at: int, request: Request | None = None) -> Interaction:
        """One interaction; with `request` in place of its own, which is not read then."""
        known = self._edited.get(at)
        if known is not None:
            return known
        found = document.match(self.text(at))
        if found is None:
            raise CassetteError(self.path, self.line(at), "this interaction is not laid out as it was when loaded.")
        try:
            return document.read(found) if request is None else document.read_answer(found, request)
        except ValueError as error:
            raise CassetteError(self.path, self.line(at), f"this interaction can't be read: {error}.") from None

    def request(self, at: int) -> tuple[Request, str]:
        """The request and its scenario, for less than the whole interaction costs."""
        known = self._edited.get(at)
        if known is not None:
            return known.request, known.scenario
        found = document.match(self.text(at))
        if found is None:
            return self.interaction(at).request, ""
        try:
            return document.read_request(found), document.scenario_of(found)
        except ValueError as error:
            raise CassetteError(self.path, self.line(at), f"this request can't be read: {error}.") from None

    def check(self, at: int, *, allow_edited: bool) -> str:
        """The digest of an interaction that is as it was recorded; one that isn't is read in full, or refused."""
        text = _decode(self.path, self._data, (self._spans[2 * at], self._spans[2 * at + 1]))
        found = document.match(text)
        if found is not None and found["digest"] == document.digest_of(text[: found.start("tail")]):
            return found["digest"]
        line = self.line(at)
        edited = read_interaction(text, self.path, line)
        if not allow_edited:
            problem = "its digest does not fit" if edited.digest else "it has no digest"
            raise CassetteError(
                self.path, line, f"this interaction was edited since it was recorded: {problem}; {_ACCEPT}"
            )
        self._edited[at] = edited
        return edited.digest

    def interactions(self) -> Iterator[Interaction]:
        return (self.interaction(at) for at in range(len(self)))

    def exchanges(self) -> Iterator[Exchange]:
        """The recorded exchanges with their absolute times, as a judge of recorded traffic wants them."""
        started = self.header.started
        for found in self.interactions():
            sent, received = started + found.sent, started + found.received
            yield Exchange(found.request, found.response, sent, received, found.error, found.scenario)


def load(path: Path | str, *, allow_edited: bool = False) -> Cassette:
    """The cassette of that file.

    Raises CassetteError, whose message starts with file and line, for whatever is not a cassette, was cut short, has a
    newer format or values of the wrong type, and for one that was edited unless `allow_edited`.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CassetteError(path, 1, f"the cassette can't be read: {error.strerror or error}.") from None
    return parse(path, data, allow_edited=allow_edited)


def parse(path: Path, data: bytes, *, allow_edited: bool = False) -> Cassette:
    """The same for bytes; `path` is only named in errors."""
    if b"\r\n" in data:  # a checkout that changes line ends changes nothing that was recorded
        data = data.replace(b"\r\n", b"\n")
    documents = _split(path, data)
    header = _header(path, data, documents[0], allow_edited=allow_edited)
    start, end = documents[-1]
    if len(documents) < 2 or not data.startswith(b"end:", start):
        last = data.count(b"\n") + 1
        raise CassetteError(path, last, "the cassette is cut short: it ends without its trailer. Record it again.")
    trailer_line = data.count(b"\n", 0, start) + 1
    trailer = read_trailer(data[start:end].decode(), path, trailer_line)
    spans = array("Q", [position for span in documents[1:-1] for position in span])
    cassette = Cassette(path, data, spans, header, trailer)
    digests = [cassette.check(at, allow_edited=allow_edited) for at in range(len(cassette))]
    if not allow_edited and (trailer.count != len(digests) or trailer.digest != chain(digests)):
        counted = f"the trailer counts {trailer.count} interactions, there are {len(digests)}"
        problem = counted if trailer.count != len(digests) else "interactions were moved or exchanged"
        raise CassetteError(path, trailer_line, f"{problem}; {_ACCEPT}")
    return cassette


def _split(path: Path, data: bytes) -> list[tuple[int, int]]:
    """Where each document's text starts and ends, its last line end included."""
    try:
        data[:4096].rpartition(b"\n")[0].decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CassetteError(path, line, "this is not a cassette: it is not text in UTF-8.") from None
    at = 0 if data.startswith(b"---\n") else data.find(_SEPARATOR) + 1
    if at == 0 and not data.startswith(b"---\n"):
        raise CassetteError(path, 1, "this is not a cassette: no document starts here.")
    if any(line.strip() and not line.startswith(b"#") for line in data[:at].splitlines()):
        raise CassetteError(path, 1, "this is not a cassette: there is something before the first `---`.")
    start = at + 4
    spans = []
    while (end := data.find(_SEPARATOR, start - 1)) != -1:
        spans.append((start, end + 1))
        start = end + len(_SEPARATOR)
    spans.append((start, len(data)))
    return spans


def _decode(path: Path, data: bytes, span: tuple[int, int]) -> str:
    try:
        return data[span[0] : span[1]].decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, span[0] + error.start) + 1
        raise CassetteError(path, line, "this is not text in UTF-8.") from None


def _header(path: Path, data: bytes, span: tuple[int, int], *, allow_edited: bool) -> Header:
    line = data.count(b"\n", 0, span[0]) + 1
    text = _decode(path, data, span)
    header = read_header(text, path, line)
    body, _, digest = text.rpartition("digest: ")
    if not allow_edited and digest.strip() != f'"{document.digest_of(body)}"':
        raise CassetteError(
            path, line, f"the header was edited since it was recorded: its digest does not fit; {_ACCEPT}"
        )
    return header


__all__ = ["PREAMBLE", "Cassette", "load"]
