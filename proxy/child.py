"""Running a program behind the proxy: its environment, its signals, its exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from proxy.errors import StartError
from proxy.master import Listening

_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# Which program reads which: requests and twilio-python REQUESTS_CA_BUNDLE, curl CURL_CA_BUNDLE, httpx, urllib, Ruby and
# Go SSL_CERT_FILE, twilio-node TWILIO_CA_BUNDLE. Each replaces the program's own store.
_STORES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TWILIO_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
)
# An inherited value would lead a client around the proxy, or to another host of Twilio's.
_CLEARED = ("NO_PROXY", "SSL_CERT_DIR", "TWILIO_EDGE", "TWILIO_REGION")
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
URL_VARIABLE = "SYNC_PROXY_URL"


def environment(inherited: Mapping[str, str], listening: Listening, store: Path, own: Path) -> dict[str, str]:
    """The child's variables. `store` holds the system's certificates and the proxy's own, `own` the latter alone."""
    cleared = {name.lower() for name in _CLEARED}
    kept = {name: value for name, value in inherited.items() if name.lower() not in cleared}
    for name in _PROXY:
        kept[name] = kept[name.lower()] = listening.proxy
    for name in _STORES:
        kept[name] = str(store)
    kept["NODE_EXTRA_CA_CERTS"] = str(own)
    kept["NODE_USE_ENV_PROXY"] = "1"  # Node 24 and newer: fetch and http read the proxy variables
    kept[URL_VARIABLE] = listening.url
    return kept


def _ours_in_foreground() -> bool:
    """Whether a terminal sends its signals to the child too, because it is in the same group."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


async def run(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Runs the command with our standard streams and returns its exit code, 128 and the number for a signal.

    Signals we get are passed on, and it is the child that decides what they mean. Raises StartError when the command
    can't be run.
    """
    try:
        process = await asyncio.create_subprocess_exec(*command, env=dict(variables))
    except OSError as error:
        raise StartError(f"{command[0]} can't be run: {error.strerror or error}.") from None
    loop = asyncio.get_running_loop()

    def forward(number: signal.Signals) -> None:
        if number in (signal.SIGINT, signal.SIGQUIT) and _ours_in_foreground():
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    for number in _FORWARDED:
        loop.add_signal_handler(number, forward, number)
    try:
        code = await process.wait()
    finally:
        for number in _FORWARDED:
            loop.remove_signal_handler(number)
    return 128 - code if code < 0 else code
