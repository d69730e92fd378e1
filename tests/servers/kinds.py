"""The servers, and how each is started. Those from npm run in processes of their own, on loopback only."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from servers.echo import echoing

ROOT = Path(__file__).parents[2]
OPENAPI = ROOT / "schemas" / "openapi.json"
FOLDER = Path(__file__).parent
PRISM, MOCKOON = "@stoplight/prism-cli", "@mockoon/cli"
PATIENCE = 60.0  # seconds until a server must listen
STREAM = {
    "sid": "TO" + "a" * 32,
    "unique_name": "unique_name",
    "account_sid": "AC" + "a" * 32,
    "service_sid": "IS" + "a" * 32,
    "url": f"https://sync.twilio.com/v1/Services/IS{'a' * 32}/Streams/TO{'a' * 32}",
    "links": {"messages": f"https://sync.twilio.com/v1/Services/IS{'a' * 32}/Streams/TO{'a' * 32}/Messages"},
    "date_expires": "2015-07-30T21:00:00Z",
    "date_created": "2015-07-30T20:00:00Z",
    "date_updated": "2015-07-30T20:00:00Z",
    "created_by": "created_by",
}
LIST = f"https://sync.twilio.com/v1/Services/IS{'a' * 32}/Streams"
PAGE = {
    "streams": [STREAM],
    "meta": {
        "first_page_url": f"{LIST}?PageSize=50&Page=0",
        "key": "streams",
        "next_page_url": None,
        "page": 0,
        "page_size": 50,
        "previous_page_url": None,
        "url": f"{LIST}?PageSize=50&Page=0",
    },
}


class CantStart(Exception):
    """A server could not be installed or started; the message says why."""


@dataclass(frozen=True)
class Kind:
    """One server. `serving` starts it; `chance`: its answers differ from run to run, and so may the failed rules."""

    id: str
    title: str
    serving: Callable[[], AbstractContextManager[str]]
    package: str = ""
    started_by: str = ""
    chance: bool = False
    without: tuple[str, ...] = ()
    quick: bool = False


def installed(package: str) -> str:
    """`package` with the version that package.json pins. Raises CantStart when it is not there in that version."""
    wanted = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"][package]
    manifest = FOLDER / "node_modules" / package / "package.json"
    there = json.loads(manifest.read_text("utf-8"))["version"] if manifest.exists() else "no version"
    if there != wanted:
        raise CantStart(f"{package} {wanted} is needed and {there} is there: run `make tests/servers/node_modules`")
    return f"{package}@{wanted}"


def with_examples(openapi: dict[str, Any]) -> dict[str, Any]:
    """The same file with the page's example answers, as Twilio's own OpenAPI file has them."""
    for path, item in openapi["paths"].items():
        for operation in ("get", "post"):
            for status, response in item.get(operation, {}).get("responses", {}).items():
                if status.startswith("2") and not path.endswith("Messages"):
                    listed = operation == "get" and path.endswith("Streams")
                    response["content"]["application/json"]["example"] = PAGE if listed else STREAM
    return openapi


def without_messages(openapi: dict[str, Any]) -> dict[str, Any]:
    """The same file of a service that takes no messages."""
    kept = {path: item for path, item in openapi["paths"].items() if not path.endswith("Messages")}
    return {**openapi, "paths": kept}


def same(openapi: dict[str, Any]) -> dict[str, Any]:
    return openapi


@contextmanager
def _node(
    package: str, name: str, *arguments: str, change: Callable[[dict[str, Any]], dict[str, Any]] = same
) -> Iterator[str]:
    installed(package)
    port = _free_port()
    with TemporaryDirectory() as folder:
        file, log = Path(folder, "openapi.json"), Path(folder, "log")
        file.write_text(json.dumps(change(json.loads(OPENAPI.read_text("utf-8")))), "utf-8")
        places = {"{file}": str(file), "{port}": str(port)}
        command = [str(FOLDER / "node_modules" / ".bin" / name), *(places.get(word, word) for word in arguments)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env={**os.environ, "CI": "1"}
            )
        try:
            _await(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def prism(*arguments: str, change: Callable[[dict[str, Any]], dict[str, Any]] = same) -> AbstractContextManager[str]:
    """Stoplight Prism on that file; its own log of requests is left out."""
    return _node(
        PRISM, "prism", "mock", "-h", "127.0.0.1", "-p", "{port}", "-v", "error", *arguments, "{file}", change=change
    )


def mockoon() -> AbstractContextManager[str]:
    return _node(
        MOCKOON, "mockoon-cli", "start", "--data", "{file}", "--port", "{port}", "--hostname", "127.0.0.1",
        "--disable-log-to-file",
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise CantStart(f"{process.args!r} did not start: {log.read_text('utf-8', 'replace')[-800:]}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return


KINDS = (
    Kind("prism", "Prism, static", prism, PRISM, "prism mock schemas/openapi.json"),
    Kind(
        "prism-dynamic", "Prism, --dynamic", lambda: prism("--dynamic"), PRISM,
        "prism mock --dynamic schemas/openapi.json", chance=True,
    ),
    Kind(
        "prism-examples", "Prism with the page's examples", lambda: prism(change=with_examples), PRISM,
        "prism mock on schemas/openapi.json with the example answers of the Stream page put into it",
    ),
    Kind(
        "mockoon", "Mockoon", mockoon, MOCKOON, "mockoon-cli start --data schemas/openapi.json", chance=True,
    ),
    Kind("echo", "Echo", echoing, started_by="tests/servers/echo.py"),
    Kind(
        "prism-without-messages", "Prism without messages", lambda: prism(change=without_messages), PRISM,
        "prism mock on schemas/openapi.json without the path of messages; judged with `--without messages --quick`",
        without=("messages",), quick=True,
    ),
)  # fmt: skip
