"""What a run measured beside judging: pure functions from all its exchanges. Nothing here judges anything."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any

from conformance.exchange import Exchange, NotJSON
from conformance.operation import Operation, address_of, operation_of

RATE_LEAST = 25  # messages to one stream within a second that make a run of publishes a test of its rate
RATE_WINDOW = 1.0  # seconds
MOST_TIMELINES = 8
MOST_POINTS = 3000  # of one timeline
MOST_LIVES = 40
LONGEST_LIFE = 600.0  # seconds; a stream that is to live longer can't be watched to its end
LARGE = 4000  # bytes: what is smaller can't be refused for its size
LABEL = 80  # characters of a stream's name
REMOVED = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Timeline:
    """Messages to one stream: seconds since the first of them, and the status of each (0: no answer)."""

    scenario: str
    stream: str
    offsets: tuple[float, ...]
    statuses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """One stream with a Ttl, in seconds since it was made.

    `promises` are pairs: when a Ttl was given, and when the stream was to expire by it. `alive` is when the
    stream was last seen, `gone` when it was first missed; None where that was not seen.
    """

    scenario: str
    stream: str
    promises: tuple[tuple[float, float], ...]
    alive: float | None
    gone: float | None


@dataclass(frozen=True, slots=True)
class Size:
    """Messages of one size: bytes of `Data`, what they were answered with (0: nothing), and how many there were."""

    bytes: int
    status: int
    count: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """`latencies`: seconds by operation, ascending."""

    latencies: tuple[tuple[Operation, tuple[float, ...]], ...] = ()
    timelines: tuple[Timeline, ...] = ()
    lives: tuple[Life, ...] = ()
    sizes: tuple[Size, ...] = ()


def measure(exchanges: Iterable[Exchange]) -> Measurements:
    """All measurements of a run, or of one of its workers."""
    log = sorted(exchanges, key=lambda exchange: exchange.sent)
    streams: dict[tuple[str, str, str], list[Exchange]] = defaultdict(list)
    names: dict[tuple[str, str], str] = {}
    for exchange in log:
        address = address_of(exchange.request)
        if address is None:
            continue
        body = _object(exchange) if operation_of(exchange.request) is Operation.CREATE else {}
        sid = body.get("sid")
        reference = address.stream if address.stream is not None else sid
        if not isinstance(reference, str):
            continue
        name = body.get("unique_name")
        if isinstance(name, str):
            names[exchange.scenario, name] = reference
        reference = names.get((exchange.scenario, reference), reference)
        streams[exchange.scenario, address.service, reference].append(exchange)
    timelines = {key: line for key, seen in streams.items() if (line := _timeline(key, seen))}
    lives = [life for key, seen in streams.items() if (life := _life(key, seen))]
    return Measurements(
        latencies=_latencies(log),
        timelines=tuple(timelines.values())[:MOST_TIMELINES],
        lives=tuple(lives[:MOST_LIVES]),
        sizes=_sizes(exchange for key, seen in streams.items() if key not in timelines for exchange in seen),
    )


def merge(parts: Sequence[Measurements]) -> Measurements:
    """The whole run's measurements from those of its workers."""
    latencies: dict[Operation, list[float]] = defaultdict(list)
    sizes: Counter[tuple[int, int]] = Counter()
    for part in parts:
        for operation, values in part.latencies:
            latencies[operation] += values
        for size in part.sizes:
            sizes[size.bytes, size.status] += size.count
    return Measurements(
        latencies=tuple(
            (operation, tuple(sorted(latencies[operation]))) for operation in Operation if latencies[operation]
        ),
        timelines=tuple(line for part in parts for line in part.timelines)[:MOST_TIMELINES],
        lives=tuple(life for part in parts for life in part.lives)[:MOST_LIVES],
        sizes=tuple(Size(size, status, count) for (size, status), count in sorted(sizes.items())),
    )


def measurements_document(measurements: Measurements, mask: Callable[[str], str]) -> dict[str, Any]:
    """The part of report.json. Latencies in milliseconds, everything else in seconds and bytes.

    `mask` is applied to what a target may have named.
    """
    return {
        "latency": [_quantiles(operation, values) for operation, values in measurements.latencies],
        "rate": [
            {
                "scenario": line.scenario,
                "stream": mask(line.stream),
                "offsets": [round(offset, 3) for offset in line.offsets],
                "statuses": list(line.statuses),
            }
            for line in measurements.timelines
        ],
        "ttl": [
            {
                "scenario": life.scenario,
                "stream": mask(life.stream),
                "promises": [{"at": round(at, 3), "until": round(until, 3)} for at, until in life.promises],
                "last_alive": _rounded(life.alive),
                "first_gone": _rounded(life.gone),
            }
            for life in measurements.lives
        ],
        "sizes": [{"bytes": size.bytes, "status": size.status, "count": size.count} for size in measurements.sizes],
    }


def pack_measurements(measurements: Measurements) -> dict[str, Any]:
    """Everything as plain JSON values, for the way from a pytest-xdist worker."""
    return {
        "latencies": {str(operation): list(values) for operation, values in measurements.latencies},
        "timelines": [[t.scenario, t.stream, list(t.offsets), list(t.statuses)] for t in measurements.timelines],
        "lives": [[x.scenario, x.stream, [list(p) for p in x.promises], x.alive, x.gone] for x in measurements.lives],
        "sizes": [[size.bytes, size.status, size.count] for size in measurements.sizes],
    }


