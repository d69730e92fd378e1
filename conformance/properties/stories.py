"""Random stories: a hypothesis state machine that drives the target and the model together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import ClassVar

import hypothesis
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from conformance.context import Context
from conformance.properties.generation import share_of
from conformance.properties.machines import forget
from conformance.properties.model import World, list_is_short
from conformance.properties.parsing import parsing_in_turn
from conformance.properties.search import Search
from conformance.properties.storage import stored_elsewhere
from conformance.properties.telling import chained, some

STORIES, STEPS = 30, 15
MOST_CREATES = 8  # in one story
LABELS = st.sampled_from(("a", "ab", None, "b", "é", "a"))
TTLS = st.sampled_from((600, 3_600, 86_400))
WHICH = st.integers(0, 3)
# How often each is drawn. Later ones are tried for earlier ones while a story is shortened.
ACTIONS = st.sampled_from(
    ("create",) * 3
    + ("delete",) * 2
    + ("update",) * 4
    + ("publish",) * 2
    + ("list",) * 2
    + ("look", "create_refused", "update_refused", "publish_refused")
)


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a story. `which` counts the streams that the story has made by then."""

    action: str
    label: str | None
    ttl: int | None
    which: int
    by_name: bool


def plans() -> Iterator[tuple[Act, ...]]:
    """Stories that are told in every run: names reused, names that begin alike, much done to one stream or to one that
    is gone, everything after everything."""
    names = ("a", "ab", "b", "é")
    ttls = (None, 600, 3_600, 86_400)
    created = tuple(Act("create", name, ttl, 0, False) for name, ttl in zip(names, ttls, strict=True))

    def on(which: int, actions: str, *ways: bool) -> tuple[Act, ...]:
        """Those actions on one stream, each by sid (False), by name (True), or both."""
        return tuple(Act(action, "a", 3_600, which, by_name) for action in actions.split() for by_name in ways)

    manners: tuple[tuple[bool, ...], ...] = ((False,), (True,), (False, True))
    for first in range(len(names)):
        for ways in manners[:2]:  # one of four is deleted, then the others; after each all are looked at
            others = (act for number in range(len(names)) for act in on(number, "delete", *ways))
            yield (*created, *on(first, "delete list", *ways), *others)
    for ways in manners[:2]:  # one name is given again and again, and much is done to one stream
        again = (created[0], *on(0, "update publish", *ways))
        yield tuple(act for n in range(6) for act in (*again, *on(n, "look delete", *ways)))
        yield (*created[:2], *on(0, "update look publish update update update list publish publish update look", *ways))
    gone = "delete update look update publish update delete publish_refused update_refused look list"
    for ways in manners:
        yield (*created[:2], *on(0, gone, *ways), created[0], *on(0, gone, *ways), *on(2, "look update list", *ways))
    several = ("update", "publish", "look", "update_refused", "publish_refused", "create_refused")
    for by_name in (False, True):
        yield (*created[:2], *on(0, " ".join(chained(several, 2)), by_name))


@stored_elsewhere()
@parsing_in_turn()
def explore(ctx: Context) -> None:
    """Tells the written stories and then random ones, the same for the same seed.

    Raises Failed for the shortest that the model contradicts.
    """
    search = Search(ctx.options.seed, clock=lambda: ctx.clock.latest)
    about = {"ctx": ctx, "search": search, "numbers": count(1), "lists": list_is_short(ctx)}
    stories: type[Stories] = type("StoriesOfOneRun", (Stories,), about)

    def tell(plan: Sequence[Act]) -> None:
        story = stories()
        try:
            for act in plan:
                story.take(act)
        finally:
            story.teardown()

    def run(number: int, how: hypothesis.settings) -> None:
        run_state_machine_as_test(seed(number)(stories), settings=how)

    share = ctx.options.generated
    try:
        search.run_each(partial(tell, plan) for plan in some(tuple(plans()), share, ctx.options.seed))
        search.run(run, share_of(STORIES, share), steps=STEPS, shrinks=False)
        search.shorten(tell)
    finally:
        forget(stories)
    search.conclude()


class Stories(RuleBasedStateMachine):
    """One story. What is drawn never depends on answers: then the same story can be told again, whatever happens.

    All actions are one rule, because hypothesis would leave some of its rules out of each story; few stories are told,
    and what is sought is the interplay.
    """

    ctx: ClassVar[Context]
    search: ClassVar[Search]
    numbers: ClassVar[count[int]]
    lists: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.ctx, next(self.numbers), self.search.begin())
        self.creates = 0

    @rule(act=st.builds(Act, ACTIONS, LABELS, st.none() | TTLS, WHICH, st.booleans()))
    def take(self, act: Act) -> None:
        self.world.story.plan.append(act)
        with self.search.telling(self.world.story):
            self._do(act.action, act.label, act.ttl, act.which, by_name=act.by_name)

    def _do(self, action: str, label: str | None, ttl: int | None, which: int, *, by_name: bool) -> None:
        """One action; those on streams do nothing while there are none."""
        match action:
            case "create" if self.creates < MOST_CREATES:
                self.creates += 1
                self.world.create(label, ttl)
            case "create_refused":
                self.world.create_refused(label or "a")
            case "update":
                self.world.update(which, ttl or 600, by_name=by_name)
            case "update_refused":
                self.world.update_refused(which, by_name=by_name)
            case "publish":
                self.world.publish(which, by_name=by_name)
            case "publish_refused":
                self.world.publish_refused(which, by_name=by_name)
            case "delete":
                self.world.delete(which, by_name=by_name)
            case "list" if self.lists:
                self.world.list(which)
            case _:
                self.world.look(which)

    def teardown(self) -> None:
        self.world.clean()
