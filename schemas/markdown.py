"""A Markdown page as sections: headings, the lines under them, fenced blocks, and where each stands.

Only what the extractor needs of CommonMark: ATX headings (https://spec.commonmark.org/0.31.2/#atx-headings) and
fenced code blocks (#fenced-code-blocks). A line inside a fence is never a heading, whatever it looks like. Unlike
CommonMark, a fence may be indented by any amount (list items hold them), and a fence that never closes is an error:
it means the page was cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.errors import Place

_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<title>.*))?$")
_CLOSING_MARKS = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_ANCHOR = re.compile(r"[ \t]*\\?\[#[^\]]*\]$")
_FENCE = re.compile(r"[ \t]*(?P<ticks>`{3,}|~{3,})(?P<info>.*)$")


@dataclass(frozen=True)
class Line:
    """A line outside every fence; `number` counts from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class Fence:
    """A fenced block; `line` is the number of its first line of content."""

    info: str
    text: str
    line: int

    @property
    def language(self) -> str:
        """The first word after the opening fence, in lower case; empty when there is none."""
        return self.info.split(maxsplit=1)[0].lower() if self.info else ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it up to the next heading. Text before the first heading has level 0."""

    title: str
    level: int
    line: int
    lines: tuple[Line, ...] = ()
    fences: tuple[Fence, ...] = ()

    def at(self, line: int | None = None) -> Place:
        """This section as a place for an error message."""
        return Place(self.title, self.line if line is None else line)


def parse(text: str) -> tuple[Section, ...]:
    """Split a page into its sections, in page order. Raises PageError when a fence never closes."""
    rows = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    sections: list[Section] = []
    title, level, start = "", 0, 1
    lines: list[Line] = []
    fences: list[Fence] = []
    index = 0
    while index < len(rows):
        row = rows[index]
        if fence := _opening(row):
            end = _closing_index(rows, index + 1, fence["ticks"])
            if end is None:
                raise Place(title, index + 1).error("a fenced block opens here and never closes; is the page cut off?")
            fences.append(Fence(fence["info"].strip(), "\n".join(rows[index + 1 : end]), index + 2))
            index = end
        elif heading := _HEADING.match(row):
            sections.append(Section(title, level, start, tuple(lines), tuple(fences)))
            title, level, start = _clean(heading["title"] or ""), len(heading["marks"]), index + 1
            lines, fences = [], []
        else:
            lines.append(Line(index + 1, row))
        index += 1
    sections.append(Section(title, level, start, tuple(lines), tuple(fences)))
    return tuple(s for s in sections if s.level or s.fences or any(line.text.strip() for line in s.lines))


def below(sections: tuple[Section, ...], index: int) -> tuple[Section, ...]:
    """The sections nested under the one at `index`, at any depth, in page order."""
    found: list[Section] = []
    for section in sections[index + 1 :]:
        if section.level <= sections[index].level:
            break
        found.append(section)
    return tuple(found)


def _clean(title: str) -> str:
    """A heading's text without its closing marks and its anchor (`\\[#some-anchor]`)."""
    return _ANCHOR.sub("", _CLOSING_MARKS.sub("", title.strip())).strip()


def _opening(row: str) -> re.Match[str] | None:
    match = _FENCE.match(row)
    # An info string with a backtick is inline code at the start of a line, not a fence.
    return None if match is None or (match["ticks"][0] == "`" and "`" in match["info"]) else match


def _closing_index(rows: list[str], start: int, ticks: str) -> int | None:
    for index in range(start, len(rows)):
        row = rows[index].strip()
        if len(row) >= len(ticks) and set(row) == {ticks[0]}:
            return index
    return None
