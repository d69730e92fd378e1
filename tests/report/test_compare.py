"""Reports side by side: what changed, what is worse, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.cli import main
from conformance.outcomes import Outcome
from conformance.report.compare import REGRESSIONS, Change, Report, change_of, compare, read_reports, remarks
from conformance.report.document import document_of
from conformance.report.files import json_bytes
from conformance.report.matrix import comparison_text, matrix
from conformance.results import RuleResult
from conformance.rules import load_catalogue
from report.examples import FAILURES, HOSTILE, results

CATALOGUE = load_catalogue()
RULE = "FETCH-STATUS"


def with_outcome(outcome: Outcome, message: str = "m", rule_id: str = RULE) -> dict[str, RuleResult]:
    return {rule_id: RuleResult(CATALOGUE[rule_id], outcome, message, "e", "g")}


def written(folder: Path, name: str, changes: dict[str, RuleResult] | None = None, only: str = "") -> str:
    path = folder / name / "report.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(json_bytes(document_of(results(changes, only=only))))
    return str(path)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Outcome.PASS, Outcome.FAIL, Change.NEWLY_FAILING),
        (Outcome.PASS, Outcome.BLOCKED, Change.LOST),
        (Outcome.PASS, Outcome.NOT_RUN, Change.LOST),
        (Outcome.PASS, Outcome.INCONCLUSIVE, Change.LOST),
        (Outcome.PASS, Outcome.UNSUPPORTED, Change.LOST),
        (Outcome.PASS, None, Change.LOST),
        (Outcome.PASS, Outcome.WAIVED, Change.NEWLY_WAIVED),
        (Outcome.PASS, Outcome.PASS, None),
        (Outcome.FAIL, Outcome.PASS, Change.FIXED),
        (Outcome.FAIL, Outcome.FAIL, None),
        (Outcome.FAIL, Outcome.BLOCKED, Change.OTHER),
        (Outcome.BLOCKED, Outcome.PASS, Change.SETTLED),
        (Outcome.BLOCKED, Outcome.FAIL, Change.FAILING_AT_FIRST_SIGHT),
        (None, Outcome.FAIL, Change.FAILING_AT_FIRST_SIGHT),
        (None, Outcome.PASS, None),
    ],
)
def test_what_became_of_a_rule(before: Outcome | None, after: Outcome | None, change: Change | None) -> None:
    cells = [outcome and {"outcome": str(outcome), "message": ""} for outcome in (before, after)]
    assert change_of({"level": "must"}, *cells) is change


def test_newly_failing_comes_first_and_must_before_should(tmp_path: Path) -> None:
    before = Report("a", document_of(results({**with_outcome(Outcome.FAIL, rule_id="CREATE-WORKS")})))
    after = Report("b", document_of(results(FAILURES)))
    step = compare([before, after]).steps[0]
    assert [item.change for item in step.differences] == sorted(
        (item.change for item in step.differences), key=list(Change).index
    )
    assert [item.rule["id"] for item in step.differences[:2]] == ["TTL-DATE-EXPIRES", "NAME-DUPLICATE-ERROR"]
    assert {item.rule["id"] for item in step.differences if item.change is Change.FIXED} == {"CREATE-WORKS"}


def test_survey_answers_are_compared_without_what_differs_from_run_to_run() -> None:
    rule = "TTL-LATENESS"

    def told(text: str) -> Report:
        answer = RuleResult(CATALOGUE[rule], Outcome.ANSWERED, text)
        return Report(text, document_of(results({rule: answer})))

    one, other = "gone 0.1 s after, TO" + "a" * 32, "gone 0.4 s after, TO" + "B" * 32
    assert compare([told(one), told(other)]).steps[0].differences == ()
    (item,) = compare([told(one), told("never gone")]).steps[0].differences
    assert (item.change, item.after) == (Change.ANSWER, "never gone")


@given(
    st.lists(
        st.dictionaries(st.sampled_from(tuple(CATALOGUE)), st.sampled_from(Outcome), max_size=8), min_size=2, max_size=4
    )
)
@settings(max_examples=15, deadline=None)
def test_the_matrix_has_a_cell_for_every_rule_and_report(runs: list[dict[object, Outcome]]) -> None:
    changed = [{rule.id: RuleResult(rule, outcome, "m") for rule, outcome in run.items()} for run in runs]
    reports = [Report(f"r{n}", document_of(results(changes))) for n, changes in enumerate(changed)]
    comparison = compare(reports)
    assert [row.rule["id"] for row in comparison.rows] == [rule.id for rule in CATALOGUE]
    for row in comparison.rows:
        wanted = tuple(
            next(str(x["outcome"]) for x in r.document["rules"] if x["id"] == row.rule["id"]) for r in reports
        )
        assert row.outcomes == wanted
    worse = [item for item in comparison.steps[-1].differences if item.change in REGRESSIONS]
    assert comparison.regressed == bool(worse)
    html = matrix(comparison)
    assert html.count("data-rule ") == len(CATALOGUE)


def test_the_command_says_what_changed_and_writes_the_matrix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = written(tmp_path, "v1"), written(tmp_path, "v2", FAILURES)
    page = tmp_path / "out" / "matrix.html"
    assert main(["compare", old, new, "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "from v1 to v2:" in said
    assert said.index("newly failing") < said.index("TTL-DATE-EXPIRES") < said.index("no longer shown to hold")
    assert '<th scope="col">v1</th>' in page.read_text()


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [({}, FAILURES, 1), (FAILURES, {}, 0), ({}, {}, 0), ({}, with_outcome(Outcome.NOT_RUN), 1)],
)
def test_a_regression_fails_where_that_was_asked_for(
    tmp_path: Path, before: dict[str, RuleResult], after: dict[str, RuleResult], code: int
) -> None:
    names = [written(tmp_path, "a", before), written(tmp_path, "b", after)]
    assert main(["compare", *names]) == 0
    assert main(["compare", *names, "--fail-on-regression"]) == code


def test_rules_that_are_not_run_any_more_are_a_regression(tmp_path: Path) -> None:
    names = [written(tmp_path, "a"), written(tmp_path, "b", only="TTL-")]
    assert main(["compare", *names, "--fail-on-regression"]) == 1


def test_other_suites_and_silent_reports_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = written(tmp_path, "a"), written(tmp_path, "b", only="TTL-")
    document = json.loads(Path(other).read_text())
    document["suite"]["version"] = "9.9.9"
    Path(other).write_text(json.dumps(document))
    assert main(["compare", one, other, "--html", str(tmp_path / "m.html")]) == 0
    said, html = capsys.readouterr().out, (tmp_path / "m.html").read_text()
    for words in ("different suites (0.1.0, 9.9.9)", "b does not speak of"):
        assert words in said
        assert words in html
    assert remarks(compare(read_reports([one, one]))) == []


def test_columns_have_names_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = written(tmp_path, "x/out"), written(tmp_path, "y/out")
    assert main(["compare", one, other, f"old={one}", str(Path(one).parent)]) == 0
    said = capsys.readouterr().out
    assert [line.split(":")[0] for line in said.splitlines()[:4]] == ["out", "out (2)", "old", "out (3)"]


@pytest.mark.parametrize("content", [None, b"{", b"[]", b'{"version": 1}', b'{"version": 2}', b"[" * 100_000])
def test_what_is_no_report_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    if content is not None:
        path.write_bytes(content)
    assert main(["compare", written(tmp_path, "a"), str(path)]) == 4
    said = capsys.readouterr().err
    assert said.startswith("sync-conformance: ")
    assert said.count("\n") == 1
    assert main(["compare", str(path)]) == 4


def test_hostile_reports_make_a_harmless_matrix() -> None:
    changes = {rule.id: RuleResult(rule, Outcome.FAIL, HOSTILE, HOSTILE, HOSTILE) for rule in CATALOGUE}
    survey = {r.id: RuleResult(r, Outcome.ANSWERED, HOSTILE) for r in CATALOGUE if r.level == "survey"}
    comparison = compare([Report("a", document_of(results())), Report(HOSTILE, document_of(results(changes | survey)))])
    html = matrix(comparison)
    assert html.count("<script") == 1
    assert "<img" not in html
    for text in (html, comparison_text(comparison)):
        assert not {"\x1b", "\u202e", "\x00", "\u2066"} & set(text)


def test_a_report_that_is_cut_off_can_be_compared(tmp_path: Path) -> None:
    document = document_of(results(complete=False))
    document["measurements"] = None
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document))
    assert main(["compare", str(path), written(tmp_path, "b")]) == 0
