"""The example emulator is conformant, small, and every common mistake in it is reported by the rule the guide names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from conformance.options import Options
from conformance.outcomes import Level, Outcome, Verdict
from conformance.run import Run
from conformance.target import Target
from examples.emulator import LOGIN, SERVER, emulating
from examples.mistakes import MISTAKES, Mistake, changed


def test_it_is_conformant() -> None:
    with emulating() as url, Run(Target(url, LOGIN, second_service="second"), Options(seed=6)) as run:
        run.preflight()
        results = run.results(run.judge_all())
    good = {Level.MUST: Outcome.PASS, Level.SHOULD: Outcome.PASS, Level.SURVEY: Outcome.ANSWERED}
    odd = {r.rule.id: (r.outcome, r.message) for r in results.results if r.outcome is not good[r.rule.level]}
    assert odd == {}
    assert results.verdict is Verdict.CONFORMANT
    assert replace(results, strict=True).exit_code == 0
    judged_here = [rule.id for rule in run.catalogue if rule.feature != "subscribers"]
    assert [result.rule.id for result in results.results] == judged_here
    assert results.notes == ()


def test_it_is_small_and_plain() -> None:
    text = SERVER.read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) <= 200
    assert max(map(len, lines)) <= 120
    assert {line.split("'")[1] for line in lines if line.startswith("import ")} <= {"node:http", "node:crypto"}


def test_each_common_mistake_is_reported_by_its_rule(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=6) as pool:
        found = dict(pool.map(lambda item: outcome_of(item, tmp_path / f"{item.rule}.mjs"), MISTAKES))
    assert found == dict.fromkeys(found, Outcome.FAIL)
    assert len(found) == len(MISTAKES)


def outcome_of(mistake: Mistake, program: Path) -> tuple[str, Outcome]:
    program.write_text(changed(SERVER.read_text("utf-8"), mistake), "utf-8")
    options = Options(seed=6, rules=(mistake.rule,), grace=3.0)
    with emulating(program) as url, Run(Target(url, LOGIN, second_service="second"), options) as run:
        (result,) = run.judge_all()
    return f"{mistake.what}: {mistake.rule}", result.outcome
