"""Draws a flame graph from samples of stacks, small enough to keep: `python -m bench.flame STACKS TITLE > FILE.svg`.

STACKS is what `py-spy record --gil --function --format raw` writes: a stack a line, frames apart by semicolons and the
outermost first, and how often it was seen. Frames with less than a 250th of all samples are left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

LEAST = 1 / 250
WIDTH, ROW = 1000.0, 15
LETTER = 5.6  # width of one
# What only carries the call on: threads, decorators, the import system.
CARRIERS = re.compile(r"\((threading|contextlib|functools|concurrent/futures/thread|<frozen importlib\S*|<string>)")
COLOURS = {"conformance/": "#7fb3d5", "hypothesis/": "#f5b041", "schemathesis/": "#f7dc6f", "urllib3/": "#82c091"}
OTHER = "#d5d8dc"


@dataclass(slots=True)
class Frame:
    """A function, how many samples were in it or in what it called, and what it called."""

    name: str
    samples: int = 0
    calls: dict[str, Frame] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        return 1 + max((frame.depth for frame in self.calls.values()), default=0)


def read(lines: Iterable[str]) -> Frame:
    """All stacks as a tree."""
    root = Frame("all")
    for line in lines:
        stack, _, count = line.rstrip().rpartition(" ")
        frame = root
        frame.samples += int(count)
        for name in filter(_speaks, stack.split(";")):
            frame = frame.calls.setdefault(name, Frame(name))
            frame.samples += int(count)
    return root


def _speaks(name: str) -> bool:
    return not CARRIERS.search(name)


def prune(frame: Frame, least: float) -> None:
    """Leaves out every frame with fewer samples."""
    frame.calls = {name: call for name, call in frame.calls.items() if call.samples >= least}
    for call in frame.calls.values():
        prune(call, least)


def draw(root: Frame, title: str) -> str:
    """The tree as SVG: each frame as wide as its share, what it called below it, its name in full in a tooltip."""
    height = (root.depth + 2) * ROW
    boxes = "\n".join(_boxes(root, 0.0, ROW + 5, WIDTH / root.samples, root.samples))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height}" font-family="sans-serif"'
        f' font-size="10">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="4" y="{ROW - 2}" font-size="12">{escape(title)} ({root.samples} samples)</text>\n{boxes}\n</svg>\n'
    )


def _boxes(frame: Frame, x: float, y: float, scale: float, total: int) -> Iterator[str]:
    width = frame.samples * scale
    letters = int((width - 4) / LETTER)
    shown = frame.name.partition(" (")[0]
    shown = shown if len(shown) <= letters else shown[: letters - 1] + "…" if letters > 3 else ""
    text = f'<text x="{x + 2:.1f}" y="{y + 11}">{escape(shown)}</text>' if shown else ""
    yield (
        f'<g><title>{escape(frame.name)}: {frame.samples / total:.1%}</title><rect x="{x:.1f}" y="{y}"'
        f' width="{max(width - 0.4, 0.2):.1f}" height="{ROW - 1}" fill="{_colour(frame.name)}"/>{text}</g>'
    )
    for call in sorted(frame.calls.values(), key=lambda each: each.name):
        yield from _boxes(call, x, y + ROW, scale, total)
        x += call.samples * scale


def _colour(name: str) -> str:
    return next((colour for place, colour in COLOURS.items() if f"({place}" in name), OTHER)


def main(stacks: Path, title: str) -> None:
    with stacks.open(encoding="utf-8") as file:
        root = read(file)
    prune(root, LEAST * root.samples)
    print(draw(root, title), end="")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
