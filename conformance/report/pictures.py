"""The measurements as drawings: inline SVG with its own words, sized in units that scale, coloured by CSS classes.

Each function returns None where there was nothing to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log10
from typing import Any

from markupsafe import Markup, escape

from conformance.report.text import visible

WIDTH, LEFT, RIGHT = 760, 190, 24
DASH = "\u2013"
HIGHEST = 90  # messages a second; a higher bar is cut off and says how high it is
RATE = 30  # messages per second and stream, the page's limit
QUANTILES = ("min", "p50", "p90", "p99", "max")
NEAR = (3900, 4300)  # bytes, drawn larger
WITHIN, LIMIT, BEYOND = 4000, 4096, 4200  # bytes: must pass, 4 KiB, must fail
HATCH = Markup(
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" class="hatch"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, a sentence that says what it shows, and the numbers behind it as a table."""

    key: str
    title: str
    caption: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def pictures(measurements: dict[str, Any] | None) -> list[Picture]:
    """All pictures that the measurements are enough for."""
    if not measurements:
        return []
    drawn = (
        rate_picture(measurements["rate"]),
        ttl_picture(measurements["ttl"]),
        size_picture(measurements["sizes"]),
        latency_picture(measurements["latency"]),
    )
    return [picture for picture in drawn if picture is not None]


def rate_picture(timelines: list[dict[str, Any]]) -> Picture | None:
    """Messages a second to one stream, accepted and refused, against the 30 a second of the page."""
    if not timelines:
        return None
    rows, shapes = [], []
    top, height, gap = 24, 60, 34
    binned = [_per_second(line) for line in timelines]
    longest = max(len(bins) for bins in binned)
    highest = min(HIGHEST, max(RATE * 1.2, *(sum(counts) for bins in binned for counts in bins)))
    step = (WIDTH - LEFT - RIGHT) / longest
    for line, bins in zip(timelines, binned, strict=True):
        base = top + height

        def y(count: float, base: float = base) -> float:
            return base - min(count, highest) / highest * height

        shapes += _label(line["scenario"], _tail(line), base - height / 2)
        shapes.append(_line(LEFT, base, WIDTH - RIGHT, base, "axis"))
        for second, counts in enumerate(bins):
            bottom = 0.0
            for count, kind in zip(counts, ("good", "bad", "odd"), strict=True):
                if count:
                    x, upper = LEFT + second * step + 1, y(bottom + count)
                    shapes.append(_box(x, upper, max(step - 2, 1), y(bottom) - upper, kind))
                    bottom += count
            if bottom > highest:
                shapes.append(_text(LEFT + (second + 0.5) * step, base - height - 4, f"{bottom:.0f}", "over middle"))
        shapes.append(_line(LEFT, y(RATE), WIDTH - RIGHT, y(RATE), "limit"))
        shapes.append(_text(WIDTH - RIGHT, y(RATE) - 4, "30 a second", "tiny end"))
        rows.append(_rate_row(line, bins))
        top += height + gap
    shapes += _ticks(longest, lambda second: LEFT + second * step, top - gap + 16, "s")
    return Picture(
        "rate",
        "Messages accepted and refused, second by second",
        "Each row is one stream; a bar is one second, green what was accepted, red what was refused with 429."
        " The line is the page's limit. A burst above it may be lawful: a documented window is 10 seconds long.",
        _svg("Messages accepted and refused per second", top + 4, shapes),
        ("scenario", "messages", "accepted", "refused", "no answer, other", "most accepted in 1 s", "in 10 s"),
        tuple(rows),
    )


def ttl_picture(lives: list[dict[str, Any]]) -> Picture | None:
    """How long streams lived against when they were to expire."""
    if not lives:
        return None
    rows, shapes = [], []
    lives = sorted(lives, key=lambda life: (life["scenario"], life["stream"]))
    end = max(max(_moments(life)) for life in lives) * 1.04 or 1.0
    top, height = 14, 22

    def x(moment: float) -> float:
        return LEFT + moment / end * (WIDTH - LEFT - RIGHT)

    for life in lives:
        alive, gone, due = life["last_alive"] or 0.0, life["first_gone"], life["promises"][-1]["until"]
        shapes.append(_text(LEFT - 12, top + 9, _cut(f"{_name(life['scenario'])}, {_tail(life)}", 30), "label end"))
        if alive:
            shapes.append(_box(x(0), top, x(alive) - x(0), 10, "good"))
        if gone is not None and gone > alive:
            shapes.append(_box(x(alive), top, x(gone) - x(alive), 10, "unknown"))
        earlier = [x(promise["until"]) for promise in life["promises"][:-1]]
        shapes += [_line(moment, top - 2, moment, top + 12, "old") for moment in earlier]
        shapes.append(_line(x(due), top - 4, x(due), top + 14, "limit"))
        if gone is not None:
            shapes.append(_circle(x(gone), top + 5, "gone"))
        rows.append((
            _name(life["scenario"]),
            _tail(life),
            _seconds(due),
            _seconds(life["last_alive"]),
            _seconds(gone),
            f"{gone - due:+.1f} s" if gone is not None else DASH,
        ))  # fmt: skip
        top += height
    shapes += _ticks(end, x, top + 14, "s")
    return Picture(
        "ttl",
        "The life of streams with a Ttl",
        "Green: the stream answered. Hatched: nobody asked. The upright line is when it was to expire, a dotted one"
        " an earlier promise that an update replaced; the ring is the first answer that it is gone. Late is lawful,"
        " early is not.",
        _svg("How long streams with a Ttl lived", top + 24, shapes),
        ("scenario", "stream", "to expire after", "last seen after", "first missed after", "late by at most"),
        tuple(rows),
    )


