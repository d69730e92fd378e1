"""Tells a fault in a list from a list that changed while it was read.

Other people create and delete streams at any time, and a server that pages by offset may then lawfully skip or
repeat an entry. So what looks wrong is looked at again, with everything else of this run kept still:

* One clean attempt clears a rule. A fault that comes and goes can't be told from a stream that came and went
  between two requests, and a good server must not fail; a fault that is always there is there in every attempt.
* A rule fails when no attempt was clean, and attempts during which nothing can be seen to have changed agree:
  two with the very same wrong, or three with any. It fails as well when every attempt was so wrong that a few
  changes can't explain it.
* Otherwise nothing is known, after seven attempts: inconclusive. But where streams of this run's own are among what
  went, all others of them that will go are waited for, as no new ones come meanwhile, and four more attempts made.

An attempt is undisturbed when no foreign stream that any attempt saw can have come or gone during it. A stream
can't have come when it is older than all attempts, by its date or because this run made it; nor gone when a later
attempt saw it or it is found when asked for in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import parse_date, server_date
from conformance.outcomes import Failed, Inconclusive
from conformance.walk import Page

MOST_ATTEMPTS = 7
FEWEST_ATTEMPTS = 4  # the first can't be shown to be undisturbed, nor the last
MOST_PAGES = 400  # of all attempts together, after which no more are made
MOST_FETCHES = 40
CALM = 5.5  # seconds: longer than a scenario lets a stream live, unless the target is slow
CALM_ATTEMPTS = 4
SAME, ANY = 2, 3  # undisturbed attempts that must agree


class Attempt(Protocol):
    """Anything gathered from pages of a list."""

    @property
    def pages(self) -> Sequence[Page]: ...


A = TypeVar("A", bound=Attempt)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one attempt. `what` is the same when the same is wrong in another.

    `gross`: so wrong that it would take dozens of changes at the right moment to explain it.
    """

    what: Hashable
    expected: str
    got: str
    exchanges: tuple[Exchange, ...] = ()
    gross: bool = False


@dataclass(frozen=True, slots=True)
class Tries(Generic[A]):
    """The attempts, which streams of others each saw, and which of those were `old` before all and `gone` after all."""

    attempts: tuple[A, ...]
    foreign: tuple[frozenset[str], ...]
    old: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    @property
    def missed(self) -> frozenset[str]:
        """What an attempt saw and the last did not."""
        return frozenset().union(*self.foreign) - self.foreign[-1]


Finder = Callable[[A], Problem | None]


def undisturbed(tries: Tries[Any]) -> tuple[bool, ...]:
    """For each attempt, whether no foreign stream that was ever seen can have come or gone during it.

    A stream came during the attempt that first saw it or the one before, and went during the last that saw it or
    the one after. The last attempt always counts as disturbed: what it saw may have gone while it went on.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for index, sids in enumerate(tries.foreign):
        for sid in sids:
            first.setdefault(sid, index)
            last[sid] = index
    disturbed = {len(tries.attempts) - 1}
    disturbed.update(index - back for sid, index in first.items() if sid not in tries.old for back in (0, 1))
    disturbed.update(last[sid] + on for sid in tries.gone for on in (0, 1))
    return tuple(index not in disturbed for index in range(len(tries.attempts)))


def verdict(tries: Tries[A], find: Finder[A]) -> Problem | str | None:
    """None: the rule holds. A problem: it is broken. Words: why nobody can tell."""
    problems = []
    for attempt in tries.attempts:
        problem = find(attempt)
        if problem is None:
            return None
        problems.append(problem)
    sure = [problem for problem, calm in zip(problems, undisturbed(tries), strict=True) if calm]
    if sure:
        what, count = Counter(problem.what for problem in sure).most_common(1)[0]
        if count >= SAME or len(sure) >= ANY:
            return next(problem for problem in sure if problem.what == what)
    if len(problems) >= FEWEST_ATTEMPTS and all(problem.gross for problem in problems):
        return problems[-1]
    return (
        f"the streams of the service changed while they were listed, {len(problems)} times in a row:"
        f" expected {problems[-1].expected}, got {problems[-1].got}"
    )


def judge(tries: Tries[A], find: Finder[A]) -> None:
    """Raises Failed when the rule is broken, Inconclusive when nobody can tell."""
    found = verdict(tries, find)
    if isinstance(found, Problem):
        raise Failed(found.expected, found.got, *found.exchanges)
    if found is not None:
        raise Inconclusive(found, *(page.exchange for page in tries.attempts[-1].pages[:2]))


def try_until_clear(
    ctx: Context, attempt: Callable[[], A], finders: Sequence[Finder[A]], *, own: frozenset[str]
) -> Tries[A]:
    """Makes the attempt, and while anything in it looks wrong, again until the verdict is clear or time is up.

    To be called while quiet is held. `own` are the sids of streams that nobody else deletes.
    """
    made: list[A] = []
    most, most_pages = MOST_ATTEMPTS, MOST_PAGES
    while True:
        made.append(attempt())
        tries = _observed(ctx, made, own)
        if all(verdict(tries, find) is None for find in finders):
            return tries
        if len(made) < FEWEST_ATTEMPTS:
            continue
        tries = replace(tries, gone=_gone(ctx, tries.missed))
        if not any(isinstance(verdict(tries, find), str) for find in finders):
            return tries
        if len(made) >= most or sum(len(each.pages) for each in made) >= most_pages:
            if most > MOST_ATTEMPTS or tries.missed.isdisjoint(_made_here(ctx, made)):
                return tries
            most, most_pages = MOST_ATTEMPTS + CALM_ATTEMPTS, 2 * MOST_PAGES
            ctx.sleep(CALM)


def _observed(ctx: Context, made: Sequence[A], own: frozenset[str]) -> Tries[A]:
    foreign = tuple(frozenset(sid for page in each.pages for sid in page.sids) - own for each in made)
    begun = server_date(made[0].pages[0].exchange) if made[0].pages else None
    old = frozenset(entry["sid"] for entry in _entries(made) if begun is not None and _older(entry, begun))
    return Tries(tuple(made), foreign, old=old | _made_here(ctx, made))


def _entries(made: Sequence[Attempt]) -> Iterator[dict[str, Any]]:
    """All that were seen, if they have a sid."""
    entries = (entry for each in made for page in each.pages for entry in page.entries)
    return (entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("sid"), str))


def _older(entry: dict[str, Any], begun: float) -> bool:
    """Whether it was there before `begun`, by its date."""
    created = entry.get("date_created")
    date = parse_date(created) if isinstance(created, str) else None
    return date is not None and date.timestamp() < begun


def _made_here(ctx: Context, made: Sequence[Attempt]) -> frozenset[str]:
    """Sids of streams that this run gave a name to, whatever the scenario: while it is kept still no more come."""
    prefix = ctx.name("").removesuffix(f"{ctx.scenario.replace('_', '-')}-")
    named = ((entry["sid"], entry.get("unique_name")) for entry in _entries(made))
    return frozenset(sid for sid, name in named if isinstance(name, str) and name.startswith(prefix))


def _gone(ctx: Context, sids: frozenset[str]) -> frozenset[str]:
    """Which of them can't be fetched any more; those that there are too many of to ask for count as gone."""
    asked = sorted(sids)[:MOST_FETCHES]
    answers = ctx.parallel(partial(ctx.streams.fetch, sid) for sid in asked)
    there = {
        sid for sid, answer in zip(asked, answers, strict=True) if answer.status is not None and answer.status < 300
    }
    return sids - there
