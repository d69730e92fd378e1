"""Drawing in SVG: shapes coloured by CSS classes, and the two widths that every picture is drawn in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

LINE = 17  # height of a label that stands above its row


@dataclass(frozen=True, slots=True)
class Frame:
    """The room for a picture, in units that are about a pixel: the plot is between `left` and `right`.

    `above`: labels stand above their rows instead of beside them, because there is no room there.
    """

    width: int
    left: int
    right: int
    above: bool

    @property
    def lead(self) -> int:
        """What a row needs for a label above it."""
        return LINE if self.above else 0

    def x(self, share: float) -> float:
        """The place of a share (0 to 1) of the plot's width."""
        return self.left + share * (self.right - self.left)

    def label(self, text: str, top: float, height: float, note: str = "") -> list[Markup]:
        """The label of a row whose shapes begin at `top`, with a second, smaller line or a few smaller words."""
        if self.above:
            words = _cut(f"{text}: {note}" if note else text, 46)
            return [draw_text(self.left, top - 5, words, "label")]
        middle = top + height / 2 + (4 if not note else -1)
        shapes = [draw_text(self.left - 12, middle, _cut(text, 28), "label end")]
        return [*shapes, draw_text(self.left - 12, middle + 13, _cut(note, 34), "tiny end")] if note else shapes


WIDE = Frame(760, 190, 716, above=False)
NARROW = Frame(300, 6, 264, above=True)  # a phone of 360 pixels, less the margins of the page and the card


def svg(title: str, frame: Frame, height: float, shapes: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {:g}" role="img" aria-label="{}" class="chart {}">{}</svg>').format(
        frame.width, height, title, "narrow" if frame.above else "wide", Markup("").join(shapes)
    )


def swatch(kind: str) -> Markup:
    """A sample of a shape for the legend."""
    shapes = {
        "limit": lambda: line(9, 0, 9, 14, kind),
        "old": lambda: line(9, 0, 9, 14, kind),
        "median": lambda: line(9, 0, 9, 14, kind),
        "whisker": lambda: line(0, 7, 18, 7, kind),
        "accepted": lambda: circle(9, 7, "good"),
        "refused": lambda: circle(9, 7, "bad"),
        "gone": lambda: circle(9, 7, kind),
        "early": lambda: circle(9, 7, kind),
    }
    shape = shapes.get(kind, lambda: box(0, 2, 18, 10, kind))()
    return Markup('<svg class="chart swatch" width="18" height="14" aria-hidden="true">{}</svg>').format(shape)


def box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    """A rectangle; of the kind `unknown` it is hatched, with the page's pattern."""
    fill = Markup(' fill="url(#hatch)"') if kind == "unknown" else ""
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"{}/>').format(
        x, y, max(width, 0), max(height, 0), kind, fill
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, kind)


def circle(x: float, y: float, kind: str) -> Markup:
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="5" class="{}"/>').format(x, y, kind)


def draw_text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, kind, escape(text))


def tick(frame: Frame, x: float, y: float, text: str) -> Markup:
    """The label of a place on the axis, kept inside the picture."""
    return draw_text(x, y, text, "tiny" if x < frame.left + 4 and frame.above else "tiny middle")


def ticks(frame: Frame, end: float, x: Callable[[float], float], y: float, unit: str) -> list[Markup]:
    """An axis from 0 to `end` in round steps; the last label has the unit."""
    most = 6 if frame.above else 12
    step = next(size for size in (1, 2, 5, 10, 20, 30, 60, 120, 300, 1e9) if end / size <= most)
    marks = [number * step for number in range(int(end / step) + 1)]
    return [tick(frame, x(mark), y, f"{mark:g} {unit}" if mark == marks[-1] else f"{mark:g}") for mark in marks]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
