"""Writes a report's files into a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.report.junit import junit_of


def write_report(folder: Path, document: dict[str, Any]) -> tuple[Path, ...]:
    """Writes report.json and junit.xml; returns what was written. Raises UsageError when that can't be done."""
    files = {
        "report.json": (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass"),
        "junit.xml": junit_of(document),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"the report can't be written to {folder}: {error.strerror}") from None
    return tuple(folder / name for name in files)
