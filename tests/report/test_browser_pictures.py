"""The pictures of docs/report.md can be taken, and are the ones that the page shows."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from report.browser import Browser
from report.screenshots import SHOTS, take

DOCS = Path(__file__).parents[2] / "docs"


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_every_picture_can_be_taken(window: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    take(window, pages, tmp_path)
    for name, shot in SHOTS.items():
        picture = (tmp_path / name).read_bytes()
        assert size(picture) == (shot.width, shot.height)
        assert len(picture) > 10_000  # more than one colour


def test_the_documentation_shows_these_pictures() -> None:
    shown = set(re.findall(r"\]\(images/([\w-]+\.png)\)", (DOCS / "report.md").read_text("utf-8")))
    assert shown == set(SHOTS)
    for name, shot in SHOTS.items():
        assert size((DOCS / "images" / name).read_bytes()) == (shot.width, shot.height)
