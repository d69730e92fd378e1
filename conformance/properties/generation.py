"""One operation at a time: examples, coverage and fuzzing of the OpenAPI document, sent through the suite's session."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import hypothesis
from hypothesis import given, seed
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.hypothesis.examples import generate_one

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import describe, show
from conformance.properties import adapter
from conformance.properties.search import Broken, Search, Story
from conformance.streams import sid_in

FUZZED = 30  # cases an operation
MOST_TTL = 31_536_000
SHORT_TTL = 600  # seconds: a stream with less might expire while it is still needed
MESSAGES_A_STREAM = 15  # half of what one stream takes in a second
SUCCESS = {
    "createStream": 201,
    "fetchStream": 200,
    "listStreams": 200,
    "updateStream": 200,
    "deleteStream": 204,
    "publishMessage": 201,
}
PLAIN_CATEGORIES = {"Lu", "Ll", "Lt", "Lo", "Nd", "Nl", "No", "Pd", "Pc", "Po", "Ps", "Pe", "Sm", "Sc", "So"}


class At(StrEnum):
    """What a request is addressed to."""

    SID = "a stream by its sid"
    NAME = "a stream by its name"
    UNKNOWN_SID = "a sid that no stream has"
    UNKNOWN_NAME = "a name that no stream has"
    UNKNOWN_SERVICE = "a service that does not exist"


LIVE = (At.SID, At.NAME)
ADDRESSES = (*LIVE, At.UNKNOWN_SID, At.UNKNOWN_NAME, At.UNKNOWN_SERVICE)


@dataclass(frozen=True, slots=True)
class Trial:
    """A generated case and where it is sent. `tail` are characters for a name that no stream has."""

    case: Case[Any]
    at: At
    tail: str = ""


Send = Callable[[Trial, Story], None]


class Retries:
    """Whether this scenario's requests were sent again since this was made, the first try's fate being unknown.

    Then a delete may have been done by the first try, and the second finds nothing any more.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._since = len(ctx.session.retried)

    def happened(self) -> bool:
        again = self._ctx.session.retried[self._since :]
        return any(exchange.response is None and exchange.scenario == self._ctx.scenario for exchange in again)


