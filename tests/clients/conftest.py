from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .installed import versions
from .running_clients import outcomes_of
from .samples import page
from .serving import Server, serving
from .table import CLIENTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("Twilio's clients")
    for client, version in versions().items():
        terminalreporter.line(f"{client} {version}")
    source = page()
    terminalreporter.line(f"samples: {'our own, as PAGE is not set' if source is None else f'those of {source.name}'}")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder without anybody's settings."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving(CLIENTS) as running:
        yield running


@pytest.fixture(scope="session")
def outcomes(server: Server, home: Path) -> Callable[[str], dict[str, Any]]:
    """What the steps of a client came to; each client runs once, when it is asked for first."""
    known: dict[str, dict[str, Any] | BaseException] = {}

    def ask(client: str) -> dict[str, Any]:
        if client not in known:
            try:
                known[client] = outcomes_of(client, server, home)
            except Exception as error:  # noqa: BLE001 - raised again in each test
                known[client] = error
        found = known[client]
        if isinstance(found, BaseException):
            raise found
        return found

    return ask
