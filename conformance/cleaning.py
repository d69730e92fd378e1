"""Deletes what a run made, now or after a run that was killed, and shows that it is gone.

Nothing is deleted but what the journal knows to be ours: streams that an answer to one of our creates has shown, names
that only this run gives, and, for a create without a name whose answer was lost, a stream that has the very Ttl that
only this run gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conformance.deletion import Deletion, Look
from conformance.errors import SuiteError
from conformance.exchange import Exchange
from conformance.expect import moment_of, server_date
from conformance.journal import Journal, Leftover, Nameless
from conformance.outcomes import Judgement
from conformance.ownership import nameless_ttl, prefix_of
from conformance.streams import Streams
from conformance.walk import NEXT, Page, walk

AT_ONCE = 8
PAGE_SIZE, MOST_PAGES = 100, 30  # of a list that is looked through
LOOKS = 3  # at the list, until it shows nothing of ours
NEARLY = 2.0  # seconds: dates are whole ones, and clocks are compared by a header
LONGEST_CREATE = 10.0  # seconds until a create is done, where the run was killed before it was answered


class Cleaner:
    """Cleans up after the run that the journal is about."""

    def __init__(self, streams: Streams, journal: Journal) -> None:
        self._streams = streams
        self._journal = journal

    def clean(self, *, look: bool = True) -> Deletion:
        """Deletes everything that is left. `look`: looks through the lists afterwards, and deletes what they show."""
        self._delete(self._journal.leftovers())
        doubtful, looks = self._look_through() if look else ((), ())
        return deletion_of(self._journal, doubtful, looks)

    def _look_through(self) -> tuple[tuple[str, ...], tuple[Look, ...]]:
        """Deletes what the lists show of ours, and settles what became of creates without a name. Returns the sids that
        may be ours, and what the lists were like once nothing of ours was on them."""
        services = self._services()
        doubtful: dict[str, None] = {}
        for _ in range(LOOKS):
            pages = {service: self._pages(service) for service in services}
            entries = {service: _entries(pages[service]) for service in services}
            ours = [
                Leftover(entry["sid"], service)
                for service in services
                for entry in entries[service]
                if self._is_ours(entry)
            ]
            lost = [create for create in self._journal.nameless if pages[create.service]]
            for create in lost:
                found = self._traces(create, entries[create.service], pages[create.service][0].exchange)
                if self._is_certain(create, found, lost):
                    ours += [Leftover(sid, create.service) for sid in found]
                else:
                    doubtful |= dict.fromkeys(found)
                self._journal.answered(create.number)
            if not ours:
                looks = (Look(each, len(entries[each]), _is_whole(pages[each])) for each in services if pages[each])
                return tuple(doubtful), tuple(looks)
            for item in ours:
                self._journal.created(item.reference, None, item.service)
            self._delete(self._journal.leftovers())
        return tuple(doubtful), ()

    def _services(self) -> tuple[str, ...]:
        nameless = (create.service for create in self._journal.nameless)
        return tuple(dict.fromkeys((*self._journal.made.values(), *nameless)))

    def _delete(self, leftovers: Sequence[Leftover]) -> None:
        if leftovers:
            with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
                list(pool.map(self._delete_one, leftovers))

    def _delete_one(self, item: Leftover) -> None:
        try:
            exchange = self._streams.delete(item.reference, service=item.service)
        except (Judgement, SuiteError):
            return
        if exchange.status == 404:
            self._journal.deleted(item.reference, item.service)

    def _pages(self, service: str) -> tuple[Page, ...]:
        streams = self._streams
        try:
            first = streams.list({"PageSize": PAGE_SIZE}, service=service)
            found = walk(first, streams.follow, target=streams.target, size=PAGE_SIZE, most_pages=MOST_PAGES)
        except (Judgement, SuiteError):
            return ()
        return found.pages

    # ------------------------------------------------------------ whose is it?

    def _is_ours(self, entry: dict[str, Any]) -> bool:
        name = entry.get("unique_name")
        if isinstance(name, str) and name.startswith(prefix_of(self._journal.head.run)):
            return True
        return entry["sid"] in self._journal.made

    def _traces(self, create: Nameless, entries: Sequence[dict[str, Any]], listed: Exchange) -> tuple[str, ...]:
        """The sids of the streams that a create without a name may have made."""
        ahead = (server_date(listed) or listed.received) - listed.received
        until = create.until or create.since + LONGEST_CREATE
        made, ttl = self._journal.made, _whole(create.ttl)
        return tuple(
            entry["sid"]
            for entry in entries
            if entry.get("unique_name") is None
            and entry["sid"] not in made
            and ttl in {None, _ttl(entry)}
            and create.since - NEARLY <= (moment_of(entry.get("date_created")) or 0.0) - ahead <= until + NEARLY
        )

    def _is_certain(self, create: Nameless, found: Sequence[str], lost: Sequence[Nameless]) -> bool:
        """Whether these are streams of ours: they have the Ttl of this run, and are no more than were lost."""
        alike = sum(other.ttl == create.ttl for other in lost)
        return create.ttl == str(nameless_ttl(self._journal.head.run)) and len(found) <= alike


def deletion_of(journal: Journal, doubtful: tuple[str, ...] = (), looks: tuple[Look, ...] = ()) -> Deletion:
    """What became of the streams of that journal, as far as it tells."""
    left = tuple(item.reference for item in journal.leftovers())
    return Deletion(len(journal.made), left, doubtful, len(journal.nameless), looks)


def _entries(pages: Sequence[Page]) -> tuple[dict[str, Any], ...]:
    """The streams on these pages, each once."""
    found = {
        entry["sid"]: entry
        for page in pages
        for entry in page.entries
        if isinstance(entry, dict) and isinstance(entry.get("sid"), str)
    }
    return tuple(found.values())


def _is_whole(pages: Sequence[Page]) -> bool:
    return pages[-1].meta.get(NEXT) is None


def _whole(ttl: str | None) -> int | None:
    """The Ttl that was asked for; None for what is no number, in whose place a target may put any."""
    try:
        return int(ttl or 0)
    except ValueError:
        return None


def _ttl(entry: dict[str, Any]) -> int:
    """The seconds from the stream's creation to its expiry; 0 when it never expires."""
    created, expires = moment_of(entry.get("date_created")), moment_of(entry.get("date_expires"))
    return round(expires - created) if created is not None and expires is not None else 0
