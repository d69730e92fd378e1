"""One operation at a time: examples, coverage and fuzzing of the OpenAPI document, sent through the suite's session."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import count, cycle
from threading import Lock
from typing import Any

import hypothesis
from hypothesis import given, seed
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.hypothesis.examples import generate_one

from conformance.context import SAFETY_TTL, Context, made
from conformance.exchange import Exchange
from conformance.expect import describe, show
from conformance.properties import adapter, telling
from conformance.properties.parsing import parsing_in_turn
from conformance.properties.promised import expect_expiry
from conformance.properties.search import Broken, Search, Story
from conformance.properties.storage import stored_elsewhere
from conformance.streams import sid_in

FUZZED = 30  # cases an operation
AT_ONCE = 4  # telling trials
OTHER_CHARACTERS = "-_.~ +%&=?#@ΑλжЩשלعرबकกข日本語ひカ한국😀"  # beside Latin letters, in names that no stream has
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
RESOURCES = {"createStream", "fetchStream", "updateStream"}  # operations that answer with a stream
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
    """The fields of a request, as form or query, and where it is sent.

    `tail` are characters for a name that no stream has; `name` is the end of the name of a stream made for this trial.
    Trials made side by side have a `number`, from 1, from which their names come, so that no name depends on threads.
    """

    fields: dict[str, Any]
    at: At
    tail: str = ""
    name: str = ""
    number: int = 0


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
        self._numbers = count(1)
        self._streams: dict[str, tuple[str, str]] = {}  # sid and name by the end of the name
        self._sent = 0
        self._choosing = Lock()
        self._unknown_service = ctx.name("no-service")

    @stored_elsewhere()
    @parsing_in_turn()
    def try_out(self) -> None:
        """Runs all phases: first the telling values, then fuzzing, then the document's examples and its edges."""
        ctx, send = self._ctx, self._sender()
        search = Search(ctx.options.seed, clock=lambda: ctx.clock.latest)
        self._try_telling(search)
        # Letters that every version of Python knows: else the same seed would draw other names elsewhere.
        letters = st.characters(categories=("L", "N"), max_codepoint=0x24F, include_characters=OTHER_CHARACTERS)
        tails = st.text(letters, max_size=20)
        cases = self.operation.as_strategy(path_parameters=self._fixed_path(), feedback=NO_FEEDBACK)
        addresses = st.sampled_from(ADDRESSES if self._id != "listStreams" else (At.SID, At.UNKNOWN_SERVICE))
        trials = st.builds(
            Trial, cases.map(fields_of), addresses if self._id != "createStream" else st.just(At.SID), tails
        )

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

        search.run(fuzz, share_of(FUZZED, ctx.options.generated))
        search.run_each(partial(tell, trial) for trial in self._some(tuple(self._written_down())))
        search.conclude()

    def _try_telling(self, search: Search) -> None:
        """All telling values, several at the same time; what is found is made simpler."""
        chosen = self._some(tuple(self._telling()))
        trials = tuple(replace(trial, number=number) for number, trial in enumerate(chosen, 1))
        self._numbers, send = count(len(trials) + 1), self._sender()
        attempts = [partial(send, trial) for trial in trials]
        found = search.try_all(attempts, partial(self._ctx.parallel, at_once=AT_ONCE))

        def tell(trial: Trial) -> None:
            story = search.begin()
            with search.telling(story):
                send(trial, story)

        if found is not None:
            search.simplify(trials[found], simpler, tell)

    def _some(self, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
        return telling.some(trials, self._ctx.options.generated, self._ctx.options.seed) if trials else ()

    def _telling(self) -> Iterator[Trial]:
        """The telling values of the operation; its streams are addressed by sid and by name in turn."""
        shift = self._ctx.options.seed
        if self._id == "createStream":
            room = len(self._ctx.name(f"{1:03d}-"))
            yield from (Trial(form, At.SID) for form in telling.creates(room, shift))
            return
        if self._id == "listStreams":
            yield from (Trial(query, At.SID) for query in telling.page_queries())
            return
        fields: dict[str, Any] = {}
        if self._id == "updateStream":
            fields = {"Ttl": SHORT_TTL}
            yield from (Trial({"Ttl": ttl}, at) for ttl, at in zip(telling.ttls(shift), cycle(LIVE)))
        if self._id == "publishMessage":
            fields = {"Data": "{}"}
            yield from (Trial({"Data": data}, at) for data, at in zip(telling.messages(), cycle(LIVE)))
        yield from (Trial(fields, At.NAME, name=name) for name in telling.names())

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
            key = repr(fields := fields_of(case))
            if key not in seen:
                seen.add(key)
                yield Trial(fields, LIVE[len(seen) % len(LIVE)])

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
        fields = dict(trial.fields)
        if "UniqueName" in fields:
            fields["UniqueName"] = self._ctx.name(f"{self._number(trial):03d}-{fields['UniqueName']}")
        exchange = self._ctx.streams.create(fields)
        sid = sid_in(exchange)
        if sid is not None:
            self._ctx.streams.delete(sid)
        name = fields.get("UniqueName")
        sure = is_plain(name or "") and is_sure(fields)
        body = self._judge(f"create a stream with {_shown(fields)}", exchange, story, sure)
        if sure and body is not None:
            if not _alike(body.get("unique_name"), name):
                raise Broken(f"unique_name {show(name)}", show(body.get("unique_name")), exchange)
            expect_expiry(body, int(fields["Ttl"]) if "Ttl" in fields else None, exchange)

    def _fetch(self, trial: Trial, story: Story) -> None:
        with self._address(trial, story) as (reference, service):
            exchange = self._ctx.streams.fetch(reference, service=service)
        self._judge(f"fetch {trial.at}", exchange, story, trial.at in LIVE)

    def _list(self, trial: Trial, story: Story) -> None:
        query, unknown = trial.fields, trial.at is At.UNKNOWN_SERVICE
        exchange = self._ctx.streams.list(query, service=self._unknown_service if unknown else None)
        sure = not unknown and set(query) <= {"PageSize"}
        self._judge(f"list with {_shown(query)}{' in ' + trial.at if unknown else ''}", exchange, story, sure)

    def _update(self, trial: Trial, story: Story) -> None:
        fields = trial.fields
        short = "Ttl" in fields and 0 < int(fields["Ttl"]) < SHORT_TTL
        with self._address(trial, story, fresh=short) as (reference, service):
            exchange = self._ctx.streams.update(reference, fields, service=service)
        sure = trial.at in LIVE and "Ttl" in fields and is_sure(fields)
        body = self._judge(f"update {trial.at} with {_shown(fields)}", exchange, story, sure)
        if sure and body is not None:
            expect_expiry(body, int(fields["Ttl"]), exchange)

    def _delete(self, trial: Trial, story: Story) -> None:
        retries = Retries(self._ctx)
        with self._address(trial, story, fresh=True) as (reference, service):
            exchange = self._ctx.streams.delete(reference, service=service)
        self._judge(f"delete {trial.at}", exchange, story, trial.at in LIVE and not retries.happened())

    def _publish(self, trial: Trial, story: Story) -> None:
        data = str(trial.fields.get("Data", "{}"))
        with self._address(trial, story) as (reference, service):
            exchange = self._ctx.streams.publish(reference, data, service=service)
        self._judge(f"publish {show(data)} to {trial.at}", exchange, story, trial.at in LIVE)

    def _judge(self, step: str, exchange: Exchange, story: Story, sure: bool) -> dict[str, Any] | None:
        """`sure`: nothing documented allows to refuse this request. A limiter may refuse any. Returns the body of a
        success, if it is an object."""
        story.tell(step, exchange)
        if self._id in {"deleteStream", "publishMessage"}:  # bodies that the page says nothing about
            response = adapter.expect_no_server_error(exchange, SUCCESS[self._id])
        else:
            response = adapter.validate(self.operation, exchange, SUCCESS[self._id])
        if sure and response.status_code not in {SUCCESS[self._id], 429}:
            raise Broken("a success (2xx)", describe(exchange), exchange)
        if response.status_code != SUCCESS[self._id] or exchange.response is None or self._id not in RESOURCES:
            return None
        body = exchange.response.json()
        return body if isinstance(body, dict) else None

    # ------------------------------------------------------------ addresses

    @contextmanager
    def _address(self, trial: Trial, story: Story, *, fresh: bool = False) -> Iterator[tuple[str, str | None]]:
        """A reference to a stream and the service to look in; None stands for the target's.

        A stream made for a trial by name is told of in the story, and deleted at the end.
        """
        if trial.at is At.UNKNOWN_SID:
            yield "TO" + f"{self._ctx.options.seed % 16**8:08x}" * 4, None
        elif trial.at is At.UNKNOWN_NAME:
            yield self._ctx.name(f"unknown-{trial.tail}"), None
        elif trial.at is At.UNKNOWN_SERVICE:
            yield self._ctx.name("unknown"), self._unknown_service
        elif trial.name:
            name = self._ctx.name(f"{self._number(trial):03d}-{trial.name}")
            exchange = self._ctx.streams.create({"UniqueName": name, "Ttl": SAFETY_TTL})
            story.tell(f"create a stream with UniqueName {show(name)}", exchange)
            sid = made(exchange).sid
            yield name, None
            if self._id != "deleteStream":
                self._ctx.streams.delete(sid)
        else:
            sid, name = self._stream(f"fresh-{self._number(trial)}" if fresh else self._shared(trial))
            yield (sid if trial.at is At.SID else name), None

    def _number(self, trial: Trial) -> int:
        return trial.number or next(self._numbers)

    def _shared(self, trial: Trial) -> str:
        """Which stream the trial shares with others; no stream gets too many messages."""
        if self._id != "publishMessage":
            return "shared"
        if trial.number:
            return f"shared-{trial.number // MESSAGES_A_STREAM}"
        self._sent += 1
        return f"shared-later-{self._sent // MESSAGES_A_STREAM}"

    def _stream(self, label: str) -> tuple[str, str]:
        """A stream of ours, made now if need be. Raises Blocked when that does not work."""
        with self._choosing:
            if label not in self._streams:
                self._streams[label] = self._ctx.make(label).sid, self._ctx.name(label)
            return self._streams[label]


def share_of(cases: int, share: float) -> int:
    """That share of a number of cases, at least one."""
    return max(1, round(cases * share))


def fields_of(case: Case[Any]) -> dict[str, Any]:
    """The generated form, or the query when the case has no form."""
    return form_of(case) or dict(case.query or {})


def simpler(trial: Trial) -> Iterator[Trial]:
    """Simpler trials of the same kind: a field less, simpler names and messages."""
    trial = replace(trial, number=0)  # told one after the other, each with names of its own
    fields = trial.fields
    if len(fields) > 1:
        yield from (
            replace(trial, fields={key: fields[key] for key in fields if key != left_out}) for left_out in fields
        )
    ways = {"UniqueName": telling.simpler_text, "Data": telling.simpler_json}
    for key in ways.keys() & fields.keys():
        yield from (replace(trial, fields={**fields, key: value}) for value in ways[key](str(fields[key])))
    if trial.name:
        yield from (replace(trial, name=name) for name in telling.simpler_text(trial.name))


def form_of(case: Case[Any]) -> dict[str, Any]:
    """The generated form; empty when the case has none."""
    return dict(case.body) if isinstance(case.body, dict) else {}


def is_plain(name: str) -> bool:
    """Whether every character is a letter, digit, mark of punctuation or symbol that all versions of Unicode know."""
    return all(unicodedata.ucd_3_2_0.category(character) in PLAIN_CATEGORIES for character in name)


def is_sure(fields: dict[str, Any]) -> bool:
    """Whether the Ttl is one that the page alone lets a stream have; 0 and the maximum are other documents' word."""
    return "Ttl" not in fields or 0 < int(fields["Ttl"]) < telling.MOST_TTL


def _alike(one: object, other: object) -> bool:
    """Equal, up to the normal form of Unicode."""
    if isinstance(one, str) and isinstance(other, str):
        return unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)
    return one is None and other is None


def _shown(fields: dict[str, Any]) -> str:
    return ", ".join(f"{key} {show(value)}" for key, value in fields.items()) or "no parameter"
