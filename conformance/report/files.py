"""A report's files in a folder, all made from the one document."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.report.badge import badge, shields
from conformance.report.junit import junit_of
from conformance.report.page import page
from conformance.report.summary import markdown_summary


def report_files(document: dict[str, Any]) -> dict[str, bytes]:
    """Every file of a report by name, the page first; but `events.ndjson`, which is written as a run goes."""
    return {
        "index.html": _utf8(page(document)),
        "report.json": json_bytes(document),
        "junit.xml": junit_of(document),
        "summary.md": _utf8(markdown_summary(document)),
        "badge.svg": _utf8(badge(document)),
        "badge.json": json_bytes(shields(document)),
    }


def write_report(folder: Path, document: dict[str, Any]) -> tuple[Path, ...]:
    """Writes all files; returns what was written. Raises UsageError when that can't be done."""
    files = report_files(document)
    for name, content in files.items():
        write_file(folder / name, content)
    return tuple(folder / name for name in files)


def write_file(path: Path, content: bytes) -> None:
    """Puts the file in place at once, so that no reader meets half of it. Raises UsageError."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise UsageError(f"{path} can't be written: {error.strerror}") from None


def json_bytes(document: Any) -> bytes:
    """JSON in UTF-8; a document that holds a lone surrogate is escaped instead."""
    try:
        return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (json.dumps(document, indent=1) + "\n").encode("ascii")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
