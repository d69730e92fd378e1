"""`events.ndjson`: a run as it goes, one JSON object a line, so that a killed run leaves what it had found.

The lines are `start` (the head), one `result` per judged rule, and `end` (the tail).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.report.document import VERSION, assemble

NAME = "events.ndjson"


def line(event: str, content: Mapping[str, Any]) -> bytes:
    """One line. A string that is no valid Unicode (a lone surrogate) is escaped, so the file is always UTF-8."""
    record = {"event": event, **content}
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        text = json.dumps(record, separators=(",", ":")).encode("ascii")
    return text + b"\n"


def lines_of(head: Mapping[str, Any], records: Iterable[Mapping[str, Any]], tail: Mapping[str, Any]) -> Iterator[bytes]:
    """The file of a run that is over."""
    yield line("start", head)
    for record in records:
        yield line("result", record)
    yield line("end", tail)


def read_events(path: Path) -> dict[str, Any]:
    """The report from an event file, whole or broken off. Raises UsageError when it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the events {path} can't be read: {error.strerror}") from None
    head: dict[str, Any] | None = None
    tail: dict[str, Any] | None = None
    records = []
    for event in _events(content, path):
        kind = event.pop("event", None)
        if kind == "start":
            if event.get("version") != VERSION:
                raise UsageError(f"{path} has version {event.get('version')!r}; this program reads version {VERSION}")
            head = event
        elif kind == "result":
            records.append(event)
        elif kind == "end":
            tail = event
    if head is None:
        raise UsageError(f"{path} holds no run: its first line must be a 'start' event")
    try:
        return assemble(head, records, tail)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} is damaged: {type(error).__name__} {error}") from None


def _events(content: bytes, path: Path) -> Iterator[dict[str, Any]]:
    lines = content.split(b"\n")
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            event = json.loads(text)
        except ValueError:
            if number == len(lines):  # a line that was being written when the run was killed
                return
            raise UsageError(f"{path}, line {number} is not JSON: is this the events.ndjson of a run?") from None
        if not isinstance(event, dict):
            raise UsageError(f"{path}, line {number} is not an event: is this the events.ndjson of a run?")
        yield event
