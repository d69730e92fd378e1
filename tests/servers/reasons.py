"""The hand-written part: why each failed rule is right to fail, and the command that shows it on the server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from servers.judging import Judged

LOOPBACK = "127.0.0.1"
FILE = Path(__file__).parent / "reasons.yaml"


@dataclass(frozen=True)
class Cause:
    """One thing that servers do otherwise than the page, the rules that fail for it, and those that are blocked by a
    failed one and found it too.

    `curl` is run by bash with `$S` for the URL of the service's streams; what it prints must match `shows`.
    """

    id: str
    servers: tuple[str, ...]
    text: str
    curl: str
    shows: str
    rules: tuple[str, ...]
    behind: tuple[str, ...]


def load(file: Path = FILE) -> tuple[Cause, ...]:
    return tuple(
        Cause(
            item["id"], tuple(item["servers"]), " ".join(item["text"].split()), item["curl"].strip(), item["shows"],
            tuple(item["rules"]), tuple(item.get("behind", ())),
        )
        for item in yaml.safe_load(file.read_text("utf-8"))
    )  # fmt: skip


def of_server(causes: Iterable[Cause], server: str) -> tuple[Cause, ...]:
    return tuple(cause for cause in causes if server in cause.servers)


def problems(causes: Sequence[Cause], judged: Sequence[Judged]) -> list[str]:
    """What is wrong between what was written and what was found, in sentences."""
    return [f"{one.kind.id}: {found}" for one in judged for found in _problems(of_server(causes, one.kind.id), one)]


def _problems(causes: Sequence[Cause], one: Judged) -> Iterator[str]:
    outcomes = {rule["id"]: rule["outcome"] for rule in one.document["rules"]}
    written = {rule for cause in causes for rule in cause.rules}
    yield from (f"{rule} failed, and nobody has written why" for rule in one.rules("fail") if rule not in written)
    for cause in causes:
        if not re.search(cause.shows, one.shown[cause.id], re.DOTALL):
            yield f"curl does not show {cause.id!r}: {cause.shows!r} is not in {one.shown[cause.id]!r}"
        if one.kind.chance:
            continue
        for rules, wanted in ((cause.rules, "fail"), (cause.behind, "blocked")):
            lawful = {wanted, "unsupported", *(["inconclusive"] if wanted == "blocked" else [])}  # a slow machine
            for rule in rules:
                if outcomes.get(rule, wanted) not in lawful:
                    yield f"{cause.id!r} says that {rule} is {wanted}, and it is {outcomes[rule]}"
    yield from one.differing
    if one.hosts != {LOOPBACK}:
        yield f"the suite went to {', '.join(sorted(one.hosts - {LOOPBACK}))}"