def size_picture(sizes: list[dict[str, Any]]) -> Picture | None:
    """Sizes of messages accepted and refused against the limit of 4 KB."""
    sizes = [size for size in sizes if size["bytes"] > 0]
    if not sizes:
        return None
    middle = LEFT + (WIDTH - LEFT - RIGHT) * 0.55
    biggest = max(8192, *(size["bytes"] for size in sizes)) * 1.4

    def coarse(count: float) -> float:
        return LEFT + log10(max(count, 1)) / log10(biggest) * (middle - LEFT - 30)

    def fine(count: float) -> float:
        return middle + (count - NEAR[0]) / (NEAR[1] - NEAR[0]) * (WIDTH - RIGHT - middle)

    shapes = [
        _text(LEFT, 12, "all sizes, in bytes", "tiny"),
        _text(middle, 12, "near the limit", "tiny"),
        _box(fine(WITHIN), 20, fine(BEYOND) - fine(WITHIN), 70, "zone"),
        *(_line(x(LIMIT), 20, x(LIMIT), 90, "limit") for x in (coarse, fine)),
        _line(LEFT, 90, middle - 30, 90, "axis"),
        _line(middle, 90, WIDTH - RIGHT, 90, "axis"),
    ]
    for row, (kind, title) in enumerate((("good", "accepted"), ("bad", "refused"))):
        height = 38 + row * 30
        shapes.append(_text(LEFT - 12, height + 4, title, "label end"))
        counts = [size["bytes"] for size in sizes if (size["status"] < 300) == (kind == "good")]
        shapes += [_circle(coarse(count), height, kind) for count in counts]
        shapes += [_circle(fine(count), height, kind) for count in counts if NEAR[0] <= count <= NEAR[1]]
    ticks = [(coarse, tick) for tick in (1, 10, 100, 1000, 10_000, 100_000) if tick <= biggest]
    ticks += [(fine, tick) for tick in (WITHIN, LIMIT, BEYOND)]
    shapes += [_text(x(tick), 106, f"{tick:,}", "tiny middle") for x, tick in ticks]
    accepted = [size["bytes"] for size in sizes if size["status"] < 300]
    refused = [size["bytes"] for size in sizes if size["status"] >= 300]
    largest = f"The largest message accepted had {max(accepted):,} bytes" if accepted else "No message was accepted"
    smallest = (
        f", the smallest refused for its size {min(refused):,}." if refused else "; none was refused for its size."
    )
    return Picture(
        "sizes",
        "Payload sizes against the limit",
        f"{largest}{smallest} In the shaded zone between 4,000 and 4,200 bytes either answer is lawful.",
        _svg("Sizes of messages accepted and refused", 114, shapes),
        ("bytes of Data", "answered with", "messages"),
        tuple((f"{size['bytes']:,}", str(size["status"] or "nothing"), str(size["count"])) for size in sizes),
    )


