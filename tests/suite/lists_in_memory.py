"""A list of streams in memory, paged in the lawful ways, with streams that come and go between two requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.target import Credentials, Target
from conformance.walk import FIRST, NEXT, PREVIOUS, SELF, Walk, walk

TARGET = Target("http://sync.example", Credentials("AC", "secret"))
LIST = TARGET.streams_url()
NOON = 1_900_000_000  # seconds since the epoch
RUN = "conformance-run-"
CURSOR, OFFSET, EMPTY_LAST = "cursor", "offset", "offset, with an empty last page behind a full one"
WAYS = (CURSOR, OFFSET, EMPTY_LAST)

Shown = Callable[[list[str], int, int], list[str]]


def slice_of(sids: list[str], start: int, size: int) -> list[str]:
    """What a lawful page shows."""
    return sids[start : start + size]


def page_exchange(entries: Sequence[Any], *, url: str = LIST, following: Any = None, moment: int = NOON) -> Exchange:
    """An answer that is a page."""
    meta = {"page": 0, "page_size": 50, "key": "streams", FIRST: LIST, SELF: url, PREVIOUS: None, NEXT: following}
    body = json.dumps({"streams": entries, "meta": meta}).encode()
    headers = Headers.of({"Date": formatdate(moment, usegmt=True)})
    return Exchange(Request("GET", url), Response(200, "OK", headers, body), moment, moment)


@dataclass
class Server:
    """`own` are streams that stay; the others are foreign. The clock moves on by a second with each request.

    `change` is called before each answer; `shown` says what a page shows; `behind_last` is the token of the next
    page that a last page gives; `expiring` are streams that expire before long; `others` are foreign to the scenario
    and made by the run.
    """

    sids: list[str]
    own: frozenset[str]
    way: str = CURSOR
    shown: Shown = slice_of
    behind_last: str | None = None
    change: Callable[[Server], None] = lambda server: None
    clock: int = NOON
    seen: set[str] = field(default_factory=set)
    expiring: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._ranks = {sid: float(place) for place, sid in enumerate(self.sids)}
        self._born = dict.fromkeys(self.sids, self.clock - 1000)

    def create(self, place: int) -> None:
        """A new foreign stream at that place of the list."""
        sid = f"new-{self.clock}"
        before = self._ranks[self.sids[place - 1]] if place else -1e6
        after = self._ranks[self.sids[place]] if place < len(self.sids) else 1e6
        self.sids.insert(place, sid)
        self._ranks[sid] = (before + after) / 2
        self._born[sid] = self.clock

    def list(self, url: str) -> Exchange:
        """The answer to a GET of that URL of the list."""
        self.clock += 1
        self.change(self)
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        size = int(query.get("PageSize", "50"))
        start = self._start(query.get("PageToken"))
        sids = self.shown(self.sids, start, size)
        self.seen.update(sids)
        full = self.way == EMPTY_LAST and len(self.sids) == start + size
        token = self._token(start + size) if full or len(self.sids) > start + size else self.behind_last
        following = token and f"{LIST}?PageSize={size}&PageToken={token}"
        return page_exchange([self._entry(sid) for sid in sids], url=url, following=following, moment=self.clock)

    def fetch(self, sid: str) -> Exchange:
        """The answer to a fetch by that sid."""
        headers = Headers.of({"Date": formatdate(self.clock, usegmt=True)})
        response = Response(404, "Not Found", headers)
        if sid in self.sids:
            response = Response(200, "OK", headers, json.dumps(self._entry(sid)).encode())
        return Exchange(Request("GET", f"{LIST}/{sid}"), response, self.clock, self.clock)

    def walk(self, size: int) -> Walk:
        """A walk over the whole list."""
        return walk(self.list(f"{LIST}?PageSize={size}"), self.list, target=TARGET, size=size)

    def _start(self, token: str | None) -> int:
        if token is None or self.way != CURSOR:
            return int(token or 0)
        return sum(self._ranks[sid] <= float(token) for sid in self.sids)

    def _token(self, place: int) -> str:
        return repr(self._ranks[self.sids[place - 1]]) if self.way == CURSOR else str(place)

    def _entry(self, sid: str) -> dict[str, str | None]:
        name = f"{RUN}{sid}" if sid in self.own | self.others else sid
        expires = _date(self.clock + 2) if sid in self.expiring else None
        return {"sid": sid, "unique_name": name, "date_created": _date(self._born[sid]), "date_expires": expires}


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Surroundings:
    """What attempts need of a context, on a server in memory."""

    scenario = "walks"

    def __init__(self, server: Server) -> None:
        self.streams = server
        self.slept = 0.0

    def name(self, label: str) -> str:
        return f"{RUN}{self.scenario}-{label}"

    def parallel(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        return [call() for call in calls]

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
