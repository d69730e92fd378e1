"""Random stories: a hypothesis state machine that drives the target and the model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import hypothesis
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from conformance.context import Context
from conformance.properties.model import World, list_is_short
from conformance.properties.search import Search

STORIES, STEPS = 40, 15
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


def explore(ctx: Context) -> None:
    """Tells random stories, the same for the same seed. Raises Failed for the shortest that the model contradicts."""
    search = Search(ctx.options.seed)
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

    search.run(run, STORIES, steps=STEPS, shrinks=False)
    search.shorten(tell)
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
