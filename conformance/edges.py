"""Walks at a page size that fills the last page, and at the same size with one stream more, alone behind full pages.

There every stream that is listed counts, whoever made it, as the last one is seldom one of the scenario's own. One of
others that a walk does not show may have been deleted, so it is asked for by its sid: what was listed before and is
found afterwards was there meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

from conformance import paging
from conformance.churn import MOST_FETCHES, Finder, Problem, Tries, try_until_clear, verdict
from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import moment_of, server_date
from conformance.resource import shown_stream
from conformance.streams import sid_in
from conformance.walk import End, Walk

LARGEST, SMALLEST, MOST_PAGES = 100, 3, 12
MOST_ADDED = 12  # streams, until their number can be divided: enough for all that such walks can show
LASTS = (0, 1)  # streams on a page behind full ones
MOST_WALKS, LONGEST = 10, 3.0  # seconds, after which they are not walked again
SOON = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Edge:
    """Walks at one page size, and the sids of the streams that were there during all of them."""

    tries: Tries[Walk]
    there: frozenset[str]


def fitting(streams: int, used: frozenset[int] = frozenset()) -> tuple[int, int] | None:
    """How many streams more it takes so that full pages hold them all, and the size of those, which is none of `used`;
    None for too many."""
    for more in range(MOST_ADDED + 1):
        for size in range(LARGEST, SMALLEST - 1, -1):
            if size not in used and (streams + more) % size == 0 and 1 < (streams + more) // size <= MOST_PAGES:
                return more, size
    return None


def roomy(streams: int, size: int) -> int:
    """Another page size, at which the last page of so many streams is nearly full: no special one."""
    others = (other for other in range(LARGEST, SMALLEST - 1, -1) if other != size)
    return max(others, key=lambda other: streams % other / other)


def walk_edges(
    ctx: Context,
    walk_at: Callable[[int], Walk],
    finders: Sequence[Finder[Walk]],
    *,
    whole: Walk,
    own: frozenset[str],
    settle: Callable[[frozenset[str], int], None],
) -> tuple[Edge, ...]:
    """Walks with a full last page, and with one stream on it; none after a walk that has not come to the end.

    A stream that expires meanwhile leaves the last page as any other is, and then both are walked again. To be called
    while quiet is held. `whole` is a walk of a moment ago, `own` are sids that nobody else deletes; `settle` waits
    until new streams are listed at a page size: another one, as it must not wait until a lost stream is shown because
    the number of streams has changed. Each has a page size of its own: a list that is answered from a cache is late,
    which is another rule's matter.
    """
    numbers = count(1)
    used: frozenset[int] = frozenset()
    edges: list[Edge] = []
    began = whole.answer.received
    while len(edges) < len(LASTS) and len(used) < MOST_WALKS:
        found = fitting(sum(map(len, whole.pages)), used) if whole.end is End.LAST else None
        late = whole.answer.received - began > LONGEST
        if found is None or (late and used and not edges):
            break
        alone = LASTS[len(edges)]
        more, size = found
        used |= {size}
        answers = [ctx.streams.create(_fields(ctx, number)) for number in islice(numbers, more + alone)]
        if added := {sid for each in answers if (sid := sid_in(each))}:
            own |= added
            settle(own, roomy(len(whole.sids) + len(added), size))
        edge = walk_edge(ctx, partial(walk_at, size), finders, listed=whole.sids | own, own=own)
        whole = edge.tries.attempts[-1]
        edges = [*edges, edge] if loses(edge) or has_edge(whole, alone or size) else []
    return tuple(edges)


def loses(edge: Edge) -> bool:
    """Whether a stream was lost for sure."""
    return isinstance(verdict(edge.tries, paging.missing(edge.there)), Problem)


def has_edge(walk: Walk, last: int) -> bool:
    """Whether it has full pages and a last one with so many streams."""
    lengths = [len(page) for page in walk.pages if page.entries]
    return walk.end is End.LAST and bool(lengths) and lengths[-1] == last and set(lengths[:-1]) == {walk.size}


def _fields(ctx: Context, number: int) -> dict[str, object]:
    return {"UniqueName": ctx.name(f"edge-{number}"), "Ttl": SAFETY_TTL}


def walk_edge(
    ctx: Context,
    walk: Callable[[], Walk],
    finders: Sequence[Finder[Walk]],
    *,
    listed: frozenset[str],
    own: frozenset[str],
) -> Edge:
    """Walks until it is clear whether each stream of `own`, and each of `listed` that is still there, is shown."""
    first = walk()
    lost = listed - own - first.sids if first.end is End.LAST else frozenset()
    there = own | _there(ctx, lost)
    attempts = iter((first,))
    tries = try_until_clear(
        ctx, lambda: next(attempts, None) or walk(), (paging.missing(there), *finders), own=own
    )  # fmt: skip
    lost = there - own - tries.attempts[-1].sids
    return Edge(tries, there - lost | _there(ctx, lost))


def _there(ctx: Context, sids: frozenset[str]) -> frozenset[str]:
    """Those that are found and don't expire soon: what has just expired may be found a little longer than listed."""
    asked = sorted(sids)[:MOST_FETCHES]
    answers = ctx.parallel(partial(ctx.streams.fetch, sid) for sid in asked)
    return frozenset(sid for sid, answer in zip(asked, answers, strict=True) if _lasts(answer))


def _lasts(answer: Exchange) -> bool:
    stream = shown_stream(answer)
    expires, now = stream.get("date_expires"), server_date(answer)
    if expires is None:
        return "sid" in stream
    moment = moment_of(expires)
    return moment is not None and now is not None and moment > now + SOON
