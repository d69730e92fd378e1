"""One run of the suite against one target: prepares, judges, cleans up."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from conformance import __version__
from conformance.bound import LEAST_CLEANING, bound_of
from conformance.budget import Budget
from conformance.cleaning import Cleaner, deletion_of
from conformance.clock import Clock, LiveClock, ReplayClock
from conformance.context import Context
from conformance.deletion import Deletion
from conformance.elsewhere import note_on_links
from conformance.gate import Gate
from conformance.journal import Head, Journal, account_digest, journal_path
from conformance.judge import Judge, reconcile
from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.preflight import preflight
from conformance.recovery import Recovered, recover
from conformance.registry import CHECKS, load_sections
from conformance.report.measurements import measure
from conformance.results import Results, RuleResult, Statistics
from conformance.rules import Rule, load_catalogue
from conformance.selection import in_reach, judging_order, select
from conformance.session import Session
from conformance.stage import ALWAYS, Stage
from conformance.streams import Streams
from conformance.target import Target
from conformance.traffic import Traffic
from conformance.waivers import load_waivers
from conformance.wire import Wire

CLEANER = "cleanup"


class Run:
    """Use as a context manager: leaving it deletes what the run created.

    `judge(rule_id)` gives one rule's result; evidence is gathered when first needed, or all at once by `start`.
    """

    def __init__(self, target: Target, options: Options) -> None:
        load_sections()
        self.options = options
        self.target = target
        self.catalogue = load_catalogue()
        self.rules = select(self.catalogue, options)
        self.bound = bound_of(self.rules, options)
        self.waivers = load_waivers(options.waivers, self.catalogue, today=dt.datetime.now(dt.UTC).date())
        self.run_id = run_id(options.seed) + options.worker
        head = Head(target.home, account_digest(target.credentials.username), self.run_id)
        path = None if options.journals is None or options.replayed else journal_path(options.journals, self.run_id)
        self.journal = Journal(path, head=head)
        self.budget = Budget(options.limits, owed=lambda: self.journal.owed)
        self._clock = LiveClock()
        self.started = self._clock.now()
        self._wire = Wire()
        self.session = Session(
            target,
            wire=self._wire,
            budget=self.budget,
            timeout=options.timeout,
            recorded=options.recorded,
            replayed=options.replayed,
            until=self.bound.asking,
        )
        self._gate = Gate()
        self.stage = Stage(self._context, self._traffic, jobs=options.jobs)
        self._deletion: Deletion | None = None
        self._finishing = False
        self._seen: Traffic | None = None
        self._judge = Judge(
            self.catalogue,
            self.stage.evidence,
            doubtful=self.stage.doubtful,
            unclaimed=frozenset(options.without),
            waivers=self.waivers,
        )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is not None:
            self.session.stop()
        self.finish()

    def preflight(self) -> tuple[Recovered, ...]:
        """Looks whether the target can be reached and logged in to, and deletes there what earlier runs have left.

        Raises Unreachable, and UsageError when the journal can't be written.
        """
        self.journal.begin()
        preflight(self.session, self._clock)
        if self.options.journals is None or self.options.recorded or self.options.replayed:
            return ()
        return tuple(recover(self.options.journals, self.journal.head, self._streams_for))

    def start(self, rules: Sequence[Rule] | None = None) -> None:
        """Starts all scenarios that these rules (by default the selected ones) need."""
        claimed = [r for r in rules or self.rules if not set(r.features) & set(self.options.without)]
        names = [name for rule in claimed for name in CHECKS[rule.id].scenarios]
        self.stage.start([*ALWAYS, *names] if any(name == "traffic" for name in names) else names)

    def judge(self, rule_id: str) -> RuleResult:
        return self._judge.judge(rule_id)

    def judge_all(self, on_result: Callable[[RuleResult], None] = lambda _: None) -> tuple[RuleResult, ...]:
        """Judges the selected rules; tells each result as it comes, returns them in catalogue order."""
        self.start()
        for rule in judging_order(self.rules):
            on_result(self.judge(rule.id))
        return tuple(self.judge(rule.id) for rule in self.rules)

    def finish(self) -> Deletion:
        """Ends all scenarios, deletes what is left of what they created, and looks whether it is gone."""
        if self._deletion is None:
            given_up, self._finishing = self._finishing, True  # it is called again when somebody interrupts it
            if not given_up:
                self.stage.close()
                self.budget.clean()
            self._deletion = deletion_of(self.journal) if given_up else self._clean()
            self.journal.close(clean=self._deletion.settled)
            self._wire.close()
        return self._deletion

    def _clean(self) -> Deletion:
        if self.session.gone:
            return deletion_of(self.journal)
        timeout = min(self.options.timeout, 10.0)
        until = max(self.bound.cleaning, time.monotonic() + LEAST_CLEANING)
        session = Session(self.target, wire=self._wire, budget=self.budget, timeout=timeout, until=until)
        taped = self.options.recorded or self.options.replayed  # then everything but deletes would have to be on it
        return Cleaner(self._streams_for(self.journal, session), self.journal).clean(look=not taped)

    def _streams_for(self, journal: Journal, session: Session | None = None) -> Streams:
        return Streams(session or self.session, self._new_clock(), CLEANER, gate=self._gate, journal=journal)

    def statistics(self) -> Statistics:
        """What the run has cost so far."""
        waits = self.stage.waits.values()
        return Statistics(
            requests=self.budget.requests,
            streams=self.budget.streams,
            messages=self.budget.messages,
            retries=self.budget.retries,
            started=self.started,
            duration=self._clock.now() - self.started,
            waits_longest=max(waits, default=0.0),
            waits_total=sum(waits),
        )

    def results(
        self,
        results: Sequence[RuleResult],
        notes: Sequence[str] = (),
        *,
        complete: bool = True,
        command: str = "",
    ) -> Results:
        """The results with everything a report says about the run; `command` repeats it."""
        return Results(
            target=self.target.home,
            service=self.target.service,
            seed=self.options.seed,
            suite_version=__version__,
            results=reconcile(results),
            total_rules=len(in_reach(self.catalogue, self.options)),
            statistics=self.statistics(),
            notes=(*notes, *self.remarks()),
            strict=self.options.strict,
            complete=complete and not self.session.overdue,
            measurements=measure(tuple(self.session.log)),
            command=command,
            deletion=self._deletion,
        )

    def remarks(self) -> Iterator[str]:
        """What a reader should know of the target beside the results."""
        if self.session.overdue:
            yield f"the time of the run was up ({self.bound} with cleaning up; give it more with --max-time)"
        if self.session.gone:
            yield "; ".join(filter(None, (self.session.gone, self.session.last_act)))
        away = None if self.options.recorded or self.options.replayed else note_on_links(self._seen_so_far())
        if away:
            yield away

    def not_run(self, rule: Rule, why: str) -> RuleResult:
        return RuleResult(rule, Outcome.NOT_RUN, why)

    def _new_clock(self) -> Clock:
        return ReplayClock() if self.options.replayed else self._clock.another()

    def _context(self, scenario: str, turn: int) -> Context:
        return Context(
            scenario,
            turn=turn,
            session=self.session,
            clock=self._new_clock(),
            options=self.options,
            gate=self._gate,
            journal=self.journal,
            run_id=self.run_id,
        )

    def _traffic(self) -> Traffic:
        self.stage.start(ALWAYS)
        self.stage.settle()
        return self._seen_so_far()

    def _seen_so_far(self) -> Traffic:
        log = self.session.log
        if self._seen is None or len(self._seen.exchanges) != len(log):
            # Scenarios run side by side; in a replay their answers come in another order than they were recorded in.
            ended = tuple(sorted(log, key=lambda exchange: exchange.received))
            self._seen = Traffic(ended, self.target, tuple(self.session.again))
        return self._seen


def run_id(seed: int) -> str:
    """Eight hexadecimal digits from the seed: part of every name that the run creates."""
    return f"{random.Random(seed).getrandbits(32):08x}"  # noqa: S311 - a label


def new_seed() -> int:
    return time.time_ns() % 1_000_000_007
