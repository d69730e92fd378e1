"""The six operations of Sync Streams as requests, for one scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode, urljoin

from conformance.clock import Clock
from conformance.exchange import Exchange, Headers, NotJSON, Request
from conformance.gate import Gate
from conformance.journal import Journal
from conformance.outcomes import NotSent
from conformance.session import Session
from conformance.target import Credentials, Target

FORM = "application/x-www-form-urlencoded"
MOST_TRIES = 4  # of a create, where one answer after the other is lost
Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that the suite made: the exchange that made it, and its body."""

    exchange: Exchange
    body: dict[str, Any]

    @property
    def sid(self) -> str:
        return str(self.body["sid"])

    @property
    def name(self) -> str | None:
        name = self.body.get("unique_name")
        return name if isinstance(name, str) else None


def encode(fields: Fields | None) -> bytes:
    """Form encoding; pairs keep their order and may repeat a key. None and {} give an empty body."""
    pairs = fields.items() if isinstance(fields, Mapping) else (fields or ())
    return urlencode([(key, str(value)) for key, value in pairs]).encode("ascii")


class Streams:
    """Sends operations to the target and returns exchanges, whatever came back. Judges nothing.

    `credentials=None` logs in as nobody; `service` is a sid or name, by default the target's.
    """

    def __init__(self, session: Session, clock: Clock, scenario: str, *, gate: Gate, journal: Journal) -> None:
        self._session = session
        self._clock = clock
        self._scenario = scenario
        self._gate = gate
        self._journal = journal

    @property
    def target(self) -> Target:
        return self._session.target

    def create(
        self,
        fields: Fields | None = None,
        *,
        service: str | None = None,
        credentials: Credentials | str | None = "target",
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """POST …/Streams with the form `fields` (UniqueName, Ttl)."""
        body = encode(fields)
        name = Request("POST", "", Headers((("Content-Type", FORM),)), body).field("UniqueName")
        return self.create_as(body, name or None, service=service, credentials=credentials, headers=headers)

    def create_as(
        self,
        body: bytes,
        name: str | None,
        *,
        service: str | None = None,
        credentials: Credentials | str | None = "target",
        headers: Mapping[str, str] | None = None,
        alone: bool = True,
    ) -> Exchange:
        """POST …/Streams with that body, which means that name (None: no name).

        A create whose answer is lost is sent again, once what it may have made is removed. `alone` False: others use
        the name at the same time, so it is left at that. A body that is no form may not be read at all: what it makes
        is looked for as a stream without a name, too.
        """
        where = service or self.target.service
        ttl = Request("POST", "", Headers((("Content-Type", FORM),)), body).field("Ttl")
        known_by = name if (headers or {}).get("Content-Type", FORM).startswith(FORM) else None
        for left in reversed(range(MOST_TRIES)):
            number = self._session.budget.claim(partial(self._journal.creating, known_by, where, ttl))
            try:
                exchange = self.send(
                    "POST", self.target.streams_url(service), body=body, credentials=credentials, headers=headers,
                    repeatable=False, again=left < MOST_TRIES - 1,
                )  # fmt: skip
            except NotSent:
                self._journal.unsent(number)
                raise
            self._note(exchange, number, known_by, where)
            if exchange.response is not None or not left or not alone or not self._settled(name, service):
                break
        return exchange

    def _note(self, exchange: Exchange, number: int, name: str | None, service: str) -> None:
        """Puts into the journal what became of a create."""
        if (sid := sid_in(exchange)) is not None:
            self._session.budget.count(streams=1)
            self._journal.created(sid, name, service, number=number)
        elif exchange.status is None or exchange.status < 300:
            self._journal.lost(number)
        else:
            self._journal.answered(number)

    def _settled(self, name: str | None, service: str | None) -> bool:
        """After a create whose fate is unknown: removes what it may have made, so that it can be sent again.

        False when it can't be, because the target does not even tell whether there is such a stream. Without a name
        one more does no harm: it is looked for when the run cleans up.
        """
        if name is None:
            return True
        found = self.fetch(name, service=service)
        if found.response is None:
            return False
        sid = sid_in(found)
        if sid is None or sid == self._journal.sid_of(name, service or self.target.service):
            return True  # there is none, or it was there before and the name is simply taken
        if found.response.json().get("unique_name") != name:
            return False  # not the one that was asked for: a target that is wrong, and a stream of who knows whom
        self.delete(sid, service=service)
        return True

    def fetch(
        self, reference: str, *, service: str | None = None, credentials: Credentials | str | None = "target"
    ) -> Exchange:
        """GET …/Streams/{sid or name}."""
        return self.send("GET", self.target.stream_url(reference, service), credentials=credentials)

    def list(
        self,
        parameters: Fields | None = None,
        *,
        service: str | None = None,
        credentials: Credentials | str | None = "target",
    ) -> Exchange:
        """GET …/Streams with the query `parameters` (PageSize, Page, PageToken)."""
        query = encode(parameters).decode("ascii")
        url = self.target.streams_url(service) + (f"?{query}" if query else "")
        return self.send("GET", url, credentials=credentials)

    def update(
        self,
        reference: str,
        fields: Fields | None = None,
        *,
        service: str | None = None,
        credentials: Credentials | str | None = "target",
    ) -> Exchange:
        """POST …/Streams/{sid or name} with the form `fields` (Ttl)."""
        url = self.target.stream_url(reference, service)
        return self.send("POST", url, body=encode(fields), credentials=credentials)

    def delete(
        self, reference: str, *, service: str | None = None, credentials: Credentials | str | None = "target"
    ) -> Exchange:
        """DELETE …/Streams/{sid or name}."""
        exchange = self.send("DELETE", self.target.stream_url(reference, service), credentials=credentials)
        if exchange.status is not None and 200 <= exchange.status < 300:
            self._journal.deleted(reference, service or self.target.service)
        return exchange

    def publish(
        self,
        reference: str,
        data: str | None,
        *,
        service: str | None = None,
        credentials: Credentials | str | None = "target",
    ) -> Exchange:
        """POST …/Streams/{sid or name}/Messages; `data` is JSON text as it goes into the form, None leaves it out."""
        fields = {} if data is None else {"Data": data}
        url = self.target.messages_url(reference, service)
        return self.send("POST", url, body=encode(fields), credentials=credentials, message=True)

    def follow(
        self, url: str, *, base: Exchange | None = None, credentials: Credentials | str | None = "target"
    ) -> Exchange:
        """GET of a link from an answer, verbatim. Raises OriginRefused when it leads away from the target."""
        return self.send("GET", urljoin(base.request.url, url) if base else url, credentials=credentials)

    def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        credentials: Credentials | str | None = "target",
        message: bool = False,
        repeatable: bool = True,
        again: bool = False,
    ) -> Exchange:
        """Any request. A body is sent as a form unless `headers` name another Content-Type."""
        lines = dict(headers or {})
        if method in {"POST", "PUT", "PATCH"}:
            lines.setdefault("Content-Type", FORM)
        user = self.target.credentials if isinstance(credentials, str) else credentials
        changes_the_list = method == "DELETE" or (method == "POST" and url.endswith("/Streams"))
        with self._gate.change() if changes_the_list else nullcontext():
            return self._session.send(
                Request(method, url, Headers.of(lines), body),
                clock=self._clock,
                scenario=self._scenario,
                credentials=user,
                message=message,
                repeatable=repeatable,
                again=again,
            )


def sid_in(exchange: Exchange) -> str | None:
    """The sid of the stream that a successful answer shows; None when it shows none."""
    if exchange.response is None or not 200 <= exchange.response.status < 300:
        return None
    try:
        body = exchange.response.json()
    except NotJSON:
        return None
    sid = body.get("sid") if isinstance(body, dict) else None
    return sid if isinstance(sid, str) and sid else None
