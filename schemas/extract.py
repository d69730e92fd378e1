"""From a page to the files in a directory: build them all in memory first, then write or compare."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas import oas, overlay, page, provenance, render
from schemas.errors import OutputError, Place

Files = dict[str, Any]

PAGE_OPENAPI = "openapi.page.json"
OPENAPI = "openapi.json"
DEFAULT_OVERLAY = Path(__file__).with_name("overlay.yaml")


def build(content: bytes, overlays: Path | None = None, *, use_default: bool = True) -> Files:
    """Every generated document by its file name, from the bytes of a page.

    `overlays` is an overlay document to apply. Without one, the overlay of this package is applied if it is meant for
    this resource and `use_default` is true. `openapi.page.json` is the page alone, `openapi.json` the page with the
    overlay.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Place("", content.count(b"\n", 0, error.start) + 1).error("the page is not UTF-8 text.") from error
    resource = page.read(text)
    chosen = overlay.read(overlays or DEFAULT_OVERLAY) if overlays or use_default else None
    if chosen and overlays is None and chosen.applies_to != resource.model:
        chosen = None
    files: Files = {f"{name}.json": schema for name, schema in render.schemas(resource).items()}
    files[PAGE_OPENAPI] = oas.document(resource)
    files[OPENAPI] = overlay.apply(files[PAGE_OPENAPI], chosen) if chosen else files[PAGE_OPENAPI]
    day = datetime.now(UTC).date()
    files[provenance.NAME] = provenance.record(content, resource, chosen, [*files, provenance.NAME], day)
    return files


def write(files: Files, directory: Path) -> list[str]:
    """Write the documents; returns the names of those that changed. Files of an earlier extraction that are no
    longer made go away.

    Raises OutputError when the directory holds the schemas of another page, or cannot be written.
    """
    old = stored_provenance(directory)
    new = files[provenance.NAME]
    if isinstance(old, dict) and isinstance(old.get("page"), dict) and _identity(old) != _identity(new):
        raise OutputError(
            f"{directory} holds the schemas of the page “{old['page'].get('title')}”; "
            "choose another directory with --output."
        )
    changed: list[str] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, document in {**files, provenance.NAME: provenance.keep_date(new, old)}.items():
            path = directory / name
            text = serialize(document)
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8", newline="\n")
                changed.append(name)
        for name in leftovers(directory, old, files):
            (directory / name).unlink()
            changed.append(name)
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"The schemas cannot be written to {directory}: {error}") from error
    return changed


def serialize(document: Any) -> str:
    """The text of a generated file: two spaces of indent, page order, a newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stored_provenance(directory: Path) -> Any:
    """The provenance in a directory, or None when there is none that can be read."""
    try:
        return json.loads((directory / provenance.NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def leftovers(directory: Path, old: Any, files: Files) -> list[str]:
    """Files that the last extraction made, are still there and would not be made now."""
    names = old.get("files", []) if isinstance(old, dict) else []
    return [
        name
        for name in names
        if isinstance(name, str) and name not in files and Path(name).name == name and (directory / name).is_file()
    ]


def _identity(record: dict[str, Any]) -> tuple[Any, Any]:
    return record["page"].get("model"), None if record["page"].get("model") else record["page"].get("title")
