"""Lawful variations of time and company: clocks that are off, late expiry, and other users of the same service."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import requests

from faulty.registry import lawful
from faulty.servers.lawful_lists import ByOffset
from faulty.serving import CREDENTIALS
from reference_impl.api import Api
from reference_impl.clock import SystemClock
from reference_impl.store import Store

TIMES = ("TTL-*", "STREAM-DATE*", "UPDATE-*", "FETCH-CHANGES-NOTHING", "DELETE-RECREATED*", "LIST-*", "PROPERTY-*")
COMPANY = (
    "LIST-*",
    "*-FROM-LIST",
    "*-NEIGHBOURS",
    "STREAM-SAME-EVERYWHERE",
    "SERVICE-BY-SID",
    "CREATE-*",
    "PROPERTY-LIST",
)


class ShiftedClock(SystemClock):
    """Off by some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._offset += seconds


@lawful("The server's clock is seven minutes fast.", rules=TIMES)
def FastClock() -> Any:  # noqa: N802 - the name of a server
    return {"clock": ShiftedClock(427.3)}


@lawful("The server's clock is twelve minutes slow.", rules=TIMES)
def SlowClock() -> Any:  # noqa: N802
    return {"clock": ShiftedClock(-731.8)}


@lawful("The server's clock is most of a second fast.", rules=TIMES)
def SlightlyFastClock() -> Any:  # noqa: N802
    return {"clock": ShiftedClock(0.8)}


@lawful("Answers have no Date header.", rules=TIMES)
class NoDateHeader(Api):
    def finish(self, request: Any, response: Any) -> Any:
        response = super().finish(request, response)
        return replace(response, headers={key: value for key, value in response.headers.items() if key != "Date"})


class LateStore(Store):
    """Streams stay for some seconds after their time has come."""

    late = 2.0

    def is_expired(self, stream: Any, now: float) -> bool:
        return super().is_expired(stream, now - self.late)

    def sweep(self, now: float, limit: int | None = None) -> None:
        super().sweep(now - self.late, limit)


@lawful("Streams go two seconds after their time.", rules=TIMES)
class TwoSecondsLate(LateStore):
    pass


@lawful("An expired stream can't be reached any more, but is listed for two seconds.", rules=TIMES)
class ListsLate(LateStore):
    def _living(self, sequence: Any, now: float) -> Any:
        stream = self._streams.get(sequence)
        return None if stream is None or Store.is_expired(self, stream, now) else stream

    def add(self, service_sid: str, unique_name: Any, ttl: Any, now: float) -> Any:
        holder = self._streams.get(self._names.get((service_sid, unique_name), 0))
        if holder and Store.is_expired(self, holder, now):
            self.remove(holder)
        return super().add(service_sid, unique_name, ttl, now)


@lawful("A task clears away what has expired every three seconds, and until then it is there.", rules=TIMES)
class ClearsAtIntervals(LateStore):
    def is_expired(self, stream: Any, now: float) -> bool:
        return Store.is_expired(self, stream, now // 3 * 3)

    def sweep(self, now: float, limit: int | None = None) -> None:
        Store.sweep(self, now // 3 * 3, limit)


@lawful("Streams go when the second that date_expires shows begins.", rules=TIMES)
class GoesWithTheSecond(Store):
    def expiry(self, now: float, ttl: int) -> float | None:
        return float(int(now) + ttl) if ttl else None


class Crowded(Api):
    """A service that was full of streams before the suite came; some expire, some have odd names."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        now, numbers = time.time(), random.Random(7)
        for number in range(330):
            name = numbers.choice([None, f"orders-{number}", f"conformance-{number}", f"Ünïcode {number}/%2F?"])
            ttl = numbers.choice([None, 0, 1, 4, 9, 3600])
            for service in self.config.services:
                self.store.add(service.sid, name, ttl, now - 5000 if ttl in {None, 0, 3600} else now)


def asking(url: str, stop: threading.Event, seed: int) -> None:
    """Creates, changes and deletes streams as others do, until told to stop; no more than 25 at a time."""
    numbers, mine = random.Random(seed), []
    base = f"{url}/v1/Services/default/Streams"
    with requests.Session() as http:
        http.auth = (CREDENTIALS.username, CREDENTIALS.password)
        while not stop.wait(0.03):
            if len(mine) < 5 or (len(mine) < 25 and numbers.random() < 0.5):
                form = {"UniqueName": f"other-{seed}-{numbers.getrandbits(48)}"} if numbers.random() < 0.5 else {}
                mine.append(http.post(base, form, timeout=10).json()["sid"])
            elif numbers.random() < 0.2:
                http.post(f"{base}/{numbers.choice(mine)}", {"Ttl": numbers.choice([0, 1, 600])}, timeout=10)
            else:
                http.delete(f"{base}/{mine.pop(numbers.randrange(len(mine)))}", timeout=10)
        for sid in mine:
            http.delete(f"{base}/{sid}", timeout=10)


@contextmanager
def neighbours(url: str) -> Iterator[None]:
    """Two others use the service meanwhile."""
    stop = threading.Event()
    threads = [threading.Thread(target=asking, args=(url, stop, seed), daemon=True) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=20)


@lawful("The service is full of other people's streams.")
class FullService(Crowded):
    pass


@lawful("Other people's streams come and go.", rules=COMPANY, around=neighbours)
class BusyNeighbours(Api):
    pass


@lawful("A full service, where other people's streams come and go.", rules=COMPANY, around=neighbours)
class FullAndBusy(Crowded):
    pass


@lawful("Other people's streams come and go, and pages go by offset.", rules=COMPANY, around=neighbours)
def BusyOffsets() -> Any:  # noqa: N802
    return {"pager": ByOffset}
