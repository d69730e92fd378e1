"""The samples of the Stream page as they stand, through `sync-proxy`, against the server's own command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from .installed import command, from_npm
from .running_clients import environment, proxying, reference_server
from .samples import LANGUAGES, OPERATIONS, SUFFIXES, from_page, own, samples
from .serving import Server

STREAM = re.compile("TO[0-9a-f]{32}")


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Server]:
    """The server's own command, with a service of the name that the samples use."""
    with reference_server("--service", "ServiceSid") as running:
        yield running


@dataclass(frozen=True)
class Stand:
    """A server, and a user's environment with a proxy to it."""

    server: Server
    variables: dict[str, str]


@pytest.fixture(scope="module")
def stand(ordinary: Server, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with proxying(ordinary, tmp_path_factory.mktemp("authority")) as settings:
        yield Stand(ordinary, environment(ordinary, home) | settings)


def ask(server: Server, method: str, path: str = "", form: str | None = None) -> Any:
    """A request past all clients; None when there is no such stream."""
    login = b64encode(f"{server.account_sid}:{server.auth_token}".encode()).decode()
    request = Request(
        f"{server.url}/v1/Services/ServiceSid/Streams{path}",
        None if form is None else form.encode(),
        {"Authorization": f"Basic {login}"},
        method=method,
    )
    try:
        with urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "true")
    except HTTPError as error:
        error.close()
        if error.status != 404:
            raise
        return None


@pytest.fixture
def stream(ordinary: Server) -> str:
    """The sid of a new stream named Sid."""
    ask(ordinary, "DELETE", "/Sid")
    return ask(ordinary, "POST", form="UniqueName=Sid")["sid"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sample_does_what_it_says(language: str, operation: str, stand: Stand, stream: str, tmp_path: Path) -> None:
    ordinary = stand.server
    program = tmp_path / f"sample{SUFFIXES[language]}"
    program.write_text(samples()[language, operation], encoding="utf-8")
    if language in ("node", "cli"):
        from_npm({"node": "twilio", "cli": "twilio-cli"}[language])
    words = {"python": sys.executable, "node": command("node")}.get(language, command("sh"))
    done = subprocess.run(
        [words, str(program)],
        env=stand.variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done
    shown = STREAM.findall(done.stdout)
    match operation:
        case "create":
            made = ask(ordinary, "GET", f"/{shown[0]}")
            assert made["unique_name"] is None
            assert made["sid"] != stream
        case "delete":
            assert ask(ordinary, "GET", f"/{stream}") is None
        case "update":
            assert shown[0] == stream
            changed = ask(ordinary, "GET", f"/{stream}")
            dates = [datetime.fromisoformat(changed[key]) for key in ("date_updated", "date_expires")]
            assert (dates[1] - dates[0]).total_seconds() == 42
        case _:
            assert stream in shown


def test_every_sample_of_the_page_is_found_and_ours_are_as_many() -> None:
    wanted = {(language, operation) for language in LANGUAGES for operation in OPERATIONS}
    assert set(samples()) == wanted
    assert set(own()) == wanted


def test_samples_are_told_apart_by_section_and_kind() -> None:
    blocks = [("js", "a"), ("bash", "# twilio"), ("bash", "curl x"), ("json", "{}")]
    text = "## Fetch a X\n" + "".join(f"```{kind}\n{code}\n```\n" for kind, code in blocks) + "## Y\n```js\nb\n```\n"
    assert from_page(text) == {("node", "fetch"): "a\n", ("cli", "fetch"): "# twilio\n", ("curl", "fetch"): "curl x\n"}
