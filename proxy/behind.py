"""Serving with mitmproxy from the command line, with or without a program to run behind it."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from proxy import child
from proxy.certificates import authority, combined
from proxy.engine import Settings, Summary
from proxy.master import LeanMaster, Listening, Place

Tell = Callable[[str], None]


def default_folder() -> Path:
    """Where the authority is kept that users are asked to trust: never mitmproxy's own folder."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "sync-proxy"


def serve(
    settings: Settings,
    given: argparse.Namespace,
    command: Sequence[str],
    folder: Path,
    *,
    tell: Tell,
    code_of: Callable[[Summary], int],
) -> int:
    """Serves until the command ends, or a signal comes where there is none; returns the exit code."""
    own, store = authority(folder), combined(folder)
    place = Place(folder, given.host, given.port, given.proxy_port, given.upstream_ca)
    master = LeanMaster(settings, place, tell)
    if not command:
        return code_of(asyncio.run(_until_signal(master, own)))
    summary, code = asyncio.run(_with_command(master, command, own, store))
    ours = code_of(summary)
    return code or ours


async def _until_signal(master: LeanMaster, own: Path) -> Summary:
    loop = asyncio.get_running_loop()

    def ready(listening: Listening) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, master.stop)
        print(f"sync-proxy listening on {listening.url}", flush=True)
        print(f"sync-proxy proxying on {listening.proxy}, trust {own}", flush=True)

    return await master.run(ready)


async def _with_command(master: LeanMaster, command: Sequence[str], own: Path, store: Path) -> tuple[Summary, int]:
    started: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(master.run(started.set_result))
    waiting: set[asyncio.Future[Any]] = {serving, started}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if not started.done():
        return await serving, 0  # it could not start: this raises
    try:
        variables = child.environment(os.environ, started.result(), store, own)
        code = await child.run(command, variables)
    finally:
        master.stop()
        summary = await serving
    return summary, code
