"""Random stories: a hypothesis state machine that drives the target and the model together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any, ClassVar

from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from conformance.context import Context
from conformance.properties.model import World, list_is_short
from conformance.properties.search import Search, settings

STORIES, STEPS = 25, 20
MOST_CREATES = 8  # in one story
LABELS = st.sampled_from(("a", "ab", "b", "é"))
TTLS = st.sampled_from((600, 3_600, 86_400))
WHICH = st.integers(0, MOST_CREATES - 1)
BY_NAME = st.booleans()


def explore(ctx: Context) -> None:
    """Tells random stories, the same for the same seed. Raises Failed for the shortest that the model contradicts."""
    search = Search(ctx.options.seed)
    about = {"ctx": ctx, "search": search, "numbers": count(1), "lists": list_is_short(ctx)}
    machine = seed(ctx.options.seed)(type("StoriesOfOneRun", (Stories,), about))
    search.run(lambda: run_state_machine_as_test(machine, settings=settings(STORIES, STEPS)))


def told(step: Callable[..., None]) -> Callable[..., None]:
    """Does the step inside the search's `telling`."""

    @wraps(step)
    def tell(self: Stories, **arguments: Any) -> None:
        with self.search.telling(self.world.story):
            step(self, **arguments)

    return tell


class Stories(RuleBasedStateMachine):
    """One story. Which steps are possible depends on the steps before, never on answers: then no search is flaky."""

    ctx: ClassVar[Context]
    search: ClassVar[Search]
    numbers: ClassVar[count[int]]
    lists: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.ctx, next(self.numbers), self.search.begin())
        self.creates = 0

    def has_room(self) -> bool:
        return self.creates < MOST_CREATES

    def has_begun(self) -> bool:
        return self.creates > 0

    @precondition(has_room)
    @rule(label=st.none() | LABELS, ttl=st.none() | TTLS)
    @told
    def create(self, label: str | None, ttl: int | None) -> None:
        self.creates += 1
        self.world.create(label, ttl)

    @rule(label=LABELS)
    @told
    def create_refused(self, label: str) -> None:
        self.world.create_refused(label)

    @precondition(has_begun)
    @rule(which=WHICH, ttl=TTLS, by_name=BY_NAME)
    @told
    def update(self, which: int, ttl: int, by_name: bool) -> None:
        self.world.update(which, ttl, by_name=by_name)

    @precondition(has_begun)
    @rule(which=WHICH, by_name=BY_NAME)
    @told
    def update_refused(self, which: int, by_name: bool) -> None:
        self.world.update_refused(which, by_name=by_name)

    @precondition(has_begun)
    @rule(which=WHICH, by_name=BY_NAME)
    @told
    def publish(self, which: int, by_name: bool) -> None:
        self.world.publish(which, by_name=by_name)

    @precondition(has_begun)
    @rule(which=WHICH, by_name=BY_NAME)
    @told
    def publish_refused(self, which: int, by_name: bool) -> None:
        self.world.publish_refused(which, by_name=by_name)

    @precondition(has_begun)
    @rule(which=WHICH, by_name=BY_NAME)
    @told
    def delete(self, which: int, by_name: bool) -> None:
        self.world.delete(which, by_name=by_name)

    @precondition(has_begun)
    @rule(which=WHICH)
    @told
    def look(self, which: int) -> None:
        self.world.look(which)

    @precondition(lambda self: self.lists and self.has_begun())
    @rule(which=WHICH)
    @told
    def look_in_the_list(self, which: int) -> None:
        self.world.list(which)

    def teardown(self) -> None:
        self.world.clean()
