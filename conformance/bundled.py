"""The bundled reference server as a process of its own: the target of a run that names none."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from conformance.arguments import Wish
from conformance.errors import Unreachable, UsageError
from conformance.registry import load_sections
from conformance.target import Credentials, Target, parse_target_url

SECOND_SERVICE = "second"  # the reference server has it beside "default"
BUNDLED = "the bundled reference server"


@contextmanager
def target_for(wish: Wish, environment: Mapping[str, str]) -> Iterator[Target]:
    """The target that the user named, or the bundled server, running for as long as the context lasts.

    Raises UsageError without credentials for a named target, Unreachable when the server does not start.
    """
    if wish.target is not None:
        yield Target(parse_target_url(wish.target), credentials_from(environment), wish.service, wish.second_service)
        return
    with bundled_server() as (url, credentials):
        yield Target(url, credentials, wish.service, wish.second_service or SECOND_SERVICE)


def credentials_from(environment: Mapping[str, str]) -> Credentials:
    """What the environment says to log in with. Raises UsageError."""
    username, password = environment.get("TWILIO_ACCOUNT_SID"), environment.get("TWILIO_AUTH_TOKEN")
    if not username or not password:
        raise UsageError(
            "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN to what the target accepts"
            " (for an emulator that accepts anything: any AC sid of 34 characters and any token)"
        )
    if ":" in username:
        raise UsageError("TWILIO_ACCOUNT_SID must not hold a colon: HTTP Basic can't carry it")
    return Credentials(username, password)


@contextmanager
def bundled_server() -> Iterator[tuple[str, Credentials]]:
    """Starts the reference server on a free loopback port, with credentials of its own."""
    credentials = Credentials("AC" + secrets.token_hex(16), secrets.token_hex(16))
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [
            sys.executable, "-m", "reference_impl", "--port", "0", "--json", "--exit-with-stdin",
            "--account-sid", credentials.username, "--auth-token", credentials.password,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        load_sections()  # a third of a second that the server needs to start as well
        line = process.stdout.readline()
        try:
            url = json.loads(line)["url"]
        except (ValueError, KeyError, TypeError):
            raise Unreachable("the bundled reference server did not start: try 'sync-reference' by itself") from None
        yield url, credentials
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
