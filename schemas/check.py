"""What differs between the committed files and what the page gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import extract, provenance
from schemas.extract import Files

_WIDTH = 160


@dataclass(frozen=True)
class Difference:
    """One value that differs. `committed` and `page` are its JSON text, or None on the side where it is missing."""

    file: str
    pointer: str
    committed: str | None
    page: str | None

    def __str__(self) -> str:
        sides = [
            f"    {label}: {'—' if text is None else _shorten(text)}"
            for label, text in (("committed", self.committed), ("page     ", self.page))
        ]
        return "\n".join([f"{self.file}#{self.pointer}", *sides])


def compare(files: Files, directory: Path) -> list[Difference]:
    """All differences, file by file; empty when the directory holds what the page gives. Other files in it are not
    looked at.
    """
    found: list[Difference] = []
    for name, document in files.items():
        found += _compare_file(name, document, directory / name)
    for name in extract.leftovers(directory, extract.stored_provenance(directory), files):
        found.append(Difference(name, "", "a file that an earlier extraction made", None))
    return found


def differences(file: str, committed: Any, page: Any, pointer: str = "") -> Iterator[Difference]:
    """The differences between two JSON values, as deep as they go."""
    if isinstance(committed, dict) and isinstance(page, dict):
        for key in [*committed, *(key for key in page if key not in committed)]:
            inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in page:
                yield Difference(file, inner, _text(committed[key]), None)
            elif key not in committed:
                yield Difference(file, inner, None, _text(page[key]))
            else:
                yield from differences(file, committed[key], page[key], inner)
    elif isinstance(committed, list) and isinstance(page, list) and len(committed) == len(page):
        for index, (left, right) in enumerate(zip(committed, page, strict=True)):
            yield from differences(file, left, right, f"{pointer}/{index}")
    # As text, because to Python True is 1 and 1 is 1.0.
    elif _text(committed) != _text(page):
        yield Difference(file, pointer, _text(committed), _text(page))


def _compare_file(name: str, document: Any, path: Path) -> list[Difference]:
    try:
        committed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [Difference(name, "", None, "a file")]
    except (OSError, ValueError) as error:
        return [Difference(name, "", f"not readable as JSON: {error}", "a JSON document")]
    if name == provenance.NAME:
        committed, document = provenance.undated(committed), provenance.undated(document)
    return list(differences(name, committed, document))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shorten(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
