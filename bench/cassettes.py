"""Section `cassettes`: what loading, looking up and appending cost as a cassette grows."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import stock
from bench.load import drive
from bench.ours import replaying_direct, write_cassette
from bench.processes import module
from bench.rows import Row, at_most, same_cost
from bench.scale import Scale
from bench.spread import Spread, in_turn, ratio
from bench.traffic import create_bytes, exchange, exchanges
from conformance.exchange import Request
from proxy.cassette import load
from proxy.player import Answer, Player
from proxy.recorder import Recorder

_MILLION = 1e6


def rows(scale: Scale) -> Iterator[Row]:
    """The large cassette is recorded first, which is what the cost of appending is read from."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, small, few = folder / "large.yaml", folder / "small.yaml", folder / "few.yaml"
        yield from _appending(scale, large)
        write_cassette(small, exchanges(scale.small))
        write_cassette(few, exchanges(100))
        stock.write_flows(folder / "small.flows", exchanges(scale.small))
        yield from _loading(scale, small, large, folder / "small.flows")
        yield _looking_up(scale, few, large)


def _appending(scale: Scale, path: Path) -> Iterator[Row]:
    recorder = Recorder(path)
    span = max(scale.large // 100, 1)
    blocks: list[float] = []  # microseconds an exchange, for each hundredth of the recording
    for block in range(scale.large // span):
        made = [exchange(number) for number in range(block * span, (block + 1) * span)]
        started = time.perf_counter()
        for one in made:
            recorder.record(one)
        blocks.append((time.perf_counter() - started) / span * _MILLION)
    started = time.perf_counter()
    recorder.close()
    ending = time.perf_counter() - started
    tenth = max(len(blocks) // 10, 1)
    early, late = blocks[:tenth], blocks[-tenth:]
    yield same_cost(
        f"appending an exchange: the last tenth of {scale.large:,} beside the first",
        Spread.of(late).show(" µs", 0),
        Spread.of(early).show(" µs", 0),
        ratio(late, early),
    )
    yield Row(f"ending a recording of {scale.large:,}: searched for secrets, proved to replay", f"{ending:.1f} s")


def measure_loading(path: Path) -> dict[str, float]:
    """Seconds to load a cassette and to be ready to answer, and the process's peak of memory in MB; run by a process
    of its own."""
    before = _memory()
    started = time.perf_counter()
    cassette = load(path)
    loaded = time.perf_counter() - started
    player = Player(cassette)
    ready = time.perf_counter() - started
    assert not player.misses
    return {"loaded": loaded, "ready": ready, "memory": _memory(), "before": before}


def _memory() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM"))


def _measured(path: Path) -> dict[str, float]:
    program = "import json, pathlib, sys; from bench.cassettes import measure_loading as m;"
    program += " print(json.dumps(m(pathlib.Path(sys.argv[1]))))"
    command = [*module("bench.cassettes")[:1], "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - this very module
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _first_answer(path: Path) -> float:
    """Seconds from starting the command to the answer to the first request."""
    started = time.perf_counter()
    with replaying_direct(path) as url:
        load_of_one = drive(url, [create_bytes(0)], 1)
        assert load_of_one.statuses == {201: 1}, load_of_one.statuses
        return time.perf_counter() - started


def _stock_loading(path: Path) -> float:
    from mitmproxy import io  # noqa: PLC0415 - half a second that other sections need not spend

    started = time.perf_counter()
    with path.open("rb") as file:
        for _ in io.FlowReader(file).stream():
            pass
    return time.perf_counter() - started


def _loading(scale: Scale, small: Path, large: Path, flows: Path) -> Iterator[Row]:
    found = [_measured(small) for _ in range(scale.turns)]
    stocks = Spread.of([_stock_loading(flows) for _ in range(scale.turns)])
    name = f"{scale.small:,} interactions ({small.stat().st_size / _MILLION:.1f} MB)"
    beside = f"{stocks.show(' s')} (mitmproxy reads its flows)"
    yield Row(f"loading {name}, all checks made", Spread.of([one["loaded"] for one in found]).show(" s"), beside)
    yield at_most(f"loading {name} until ready to answer", Spread.of([one["ready"] for one in found]), 0.3)
    first = [_first_answer(small) for _ in range(scale.turns)]
    yield Row(f"{name}: from starting sync-proxy --direct to the first answer", Spread.of(first).show(" s"))
    turns = min(scale.turns, 3)
    found = [_measured(large) for _ in range(turns)]
    name = f"{scale.large:,} interactions ({large.stat().st_size / _MILLION:.0f} MB)"
    yield Row(f"loading {name}, all checks made", Spread.of([one["loaded"] for one in found]).show(" s", 1))
    yield at_most(f"loading {name} until ready to answer", Spread.of([one["ready"] for one in found]), 15, digits=1)
    memory = Spread.of([one["memory"] for one in found])
    yield at_most(f"{name}: peak of memory of the whole process", memory, 500, " MB", digits=0)
    first = [_first_answer(large) for _ in range(turns)]
    yield Row(f"{name}: from starting sync-proxy --direct to the first answer", Spread.of(first).show(" s", 1))


def _looking_up(scale: Scale, few: Path, many: Path) -> Row:
    """The same number of requests, drawn at random, of a small and of a large cassette."""
    chance = random.Random(1)  # noqa: S311 - a draw of requests
    small, large = Player(load(few)), Player(load(many))

    def cost(player: Player, total: int) -> float:
        asked: list[Request] = [exchange(number).request for number in chance.sample(range(total), min(100, total))]
        started = time.perf_counter()
        answers = [player.answer(request) for request in asked]
        seconds = time.perf_counter() - started
        for answer in answers:
            assert isinstance(answer, Answer), answer
            player.put_back(answer)
        return seconds / len(asked) * _MILLION

    turns = 4 * scale.turns
    at_few, at_many = in_turn(turns, lambda _: cost(small, 100), lambda _: cost(large, scale.large))
    return same_cost(
        f"an answer from {scale.large:,} interactions beside one from 100",
        Spread.of(at_many).show(" µs", 0),
        Spread.of(at_few).show(" µs", 0),
        ratio(at_many, at_few),
    )
