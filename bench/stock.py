"""What a user would take instead: stock mitmdump, with its own server replay and its own files of flows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.processes import free_port, script, served
from conformance.exchange import Exchange

# Where a replay would forward to; nothing listens there, and stock mitmdump must be told not to look beforehand.
NOWHERE = "http://127.0.0.1:9"
_LAZY = ("--set", "connection_strategy=lazy", "--set", "upstream_cert=false")


def write_flows(path: Path, exchanges: Iterator[Exchange]) -> None:
    """The exchanges as mitmdump would have recorded them in reverse mode in front of NOWHERE."""
    from mitmproxy import connection, http, io  # noqa: PLC0415 - half a second that other sections need not spend

    address = urlsplit(NOWHERE)
    with path.open("wb") as file:
        writer = io.FlowWriter(file)  # type: ignore[no-untyped-call]
        for exchange in exchanges:
            client = connection.Client(
                peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=exchange.sent
            )
            server = connection.Server(address=(str(address.hostname), int(address.port or 80)))
            flow = http.HTTPFlow(client, server)
            asked, given = exchange.request, exchange.response
            assert given is not None
            flow.request = http.Request.make(
                asked.method, NOWHERE + urlsplit(asked.url).path, asked.body, http.Headers(_fields(asked.headers.items))
            )
            flow.response = http.Response.make(given.status, given.body, http.Headers(_fields(given.headers.items)))
            writer.add(flow)


def _fields(items: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in items]


def _mitmdump(confdir: Path, port: int, upstream: str, *options: str) -> list[str]:
    mode = f"reverse:{upstream}@127.0.0.1:{port}"
    return [script("mitmdump"), "--set", f"confdir={confdir}", "--mode", mode, *options]


@contextmanager
def replaying(flows: Path, confdir: Path, *more: str) -> Iterator[str]:
    """Stock server replay of a file of flows. What it prints, as it does by default, goes nowhere."""
    port = free_port()
    options = ("--server-replay", str(flows), "--set", "server_replay_extra=kill", *_LAZY, *more)
    with served(_mitmdump(confdir, port, NOWHERE, *options), port=port) as url:
        yield url


@contextmanager
def recording(flows: Path, confdir: Path, upstream: str, *more: str) -> Iterator[str]:
    """Stock recording into a file of flows. What it prints, as it does by default, goes nowhere."""
    port = free_port()
    with served(_mitmdump(confdir, port, upstream, "-w", str(flows), *more), port=port) as url:
        yield url
