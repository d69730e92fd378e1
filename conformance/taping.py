"""Runs of the suite through `sync-proxy`: recorded into a cassette, or judged from one with no server at all.

The proxy is a process of its own, so the suite does not import it and runs without it being installed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from conformance import __version__
from conformance.errors import Unreachable, UsageError
from conformance.options import Options
from conformance.outcomes import Level
from conformance.registry import load_sections
from conformance.target import Credentials, Target

LISTENING = re.compile(r"sync-proxy listening on (\S+)")
LONGEST_HEADER = 65_536  # characters
# What makes up requests beside the suite itself: other versions may draw other values from the same seed.
DRAWN_BY = ("hypothesis", "schemathesis")
# What a replay logs in with: recordings hold no credentials, and answer every account as itself.
# Nobody has such a user, and tokens as short as these are searched for in no recording and masked in no report.
REPLAY_LOGIN = Credentials("AC5eb0a7d3c1f9426e8d05b2479ce6318f", "tok")
_NO_LETTERS = "000"


@contextmanager
def recorded(target: Target, options: Options, file: Path) -> Iterator[tuple[Target, Options]]:
    """The target as seen through a recording proxy, and the options for that; with the context's end the cassette is
    complete.

    Raises UsageError when the file exists, Unreachable when the proxy does not start or refuses the recording.
    """
    if file.exists():
        raise UsageError(f"--record {file} exists: name a new file, or remove that one")
    extra: dict[str, Any] = {
        "service": target.service,
        "second_service": target.second_service,
        "options": _essence(options),
    }
    extra["drawn_by"] = _drawn_by()
    made_up = stand_in(target.credentials)
    extra["login"] = [made_up.username, made_up.password]
    words = ["record", str(file), "--upstream", target.url, "--target-kind", _kind(target.url)]
    words += ["--suite-version", __version__, "--seed", str(options.seed), "--extra", json.dumps(extra)]
    words.append("--timing-headers")
    if _is_loopback(target.url):
        words.append("--keep-pii")  # nobody's names but our own are there
    user = target.credentials
    login = {"TWILIO_ACCOUNT_SID": user.username, "TWILIO_AUTH_TOKEN": user.password}
    with tempfile.TemporaryDirectory() as folder, _proxy([*words, "--confdir", folder], login) as url:
        yield replace(target, url=url, behind=target.home), replace(options, recorded=True)


@dataclass(frozen=True, slots=True)
class Tape:
    """What a cassette says of the run that it holds."""

    target_kind: str
    seed: int
    service: str
    second_service: str | None
    options: Mapping[str, Any]  # fields of Options
    suite_version: str
    drawn_by: Mapping[str, Any]
    login: Credentials


@contextmanager
def replayed(file: Path, options: Options) -> Iterator[tuple[Target, Options]]:
    """The target and the options that repeat a recorded run from its cassette, without waiting.

    What was recorded is judged; `options` decide about waivers, reports and strictness. Raises UsageError when the file
    is no recording of a run or the suite now asks for something else, Unreachable when the proxy refuses the file.
    """
    tape = read_tape(file)
    options = replace(options, **tape.options, seed=tape.seed, replayed=True)
    try:
        with _proxy(["replay", str(file), "--direct", "--timing-headers"], {}) as url:
            yield Target(url, tape.login, tape.service, tape.second_service), options
    except _Missed as missed:
        raise UsageError(
            f"--replay {file} is out of date{_changed(tape)}: this suite asks for what is not in it; record it again"
            f" with --record. {missed}"
        ) from None


def _changed(tape: Tape) -> str:
    """What is known to be different since the recording, in words; empty when nothing is."""
    then, now = {"suite": tape.suite_version, **tape.drawn_by}, {"suite": __version__, **_drawn_by()}
    found = [f"{name} {then[name]} then, {now[name]} now" for name in now if then.get(name, now[name]) != now[name]]
    return f" ({', '.join(found)})" if found else ""


def _drawn_by() -> dict[str, str]:
    return {name: version(name) for name in DRAWN_BY}


def read_tape(file: Path) -> Tape:
    """The header of a cassette that holds a run. Raises UsageError."""
    try:
        with file.open(encoding="utf-8") as stream:
            text = stream.read(LONGEST_HEADER)
        header = yaml.safe_load(re.split(r"^---$", text, flags=re.MULTILINE)[1])
        extra = header["extra"]
        return Tape(
            str(header["target_kind"]), int(header["seed"]), extra["service"], extra["second_service"],
            _restored(extra["options"]), str(header["suite_version"]), dict(extra.get("drawn_by") or {}),
            Credentials(*_words(extra["login"])) if "login" in extra else REPLAY_LOGIN,
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"--replay {file} can't be read: {error.strerror}") from None
    except (LookupError, TypeError, ValueError, AttributeError, yaml.YAMLError):
        raise UsageError(f"--replay {file} is not a recording of a run: make one with --record") from None


def stand_in(login: Credentials) -> Credentials:
    """A made-up login for which the suite asks the same, and nothing else: it also sends logins that are close to the
    right one, and which ones those are depends on the kind of user, its last digit and what the token is made of."""
    user, token = login.username, login.password
    kind = "SK" if user.startswith("SK") else "AC"
    made_up = kind + REPLAY_LOGIN.username[2:-1] + ("0" if user.endswith("0") else "f")
    letters = token != token.swapcase()
    if token == user:
        made_up = made_up if letters else made_up[-1].replace("f", "1") * 3
        return Credentials(made_up, made_up)
    return Credentials(made_up, REPLAY_LOGIN.password if letters else _NO_LETTERS)


def _essence(options: Options) -> dict[str, Any]:
    """What of the options decides which requests are sent."""
    return {
        "grace": options.grace,
        "jobs": options.jobs,
        "level": str(options.level),
        "features": list(options.features),
        "without": list(options.without),
        "rules": list(options.rules),
        "quick": options.quick,
        "generated": options.generated,
    }


def _restored(essence: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Options; those that an older version did not write are left as they are by default."""
    read: dict[str, Callable[[Any], Any]] = {
        "grace": float, "jobs": int, "level": Level, "features": _words, "without": _words, "rules": _words,
        "quick": bool, "generated": float,
    }  # fmt: skip
    return {name: read[name](value) for name, value in essence.items()}


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value))


class _Missed(Exception):
    """The proxy was asked for something that the cassette does not have; the message says what, and what comes near."""


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _kind(url: str) -> str:
    """What kind of target it was, without naming anybody's host."""
    if (urlsplit(url).hostname or "").endswith("twilio.com"):
        return "the real service"
    return "a server on loopback" if _is_loopback(url) else "another server"


@contextmanager
def _proxy(words: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Runs `sync-proxy` and gives its base URL; its own complaint becomes ours."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "proxy", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C ends the run first, which then ends the proxy
        )
        try:
            assert process.stdout is not None
            load_sections()  # while the proxy starts
            listening = LISTENING.match(process.stdout.readline())
            if listening is not None:
                yield listening[1]
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            code = process.wait()
            if process.stdout is not None:
                process.stdout.close()
            errors.seek(0)
            lines = errors.read().splitlines()
            said = " ".join(" ".join(lines).removeprefix("sync-proxy: ").split())
            if miss := next((line for line in lines if line.startswith("sync-proxy: miss (")), None):
                raise _Missed(miss.removeprefix("sync-proxy: "))  # in place of what the run made of it
        if listening is None or (code and words[0] == "record"):
            raise Unreachable(said or "the proxy did not start: is it installed (pip install '.[proxy]')?")
