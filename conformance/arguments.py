"""The options of a run, defined once for the command line and for pytest alike."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.budget import Limits
from conformance.errors import UsageError
from conformance.journal import default_folder
from conformance.options import DEFAULT_GRACE, DEFAULT_TIMEOUT, Options
from conformance.subscribers.access import access_from

PREFIX = "conformance_"  # keeps our destinations apart from those of pytest and its plugins


@dataclass(frozen=True, slots=True)
class Argument:
    """One option: its flag, and what argparse and pytest's `addoption` both understand."""

    flag: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dest(self) -> str:
        return PREFIX + self.flag.lstrip("-").replace("-", "_")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError("must be a number of seconds, 0 or more")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return value


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError("must be a number of requests a second, more than 0")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("must be a share of more than 0 and at most 1")
    return value


_MANY = {"action": "append", "default": []}

ARGUMENTS = (
    Argument(
        "--target",
        {"metavar": "URL", "help": "root URL of the server to judge (default: the bundled reference server)"},
    ),
    Argument(
        "--service-sid",
        {"metavar": "SID", "default": "default", "help": "sid or unique name of the service to use (%(default)s)"},
    ),
    Argument(
        "--second-service-sid",
        {"metavar": "SID", "help": "a second service, for the rules about more than one"},
    ),
    Argument(
        "--subscribers",
        {
            "metavar": "URL",
            "help": "WebSocket where subscribers connect, such as ws://127.0.0.1:8080/v3/wsconnect: judge them too"
            " (needs TWILIO_API_KEY and TWILIO_API_SECRET)",
        },
    ),
    Argument("--report", {"metavar": "DIR", "type": Path, "help": "write report.json, junit.xml and more there"}),
    Argument("--seed", {"metavar": "N", "type": int, "help": "repeat the names and the chance of an earlier run"}),
    Argument(
        "--level",
        {
            "choices": ["must", "should", "survey"],
            "default": "survey",
            "help": "the lowest level to run: must, should (and must), or survey (all; the default)",
        },
    ),
    Argument("--feature", {**_MANY, "metavar": "NAME", "help": "only the rules of this feature (repeatable)"}),
    Argument(
        "--without", {**_MANY, "metavar": "NAME", "help": "a feature that the target does not claim (repeatable)"}
    ),
    Argument("--rule", {**_MANY, "metavar": "ID", "help": "only this rule, or pattern such as 'TTL-*' (repeatable)"}),
    Argument("--waive", {"metavar": "FILE", "type": Path, "help": "YAML file of rules that are known to fail"}),
    Argument(
        "--grace",
        {
            "metavar": "SECONDS",
            "type": _seconds,
            "default": DEFAULT_GRACE,
            "help": "how long an expired stream may stay (%(default)g)",
        },
    ),
    Argument(
        "--timeout",
        {
            "metavar": "SECONDS",
            "type": _seconds,
            "default": DEFAULT_TIMEOUT,
            "help": "for one request and its whole answer (%(default)g)",
        },
    ),
    Argument(
        "--max-time",
        {
            "metavar": "SECONDS",
            "type": _seconds,
            "help": "end the whole run within this time, cleaning up included (default: computed and printed)",
        },
    ),
    Argument(
        "--live",
        {"action": "store_true", "help": "go on although the target is the real service, twilio.com"},
    ),
    Argument("--max-requests", {"metavar": "N", "type": _count, "help": "send no more requests than this"}),
    Argument("--max-messages", {"metavar": "N", "type": _count, "help": "publish no more messages than this"}),
    Argument("--max-rate", {"metavar": "N", "type": _rate, "help": "send no more requests a second than this"}),
    Argument(
        "--journal",
        {
            "metavar": "DIR",
            "type": Path,
            "help": "folder for the journal of created streams (default: your folder for programs' state)",
        },
    ),
    Argument(
        "--jobs",
        {"metavar": "N", "type": _count, "default": 4, "help": "scenarios that run side by side (%(default)s)"},
    ),
    Argument("--quick", {"action": "store_true", "help": "leave out the rules that wait for the target's clock"}),
    Argument(
        "--generated",
        {
            "metavar": "SHARE",
            "type": _share,
            "default": 1.0,
            "help": "share of the generated requests to send, such as 0.1: cheaper, and finds less (%(default)g)",
        },
    ),
    Argument("--strict", {"action": "store_true", "help": "deviations from 'should' rules fail the run too"}),
)


