from __future__ import annotations

from pathlib import Path

import pytest

PAGES = Path(__file__).parent / "pages"


@pytest.fixture
def stream_like() -> str:
    return (PAGES / "stream_like.md").read_text(encoding="utf-8")


@pytest.fixture
def nested_item() -> str:
    return (PAGES / "nested_item.md").read_text(encoding="utf-8")


@pytest.fixture
def write_only() -> str:
    return (PAGES / "write_only.md").read_text(encoding="utf-8")
