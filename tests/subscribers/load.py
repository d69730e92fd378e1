"""Figures under load: `python -m subscribers.load` with tests/ on the path.

    --subscribers 1000 --streams 1 --rate 30 --seconds 20      a broadcast
    --subscribers 10000 --streams 1000 --rate 100 --seconds 20    many small rooms; the rate is that of all streams

Without options it does these two. The subscribers are one process, the server another: two cores for the two.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from reference_impl.subscribers.tokens import make_token

from .sdk import command

_CLOCK = os.sysconf("SC_CLK_TCK")
FULL = ((1000, 1, 30.0, 20.0), (10_000, 1000, 100.0, 20.0))


@dataclass(frozen=True)
class Figures:
    """Latencies in milliseconds from before the publishing request to the subscriber's read, CPU in percent of one
    core while messages went by, memory of the server in megabytes and in kilobytes a connection."""

    subscribers: int
    streams: int
    published_per_second: float
    deliveries_per_second: float
    delivered_percent: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    server_cpu_percent: float
    crowd_cpu_percent: float
    server_mb: float
    kb_a_connection: float


def cpu(pid: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK


def memory(pid: int) -> float:
    """Resident, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} tells no memory")


class Publisher:
    """One connection that publishes."""

    def __init__(self, server: dict[str, Any]) -> None:
        self.connection = http.client.HTTPConnection(server["url"].removeprefix("http://"), timeout=60)
        login = b64encode(f"{server['account_sid']}:{server['auth_token']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}

    def post(self, path: str, **form: str) -> Any:
        self.connection.request("POST", f"/v1/Services/default/Streams{path}", urlencode(form), self.headers)
        response = self.connection.getresponse()
        body = json.load(response)
        assert response.status == 201 or body["code"] == 54009, body
        return body


def measure(subscribers: int, streams: int, rate: float, seconds: float) -> Figures:
    """One run: `rate` messages a second in all, each on the next stream."""
    with command() as (server, announced):
        publisher = Publisher(announced)
        sids = [publisher.post("")["sid"] for _ in range(streams)]
        key = next(iter(announced["api_keys"].items()))
        service = announced["services"]["default"]
        token = make_token(announced["account_sid"], key, "crowd", service, now=time.time())
        host, _, port = announced["url"].removeprefix("http://").partition(":")
        orders = {"address": [host, int(port)], "token": token, "streams": sids, "each": subscribers // streams}
        empty = memory(server.pid)
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crowd.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as crowd:
            assert crowd.stdin is not None
            assert crowd.stdout is not None
            try:
                print(json.dumps(orders), file=crowd.stdin, flush=True)
                there = json.loads(crowd.stdout.readline())["subscribed"]
                full = memory(server.pid)
                publisher.connection.close()  # the server has hung up on it meanwhile; it connects anew by itself
                before, crowd_before, start = cpu(server.pid), cpu(crowd.pid), time.monotonic()
                count = published = 0
                while time.monotonic() < start + seconds:
                    time.sleep(max(0.0, start + count / rate - time.monotonic()))
                    body = publisher.post(f"/{sids[count % streams]}/Messages", Data=f'{{"t":{time.monotonic()}}}')
                    count += 1
                    published += "sid" in body
                spent = time.monotonic() - start
                used, crowd_used = cpu(server.pid) - before, cpu(crowd.pid) - crowd_before
                full = max(full, memory(server.pid))
                time.sleep(2)
                crowd.stdin.close()
                found = json.loads(crowd.stdout.readline())
            finally:
                crowd.kill()
        publisher.connection.close()
    expected = published * there / streams
    return Figures(
        there,
        streams,
        round(published / spent, 1),
        round(found["received"] / spent),
        round(100 * found["received"] / expected, 2),
        round(1000 * found["p50"], 1),
        round(1000 * found["p99"], 1),
        round(1000 * found["max"], 1),
        round(100 * used / spent),
        round(100 * crowd_used / spent),
        round(full, 1),
        round((full - empty) * 1024 / there, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m subscribers.load", description=__doc__)
    parser.add_argument("--subscribers", type=int)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    runs = FULL
    if options.subscribers:
        runs = ((options.subscribers, options.streams, options.rate, options.seconds),)
    for run in runs:
        print(json.dumps(asdict(measure(*run)), indent=2), flush=True)


if __name__ == "__main__":
    main()