def add_arguments(add: Callable[..., Any]) -> None:
    """Adds every option through `add`: argparse's `add_argument` or a pytest group's `addoption`."""
    for argument in ARGUMENTS:
        add(argument.flag, dest=argument.dest, **argument.settings)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for: where, and how. `target` None means the bundled server."""

    target: str | None
    service: str
    second_service: str | None
    options: Options
    live: bool = False


def wish_from(get: Callable[[str], Any], *, new_seed: Callable[[], int]) -> Wish:
    """Reads the options through `get(dest)`. Raises UsageError."""
    from conformance.outcomes import Level  # noqa: PLC0415 - keeps --help quick

    def option(name: str) -> Any:
        return get(PREFIX + name)

    seed = option("seed")
    report = option("report")
    if report is not None and report.exists() and not report.is_dir():
        raise UsageError(f"--report {report} is a file: name a folder")
    if option("subscribers") is not None and option("target") is None:
        raise UsageError(
            "--subscribers is about a target: name it with --target, or start 'sync-reference --subscribers'"
        )
    journals = None
    if option("target") is not None:  # what the bundled server has made ends with it
        journals = option("journal") or default_folder()
    return Wish(
        target=option("target"),
        service=option("service_sid"),
        second_service=option("second_service_sid"),
        options=Options(
            seed=new_seed() if seed is None else seed,
            level=Level(option("level")),
            features=tuple(option("feature")),
            without=tuple(option("without")),
            rules=tuple(option("rule")),
            waivers=option("waive"),
            report=report,
            grace=option("grace"),
            timeout=option("timeout"),
            jobs=option("jobs"),
            strict=option("strict"),
            quick=option("quick"),
            generated=option("generated"),
            max_time=option("max_time"),
            limits=Limits(option("max_requests"), option("max_messages"), option("max_rate")),
            journals=journals,
            subscribers=access_from(option("subscribers"), os.environ),
        ),
        live=option("live"),
    )


def command_of(wish: Wish) -> str:
    """The command that repeats the run, seed included, for a POSIX shell. Nothing in it is a credential."""
    options, plain = wish.options, Options()
    words = ["sync-conformance", "run"]

    def add(flag: str, value: object, default: object = None) -> None:
        if value != default:
            words.extend([flag, f"{value:g}" if isinstance(value, float) else str(value)])

    add("--target", wish.target)
    add("--service-sid", wish.service, "default")
    add("--second-service-sid", wish.second_service)
    add("--subscribers", options.subscribers and options.subscribers.url)
    add("--seed", options.seed)
    add("--level", str(options.level), "survey")
    for flag, values in (("--feature", options.features), ("--without", options.without), ("--rule", options.rules)):
        for value in values:
            add(flag, value)
    add("--waive", options.waivers)
    add("--grace", options.grace, plain.grace)
    add("--timeout", options.timeout, plain.timeout)
    add("--max-time", options.max_time)
    add("--max-requests", options.limits.requests)
    add("--max-messages", options.limits.messages)
    add("--max-rate", options.limits.rate)
    add("--jobs", options.jobs, plain.jobs)
    add("--generated", options.generated, plain.generated)
    flags = (("--quick", options.quick), ("--strict", options.strict), ("--live", wish.live))
    words += [flag for flag, wanted in flags if wanted]
    return shlex.join(words)
