"""The suite under pytest: options, one item per rule, outcomes of our own, the report; alone and under pytest-xdist.

Exit status of the session: as of `sync-conformance run` (0 conformant, 1 not conformant, 2 incomplete, 3 unreachable).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from conformance import __version__
from conformance.arguments import Wish, add_arguments, command_of, wish_from
from conformance.bundled import target_for
from conformance.deletion import Deletion, deletion_from, merged
from conformance.errors import SuiteError, UsageError
from conformance.judge import reconcile
from conformance.outcomes import Outcome
from conformance.permission import refuse_by_accident
from conformance.registry import CHECKS, SCENARIOS, load_sections
from conformance.report.document import broken_results, document_of
from conformance.report.mask import Mask
from conformance.report.measurements import Measurements, measure, merge, pack_measurements, unpack_measurements
from conformance.report.recorder import Recorder
from conformance.report.summary import append_job_summary
from conformance.report.terminal import LETTER, finding, summary
from conformance.report.transfer import pack, pack_statistics, unpack, unpack_statistics
from conformance.results import Results, RuleResult, Statistics, sum_statistics
from conformance.rules import load_catalogue
from conformance.run import Run, new_seed
from conformance.selection import in_reach, judging_order, select
from conformance.stage import TRAFFIC
from conformance.target import Credentials, Target
from conformance.waivers import load_waivers

GREEN = {Outcome.PASS, Outcome.ANSWERED, Outcome.WAIVED, Outcome.UNSUPPORTED}
RESULT, STATISTICS, MEASUREMENTS = "conformance", "conformance_statistics", "conformance_measurements"
RULE_IN_NODE = re.compile(r"\[([A-Z0-9-]+)\](?:@\w+)?$")
DELETIONS, NOTES = "conformance_deletions", "conformance_notes"
TIMED = "timed"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "Twilio Sync Streams conformance")

    def add(flag: str, **settings: Any) -> None:
        try:
            group.addoption(flag, **settings)
        except (ValueError, argparse.ArgumentError):  # pytest or a plugin has that option: ours gets a longer name
            group.addoption(f"--conformance-{flag.lstrip('-')}", **settings)

    add_arguments(add)


def pytest_configure(config: pytest.Config) -> None:
    try:
        config.pluginmanager.register(_plugin(config), "conformance")
    except SuiteError as error:
        raise pytest.UsageError(str(error)) from None


def _plugin(config: pytest.Config) -> ConformancePlugin:
    wish = wish_from(config.getoption, new_seed=new_seed)
    refuse_by_accident(wish)
    exits = ExitStack()
    config.add_cleanup(exits.close)
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None:
        target = exits.enter_context(target_for(wish, os.environ))
    else:
        url, username, password, second_service, seed, spent = worker["conformance"]
        target = Target(url, Credentials(username, password), wish.service, second_service)
        limits = wish.options.limits.after(spent).shared(int(worker["workercount"]))
        options = replace(wish.options, seed=seed, worker=str(worker["workerid"]), limits=limits)
        wish = replace(wish, options=options)
    return ConformancePlugin(wish, target, exits, is_worker=worker is not None)


class RuleNotKept(Exception):
    """A rule's outcome is none that a test may pass with."""


