"""Gathers what the rules of lists look at: many streams, walks over them at many page sizes, and links followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from conformance import paging
from conformance.churn import Tries, try_until_clear
from conformance.context import SAFETY_TTL, Context
from conformance.edges import Edge, walk_edges
from conformance.exchange import Exchange
from conformance.outcomes import Blocked
from conformance.paging import Alone, Led, Trip
from conformance.streams import Stream, sid_in
from conformance.target import Target
from conformance.walk import FIRST, NEXT, PREVIOUS, SELF, End, Page, Walk, read_page, request_url, walk, walk_list

STREAMS = 125
FEWEST_STREAMS = 110  # with some creates refused; more than one page of the largest size either way
NAMELESS_EACH, LASTING = 30, 10
FULL_SIZES = (49, 50, 51, 99, 100, None)  # None: without PageSize
SMALL_SIZES, SMALL_PAGES = (1, 2), 4
TRIP_SIZE = 40
TURNS = 3  # pages at the beginning whose own url is followed
STEPS = 3
ALONE_SIZE = 20
ABOVE = (101, 1000)
NONSENSE = (10**10, 0, -1)
LATE_ROUNDS, LATE_PAUSE = 8, 0.3  # seconds


@dataclass(frozen=True, slots=True)
class Listing:
    """`made` are the streams in the order their creates were answered; `full` walks and those at the `edges` go to the
    end, `small` ones do not.

    `above` and `nonsense` are lists asked for with page sizes that nobody promises anything about but the maximum.
    """

    target: Target
    made: tuple[Stream, ...]
    full: tuple[Tries[Walk], ...]
    edges: tuple[Edge, ...]
    small: tuple[Tries[Walk], ...]
    trip: Tries[Trip]
    back: Tries[Trip]
    alone: Tries[Alone]
    above: tuple[Exchange, ...]
    nonsense: tuple[Exchange, ...]

    @property
    def own(self) -> frozenset[str]:
        return frozenset(stream.sid for stream in self.made)

    @property
    def walks(self) -> tuple[Tries[Walk], ...]:
        """All that go to the end."""
        return (*self.full, *(edge.tries for edge in self.edges))

    @property
    def service_sid(self) -> str:
        """The service's sid, as the first create told it; empty when it told none."""
        sid = self.made[0].body.get("service_sid")
        return sid if isinstance(sid, str) else ""

    @property
    def asked(self) -> Iterator[Exchange]:
        """Answers to lists that the suite asked for in its own words, with a PageSize of 1 to 100 or none."""
        for tries in (*self.walks, *self.small):
            yield from (each.exchanges[0] for each in tries.attempts)
        yield from (trip.walk.exchanges[0] for trip in (*self.trip.attempts, *self.back.attempts))
        for alone in self.alone.attempts:
            yield alone.first

    @property
    def answers(self) -> Iterator[Exchange]:
        """Every answer to a list, but to nonsense."""
        for tries in (*self.walks, *self.small):
            for each in tries.attempts:
                yield from each.exchanges
        for trip in (*self.trip.attempts, *self.back.attempts):
            yield from trip.exchanges
        for alone in self.alone.attempts:
            yield from (alone.first, *alone.moved)
        yield from self.above

    @property
    def pages(self) -> Iterator[Page]:
        """Every answer that is a page."""
        return (page for page in map(read_page, self.answers) if page)


def gather_listing(ctx: Context) -> Listing:
    """Raises Blocked when too few streams can be created."""
    made = create_many(ctx, STREAMS, FEWEST_STREAMS)
    own = frozenset(stream.sid for stream in made)
    wait_until_listed(ctx, own)
    of_walks = (paging.repeated(own), paging.endless, paging.wrong_first_size, paging.changed_size)
    of_trip = (*paging.OWN_LINKS, *paging.BACKWARD[:1], *paging.FIRSTS)
    of_turn = (*paging.BACKWARD, paging.before_first)
    full, small = [], []
    edges: tuple[Edge, ...] = ()
    # Each walk has a quiet of its own, so that the rest of the run waits no longer than for one walk.
    for size in FULL_SIZES:
        with ctx.quiet():
            full.append(try_until_clear(ctx, partial(walk_list, ctx, size), (paging.missing(own), *of_walks), own=own))
            if size is None:
                whole = full[-1].attempts[-1]
                settle = partial(wait_until_listed, ctx)
                edges = walk_edges(ctx, partial(walk_list, ctx), of_walks, whole=whole, own=own, settle=settle)
    for size in SMALL_SIZES:
        with ctx.quiet():
            some_pages = partial(walk_list, ctx, size, most_pages=SMALL_PAGES)
            small.append(try_until_clear(ctx, some_pages, of_walks, own=own))
    with ctx.quiet():
        trip = try_until_clear(ctx, partial(take_trip, ctx, TRIP_SIZE), of_trip, own=own)
    with ctx.quiet():
        back = try_until_clear(ctx, partial(turn_back, ctx, TRIP_SIZE), of_turn, own=own)
    with ctx.quiet():
        alone = try_until_clear(ctx, partial(ask_page_alone, ctx, ALONE_SIZE), (paging.moved_by_page,), own=own)
    above = tuple(ctx.streams.list({"PageSize": size}) for size in ABOVE)
    nonsense = tuple(ctx.streams.list({"PageSize": size}) for size in NONSENSE)
    return Listing(ctx.target, made, tuple(full), edges, tuple(small), trip, back, alone, above, nonsense)


