"""Small programs for each operation and language: those of the Stream page where it is at hand, else our own.

The page is kept beside the project and not in it; `make test` names it in the environment variable PAGE. Its samples
address a service named ServiceSid and a stream named Sid, and so do ours.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

LANGUAGES = ("python", "node", "cli", "curl")
OPERATIONS = ("create", "fetch", "list", "update", "delete")
SUFFIXES = {"python": ".py", "node": ".js", "cli": ".sh", "curl": ".sh"}
_HEADINGS = {
    "Create a": "create",
    "Fetch a": "fetch",
    "Read multiple": "list",
    "Update a": "update",
    "Delete a": "delete",
}
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Samples = dict[tuple[str, str], str]


def page() -> Path | None:
    """The file of the Stream page, when the environment names one."""
    return Path(named) if (named := os.environ.get("PAGE")) else None


def samples() -> Samples:
    """A program for each language and operation."""
    source = page()
    return own() if source is None else from_page(source.read_text(encoding="utf-8"))


def from_page(text: str) -> Samples:
    found: Samples = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        operation = next((name for start, name in _HEADINGS.items() if section.startswith(start)), None)
        for kind, code in _FENCE.findall(section) if operation else ():
            language = {"python": "python", "js": "node"}.get(kind)
            if kind == "bash":
                language = "curl" if code.startswith("curl") else "cli"
            if language:
                found[language, str(operation)] = code
    return found


_PYTHON = """
import os
from twilio.rest import Client

client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
streams = client.sync.v1.services("ServiceSid").sync_streams
"""
_NODE = """
const client = require("twilio")(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const streams = client.sync.v1.services("ServiceSid").syncStreams;
"""
_CLI = "twilio api:sync:v1:services:streams:"
_CURL = "curl -u $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN https://sync.twilio.com/v1/Services/ServiceSid/Streams"


def own() -> Samples:
    lines = {
        "create": (
            "print(streams.create().sid)",
            "streams.create().then((made) => console.log(made.sid));",
            "create --service-sid ServiceSid",
            " -X POST",
        ),
        "fetch": (
            "print(streams('Sid').fetch().sid)",
            "streams('Sid').fetch().then((found) => console.log(found.sid));",
            "fetch --service-sid ServiceSid --sid Sid",
            "/Sid",
        ),
        "list": (
            "print(*(found.sid for found in streams.list(limit=20)))",
            "streams.list({ limit: 20 }).then((found) => found.forEach(({ sid }) => console.log(sid)));",
            "list --service-sid ServiceSid",
            "?PageSize=20",
        ),
        "update": (
            "print(streams('Sid').update(ttl=42).sid)",
            "streams('Sid').update({ ttl: 42 }).then((changed) => console.log(changed.sid));",
            "update --service-sid ServiceSid --sid Sid --ttl 42",
            "/Sid -d Ttl=42",
        ),
        "delete": (
            "streams('Sid').delete()",
            "streams('Sid').remove();",
            "remove --service-sid ServiceSid --sid Sid",
            "/Sid -X DELETE",
        ),
    }
    beginnings = dict(zip(LANGUAGES, (_PYTHON, _NODE, _CLI, _CURL), strict=True))
    return {
        (language, operation): f"{beginnings[language]}{line}\n"
        for operation, every in lines.items()
        for language, line in zip(LANGUAGES, every, strict=True)
    }
