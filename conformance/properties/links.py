"""Chains along the explicit links of the OpenAPI document: create, then whatever the answer's sid opens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import hypothesis
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput, StepOutput

from conformance.context import SAFETY_TTL, Context
from conformance.exchange import Exchange
from conformance.expect import describe
from conformance.outcomes import NotRun
from conformance.properties import adapter
from conformance.properties.generation import MESSAGES_A_STREAM, SHORT_TTL, SUCCESS, Retries, form_of, is_sure, share_of
from conformance.properties.machines import forget
from conformance.properties.parsing import parsing_in_turn
from conformance.properties.search import LONGEST_SEARCH, Broken, Search, Story
from conformance.properties.storage import stored_elsewhere
from conformance.properties.telling import chained, some
from conformance.streams import sid_in

CHAINS, STEPS = 20, 8
FETCH, UPDATE, DELETE, PUBLISH = "fetchStream", "updateStream", "deleteStream", "publishMessage"
ON_STREAMS = (FETCH, UPDATE, PUBLISH)
SUBJECT = {"fetchStream": "Sid", "updateStream": "Sid", "deleteStream": "Sid", "publishMessage": "StreamSid"}


@stored_elsewhere()
@parsing_in_turn()
def follow_links(ctx: Context) -> frozenset[str]:
    """Takes the written walks and runs the chains; returns the ids of the operations that a link led to.

    Raises Failed for the shortest bad one.
    """
    # Half of the time each, so that a slow target hears of both.
    written, generated = (
        Search(ctx.options.seed, clock=lambda: ctx.clock.latest, longest=LONGEST_SEARCH / 2) for _ in range(2)
    )
    covered: set[str] = set()
    machine = _machine(ctx, generated, covered)

    def chains(number: int, how: hypothesis.settings) -> None:
        run_state_machine_as_test(seed(number)(machine), settings=how, _min_steps=2)

    _take_walks(ctx, written)
    try:
        if not written.settled:
            generated.run(chains, share_of(CHAINS, ctx.options.generated), steps=STEPS, shrinks=True)
    finally:
        forget(machine)
    generated.conclude()
    written.conclude()
    return frozenset(covered)


def walks() -> Iterator[tuple[str, ...]]:
    """What is done to one stream after its create: every three operations one after the other, each of them often, and
    every two before a delete."""
    yield (*chained(ON_STREAMS, 3), DELETE, FETCH)
    yield (*(operation for operation in (UPDATE, FETCH, PUBLISH) for _ in range(10)), *ON_STREAMS, DELETE, FETCH)
    for one in ON_STREAMS:
        yield from ((one, two, DELETE, FETCH) for two in ON_STREAMS)


def _take_walks(ctx: Context, search: Search) -> None:
    schema = adapter.load(ctx.target, ctx.options.seed)
    forms: dict[str, dict[str, Any]] = {UPDATE: {"Ttl": SAFETY_TTL}, PUBLISH: {"Data": '{"id":1}'}}
    numbers = count(1)

    def tell(plan: Sequence[str]) -> None:
        story = search.begin()
        number = next(numbers)
        chain = Chain(ctx, f"walk-{number}")
        with search.telling(story):
            try:
                form: dict[str, Any] = {"Ttl": SAFETY_TTL} if number % 3 else {}
                created = chain.create({"UniqueName": "walker", **form} if number % 2 else form, story)
                sid = sid_in(created)
                if sid is None:
                    raise Broken("a stream with a sid", describe(created), created)
                for operation_id in plan:
                    story.plan.append(operation_id)
                    exchange = chain.act(operation_id, sid, forms.get(operation_id, {}), story)
                    _validate(adapter.operation(schema, operation_id), operation_id, exchange)
            finally:
                chain.clean()

    search.run_each(partial(tell, plan) for plan in some(tuple(walks()), ctx.options.generated, ctx.options.seed))
    search.shorten(tell)


def _validate(operation: Any, operation_id: str, exchange: Exchange) -> Response:
    if operation_id in {DELETE, PUBLISH}:
        return adapter.expect_no_server_error(exchange, SUCCESS[operation_id])
    return adapter.validate(operation, exchange, SUCCESS[operation_id])


class Chain:
    """The streams of one chain: which its creates made, and which of them it deleted."""

    def __init__(self, ctx: Context, number: object) -> None:
        self._ctx = ctx
        self._number = number
        self._made: dict[str, bool | None] = {}  # sid: whether it is alive; None when nobody can know
        self._creates = 0
        self._messages: Counter[str] = Counter()

    def send(self, operation_id: str, case: Case[Any], story: Story) -> Exchange:
        """Sends the case through the suite's session; addresses that no create gave lead to nothing of anyone's."""
        fields = form_of(case)
        if operation_id == "createStream":
            return self.create(fields, story)
        return self.act(operation_id, str(case.path_parameters.get(SUBJECT.get(operation_id, ""), "")), fields, story)

    def act(self, operation_id: str, wanted: str, fields: dict[str, Any], story: Story) -> Exchange:
        """One operation on the stream with the sid `wanted`, if the chain has made that, and its judgement."""
        streams, retries = self._ctx.streams, Retries(self._ctx)
        known = wanted in self._made
        reference = wanted if known else self._ctx.name(f"{self._number}-unknown")
        shown = reference if known else "a name that no stream has"
        if operation_id == "fetchStream":
            step, exchange = f"fetch {shown}", streams.fetch(reference)
        elif operation_id == "updateStream":
            step, exchange = f"update {shown} with {fields}", streams.update(reference, fields)
        elif operation_id == "deleteStream":
            step, exchange = f"delete {shown}", streams.delete(reference)
        else:
            step, exchange = f"publish to {shown}", streams.publish(reference, str(fields.get("Data", "{}")))
            self._messages[reference] += 1
        story.tell(step, exchange)
        if not retries.happened():
            self._judge(operation_id, wanted, fields, exchange)
        if operation_id == DELETE and known and self._made[wanted]:
            # A delete that was sent again may find that the first one, whose answer was lost, was done.
            self._made[wanted] = False if 200 <= (exchange.status or 0) < 300 else None
        return exchange

    def create(self, fields: dict[str, Any], story: Story) -> Exchange:
        """A create, under a name of our own. What it made is remembered."""
        self._creates += 1
        if "UniqueName" in fields:
            fields["UniqueName"] = self._ctx.name(f"{self._number}-{self._creates}-{fields['UniqueName']}")
        exchange = self._ctx.streams.create(fields)
        story.tell(f"create a stream with {fields}", exchange)
        if (sid := sid_in(exchange)) is not None:
            self._made[sid] = True
        return exchange

    def _judge(self, operation_id: str, sid: str, fields: dict[str, Any], exchange: Exchange) -> None:
        """A stream that was made and not deleted must be there; one that was deleted must not be fetched."""
        alive, status = self._made.get(sid), exchange.status or 0
        succeeded = 200 <= status < 300
        open_update = operation_id == "updateStream" and not ("Ttl" in fields and is_sure(fields))
        limited = operation_id == "publishMessage" and (status == 429 or self._messages[sid] > MESSAGES_A_STREAM)
        refused = 300 <= status < 500
        if alive and refused and not (open_update or limited):
            expected = f"{operation_id} to succeed (2xx) for the stream that the create made"
            raise Broken(expected, describe(exchange), exchange)
        if alive is False and succeeded and operation_id == "fetchStream":
            raise Broken("the deleted stream not to be found (404)", describe(exchange), exchange)

    def clean(self) -> None:
        """Deletes what the chain made; what is left when the run ends then is in the journal."""
        try:
            for sid, alive in self._made.items():
                if alive is not False:
                    self._ctx.streams.delete(sid)
        except NotRun:
            return


def _machine(ctx: Context, search: Search, covered: set[str]) -> type[APIStateMachine]:
    schema = adapter.load(ctx.target, ctx.options.seed, least_ttl=SHORT_TTL)
    number = 0

    class Chains(schema.as_state_machine()):  # type: ignore[misc] # the base is made from the document
        def setup(self) -> None:
            nonlocal number
            number += 1
            self._chain = Chain(ctx, number)
            self._story = search.begin()

        def step(self, input: StepInput) -> StepOutput:  # noqa: A002 - schemathesis' name
            operation_id = operation_id_of(input.case)
            if input.transition is not None and input.is_applied:
                covered.add(operation_id)
            with search.telling(self._story):
                output: StepOutput = super().step(input)
            return output

        def call(self, case: Case[Any], **_: Any) -> Response:
            operation_id = operation_id_of(case)
            exchange = self._chain.send(operation_id, case, self._story)
            return _validate(case.operation, operation_id, exchange)

        def validate_response(self, *_: Any, **__: Any) -> None:
            """`call` has done it."""

        def teardown(self) -> None:
            self._chain.clean()

    return Chains


def operation_id_of(case: Case[Any]) -> str:
    """The operationId of the case's operation."""
    return str(case.operation.definition.raw["operationId"])
