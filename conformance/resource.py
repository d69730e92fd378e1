"""The stream resource as answers show it: where streams are in an exchange, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from conformance.exchange import Exchange, NotJSON
from conformance.expect import moment_of, show
from conformance.operation import Operation, address_of, operation_of

KEYS = (
    "sid",
    "unique_name",
    "account_sid",
    "service_sid",
    "url",
    "links",
    "date_expires",
    "date_created",
    "date_updated",
    "created_by",
)
CHANGED_BY_UPDATE = ("date_expires", "date_updated")
KEPT_BY_UPDATE = tuple(key for key in KEYS if key not in CHANGED_BY_UPDATE)
ONE_STREAM = frozenset({Operation.CREATE, Operation.FETCH, Operation.UPDATE})
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Shown:
    """A stream in an answer. `where` says which one of a list it is, and is empty for the only one."""

    body: dict[str, Any]
    exchange: Exchange
    where: str = ""


def succeeded(exchange: Exchange) -> bool:
    """Answered with a 2xx."""
    return exchange.status is not None and 200 <= exchange.status < 300


def shown_stream(exchange: Exchange) -> dict[str, Any]:
    """The object in a successful answer; empty when there is none."""
    if not succeeded(exchange) or exchange.response is None:
        return {}
    try:
        body = exchange.response.json()
    except NotJSON:
        return {}
    return body if isinstance(body, dict) else {}


def streams_shown(exchange: Exchange) -> Iterator[Shown]:
    """Every stream in a successful answer to create, fetch, update or list.

    What is no object, or has none of a stream's keys, is no stream and passed over.
    """
    operation = operation_of(exchange.request)
    body: Any = shown_stream(exchange) if operation in ONE_STREAM or operation is Operation.LIST else {}
    if operation in ONE_STREAM and _is_stream(body):
        yield Shown(body, exchange)
    entries = body.get("streams") if operation is Operation.LIST else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if _is_stream(entry):
            yield Shown(entry, exchange, f" in entry {index} of the list")


def newly_shown(exchanges: Iterable[Exchange]) -> Iterator[Shown]:
    """Every stream that was not shown just so before: with the same body, by the same operation on the same service.

    A long run shows each of its streams a dozen times, most of them in lists. A rule that looks at nothing else than
    this finds in what was shown first whatever it could find in all of it. In the answer to a create each is new.
    """
    seen: set[tuple[Operation | None, str, str]] = set()
    for exchange in exchanges:
        operation, address = operation_of(exchange.request), address_of(exchange.request)
        for shown in streams_shown(exchange):
            facts = (operation, address.service if address else "", repr(shown.body))
            if operation is Operation.CREATE or facts not in seen:
                seen.add(facts)
                yield shown


def _is_stream(body: Any) -> bool:
    return isinstance(body, dict) and not body.keys().isdisjoint(KEYS)


def differences(before: dict[str, Any], after: dict[str, Any], keys: Iterable[str] = KEYS) -> str:
    """What differs under those keys, in words; empty when nothing does. Other keys may differ as they like."""
    changed = []
    for key in keys:
        old, new = _comparable(key, before), _comparable(key, after)
        if old is not new and old != new:
            shown = (show(body[key]) if key in body else "nothing" for body in (before, after))
            changed.append(f"{key} {' in the one and '.join(shown)} in the other")
    return ", ".join(changed)


def _comparable(key: str, body: dict[str, Any]) -> Any:
    """The value under a key; of the links only the one that the page knows, and dates however they are written."""
    found = body.get(key, _ABSENT)
    if key == "links" and isinstance(found, dict):
        return found.get("messages", _ABSENT)
    moment = moment_of(found) if key.startswith("date_") else None
    return found if moment is None else moment