def unpack_measurements(record: dict[str, Any]) -> Measurements:
    """The inverse of `pack_measurements`."""
    return Measurements(
        latencies=tuple((Operation(name), tuple(values)) for name, values in record["latencies"].items()),
        timelines=tuple(Timeline(a, b, tuple(offsets), tuple(codes)) for a, b, offsets, codes in record["timelines"]),
        lives=tuple(Life(a, b, tuple((at, until) for at, until in p), c, d) for a, b, p, c, d in record["lives"]),
        sizes=tuple(Size(*entry) for entry in record["sizes"]),
    )


def _latencies(log: Iterable[Exchange]) -> tuple[tuple[Operation, tuple[float, ...]], ...]:
    seen: dict[Operation, list[float]] = defaultdict(list)
    for exchange in log:
        operation = operation_of(exchange.request)
        if operation is not None and exchange.response is not None and exchange.elapsed >= 0:
            seen[operation].append(round(exchange.elapsed, 6))
    return _in_order(seen)


def _in_order(latencies: Mapping[Operation, Sequence[float]]) -> tuple[tuple[Operation, tuple[float, ...]], ...]:
    return tuple((operation, tuple(sorted(latencies[operation]))) for operation in Operation if operation in latencies)


def _quantiles(operation: Operation, values: Sequence[float]) -> dict[str, Any]:
    def quantile(share: float) -> float:  # nearest rank: always a latency that really occurred
        return round(values[max(0, ceil(share * len(values)) - 1)] * 1000, 2)

    return {
        "operation": str(operation),
        "count": len(values),
        "min": quantile(0),
        "p50": quantile(0.5),
        "p90": quantile(0.9),
        "p99": quantile(0.99),
        "max": quantile(1),
    }


def _timeline(key: tuple[str, str, str], seen: Sequence[Exchange]) -> Timeline | None:
    sent = [exchange for exchange in seen if operation_of(exchange.request) is Operation.PUBLISH][:MOST_POINTS]
    times = [exchange.sent for exchange in sent]
    busiest = max((bisect_left(times, start + RATE_WINDOW) - number for number, start in enumerate(times)), default=0)
    if busiest < RATE_LEAST:
        return None
    label = _label(seen, key[2])
    return Timeline(key[0], label, tuple(t - times[0] for t in times), tuple(exchange.status or 0 for exchange in sent))


def _life(key: tuple[str, str, str], seen: Sequence[Exchange]) -> Life | None:
    """None for a stream without a Ttl that came due while it was watched, or that was deleted before."""
    if operation_of(seen[0].request) is not Operation.CREATE:
        return None
    born = seen[0].sent
    promises: list[tuple[float, float]] = []
    alive: float | None = None
    gone: float | None = None
    for exchange in seen:
        operation, at = operation_of(exchange.request), exchange.sent - born
        accepted = exchange.status is not None and 200 <= exchange.status < 300
        if accepted:
            alive, gone = at, None
            if operation is Operation.DELETE:
                break
        elif exchange.status in REMOVED and gone is None and operation is not Operation.CREATE:
            gone = at
        if accepted and operation in {Operation.CREATE, Operation.UPDATE}:
            promises = _promised(promises, at, exchange.request.field("Ttl"))
            if promises and promises[-1][1] > LONGEST_LIFE:
                return None
    watched = max(alive or 0.0, gone or 0.0)
    if not promises or watched < promises[-1][1]:
        return None
    return Life(key[0], _label(seen, key[2]), tuple(promises), alive, gone)


def _sizes(exchanges: Iterable[Exchange]) -> tuple[Size, ...]:
    counter: Counter[tuple[int, int]] = Counter()
    for exchange in exchanges:
        data = exchange.request.field("Data") if operation_of(exchange.request) is Operation.PUBLISH else None
        if data is None or exchange.status is None:
            continue
        size = len(data.encode("utf-8", "replace"))
        # A small message that is refused is refused for another reason than its size.
        if exchange.status < 300 or exchange.status == 413 or size >= LARGE:
            counter[size, exchange.status] += 1
    return tuple(Size(size, status, count) for (size, status), count in sorted(counter.items()))


def _label(seen: Sequence[Exchange], reference: str) -> str:
    """The name that the suite gave the stream; what the target calls it where it has none."""
    names = (exchange.request.field("UniqueName") for exchange in seen[:1])
    return (next(names, None) or reference)[:LABEL]


def _object(exchange: Exchange) -> dict[str, Any]:
    if exchange.response is None or exchange.status is None or not 200 <= exchange.status < 300:
        return {}
    try:
        body = exchange.response.json()
    except NotJSON:
        return {}
    return body if isinstance(body, dict) else {}


def _promised(promises: list[tuple[float, float]], at: float, ttl: str | None) -> list[tuple[float, float]]:
    """What is promised after a stream was given this Ttl; a Ttl of 0 takes all promises back."""
    if ttl is None or not (ttl.isascii() and ttl.isdecimal()) or len(ttl) > 9:  # none, or one that means nothing
        return promises
    return [*promises, (at, at + int(ttl))] if int(ttl) else []


def _rounded(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else round(value, 3)
