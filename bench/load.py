"""A load generator that is faster than anything it measures: keep-alive connections over bare asyncio protocols.

It runs in a process of its own (`Generator`) and is given finished requests as bytes, so that while it measures it only
writes, finds the end of each answer, and writes the next. How much it can do is a row of every table.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Load:
    """What one burst of requests came to. `seconds` runs from the first request sent to the last answer read."""

    requests: int
    seconds: float
    latencies: tuple[float, ...]  # seconds, sorted
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class LoadError(Exception):
    """The server did not answer as it should; the message says what came instead."""


class _Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last is whole."""

    def __init__(self, waiting: Iterator[bytes], load: _Tally, done: asyncio.Future[None]) -> None:
        self._waiting, self._tally, self._done = waiting, load, done
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._finish(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _finish(self, error: Exception | None) -> None:
        if not self._done.done():
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        status = int(self._buffer[9:12])
        length = _LENGTH.search(self._buffer, 0, head)
        if length is not None:
            size = int(length[1])
        elif status in _NO_BODY:
            size = 0
        elif self._buffer.endswith(b"0\r\n\r\n"):  # chunked, and this was the last chunk
            size = len(self._buffer) - head - 4
        else:
            return
        if len(self._buffer) < head + 4 + size:
            return
        self._buffer = b""
        self._tally.add(status, time.perf_counter() - self._sent)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(LoadError(f"the server closed a connection: {exc or 'without an answer'}"))


class _Tally:
    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()

    def add(self, status: int, seconds: float) -> None:
        self.latencies.append(seconds)
        self.statuses[status] += 1


async def _drive(url: str, requests: Sequence[bytes], clients: int) -> Load:
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 80
    waiting, tally = iter(requests), _Tally()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(clients)]
    started = time.perf_counter()
    for end in ends:

        def client(end: asyncio.Future[None] = end) -> _Client:
            return _Client(waiting, tally, end)

        await loop.create_connection(client, host, port)
    await asyncio.gather(*ends)
    seconds = time.perf_counter() - started
    return Load(len(tally.latencies), seconds, tuple(sorted(tally.latencies)), dict(tally.statuses))


def drive(url: str, requests: Sequence[bytes], clients: int) -> Load:
    """Sends the requests over that many connections; raises LoadError when a connection breaks."""
    return asyncio.run(_drive(url, requests, clients))


class Generator:
    """The generator's process, which lives as long as the context."""

    def __enter__(self) -> Generator:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def run(self, url: str, requests: Sequence[bytes], clients: int = 20, *, status: int | None = None) -> Load:
        """One burst. With `status`, every answer must have it. Raises LoadError."""
        load = self._pool.submit(drive, url, requests, clients).result()
        if status is not None and set(load.statuses) != {status}:
            raise LoadError(f"{url} should have answered {status} to all, and answered {load.statuses}")
        return load