def latency_picture(latencies: list[dict[str, Any]]) -> Picture | None:
    """Latency per operation: the whole range, its middle, and the slowest tenth."""
    if not latencies:
        return None
    low = min(max(entry["min"], 0.01) for entry in latencies)
    high = max(max(entry["max"], 0.02) for entry in latencies)
    floor = 10 ** (int(log10(low)) - (low < 1))
    span = log10(high * 1.25 / floor)

    def x(milliseconds: float) -> float:
        return LEFT + log10(max(milliseconds, floor) / floor) / span * (WIDTH - LEFT - RIGHT)

    shapes, top = [], 14
    for entry in latencies:
        shapes.append(_text(LEFT - 12, top + 9, entry["operation"], "label end"))
        shapes.append(_line(x(entry["min"]), top + 5, x(entry["max"]), top + 5, "whisker"))
        shapes.append(_box(x(entry["p50"]), top, max(x(entry["p90"]) - x(entry["p50"]), 2), 10, "calm"))
        shapes.append(_line(x(entry["p50"]), top - 3, x(entry["p50"]), top + 13, "median"))
        shapes.append(_line(x(entry["p99"]), top + 1, x(entry["p99"]), top + 9, "whisker"))
        top += 24
    shapes.append(_line(LEFT, top, WIDTH - RIGHT, top, "axis"))
    tick = floor
    while tick <= high * 1.25:
        shapes.append(_text(x(tick), top + 16, f"{tick:g}", "tiny middle"))
        tick *= 10
    shapes.append(_text(LEFT - 12, top + 16, "milliseconds", "tiny end"))
    return Picture(
        "latency",
        "Latency per operation",
        "From the first byte sent to the last received. The upright line is the median, the bar reaches to the 90th"
        " percentile, the thin line from the fastest to the slowest; logarithmic. Measured while everything ran side"
        " by side: a description of this run, not a benchmark.",
        _svg("Latency per operation", top + 24, shapes),
        ("operation", "requests", "fastest", "median", "90 %", "99 %", "slowest"),
        tuple(
            (
                entry["operation"],
                str(entry["count"]),
                *(f"{entry[k]:g} ms" for k in ("min", "p50", "p90", "p99", "max")),
            )
            for entry in latencies
        ),
    )


def _per_second(line: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Accepted, refused with 429, and everything else, by second."""
    bins = [[0, 0, 0] for _ in range(int(line["offsets"][-1]) + 1 if line["offsets"] else 1)]
    for offset, status in zip(line["offsets"], line["statuses"], strict=True):
        bins[min(int(offset), len(bins) - 1)][0 if 200 <= status < 300 else 1 if status == 429 else 2] += 1
    return [(good, bad, odd) for good, bad, odd in bins[:240]]


def _rate_row(line: dict[str, Any], bins: list[tuple[int, int, int]]) -> tuple[str, ...]:
    pairs = zip(line["offsets"], line["statuses"], strict=True)
    accepted = [offset for offset, status in pairs if 200 <= status < 300]
    totals = [sum(counts[kind] for counts in bins) for kind in range(3)]
    most = (_most_within(accepted, 1.0), _most_within(accepted, 10.0))
    return (_name(line["scenario"]), *(str(n) for n in (len(line["offsets"]), *totals, *most)))


def _most_within(moments: list[float], seconds: float) -> int:
    best = start = 0
    for end, moment in enumerate(moments):
        while moment - moments[start] >= seconds:
            start += 1
        best = max(best, end - start + 1)
    return best


def _moments(life: dict[str, Any]) -> Iterable[float]:
    yield from (promise["until"] for promise in life["promises"])
    yield from (moment for moment in (life["last_alive"], life["first_gone"]) if moment is not None)


def _name(scenario: str) -> str:
    return visible(scenario.replace("_", " "))


def _tail(entry: dict[str, Any]) -> str:
    """What is the stream's own in the name that the suite gave it."""
    name, scenario = entry["stream"], entry["scenario"].replace("_", "-")
    if scenario and f"-{scenario}-" in name:
        return visible(name.rsplit(f"-{scenario}-", 1)[1])
    return "without a name" if name.startswith("TO") else visible(name[-24:])


def _seconds(value: float | None) -> str:
    return DASH if value is None else f"{value:.1f} s"


def _svg(title: str, height: float, shapes: Iterable[Markup]) -> Markup:
    body = Markup("").join(shapes)
    return Markup('<svg viewBox="0 0 {} {:g}" role="img" aria-label="{}" class="chart">{}</svg>').format(
        WIDTH, height, title, HATCH + body if "url(#hatch)" in body else body
    )


def _box(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    fill = Markup(' fill="url(#hatch)"') if kind == "unknown" else ""
    return Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"{}/>').format(
        x, y, max(width, 0), max(height, 0), kind, fill
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(x1, y1, x2, y2, kind)


def _circle(x: float, y: float, kind: str) -> Markup:
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="5" class="{}"/>').format(x, y, kind)


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, kind, escape(text))


def _label(scenario: str, stream: str, y: float) -> list[Markup]:
    """Two short lines beside a row."""
    return [
        _text(LEFT - 12, y, _cut(_name(scenario), 26), "label end"),
        _text(LEFT - 12, y + 12, _cut(stream, 32), "tiny end"),
    ]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _ticks(end: float, x: Callable[[float], float], y: float, unit: str) -> list[Markup]:
    step = next(size for size in (1, 2, 5, 10, 20, 30, 60, 120, 300, 1e9) if end / size <= 12)
    marks = [tick * step for tick in range(int(end / step) + 1)]
    return [
        _text(x(mark), y, f"{mark:g} {unit}" if mark == marks[-1] else f"{mark:g}", "tiny middle") for mark in marks
    ]
