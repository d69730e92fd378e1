"""The measurements as drawings: inline SVG with its own words, each in two widths, for a desk and for a phone.

Each function returns None where there was nothing to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Any

from markupsafe import Markup

from conformance.report.drawing import NARROW, WIDE, Frame, box, circle, draw_text, line, svg, swatch, tick, ticks
from conformance.report.text import visible

DASH = "\u2013"
HIGHEST = 90  # messages a second; a higher bar is cut off and says how high it is
RATE = 30  # messages per second and stream, the page's limit
MOST_SECONDS = 240  # drawn of one stream
EARLY = 1.0  # seconds; dates have whole seconds, so less than that is not early
NEAR = (3900, 4300)  # bytes, drawn larger
WITHIN, LIMIT, BEYOND = 4000, 4096, 4200  # bytes: must pass, 4 KiB, must fail


@dataclass(frozen=True, slots=True)
class Picture:
    """What was found in a sentence, a drawing in two widths, how to read it, and the numbers behind it."""

    key: str
    title: str
    finding: str
    caption: str
    legend: tuple[tuple[Markup, str], ...]
    svg: Markup
    narrow: Markup
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
    binned = [_per_second(timeline) for timeline in timelines]
    longest = max(len(bins) for bins in binned)
    scenarios = [timeline["scenario"] for timeline in timelines]
    rows = tuple(_rate_row(timeline, bins) for timeline, bins in zip(timelines, binned, strict=True))
    highest = min(HIGHEST, max(RATE * 1.2, *(sum(counts) for bins in binned for counts in bins)))

    def draw(frame: Frame) -> Markup:
        shapes, height = [], 60
        top = 14 + frame.lead
        step = (frame.right - frame.left) / longest
        every = ceil(20 / step)  # so that two numbers never touch

        for timeline, bins in zip(timelines, binned, strict=True):
            base = top + height

            def y(count: float, base: float = base) -> float:
                return base - min(count, highest) / highest * height

            accepted, refused, other = (sum(counts[kind] for counts in bins) for kind in range(3))
            label = _name(timeline["scenario"])
            if scenarios.count(timeline["scenario"]) > 1:
                label += f", {_tail(timeline)}"
            note = f"{accepted} accepted, {refused} refused" + f", {other} else" * bool(other)
            above = top - (12 if frame.above else 0)
            shapes += frame.label(label, above, height, note)
            shapes.append(line(frame.left, base, frame.right, base, "axis"))
            for second, counts in enumerate(bins):
                bottom = 0.0
                for count, kind in zip(counts, ("good", "bad", "odd"), strict=True):
                    if count:
                        x, upper = frame.left + second * step + step * 0.02, y(bottom + count)
                        shapes.append(box(x, upper, max(step * 0.96, 1), y(bottom) - upper, kind))
                        bottom += count
                if bottom and second % every == 0:
                    over = RATE if RATE / 2 < bottom < RATE else bottom  # the line may not run through the number
                    shapes.append(draw_text(frame.left + (second + 0.5) * step, y(over) - 3, f"{bottom:.0f}", "over"))
            shapes.append(line(frame.left, y(RATE), frame.right, y(RATE), "limit"))
            shapes.append(draw_text(frame.right + 5, y(RATE) + 4, "30/s", "tiny"))
            top += height + 24 + frame.lead
        top -= 24 + frame.lead
        shapes += ticks(frame, longest, lambda second: frame.left + second * step, top + 15, "s")
        return svg("Messages accepted and refused per second", frame, top + 22, shapes)

    return Picture(
        "rate",
        "Messages accepted and refused, second by second",
        _rate_finding(rows),
        "Each row is one stream, each bar one second; the number over it is how many messages were sent."
        + (f" A bar of more than {HIGHEST} is cut off." if highest == HIGHEST else "")
        + " A burst above the line may be lawful: a documented window is 10 seconds long.",
        _legend(
            ("good", "accepted"),
            ("bad", "refused with 429"),
            *([("odd", "no answer, or another")] if any(counts[2] for bins in binned for counts in bins) else []),
            ("limit", "the page's limit of 30 messages a second and stream"),
        ),
        draw(WIDE),
        draw(NARROW),
        ("scenario", "messages", "accepted", "refused", "no answer, other", "most accepted in 1 s", "in 10 s"),
        rows,
    )


def ttl_picture(lives: list[dict[str, Any]]) -> Picture | None:
    """How long streams lived against when they were to expire."""
    if not lives:
        return None
    lives = sorted(lives, key=lambda life: (life["scenario"], life["stream"]))
    end = max(max(_moments(life)) for life in lives) * 1.04 or 1.0
    kinds: set[str] = set()

    def draw(frame: Frame) -> Markup:
        shapes: list[Markup] = []

        def bar(start: float, stop: float, kind: str) -> None:
            if stop > start:
                kinds.add(kind)
                shapes.append(box(x(start), top, x(stop) - x(start), 10, kind))

        def x(moment: float) -> float:
            return frame.x(moment / end)

        top = 10 + frame.lead
        for life in lives:
            alive, gone, due = life["last_alive"] or 0.0, life["first_gone"], life["promises"][-1]["until"]
            shapes += frame.label(f"{_name(life['scenario'])}, {_tail(life)}", top, 10)
            bar(0, min(alive, due), "good")
            bar(due, alive, "late")
            bar(alive, gone or 0.0, "unknown")
            for promise in life["promises"][:-1]:
                kinds.add("old")
                shapes.append(line(x(promise["until"]), top - 3, x(promise["until"]), top + 13, "old"))
            shapes.append(line(x(due), top - 4, x(due), top + 14, "limit"))
            if gone is not None:
                kinds.add(ring := "early" if gone < due - EARLY else "gone")
                shapes.append(circle(x(gone), top + 5, ring))
            top += 22 + frame.lead
        top -= frame.lead
        shapes += ticks(frame, end, x, top + 8, "s")
        return svg("How long streams with a Ttl lived", frame, top + 14, shapes)

    wide, narrow = draw(WIDE), draw(NARROW)
    meanings = (
        ("good", "the stream answered"),
        ("late", "it still answered after it was to expire"),
        ("unknown", "nobody asked"),
        ("limit", "when it was to expire"),
        ("old", "an earlier promise that an update replaced"),
        ("gone", "first answer that it is gone"),
        ("early", "gone before its time"),
    )
    return Picture(
        "ttl",
        "The life of streams with a Ttl",
        _life_finding(lives),
        "Seconds since the stream was made. A little late is lawful (the run's option --grace), early never is.",
        _legend(*((kind, words) for kind, words in meanings if kind in {*kinds, "limit"})),
        wide,
        narrow,
        ("scenario", "stream", "to expire after", "last seen after", "first missed after", "late by at most"),
        tuple(_life_row(life) for life in lives),
    )


def size_picture(sizes: list[dict[str, Any]]) -> Picture | None:
    """Sizes of messages accepted and refused against the limit of 4 KB."""
    sizes = [size for size in sizes if size["bytes"] > 0]
    if not sizes:
        return None
    accepted = [size["bytes"] for size in sizes if size["status"] < 300]
    refused = [size["bytes"] for size in sizes if size["status"] >= 300]
    biggest = max(8192, *(size["bytes"] for size in sizes)) * 1.4

    def panel(frame: Frame, title: str, place: Callable[[float], float], *, top: float, fine: bool) -> list[Markup]:
        left, right = place(NEAR[0] if fine else 1), place(NEAR[1] if fine else biggest)
        shapes = [draw_text(left, top + 10, title, "tiny")]
        if fine:
            shapes.append(box(place(WITHIN), top + 18, place(BEYOND) - place(WITHIN), 58, "zone"))
        shapes.append(line(place(LIMIT), top + 18, place(LIMIT), top + 76, "limit"))
        for height, counts, kind in ((top + 32, accepted, "good"), (top + 60, refused, "bad")):
            shown = [count for count in counts if not fine or NEAR[0] <= count <= NEAR[1]]
            shapes += [circle(place(count), height, kind) for count in shown]
        shapes.append(line(left, top + 76, right, top + 76, "axis"))
        marks = (WITHIN, LIMIT, BEYOND) if fine else (1, 10, 100, 1000, 10_000, 100_000)
        return [*shapes, *(tick(frame, place(mark), top + 90, f"{mark:,}") for mark in marks if mark <= biggest)]

    def draw(frame: Frame) -> Markup:
        middle = frame.left if frame.above else frame.x(0.56)
        end = frame.right if frame.above else frame.x(0.51)

        def coarse(count: float) -> float:
            return frame.left + 5 + log10(max(count, 1)) / log10(biggest) * (end - frame.left - 5)

        def fine(count: float) -> float:
            return middle + (count - NEAR[0]) / (NEAR[1] - NEAR[0]) * (frame.right - middle)

        below = 108 if frame.above else 0
        shapes = panel(frame, "all sizes, bytes (logarithmic)", coarse, top=0, fine=False)
        shapes += panel(frame, "near the limit, bytes", fine, top=below, fine=True)
        if not frame.above:
            shapes += [*frame.label("accepted", 27, 10), *frame.label("refused", 55, 10)]
        return svg("Sizes of messages accepted and refused", frame, below + 98, shapes)

    largest = f"The largest message accepted had {max(accepted):,} bytes" if accepted else "No message was accepted"
    smallest = (
        f", the smallest refused for its size {min(refused):,}." if refused else "; none was refused for its size."
    )
    return Picture(
        "sizes",
        "Payload sizes against the limit",
        f"{largest}{smallest}",
        "The size of Data as the suite counts it, in bytes of UTF-8. On the right, what is near the limit.",
        _legend(
            ("accepted", "accepted"),
            ("refused", "refused"),
            ("limit", f"4 KB, read as {LIMIT:,} bytes"),
            ("zone", f"from {WITHIN:,} to {BEYOND:,} bytes either answer is lawful"),
        ),
        draw(WIDE),
        draw(NARROW),
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

    def draw(frame: Frame) -> Markup:
        def x(milliseconds: float) -> float:
            return frame.x(log10(max(milliseconds, floor) / floor) / span)

        shapes, top = [], 8 + frame.lead
        for entry in latencies:
            shapes += frame.label(entry["operation"], top, 10)
            shapes.append(line(x(entry["min"]), top + 5, x(entry["max"]), top + 5, "whisker"))
            shapes.append(box(x(entry["p50"]), top, max(x(entry["p90"]) - x(entry["p50"]), 2), 10, "calm"))
            shapes.append(line(x(entry["p50"]), top - 3, x(entry["p50"]), top + 13, "median"))
            shapes.append(line(x(entry["p99"]), top + 1, x(entry["p99"]), top + 9, "whisker"))
            top += 24 + frame.lead
        top -= frame.lead
        shapes.append(line(frame.left, top, frame.right, top, "axis"))
        decades = range(int(span) + 1)
        shapes += [tick(frame, x(floor * 10**n), top + 15, f"{floor * 10**n:g} ms") for n in decades]
        return svg("Latency per operation", frame, top + 22, shapes)

    return Picture(
        "latency",
        "Latency per operation",
        _latency_finding(latencies),
        "Milliseconds from the first byte sent to the last received, on a logarithmic axis. Measured while everything"
        " ran side by side: a description of this run, not a benchmark.",
        _legend(
            ("median", "median"),
            ("calm", "up to the 90th percentile"),
            ("whisker", "fastest to slowest, with a stroke at the 99th percentile"),
        ),
        draw(WIDE),
        draw(NARROW),
        ("operation", "requests", "fastest", "median", "90 %", "99 %", "slowest"),
        tuple(
            (entry["operation"], str(entry["count"]),
             *(f"{entry[k]:g} ms" for k in ("min", "p50", "p90", "p99", "max")))
            for entry in latencies
        ),
    )  # fmt: skip


def _rate_finding(rows: Iterable[tuple[str, ...]]) -> str:
    """From the rows of numbers: messages, accepted, refused, the rest, most accepted in 1 s, and in 10 s."""
    numbers = [[int(cell) for cell in row[1:]] for row in rows]
    sent, accepted, refused = (sum(row[kind] for row in numbers) for kind in range(3))
    most, window = (max(row[kind] for row in numbers) for kind in (4, 5))
    return (
        f"Of {sent:,} messages to {len(numbers)} stream{'' if len(numbers) == 1 else 's'} {accepted:,} were accepted"
        f" and {refused:,} refused with 429. No stream took more than {most:,} in a second, or {window:,} in ten."
    )


def _life_finding(lives: Sequence[dict[str, Any]]) -> str:
    total = f"{len(lives)} stream{'' if len(lives) == 1 else 's'}"
    due = [life["promises"][-1]["until"] for life in lives]
    late = [life["last_alive"] - end for life, end in zip(lives, due, strict=True) if (life["last_alive"] or 0) > end]
    early = sum(
        life["first_gone"] is not None and life["first_gone"] < end - EARLY
        for life, end in zip(lives, due, strict=True)
    )
    told = f"Of {total} with a Ttl {early or 'none'} went before its time"
    if late:
        return f"{told}; {len(late)} still answered after it, the last {max(late):.1f} s late."
    return f"{told}, and none answered after it."


def _latency_finding(latencies: Sequence[dict[str, Any]]) -> str:
    slow, worst = (max(latencies, key=lambda entry: entry[kind]) for kind in ("p50", "max"))
    return (
        f"The slowest median is {slow['p50']:g} ms ({slow['operation']}),"
        f" the slowest answer took {worst['max']:g} ms ({worst['operation']})."
    )


def _legend(*entries: tuple[str, str]) -> tuple[tuple[Markup, str], ...]:
    return tuple((swatch(kind), words) for kind, words in entries)


def _per_second(timeline: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Accepted, refused with 429, and everything else, by second."""
    offsets = timeline["offsets"]
    bins = [[0, 0, 0] for _ in range(int(offsets[-1]) + 1 if offsets else 1)]
    for offset, status in zip(offsets, timeline["statuses"], strict=True):
        bins[min(int(offset), len(bins) - 1)][0 if 200 <= status < 300 else 1 if status == 429 else 2] += 1
    return [(good, bad, odd) for good, bad, odd in bins[:MOST_SECONDS]]


def _rate_row(timeline: dict[str, Any], bins: list[tuple[int, int, int]]) -> tuple[str, ...]:
    pairs = zip(timeline["offsets"], timeline["statuses"], strict=True)
    accepted = [offset for offset, status in pairs if 200 <= status < 300]
    totals = [sum(counts[kind] for counts in bins) for kind in range(3)]
    most = (_most_within(accepted, 1.0), _most_within(accepted, 10.0))
    return (_name(timeline["scenario"]), *(str(n) for n in (len(timeline["offsets"]), *totals, *most)))


def _life_row(life: dict[str, Any]) -> tuple[str, ...]:
    gone, due = life["first_gone"], life["promises"][-1]["until"]
    return (
        _name(life["scenario"]),
        _tail(life),
        _seconds(due),
        _seconds(life["last_alive"]),
        _seconds(gone),
        f"{gone - due:+.1f} s" if gone is not None else DASH,
    )


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
