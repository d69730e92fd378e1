"""Chains along the explicit links of the OpenAPI document: create, then whatever the answer's sid opens."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput, StepOutput

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe
from conformance.outcomes import NotRun
from conformance.properties import adapter
from conformance.properties.generation import MESSAGES_A_STREAM, SHORT_TTL, SUCCESS, Retries, form_of, is_sure
from conformance.properties.search import Broken, Search, Story
from conformance.streams import sid_in

CHAINS, STEPS = 20, 8
SUBJECT = {"fetchStream": "Sid", "updateStream": "Sid", "deleteStream": "Sid", "publishMessage": "StreamSid"}


def follow_links(ctx: Context) -> frozenset[str]:
    """Runs the chains; returns the ids of the operations that a link led to. Raises Failed for the shortest bad one."""
    search = Search(ctx.options.seed)
    covered: set[str] = set()
    machine = _machine(ctx, search, covered)

    def chains(number: int, how: hypothesis.settings) -> None:
        run_state_machine_as_test(seed(number)(machine), settings=how, _min_steps=2)

    search.run(chains, CHAINS, steps=STEPS, shrinks=True)
    search.conclude()
    return frozenset(covered)


class Chain:
    """The streams of one chain: which its creates made, and which of them it deleted."""

    def __init__(self, ctx: Context, number: int) -> None:
        self._ctx = ctx
        self._number = number
        self._made: dict[str, bool] = {}  # sid: whether it is alive
        self._creates = 0
        self._messages: Counter[str] = Counter()

    def send(self, operation_id: str, case: Case[Any], story: Story) -> Exchange:
        """Sends the case through the suite's session; addresses that no create gave lead to nothing of anyone's."""
        streams, retries = self._ctx.streams, Retries(self._ctx)
        fields = form_of(case)
        if operation_id == "createStream":
            return self._create(fields, story)
        wanted = str(case.path_parameters.get(SUBJECT.get(operation_id, ""), ""))
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
        return exchange

    def _create(self, fields: dict[str, Any], story: Story) -> Exchange:
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
        if operation_id == "deleteStream" and succeeded:
            self._made[sid] = False

    def clean(self) -> None:
        """Deletes what the chain made; what is left when the run ends then is in the journal."""
        try:
            for sid, alive in self._made.items():
                if alive:
                    self._ctx.streams.delete(sid)
        except NotRun:
            return


def _machine(ctx: Context, search: Search, covered: set[str]) -> type[APIStateMachine]:
    schema = adapter.load(ctx.target, ctx.options.seed, least_ttl=SHORT_TTL)
    count = 0

    class Chains(schema.as_state_machine()):  # type: ignore[misc] # the base is made from the document
        def setup(self) -> None:
            nonlocal count
            count += 1
            self._chain = Chain(ctx, count)
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
            if operation_id in {"deleteStream", "publishMessage"}:
                return adapter.expect_no_server_error(exchange, SUCCESS[operation_id])
            return adapter.validate(case.operation, exchange, SUCCESS[operation_id])

        def validate_response(self, *_: Any, **__: Any) -> None:
            """`call` has done it."""

        def teardown(self) -> None:
            self._chain.clean()

    return Chains


def operation_id_of(case: Case[Any]) -> str:
    """The operationId of the case's operation."""
    return str(case.operation.definition.raw["operationId"])
