"""Where the generated files come from: `provenance.json`."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from schemas import model, shapes
from schemas.overlay import Overlay

NAME = "provenance.json"
_DATE = "extracted"


def record(
    page: bytes, resource: model.Resource, overlay: Overlay | None, files: list[str], day: date
) -> dict[str, Any]:
    """Page title, its sha256, the overlay used, the date, the files made, and where the page's examples break its
    schema.
    """
    return {
        "page": {"title": resource.title, "model": resource.model, "sha256": hashlib.sha256(page).hexdigest()},
        "overlay": None if overlay is None else {"title": overlay.title, "version": overlay.version},
        _DATE: day.isoformat(),
        "files": sorted(files),
        "examples_not_matching": shapes.mismatches(resource),
    }


def undated(document: Any) -> Any:
    """A provenance without its date, for comparing."""
    return {k: v for k, v in document.items() if k != _DATE} if isinstance(document, dict) else document


def keep_date(new: dict[str, Any], old: Any) -> dict[str, Any]:
    """`new` with the date of `old` when nothing else changed, so that extracting the same page twice changes no
    file.
    """
    if isinstance(old, dict) and isinstance(old.get(_DATE), str) and undated(old) == undated(new):
        return {**new, _DATE: old[_DATE]}
    return new
