"""One request and what came back: the evidence that every judgement is made of.

Nothing here does I/O. The session (live traffic) and the proxy (recorded traffic) both produce these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Headers:
    """Header lines in the order they came, names in the case they came; look-up ignores case."""

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]] | dict[str, str]) -> Headers:
        return cls(tuple(pairs.items() if isinstance(pairs, dict) else pairs))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of that header, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.items if key.lower() == wanted)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of that header, or `default`."""
        return next(iter(self.all(name)), default)

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent. `url` is absolute and exactly as it went over the wire; `body` is the raw bytes."""

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path as sent, percent-encoding untouched."""
        return urlsplit(self.url).path

    @property
    def query(self) -> tuple[tuple[str, str], ...]:
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The form fields of the body; empty when the body is not a form."""
        kind = self.headers.get("Content-Type") or ""
        if not kind.startswith("application/x-www-form-urlencoded"):
            return ()
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def field(self, name: str) -> str | None:
        """The first form field of that name."""
        return next((value for key, value in self.form if key == name), None)


# Of JSON. Nothing that the suite sends or the page shows comes near: a page of 100 streams has some 1,600 values.
MAX_LEVELS = 300
MAX_VALUES = 100_000


class NotJSON(ValueError):
    """The body is not JSON; the message says why."""


def _refuse_constant(name: str) -> Any:
    raise NotJSON(f"{name} is not JSON")


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise NotJSON(f"the key {twice!r} occurs twice in one object")
    return result


def parse_json(body: bytes) -> Any:
    """Strict JSON (RFC 8259, UTF-8): no NaN, no repeated keys, no bytes that are not UTF-8.

    Raises NotJSON for everything else, however deeply nested or long the numbers are. Too much is refused too: Python
    can read more levels than it can compare, print or validate, and small values take some 30 times their size.
    """
    brackets = body.count(b"[") + body.count(b"{")
    if brackets + body.count(b",") > MAX_VALUES:  # counted in C before anything is read, those in strings too
        raise NotJSON(f"it has more than {MAX_VALUES} brackets and commas")
    try:
        value = json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeated_keys
        )
    except NotJSON:
        raise
    except UnicodeDecodeError as error:
        raise NotJSON(f"byte {error.start} is not UTF-8") from None
    except RecursionError:
        raise NotJSON("it is nested too deeply to be read") from None
    except ValueError as error:
        raise NotJSON(str(error)) from None
    if brackets > MAX_LEVELS and _levels(value) > MAX_LEVELS:
        raise NotJSON("it is nested too deeply to be read")
    return value


def _levels(value: Any) -> int:
    """Levels of arrays and objects, without recursion."""
    levels, level = 0, [value]
    while level := [item for item in level if isinstance(item, (list, dict))]:
        levels += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return levels


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, content coding (gzip and the like) already undone."""

    status: int
    reason: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    _read: tuple[Any] | None = field(default=None, init=False, repr=False, compare=False)

    def json(self) -> Any:
        """The body as JSON, which is not to be changed; raises NotJSON."""
        if self._read is None:  # a dozen passive rules look at every answer
            object.__setattr__(self, "_read", (parse_json(self.body),))
            assert self._read is not None
        return self._read[0]

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower case; empty when there is none."""
        return (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response, or with the transport error that came instead.

    `sent` and `received` are seconds since the epoch on the suite's own clock; their difference is exact
    even when the machine's wall clock is set meanwhile. `scenario` names what asked.
    """

    request: Request
    response: Response | None
    sent: float
    received: float
    error: str | None = None
    scenario: str = ""

    @property
    def status(self) -> int | None:
        return self.response.status if self.response else None

    @property
    def elapsed(self) -> float:
        """Seconds from the first byte sent to the last byte received."""
        return self.received - self.sent
