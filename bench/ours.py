"""This project's own servers, as a user starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import module, served
from bench.traffic import ACCOUNT, SERVICE, TOKEN
from conformance.exchange import Exchange
from proxy.recorder import Recorder

LOGIN = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}


def write_cassette(path: Path, exchanges: Iterable[Exchange]) -> None:
    """The exchanges as `sync-proxy record` would have recorded them."""
    recorder = Recorder(path)
    for exchange in exchanges:
        recorder.record(exchange)
    recorder.close()


@contextmanager
def replaying(cassette: Path, confdir: Path) -> Iterator[str]:
    """`sync-proxy replay`, in mitmproxy."""
    with served(module("proxy", "replay", cassette, "--confdir", confdir)) as url:
        yield url


@contextmanager
def replaying_direct(cassette: Path) -> Iterator[str]:
    """`sync-proxy replay --direct`."""
    with served(module("proxy", "replay", cassette, "--direct")) as url:
        yield url


@contextmanager
def recording(cassette: Path, confdir: Path, upstream: str) -> Iterator[str]:
    """`sync-proxy record`."""
    command = module("proxy", "record", cassette, "--upstream", upstream, "--confdir", confdir)
    with served(command, environment={**os.environ, **LOGIN}) as url:
        yield url


@contextmanager
def reference() -> Iterator[str]:
    """`sync-reference`, whose default service has the sid that the traffic asks for."""
    command = module("reference_impl", "--port", 0, "--account-sid", ACCOUNT, "--auth-token", TOKEN)
    with served([*command, "--service-sid", SERVICE]) as url:
        yield url
