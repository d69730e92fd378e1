"""Finding the interaction for a request in the same time, whatever the size of the cassette."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator

from proxy.cassette import Cassette
from proxy.matching import Lookup, lookup

_NEAREST_LOOKED_AT = 200


class Index:
    """All requests of a cassette by what they are looked up by, and which of them are still to be answered.

    `queues` holds the unused interactions of equal requests as heaps, so that one put back is the next again.
    """

    def __init__(self, cassette: Cassette) -> None:
        self._cassette = cassette
        self.queues: dict[bytes, list[int]] = {}
        self.bindings: dict[bytes, list[tuple[tuple[str, ...], bytes]]] = {}
        self.sids: set[str] = set()
        self.accounts: set[str] = set()
        self.callers: list[tuple[str, str]] = []
        self._titles: dict[int, list[int]] = defaultdict(list)
        known: dict[tuple[str, str], tuple[str, str]] = {}
        for at in range(len(cassette)):
            found = lookup(*cassette.request(at))
            queue = self.queues.get(found.exact)
            if queue is None:
                self.queues[found.exact] = [at]
                if found.bound:
                    self.bindings.setdefault(found.loose, []).append((found.bound, found.exact))
                    self.sids.update(found.bound)
            else:
                queue.append(at)
            caller = (found.account, found.credential)
            self.callers.append(known.setdefault(caller, caller))
            self._titles[hash(found.title)].append(at)
        self.accounts = {account for account, _ in known if account}
        self.sizes = {key: len(queue) for key, queue in self.queues.items()}

    def put_back(self, exact: bytes, at: int) -> None:
        heapq.heappush(self.queues[exact], at)

    def of(self, at: int) -> Lookup:
        return lookup(*self._cassette.request(at))

    def near(self, asked: Lookup) -> Iterator[int]:
        """Interactions to compare a request with that found none: same method and path first, then the others.

        Only so many of each are offered: a miss in a large cassette should not stop the answers to other requests.
        """
        same = self._titles.get(hash(asked.title), [])
        yield from same[:_NEAREST_LOOKED_AT]
        if not same:
            titles = iter(self._titles.values())
            yield from (found[0] for found, _ in zip(titles, range(_NEAREST_LOOKED_AT), strict=False))
