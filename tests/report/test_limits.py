"""Every form says what its verdict does not rest on."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from conformance.deletion import Deletion, Look
from conformance.outcomes import Outcome
from conformance.report.document import assemble, document_of, head_of, rule_record
from conformance.report.files import report_files
from conformance.report.terminal import findings, summary
from conformance.results import Results, RuleResult
from conformance.rules import load_catalogue
from report.examples import FAILURES, results

CATALOGUE = load_catalogue()
WHY = {"messages": "the target does not claim 'messages'", "rate": "the target does not claim 'rate'"}
UNCLAIMED = {
    rule.id: RuleResult(rule, Outcome.UNSUPPORTED, WHY[rule.feature]) for rule in CATALOGUE if rule.feature in WHY
}


def told(page: bytes) -> str:
    """The words of a page's top."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.decode().partition("<header")[2].partition("</header>")[0]))


def test_what_a_target_does_not_claim_is_told_beside_the_verdict_everywhere() -> None:
    document = document_of(results(UNCLAIMED))
    files = report_files(document)
    count = len(UNCLAIMED)
    assert count > 20
    top, markdown, terminal = told(files["index.html"]), files["summary.md"].decode(), summary(document)
    for why in WHY.values():
        assert why in top
        assert why in terminal
        assert why.split("'")[1] in markdown.partition("Target")[0]
    for text in (top, markdown, terminal):
        assert f"{count} rules could not be asked for" in text
    assert "every rule that was judged holds" in terminal
    assert "every rule that was judged holds" in markdown
    rest = len(CATALOGUE) - count
    assert json.loads(files["badge.json"])["message"] == f"conformant, {rest} of {len(CATALOGUE)} rules"
    below = html.unescape(files["index.html"].decode().partition('id="not-checked"')[2])
    assert all(f"because {why}:" in below for why in WHY.values())
    assert all(f'href="#{rule_id}"' in below for rule_id in UNCLAIMED)


def with_streams(**deletion: Any) -> dict[str, bytes]:
    made = results()
    slots = {name: getattr(made, name) for name in Results.__slots__} | {"deletion": Deletion(**deletion)}
    return report_files(document_of(Results(**slots)))


def test_what_became_of_the_streams_of_a_run_is_told_and_stands_out_where_some_are_left() -> None:
    files = with_streams(made=7, looks=(Look("default", 3, whole=True),))
    assert "Streams of this run: 7 streams made, all of them deleted" in told(files["index.html"])
    assert '<p class="note">' not in files["index.html"].decode()
    assert "7 streams made" in files["summary.md"].decode()
    files = with_streams(made=7, left=("TO<b>", "TO2"))
    assert "2 streams may be left (TO<b>, TO2)" in told(files["index.html"])
    assert '<p class="note">Streams of this run' in files["index.html"].decode()
    assert "<b>" not in files["summary.md"].decode()


def test_a_whole_run_is_not_limited() -> None:
    document = document_of(results())
    assert "Limited" not in told(report_files(document)["index.html"])
    assert summary(document).endswith("verdict: conformant - every rule holds")


def test_a_run_that_was_cut_off_never_says_what_it_took() -> None:
    found = results(FAILURES)
    document = assemble(head_of(found), map(rule_record, found.results[:30]), None)
    files = report_files(document)
    texts = [told(files["index.html"]), files["summary.md"].decode().partition("| |")[0], summary(document)]
    for text in texts:
        assert "unknown" in text
        assert not re.search(r"\b0\.0 s|\b0 requests", text)
        assert "did not reach its end" in text


def test_the_terminal_tells_what_is_broken_in_full_and_what_follows_from_it_in_short() -> None:
    shown = findings(document_of(results(FAILURES)))
    assert shown.index("FAIL  TTL-DATE-EXPIRES") < shown.index("BLOCKED  1 rule: by TTL-DATE-EXPIRES\n  UPDATE-TTL")
    found = results(FAILURES)
    cut = findings(assemble(head_of(found), map(rule_record, found.results[:3]), None))
    assert "NOT RUN  " in cut
    assert len(cut.splitlines()) < 80
    assert all(rule.id in cut for rule in list(CATALOGUE)[3:])
    assert findings(document_of(results())) == ""


def test_a_reason_is_told_without_repeating_what_was_expected() -> None:
    rule = CATALOGUE["TTL-GONE"]
    blocked = "because TTL-DATE-EXPIRES failed; expected a refusal, got 200"
    waived = "waived: nobody expected it yet. expected a refusal, got 200"
    for outcome, message, shown in (
        (Outcome.BLOCKED, blocked, "TTL-DATE-EXPIRES failed"),
        (Outcome.WAIVED, waived, "waived: nobody expected it yet"),
    ):
        result = RuleResult(rule, outcome, message, "a refusal", "200")
        page = report_files(document_of(results({rule.id: result}, only=rule.id)))["index.html"].decode()
        assert f'<dt>Because</dt><dd class="said">{shown}</dd>' in page


def test_the_page_folds_what_was_not_run() -> None:
    found = results(FAILURES)
    document = assemble(head_of(found), map(rule_record, found.results[:40]), None)
    page = report_files(document)["index.html"].decode()
    above = page.partition('id="to-look-at"')[2].partition('id="rules"')[0]
    assert f"{document['counts']['not_run']} more rules not run</summary>" in above
    before = above.partition("<details")[0]
    assert "NOT-RUN" not in before.upper().replace("_", "-")
    assert before.count("<li>") == sum(
        rule["outcome"] not in {"pass", "answered", "unsupported", "blocked", "not_run"} for rule in document["rules"]
    )