class Operations:
    """How a trial of each operation is sent, and what its answer must be like."""

    def __init__(self, ctx: Context, operation_id: str) -> None:
        self._ctx = ctx
        self._id = operation_id
        self._schema = adapter.load(ctx.target, ctx.options.seed)
        self.operation = adapter.operation(self._schema, operation_id)
        self._made = 0
        self._streams: list[tuple[str, str]] = []  # sid and name
        self._sent = 0
        self._unknown_service = ctx.name("no-service")

    def try_out(self) -> None:
        """Runs all phases: first fuzzing, whose findings are shrunk, then the document's examples and its edges."""
        ctx, send = self._ctx, self._sender()
        search = Search(ctx.options.seed)
        tails = st.text(st.characters(categories=("L", "N"), include_characters="-_.~ +%&=?#@"), max_size=20)
        cases = self.operation.as_strategy(path_parameters=self._fixed_path(), feedback=NO_FEEDBACK)
        addresses = st.sampled_from(ADDRESSES if self._id != "listStreams" else (At.SID, At.UNKNOWN_SERVICE))
        trials = st.builds(Trial, cases, addresses if self._id != "createStream" else st.just(At.SID), tails)

        def tell(trial: Trial) -> None:
            story = search.begin()
            with search.telling(story):
                send(trial, story)

        def fuzz(number: int, how: hypothesis.settings) -> None:
            @seed(number)
            @how
            @given(trials)
            def test(trial: Trial) -> None:
                tell(trial)

            test()

        search.run(fuzz, FUZZED)
        search.run_each(partial(tell, trial) for trial in self._written_down())
        search.conclude()

    def _fixed_path(self) -> dict[str, str]:
        """Addresses are chosen here, not generated."""
        names = (parameter.name for parameter in self.operation.path_parameters)
        return {name: self._ctx.target.service if name == "ServiceSid" else "x" for name in names}

    def _written_down(self) -> Iterator[Trial]:
        """The cases of the phases that draw nothing, by sid and by name in turn; equal ones once."""
        cases = [generate_one(strategy) for strategy in self.operation.get_strategies_from_examples()]
        cases += self.operation.schema.iter_coverage_cases(
            self.operation,
            generation_modes=[GenerationMode.POSITIVE],
            generation_config=self.operation.schema.config.generation,
        )
        seen: set[str] = set()
        for case in cases:
            key = repr((case.query, form_of(case)))
            if key not in seen:
                seen.add(key)
                yield Trial(case, LIVE[len(seen) % len(LIVE)])

    def _sender(self) -> Send:
        senders: dict[str, Send] = {
            "createStream": self._create,
            "fetchStream": self._fetch,
            "listStreams": self._list,
            "updateStream": self._update,
            "deleteStream": self._delete,
            "publishMessage": self._publish,
        }
        return senders[self._id]

    # ------------------------------------------------------------ one trial each

    def _create(self, trial: Trial, story: Story) -> None:
        self._made += 1
        fields = form_of(trial.case)
        if "UniqueName" in fields:
            fields["UniqueName"] = self._ctx.name(f"{self._made}-{fields['UniqueName']}")
        exchange = self._ctx.streams.create(fields)
        sid = sid_in(exchange)
        if sid is not None:
            self._ctx.streams.delete(sid)
        name = fields.get("UniqueName", "")
        self._judge(f"create a stream with {_shown(fields)}", exchange, story, is_plain(name) and is_sure(fields))

    def _fetch(self, trial: Trial, story: Story) -> None:
        reference, service = self._address(trial)
        exchange = self._ctx.streams.fetch(reference, service=service)
        self._judge(f"fetch {trial.at}", exchange, story, trial.at in LIVE)

    def _list(self, trial: Trial, story: Story) -> None:
        query = dict(trial.case.query or {})
        unknown = trial.at is At.UNKNOWN_SERVICE
        exchange = self._ctx.streams.list(query, service=self._unknown_service if unknown else None)
        sure = not unknown and set(query) <= {"PageSize"}
        self._judge(f"list with {_shown(query)}{' in ' + trial.at if unknown else ''}", exchange, story, sure)

    def _update(self, trial: Trial, story: Story) -> None:
        fields = form_of(trial.case)
        short = "Ttl" in fields and 0 < int(fields["Ttl"]) < SHORT_TTL
        reference, service = self._address(trial, fresh=short)
        exchange = self._ctx.streams.update(reference, fields, service=service)
        sure = trial.at in LIVE and "Ttl" in fields and is_sure(fields)
        self._judge(f"update {trial.at} with {_shown(fields)}", exchange, story, sure)

    def _delete(self, trial: Trial, story: Story) -> None:
        reference, service = self._address(trial, fresh=True)
        retries = Retries(self._ctx)
        exchange = self._ctx.streams.delete(reference, service=service)
        self._judge(f"delete {trial.at}", exchange, story, trial.at in LIVE and not retries.happened())

    def _publish(self, trial: Trial, story: Story) -> None:
        data = str(form_of(trial.case).get("Data", "{}"))
        self._sent += 1
        reference, service = self._address(trial, fresh=self._sent % MESSAGES_A_STREAM == 0)
        exchange = self._ctx.streams.publish(reference, data, service=service)
        self._judge(f"publish {show(data)} to {trial.at}", exchange, story, trial.at in LIVE)

    def _judge(self, step: str, exchange: Exchange, story: Story, sure: bool) -> None:
        """`sure`: nothing documented allows to refuse this request. A limiter may refuse any."""
        story.tell(step, exchange)
        if self._id in {"deleteStream", "publishMessage"}:  # bodies that the page says nothing about
            response = adapter.expect_no_server_error(exchange, SUCCESS[self._id])
        else:
            response = adapter.validate(self.operation, exchange, SUCCESS[self._id])
        if sure and response.status_code not in {SUCCESS[self._id], 429}:
            raise Broken("a success (2xx)", describe(exchange), exchange)

    # ------------------------------------------------------------ addresses

    def _address(self, trial: Trial, *, fresh: bool = False) -> tuple[str, str | None]:
        """A reference to a stream and the service to look in; None stands for the target's."""
        if trial.at is At.UNKNOWN_SID:
            return "TO" + f"{self._ctx.options.seed % 16**8:08x}" * 4, None
        if trial.at is At.UNKNOWN_NAME:
            return self._ctx.name(f"unknown-{trial.tail}"), None
        if trial.at is At.UNKNOWN_SERVICE:
            return self._ctx.name("unknown"), self._unknown_service
        sid, name = self._stream(fresh=fresh)
        return (sid if trial.at is At.SID else name), None

    def _stream(self, *, fresh: bool) -> tuple[str, str]:
        """A stream of ours, made now if need be. Raises Blocked when that does not work."""
        if fresh or not self._streams:
            self._made += 1
            label = f"stream-{self._made}"
            self._streams.append((self._ctx.make(label).sid, self._ctx.name(label)))
        return self._streams.pop() if fresh and self._id != "publishMessage" else self._streams[-1]


def form_of(case: Case[Any]) -> dict[str, Any]:
    """The generated form; empty when the case has none."""
    return dict(case.body) if isinstance(case.body, dict) else {}


def is_plain(name: str) -> bool:
    """Whether every character is a letter, digit, mark of punctuation or symbol that all versions of Unicode know."""
    return all(unicodedata.ucd_3_2_0.category(character) in PLAIN_CATEGORIES for character in name)


def is_sure(fields: dict[str, Any]) -> bool:
    """Whether the Ttl is one that the page alone lets a stream have; 0 and the maximum are other documents' word."""
    return "Ttl" not in fields or 0 < int(fields["Ttl"]) < MOST_TTL


def _shown(fields: dict[str, Any]) -> str:
    return ", ".join(f"{key} {show(value)}" for key, value in fields.items()) or "no parameter"
