"""One run of the suite on one server, the addresses it connected to, and the curl commands that look for themselves."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from conformance.options import Options
from conformance.report.document import document_of
from conformance.run import Run
from conformance.target import Credentials, Target
from servers.kinds import Kind

SEED = 1
LOGIN = Credentials("AC0123456789abcdef0123456789abcdef", "a-token-of-this-run")
FOUND = ("fail", "blocked")


@dataclass(frozen=True)
class Judged:
    """A server's report and what was seen beside it.

    `hosts` are those that the run opened a connection to, `shown` is what each curl command printed, `repeated` says
    how many of the report's own curl commands were run, `differing` which of them brought another answer.
    """

    kind: Kind
    document: dict[str, Any]
    hosts: frozenset[str]
    shown: Mapping[str, str]
    repeated: int = 0
    differing: tuple[str, ...] = ()

    def rules(self, *outcomes: str) -> list[str]:
        return [rule["id"] for rule in self.document["rules"] if rule["outcome"] in outcomes]


def judge(kind: Kind, curls: Mapping[str, str], *, quick: bool = False) -> Judged:
    """`curls` are commands by their names, see `ask`. `quick`: without the rules that wait for the clock."""
    generated = 0.1 if quick else 1.0
    options = Options(seed=SEED, without=kind.without, quick=quick or kind.quick, generated=generated)
    with kind.serving() as url:
        with connections() as hosts, Run(Target(url, LOGIN), options) as run:
            run.preflight()
            results = run.judge_all()
            deletion = run.finish()
            notes = [] if deletion.settled else [str(deletion)]
            document = document_of(run.results(results, notes))
        shown = {name: ask(command, url) for name, command in curls.items()}
        return repeat(Judged(kind, document, frozenset(hosts), shown), url)


def ask(command: str, url: str) -> str:
    """What a command prints. bash runs it with the list's URL in `$S`, and a login in `$LOGIN` and the variables of
    the report's commands."""
    login = {"TWILIO_ACCOUNT_SID": LOGIN.username, "TWILIO_AUTH_TOKEN": LOGIN.password}
    places = {"S": f"{url}/v1/Services/default/Streams", "LOGIN": f"{LOGIN.username}:{LOGIN.password}"}
    done = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **login, **places},
        capture_output=True,
        check=False,
        timeout=60,
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def repeat(judged: Judged, url: str) -> Judged:
    """Runs the curl command of each finding: a server that keeps nothing must answer as it did when it was judged.

    Where answers are made by chance only the status is compared.
    """
    number, differing = 0, []
    for rule in judged.document["rules"]:
        last = rule["exchanges"][-1:] if rule["outcome"] in FOUND else []
        for exchange in last:
            if exchange["response"] is None or exchange["curl"] is None:
                continue
            number += 1
            head, _, body = ask(exchange["curl"], url).replace("\r\n", "\n").partition("\n\n")
            wanted = exchange["response"]
            same = head.split()[1:2] == [str(wanted["status"])]
            if not judged.kind.chance and not wanted["body_cut"]:
                same = same and body == wanted["body"].replace("\r\n", "\n")
            if not same:
                differing.append(f"{rule['id']}: {exchange['curl']} was answered {head.partition(chr(10))[0]} {body}")
    return replace(judged, repeated=number, differing=tuple(differing))


@contextmanager
def connections() -> Iterator[set[str]]:
    """The hosts that this process connects to or looks up while it lasts."""
    hosts: set[str] = set()
    real_connect, real_lookup = socket.socket.connect, socket.getaddrinfo

    def connect(self: Any, address: Any) -> None:
        hosts.add(str(address[0]))
        real_connect(self, address)

    def lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        hosts.add(str(host))
        return real_lookup(host, *args, **kwargs)

    socket.socket.connect, socket.getaddrinfo = connect, lookup  # type: ignore[method-assign]
    try:
        yield hosts
    finally:
        socket.socket.connect, socket.getaddrinfo = real_connect, real_lookup  # type: ignore[method-assign]