def create_many(ctx: Context, count: int, fewest: int) -> tuple[Stream, ...]:
    """Streams, in the order their creates were answered: one in thirty nameless, one that never expires.

    Raises Blocked when fewer than `fewest` were made.
    """

    def fields(number: int) -> dict[str, object]:
        if number % NAMELESS_EACH == 1:
            return {"Ttl": ctx.nameless_ttl}
        name: dict[str, object] = {"UniqueName": ctx.name(f"{number:03}")}
        return name if number == LASTING else {**name, "Ttl": SAFETY_TTL}

    exchanges = ctx.parallel(partial(ctx.streams.create, fields(number)) for number in range(count))
    made = {sid: Stream(each, each.response.json()) for each in exchanges if each.response and (sid := sid_in(each))}
    if len(made) < fewest:
        refused = next((each for each in exchanges if sid_in(each) is None), exchanges[0])
        raise Blocked(f"of {count} streams to list only {len(made)} could be created with sids of their own", refused)
    return tuple(sorted(made.values(), key=lambda stream: stream.exchange.received))


def wait_until_listed(ctx: Context, own: frozenset[str], size: int = 100) -> None:
    """Gives a list that shows new streams late, which is for LIST-SHOWS-NEW to judge, some time to show them."""
    for _ in range(LATE_ROUNDS):
        walked = walk_list(ctx, size)
        if walked.end is not End.LAST or paging.missing(own)(walked) is None:
            return
        ctx.sleep(LATE_PAUSE)


def lead(ctx: Context, start: Page, key: str, wanted: Page, expected: str) -> Led:
    """Follows a link of a page."""
    url = request_url(start.meta.get(key), start.exchange, ctx.target)
    return Led(start, key, wanted, None if url is None else ctx.streams.follow(url), f"{key} {expected}")


def take_trip(ctx: Context, size: int) -> Trip:
    """Forward to the end, following url on the way; then one page back, and to the first page from three pages."""
    own_links: list[Led] = []
    latest = ctx.streams.list({"PageSize": size})

    def turn(number: int) -> None:
        if (page := read_page(latest)) and page.entries:
            own_links.append(lead(ctx, page, SELF, page, f"of page {number} to lead to page {number} again"))

    def follow(url: str) -> Exchange:
        nonlocal latest
        if len(own_links) < TURNS:
            turn(len(own_links) + 1)
        latest = ctx.streams.follow(url)
        return latest

    forward = walk(latest, follow, target=ctx.target, size=size)
    if forward.end in {End.LAST, End.BOUND}:
        turn(len(forward.pages))
    back, _ = _go_back(ctx, forward.shown, [PREVIOUS])
    return Trip(forward, tuple(own_links), back, _go_to_first(ctx, size, forward.pages), None)


def turn_back(ctx: Context, size: int) -> Trip:
    """Three pages forward, as many back by previous pages, and two forward again."""
    forward = walk_list(ctx, size, most_pages=STEPS + 1)
    # From an empty page on, a cursor's pages need not be those of the way there.
    full = tuple(page for page in forward.shown if page.entries)
    back, before = _go_back(ctx, full, [PREVIOUS] * STEPS + [NEXT] * (STEPS - 1))
    return Trip(forward, (), back, (), before)


def _go_back(
    ctx: Context, pages: tuple[Page, ...], route: Sequence[str]
) -> tuple[tuple[Led, ...], Page | None]:  # fmt: skip
    """Follows the keys of `route` from the last page on, as far as there are pages; and what is before the first page,
    when the way leads there and it has a previous page."""
    seen = dict(enumerate(pages))  # as it was seen last, so that little time passes between two looks at a page
    steps: list[Led] = []
    before: Page | None = None
    place = len(pages) - 1
    for key in route:
        current, then = seen.get(place), place + (1 if key == NEXT else -1)
        if current is None or then not in seen:
            continue
        if key == NEXT and place == 0 and current.meta.get(PREVIOUS) is not None:
            url = request_url(current.meta.get(PREVIOUS), current.exchange, ctx.target)
            before = read_page(ctx.streams.follow(url)) if url else None
        way = "reached by going back, " if steps else ""
        led = lead(ctx, current, key, seen[then], f"of page {place + 1}, {way}to lead to page {then + 1}")
        steps.append(led)
        page = read_page(led.exchange) if led.exchange else None
        if page is None:
            break
        place, seen[then] = then, page
    return tuple(steps), before


def _go_to_first(ctx: Context, size: int, pages: tuple[Page, ...]) -> tuple[Led, ...]:
    first = read_page(ctx.streams.list({"PageSize": size}))
    if first is None:
        return ()
    places = sorted({0, len(pages) // 2, len(pages) - 1} & set(range(len(pages))))
    return tuple(lead(ctx, pages[place], FIRST, first, f"of page {place + 1} to lead to page 1") for place in places)


def ask_page_alone(ctx: Context, size: int) -> Alone:
    """The first page, with Page and a page size, and with Page and nothing else."""
    ask = ctx.streams.list
    first = ask({"PageSize": size})
    return Alone(first, (ask({"PageSize": size, "Page": 1}), ask({"PageSize": size, "Page": 3}), ask({"Page": 2})))