class RuleItem(pytest.Item):
    """The test of one rule."""

    def __init__(self, *, rule_id: str, plugin: ConformancePlugin, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule_id = rule_id
        self.plugin = plugin

    def runtest(self) -> None:
        result = self.plugin.judge(self.rule_id)
        self.user_properties.append((RESULT, json.dumps(pack(self.plugin.masked(result)))))
        if result.outcome not in GREEN:
            raise RuleNotKept(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, RuleNotKept):
            return self.plugin.tell(excinfo.value.args[0])
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        return self.path, None, self.rule_id


class ConformancePlugin:
    """What one pytest process does: a session of its own, an xdist controller, or one of its workers."""

    def __init__(self, wish: Wish, target: Target, exits: ExitStack, *, is_worker: bool) -> None:
        load_sections()
        self._catalogue = load_catalogue()
        self._options = wish.options
        self._target = target
        self._exits = exits
        self._is_worker = is_worker
        self._selected = select(self._catalogue, wish.options)
        load_waivers(wish.options.waivers, self._catalogue, today=dt.datetime.now(dt.UTC).date())
        self._run: Run | None = None
        self._started: set[str] = set()
        self._begun = False
        self._results: dict[str, RuleResult] = {}
        self._statistics: list[Statistics] = []
        self._measurements: list[Measurements] = []
        self._notes: list[str] = []
        self._deletions: list[Deletion] = []
        self._spent = 0  # requests, before anything is judged
        self._command = command_of(wish)
        self._mask = Mask.of(target.credentials)
        self._recorder = Recorder(wish.options.report, self._mask)

    # ------------------------------------------------------------ collecting

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Before anything is collected: is the target there at all?"""
        if self._is_worker or session.config.option.collectonly:
            return
        try:
            with Run(self._target, self._options) as run:
                self._notes += map(str, run.preflight())
            self._spent = run.budget.requests
        except SuiteError as error:
            pytest.exit(str(error), returncode=error.exit_code)

    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str, obj: Any) -> Any:
        rule_id = getattr(obj, "__rule__", None)
        if rule_id is None:
            return None
        item = RuleItem.from_parent(collector, name=f"{name}[{rule_id}]", rule_id=rule_id, plugin=self)
        item.add_marker(pytest.mark.xdist_group(_group(rule_id)))
        return item

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        order = {rule.id: number for number, rule in enumerate(judging_order(self._selected))}
        ours = [item for item in items if isinstance(item, RuleItem)]
        chosen = sorted((item for item in ours if item.rule_id in order), key=lambda item: order[item.rule_id])
        if len(chosen) < len(ours):
            config.hook.pytest_deselected(items=[item for item in ours if item.rule_id not in order])
        items[:] = [*(item for item in items if not isinstance(item, RuleItem)), *chosen]
        self._narrow(items)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Also what `-k` and the like leave out is not part of this run."""
        gone = {item.rule_id for item in items if isinstance(item, RuleItem)}
        self._selected = tuple(rule for rule in self._selected if rule.id not in gone)

    def _narrow(self, items: list[pytest.Item]) -> None:
        collected = {item.rule_id for item in items if isinstance(item, RuleItem)}
        self._selected = tuple(rule for rule in self._selected if rule.id in collected)

    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """What will be judged is known: the record of the run begins. Under xdist a worker has to tell first."""
        told_by_workers = session.config.pluginmanager.hasplugin("dsession")
        if not (self._is_worker or told_by_workers or session.config.option.collectonly):
            self._begin()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:  # noqa: ARG002
        """In the controller, which collects nothing itself: what its workers have collected is this run."""
        collected = {match[1] for node_id in ids if (match := RULE_IN_NODE.search(node_id))}
        self._selected = tuple(rule for rule in self._selected if rule.id in collected)
        self._begin()

    def _begin(self) -> None:
        if self._begun or not self._selected:
            return
        self._begun = True
        try:
            self._recorder.start(self._as_results(self._in_order(), complete=True))
        except UsageError as error:
            pytest.exit(str(error), returncode=error.exit_code)

    # ------------------------------------------------------------ judging

    def masked(self, result: RuleResult) -> RuleResult:
        """The result as it may be written down."""
        return self._mask.result(result)

    def judge(self, rule_id: str) -> RuleResult:
        options = replace(self._options, limits=self._options.limits.after(self._spent))
        run = self._run or self._exits.enter_context(Run(self._target, options))
        self._run = run
        group = _group(rule_id) if self._is_worker else ""
        if group not in self._started:  # a worker sees its groups one by one, a session alone has them all
            self._started.add(group)
            run.start([rule for rule in self._selected if not group or _group(rule.id) == group])
        return run.judge(rule_id)

    def tell(self, result: RuleResult) -> str:
        return finding(self._document((result,))["rules"][0])

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        record = dict(report.user_properties).get(RESULT)
        if report.when != "call" or record is None:
            return None
        outcome = Outcome(json.loads(record)["outcome"])
        word = str(outcome).replace("_", " ")
        category = {Outcome.PASS: "passed", Outcome.FAIL: "failed"}.get(outcome, word)
        return category, LETTER[outcome], word.upper()

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Where the session is reported: in the controller under xdist."""
        record = dict(report.user_properties).get(RESULT)
        if report.when == "call" and record is not None and not self._is_worker:
            result = unpack(json.loads(record), self._catalogue)
            self._results[result.rule.id] = result
            self._recorder.result(result)

    # ------------------------------------------------------------ ending

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        config = session.config
        statistics = self._finish_run()
        if self._is_worker:
            output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]
            output[STATISTICS] = statistics and pack_statistics(statistics)
            output[NOTES] = self._notes
            output[DELETIONS] = [deletion.document() for deletion in self._deletions]
            output[MEASUREMENTS] = self._measurements and pack_measurements(self._measurements[0])
            return
        if statistics is not None:
            self._statistics.append(statistics)
        if self._results and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            session.exitstatus = self._as_results(self._in_order()).exit_code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._is_worker or not self._results:
            return
        problem = None
        try:
            document = self._recorder.end(self._as_results(self._in_order()))
        except UsageError as error:
            document, problem = self._document(self._in_order()), str(error)
        terminalreporter.section("conformance")
        if broken := len(broken_results(document)):
            terminalreporter.write_line(f"{broken} rules are neither kept nor answered; each is told above.")
        terminalreporter.write_line(summary(document))
        for remark in filter(None, (problem, append_job_summary(document))):
            terminalreporter.write_line(f"note: {remark}")
        if self._recorder.written:
            terminalreporter.write_line("report: " + ", ".join(map(str, self._recorder.written)))

    def _finish_run(self) -> Statistics | None:
        if self._run is None:
            return None
        self._deletions.append(self._run.finish())
        self._notes += self._run.remarks()
        self._measurements.append(measure(tuple(self._run.session.log)))
        return self._run.statistics()

    def _in_order(self) -> tuple[RuleResult, ...]:
        unjudged = "the run ended before its turn"
        return tuple(
            self._results.get(rule.id) or RuleResult(rule, Outcome.NOT_RUN, unjudged) for rule in self._selected
        )

    def _as_results(self, results: tuple[RuleResult, ...], *, complete: bool | None = None) -> Results:
        if complete is None:
            complete = len(self._results) >= len(self._selected)
        return Results(
            target=self._target.url,
            service=self._target.service,
            seed=self._options.seed,
            suite_version=__version__,
            results=reconcile(results),
            total_rules=len(in_reach(self._catalogue, self._options)),
            statistics=sum_statistics(self._statistics),
            notes=tuple(dict.fromkeys(self._notes)),
            strict=self._options.strict,
            complete=complete,
            measurements=merge(self._measurements),
            command=self._command,
            deletion=merged(self._deletions),
        )

    def _document(self, results: tuple[RuleResult, ...]) -> dict[str, Any]:
        return document_of(self._as_results(results, complete=True), self._mask)

    # ------------------------------------------------------------ pytest-xdist

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """In the controller: all workers judge one target with one seed."""
        target = self._target
        user = target.credentials
        node.workerinput["conformance"] = [
            target.url, user.username, user.password, target.second_service, self._options.seed, self._spent
        ]  # fmt: skip

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """In the controller: a worker has ended and hands in what it cost."""
        output: dict[str, Any] = getattr(node, "workeroutput", {})
        if record := output.get(STATISTICS):
            self._statistics.append(unpack_statistics(record))
        self._notes += output.get(NOTES, ())
        self._deletions += map(deletion_from, output.get(DELETIONS, ()))
        if record := output.get(MEASUREMENTS):
            self._measurements.append(unpack_measurements(record))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Rules that share evidence go to one worker, and all that wait go to one, so that waits overlap."""
        from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only there with xdist

        class ByEvidence(LoadScopeScheduling):  # type: ignore[misc]
            def _split_scope(self, nodeid: str) -> str:
                match = RULE_IN_NODE.search(nodeid)
                return _group(match[1]) if match and match[1] in CHECKS else nodeid

        return ByEvidence(config, log)


def _group(rule_id: str) -> str:
    names = [name for name in CHECKS[rule_id].scenarios if name != TRAFFIC]
    if not names or any(SCENARIOS[name].timed for name in names):
        return TIMED
    return CHECKS[rule_id].function.__module__.rsplit(".", 1)[-1]
