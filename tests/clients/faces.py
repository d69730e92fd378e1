"""How each client shows what the server answers: its values in one form, and the words of a refusal."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from .commands import CURL_REFUSED
from .table import Refusal, Step

_VERBS = {"publish": "create", "list": "page"}  # what Python's library calls them
_HINT = (
    "\n\nHint: If accessing regional resources, ensure you are using region-specific credentials from the API Keys "
    "section of your regional console."
)


def seconds(client: str, value: Any) -> int | None:
    """A date as seconds since 1970. It must be a date to the client, not a text it could not read."""
    if value is None:
        return None
    match client:
        case "curl":
            form = "%Y-%m-%dT%H:%M:%SZ"
        case "cli":
            form = "%Y-%m-%dT%H:%M:%S.000Z"  # how JavaScript writes a Date; a text would have stayed as it was
        case _:
            assert set(value) == {"date"}, value
            return int(value["date"])
    return int(datetime.strptime(value, form).replace(tzinfo=UTC).timestamp())


def stream(client: str, value: Any) -> dict[str, Any]:
    """A stream's ten values under the names of the API, dates as seconds."""
    if client == "cli":
        value = {re.sub("[A-Z]", lambda big: f"_{big[0].lower()}", key): item for key, item in _only(value).items()}
    dates = {key: seconds(client, value[key]) for key in ("date_expires", "date_created", "date_updated")}
    return {**value, **dates}


def streams(client: str, value: Any) -> list[dict[str, Any]]:
    return [stream(client, [item] if client == "cli" else item) for item in value]


def message(client: str, value: Any) -> dict[str, Any]:
    return _only(value) if client == "cli" else value


def _only(value: Any) -> Any:
    """twilio-cli shows a list in JSON, of one for anything else than a list."""
    (item,) = value
    return item


def deleted(client: str) -> Any:
    """What tells a user that a stream is deleted."""
    if client == "cli":
        return {"stdout": "", "stderr": "The resource was deleted successfully\n", "exit": 0}
    return True


def refusal(client: str, step: Step, expected: Refusal, shown: dict[str, Any]) -> dict[str, Any]:
    """What a user of the client must see: the class, status, code and message that this library makes of it.

    Where the table leaves parts of a message open, they are taken from what is `shown`.
    """
    sentence = _sentence(expected.message, json.dumps(shown, ensure_ascii=False))
    link = f"https://www.twilio.com/docs/errors/{expected.code}"
    body = {"code": expected.code, "message": sentence, "more_info": link, "status": expected.status}
    match client:
        case "curl":
            return {**body, "exit": CURL_REFUSED, "type": "application/json"}
        case "node":
            return {"class": "RestException", **body}
        case "cli":
            line = f" » Error code {expected.code} from Twilio: {sentence}. See {link} for more info."
            line += _HINT if expected.status == 401 else ""
            written = {"stdout": "", "stderr": f"{line}\n"}
            if step.in_json:
                written = {"stdout": json.dumps([body], indent=2) + "\n", "stderr": ""}
            return {**written, "exit": int(str(expected.code)[:2])}
    found = {"status": expected.status, "code": expected.code}
    if step.do == "list":  # a page raises the plain class, which only holds the response
        return {**found, "class": "TwilioException", "message": f"Unable to fetch page: {sentence}"}
    text = f"Unable to {_VERBS.get(step.do, step.do)} record: {sentence}"
    if step.do == "burst":
        text = f"Unable to create record: {sentence}"
    return {
        **found,
        "class": "TwilioRestException",
        "message": text,
        "shown": f"HTTP {expected.status} error: {text}",
    }


def _sentence(known: str, shown: str) -> str:
    """The whole of a message of which parts are left open as `…`, found in what is shown."""
    if "…" not in known:
        return known
    pattern = r"[^\"\\]*?".join(map(re.escape, known.split("…")))
    found = re.search(pattern + r"(?=\. See https|\")", shown)
    assert found, f"{known!r} is not in {shown}"
    return found[0]
