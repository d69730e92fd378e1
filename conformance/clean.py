"""The command `clean`: lists what runs that were killed have left, then deletes it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from conformance.budget import Budget
from conformance.bundled import credentials_from
from conformance.clock import LiveClock
from conformance.errors import UsageError
from conformance.gate import Gate
from conformance.journal import Journal, account_digest, default_folder
from conformance.preflight import preflight
from conformance.recovery import clean_after, left_journals
from conformance.report.text import plain
from conformance.session import Session
from conformance.streams import Streams
from conformance.target import Credentials, Target, parse_target_url
from conformance.wire import Wire

SHOWN = 500  # streams of one run
LONGEST = 600.0  # seconds, of one run's streams
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. `target` None: every target that a journal of this account names."""

    folder: Path
    target: str | None
    credentials: Credentials
    live: bool
    dry: bool


def request_from(get: Callable[[str], Any], environment: Mapping[str, str] = os.environ) -> Request:
    """Reads the options through `get(dest)`. Raises UsageError."""
    target = get("target")
    return Request(
        get("journal") or default_folder(),
        None if target is None else parse_target_url(target),
        credentials_from(environment),
        get("live"),
        get("dry_run"),
    )


def clean(request: Request, out: IO[str] | None = None) -> int:
    """0 when nothing is left, or with `dry`; 2 otherwise. Raises UsageError and Unreachable."""
    out = out or sys.stdout
    account = account_digest(request.credentials.username)
    with ExitStack() as stack:
        ours, others = [], 0
        for journal in left_journals(request.folder):
            stack.callback(journal.close, clean=False)
            if journal.head.account == account and request.target in {None, journal.head.target}:
                ours.append(journal)
            else:
                others += 1
        if others:
            print(
                f"{others} journals in {request.folder} are of other accounts or targets, and are left alone", file=out
            )
        if not ours:
            print(f"nothing to clean up: no run has left a journal in {request.folder}", file=out)
        for journal in ours:
            print("\n".join(_listing(journal)), file=out, flush=True)
        if request.dry:
            print("nothing was deleted", file=out)
            return 0
        for journal in ours:
            _refuse_by_accident(journal, request)
        settled = [_clean_one(journal, request.credentials, out) for journal in ours]
    return 0 if all(settled) else 2


def _listing(journal: Journal) -> list[str]:
    head, items = journal.head, journal.leftovers()
    lines = [
        f"the run {head.run} of {head.started} on {head.target} was cut off; it may have left {len(items)} streams:"
    ]
    lines += [
        f"  {item.reference}" + (f"  {item.name}" if item.name not in {None, item.reference} else "")
        for item in items[:SHOWN]
    ]
    if len(items) > SHOWN:
        lines.append(f"  and {len(items) - SHOWN} more")
    if lost := len(journal.nameless):
        lines.append(f"  and what {lost} creates without a name made that were never answered")
    return [plain(line, 2000) for line in lines]


def _refuse_by_accident(journal: Journal, request: Request) -> None:
    if Target(journal.head.target, request.credentials).is_real and not request.live:
        raise UsageError(f"{journal.head.target} is the real service: add --live to delete there what is listed above")


def _clean_one(journal: Journal, credentials: Credentials, out: IO[str]) -> bool:
    target = Target(parse_target_url(journal.head.target), credentials, _service(journal))
    with Wire() as wire:
        session = Session(target, wire=wire, budget=Budget(), timeout=TIMEOUT, until=time.monotonic() + LONGEST)
        preflight(session, LiveClock())
        streams = Streams(session, LiveClock(), "cleanup", gate=Gate(), journal=journal)
        recovered = clean_after(journal, streams)
    print(plain(str(recovered.deletion), 2000), file=out, flush=True)
    return recovered.deletion.settled


def _service(journal: Journal) -> str:
    """A service that the run used, to look whether the target is there."""
    services = [item.service for item in journal.leftovers()] + [create.service for create in journal.nameless]
    return services[0] if services else "default"
