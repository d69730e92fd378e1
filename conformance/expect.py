"""The vocabulary of checks: each function returns what it looked for, or raises `Failed` with what came instead."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.exchange import Exchange, NotJSON, Response
from conformance.outcomes import Failed

SHOWN = 200  # characters of a value in a message
RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?(?:([Zz])|([+-]\d\d):?(\d\d))",
)


def show(value: Any) -> str:
    """A value as it stands in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def expect(condition: object, expected: str, got: str, *exchanges: Exchange) -> None:
    """Fails with these words unless the condition holds."""
    if not condition:
        raise Failed(expected, got, *exchanges)


def expect_equal(actual: Any, wanted: Any, what: str, *exchanges: Exchange) -> None:
    expect(actual == wanted, f"{what} {show(wanted)}", show(actual), *exchanges)


def describe(exchange: Exchange) -> str:
    """What came back, in a few words: the status, where it redirects to, and an error's code and message."""
    if exchange.response is None:
        return f"no answer: {exchange.error}"
    text = f"{exchange.response.status} {exchange.response.reason}".strip()
    place = exchange.response.headers.get("Location")
    if 300 <= exchange.response.status < 400 and place is not None:
        text += f", which redirects to {place[:SHOWN]!r}"
    try:
        body = exchange.response.json()
    except NotJSON:
        return text
    if isinstance(body, dict) and "code" in body:
        text += f" (code {show(body['code'])}: {str(body.get('message', ''))[:SHOWN]})"
    return text


def answer(exchange: Exchange) -> Response:
    """The response, when there is one at all."""
    if exchange.response is None:
        raise Failed("an answer", f"none: {exchange.error}", exchange)
    return exchange.response


def expect_status(exchange: Exchange, *statuses: int, why: str = "") -> Response:
    response = answer(exchange)
    wanted = " or ".join(map(str, statuses))
    expect(response.status in statuses, f"{wanted} {why}".strip(), describe(exchange), exchange)
    return response


def expect_success(exchange: Exchange, what: str = "the request to succeed (2xx)") -> Response:
    response = answer(exchange)
    expect(200 <= response.status < 300, what, describe(exchange), exchange)
    return response


def succeeded(exchange: Exchange) -> bool:
    """Answered with a 2xx."""
    return exchange.status is not None and 200 <= exchange.status < 300


def refused(exchange: Exchange) -> bool:
    """Answered with a 4xx."""
    return exchange.status is not None and 400 <= exchange.status < 500


def expect_refused(exchange: Exchange, what: str) -> Response:
    """`what` completes 'the request to be refused (4xx): …'."""
    response = answer(exchange)
    expect(refused(exchange), f"a refusal (4xx): {what}", describe(exchange), exchange)
    return response


def expect_error(exchange: Exchange, status: int, codes: tuple[int, ...], what: str) -> None:
    """An error with that status and one of these codes."""
    response = answer(exchange)
    wanted = f"{status} with code {' or '.join(map(str, codes))}: {what}"
    expect(response.status == status, wanted, describe(exchange), exchange)
    code = json_object(exchange).get("code")
    expect(code in codes and not isinstance(code, bool), wanted, describe(exchange), exchange)


def json_body(exchange: Exchange) -> Any:
    """The body as JSON."""
    try:
        return answer(exchange).json()
    except NotJSON as error:
        raise Failed(
            "a body in JSON", f"{describe(exchange)} with a body that is not JSON: {error}", exchange
        ) from None


def json_object(exchange: Exchange) -> dict[str, Any]:
    """The body as a JSON object."""
    body = json_body(exchange)
    if not isinstance(body, dict):
        raise Failed("a JSON object as body", show(body), exchange)
    return body


def stream_in(exchange: Exchange) -> dict[str, Any]:
    """The stream in a successful answer to create, fetch or update."""
    expect_success(exchange)
    return json_object(exchange)


def streams_in(exchange: Exchange) -> list[dict[str, Any]]:
    """The streams in a successful answer to a list."""
    expect_success(exchange)
    streams = json_object(exchange).get("streams")
    if not isinstance(streams, list) or not all(isinstance(item, dict) for item in streams):
        raise Failed("a list of objects under 'streams'", show(streams), exchange)
    return streams


def meta_in(exchange: Exchange) -> dict[str, Any]:
    """The meta object in a successful answer to a list."""
    expect_success(exchange)
    meta = json_object(exchange).get("meta")
    if not isinstance(meta, dict):
        raise Failed("an object under 'meta'", show(meta), exchange)
    return meta


def value(body: dict[str, Any], key: str, exchange: Exchange) -> Any:
    """The value under a key that must be there."""
    if key not in body:
        raise Failed(f"the key {key!r}", f"only {', '.join(map(repr, body)) or 'an empty object'}", exchange)
    return body[key]


def text(body: dict[str, Any], key: str, exchange: Exchange) -> str:
    """The string under a key."""
    found = value(body, key, exchange)
    if not isinstance(found, str):
        raise Failed(f"a string under {key!r}", show(found), exchange)
    return found


def parse_date(text_: str) -> dt.datetime | None:
    """An ISO 8601 date and time with its offset, as an aware moment in UTC; None for anything else."""
    match = RFC3339.fullmatch(text_)
    if match is None:
        return None
    day, clock, fraction, _, hours, minutes = match.groups()
    offset = f"{hours}:{minutes}" if hours else "+00:00"
    try:
        return dt.datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{offset}").astimezone(dt.UTC)
    except (ValueError, OverflowError):  # no such day, or none between the years 1 and 9999 once it is in UTC
        return None


def moment_of(date: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 date in a body; None for anything else."""
    parsed = parse_date(date) if isinstance(date, str) else None
    return None if parsed is None else parsed.timestamp()


def moment(body: dict[str, Any], key: str, exchange: Exchange) -> float:
    """The date under a key, in seconds since the epoch."""
    found = text(body, key, exchange)
    parsed = parse_date(found)
    if parsed is None:
        raise Failed(f"an ISO 8601 date and time in GMT under {key!r}", show(found), exchange)
    return parsed.timestamp()


def server_date(exchange: Exchange) -> float | None:
    """The `Date` header in seconds since the epoch (whole seconds); None when there is none that can be read."""
    header = (exchange.response.headers.get("Date") if exchange.response else None) or ""
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def path_of(url: str) -> str:
    """The percent-decoded path of a URL; empty when it is none."""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""
