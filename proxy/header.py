"""The first and the last document of a cassette: where it comes from, and that nothing is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy.document import digest_of, flow, quoted
from proxy.edited import Reader
from proxy.errors import CassetteError, RuleError
from proxy.rules import Rule, from_dict

FORMAT = 1
HOST = "sync.twilio.com"
PREAMBLE = "# Recorded by sync-proxy; docs/cassettes.md describes this format. Replay with: sync-proxy replay FILE\n"
_REQUIRED = "cassette started recorder host target_kind suite_version seed extra keep_pii salt redaction digest"


@dataclass(frozen=True, slots=True)
class Header:
    """Provenance and what replaying needs to know.

    `started` is seconds since the epoch, of which microseconds are kept; every moment in the cassette counts from it.
    `host` is the name requests were meant for, whatever address they were sent to. `target_kind`, `suite_version`,
    `seed` and `extra` (any JSON) are the recorder's to fill. `salt` keys the pseudonyms.
    """

    started: float
    salt: str
    rules: tuple[Rule, ...]
    recorder: str = ""
    host: str = HOST
    target_kind: str = ""
    suite_version: str = ""
    seed: str | None = None
    keep_pii: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write_header(header: Header) -> str:
    """The header document without its `---`."""
    rules = "".join(f"- {flow(rule.as_dict())}\n" for rule in header.rules)
    text = (
        f"cassette: {FORMAT}\nstarted: {quoted(_moment(header.started))}\nrecorder: {quoted(header.recorder)}\n"
        f"host: {quoted(header.host)}\ntarget_kind: {quoted(header.target_kind)}\n"
        f"suite_version: {quoted(header.suite_version)}\nseed: {flow(header.seed)}\nextra: {flow(header.extra)}\n"
        f"keep_pii: {flow(header.keep_pii)}\nsalt: {quoted(header.salt)}\nredaction:"
        + (f"\n{rules}" if rules else " []\n")
    )
    return f'{text}digest: "{digest_of(text)}"\n'


def read_header(text: str, path: Path, first_line: int) -> Header:
    """The header; raises CassetteError for a newer format, wrong types or anything that is no header."""
    reader = Reader(text, path, first_line)
    stated = reader.value_of("cassette")
    if stated is None:
        raise CassetteError(path, first_line, "this is not a cassette: the first document has no `cassette` key.")
    version = reader.whole(stated, "cassette")
    if version != FORMAT:
        advice = "upgrade twilio-sync-conformance" if version > FORMAT else "there has never been such a format"
        raise reader.fail(stated, f"the format is {version}, this version reads {FORMAT}; {advice}.")
    top = reader.fields(reader.root, _REQUIRED)
    try:
        started = datetime.strptime(reader.text(top["started"], "started"), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        raise reader.fail(top["started"], "`started` should look like 2026-01-31T12:00:00.000000Z.") from None
    rules = []
    for item in reader.items(top["redaction"], "redaction"):
        try:
            rules.append(from_dict(reader.plain(item), "redaction"))
        except RuleError as error:
            raise reader.fail(item, str(error)) from None
    extra = reader.plain(top["extra"])
    if not isinstance(extra, dict):
        raise reader.fail(top["extra"], "`extra` should be a mapping.")
    seed = reader.plain(top["seed"])
    return Header(
        started=started.timestamp(),
        salt=reader.text(top["salt"], "salt"),
        rules=tuple(rules),
        recorder=reader.text(top["recorder"], "recorder"),
        host=reader.text(top["host"], "host"),
        target_kind=reader.text(top["target_kind"], "target_kind"),
        suite_version=reader.text(top["suite_version"], "suite_version"),
        seed=None if seed is None else reader.text(top["seed"], "seed"),
        keep_pii=reader.boolean(top["keep_pii"], "keep_pii"),
        extra=extra,
    )


def chain(digests: Iterable[str]) -> str:
    """One digest over those of all documents, so that none can go, come or move unnoticed."""
    return "sha256:" + hashlib.sha256("\n".join(digests).encode()).hexdigest()[:32]


def write_trailer(count: int, digest: str, note: str = "") -> str:
    """The trailer document without its `---`. `note` says when the recording did not end by itself."""
    return f'end: true\ninteractions: {count}\n{f"note: {quoted(note)}" + chr(10) if note else ""}digest: "{digest}"\n'


@dataclass(frozen=True, slots=True)
class Trailer:
    count: int
    digest: str
    note: str = ""


def read_trailer(text: str, path: Path, first_line: int) -> Trailer:
    """The trailer; raises CassetteError."""
    reader = Reader(text, path, first_line)
    top = reader.fields(reader.root, "end interactions digest", "note")
    return Trailer(
        reader.whole(top["interactions"], "interactions"),
        reader.text(top["digest"], "digest"),
        reader.text(top["note"], "note") if "note" in top else "",
    )
