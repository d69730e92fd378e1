"""What a target says is shown harmlessly, whatever it is."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import schemas
from conformance.exchange import Headers, Request, Response
from conformance.outcomes import Outcome
from conformance.report.document import document_of
from conformance.report.files import report_files
from conformance.report.mask import Mask
from conformance.report.recorder import Recorder
from conformance.report.summary import literal
from conformance.report.terminal import finding, summary
from conformance.report.text import plain, reindent, room, visible
from conformance.results import Results, RuleResult
from conformance.rules import load_catalogue
from report.examples import HOSTILE, exchange, results

CATALOGUE = load_catalogue()
HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Tags(HTMLParser):
    """The tags of a page with their attributes, and what is in its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def hostile(text: str, body: bytes = b"") -> Results:
    """A run in which everything that a target can choose is this text."""
    raw = text.encode("utf-8", "surrogatepass")
    seen = exchange(status=400, body=body or raw, headers=(("X-" + text[:50], text), ("Content-Type", text)))
    found = exchange(body=json.dumps({text: text, "sid": text}).encode())
    odd = Request("GET", "http://127.0.0.1:8080/v1/Services/default/Streams/" + text, Headers((("A", text),)), raw)
    error = exchange(status=None)
    everything = (seen, found, error.__class__(odd, Response(200, text, Headers(), raw), 0, 1, text, text), error)
    changes = {}
    for number, rule in enumerate(CATALOGUE):
        outcome = list(Outcome)[number % len(Outcome)]
        changes[rule.id] = RuleResult(rule, outcome, text, text, text, everything)
    made = results(changes, measured=True)
    return Results(**{name: getattr(made, name) for name in Results.__slots__} | {"notes": (text,), "service": text})


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(sorted(attributes))) for tag, attributes in Tags(html).tags]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return report_files(document_of(hostile(HOSTILE)))


def test_the_page_has_only_our_own_tags(files: dict[str, bytes]) -> None:
    tags = Tags(files["index.html"].decode()).tags
    assert [tag for tag, _ in tags].count("script") == 1
    assert not [tag for tag, _ in tags if tag in {"img", "iframe", "object", "embed", "base", "b64"}]
    assert not [attributes for _, attributes in tags for name in attributes if name.startswith("on")]
    targets = {attributes.get("href") or "" for _, attributes in tags} | {a.get("src") or "" for _, a in tags}
    assert not [target for target in targets if re.match(r"(?i)\s*(javascript|vbscript|https?://evil)", target)]


@given(st.text(max_size=60))
@settings(max_examples=8, deadline=None)
def test_no_text_changes_the_structure_of_the_page(text: str) -> None:
    def page(word: str) -> list[tuple[str, tuple[str, ...]]]:
        result = RuleResult(CATALOGUE["FETCH-STATUS"], Outcome.FAIL, word, word, word, (exchange(status=None),))
        return shape(report_files(document_of(results({"FETCH-STATUS": result}, only="FETCH-")))["index.html"].decode())

    assert page("x" + text) == page("x")


@pytest.mark.parametrize("name", ["index.html", "junit.xml", "summary.md", "badge.svg"])
def test_no_control_or_direction_mark_gets_into_what_people_read(files: dict[str, bytes], name: str) -> None:
    text = files[name].decode("utf-8")
    assert {c for c in text if unicodedata.category(c) in HARMFUL} <= {"\n", "\t"}
    assert name == "badge.svg" or "\\u202e" in text or "&#92;u202e" in text


def test_junit_stays_xml_and_orders_no_attachment(files: dict[str, bytes]) -> None:
    root = ET.fromstring(files["junit.xml"])
    assert "[[ATTACHMENT" not in "".join(root.itertext())
    assert len(list(root.iter("testcase"))) == len(CATALOGUE)


def test_markdown_stays_inert(files: dict[str, bytes]) -> None:
    html = MarkdownIt("commonmark").enable("table").render(files["summary.md"].decode())
    tags = {tag for tag, _ in Tags(html).tags}
    known = "h2 h3 p table thead tbody tr th td code strong details summary ul li"
    assert tags <= set(known.split())
    rows = [row for row in files["summary.md"].decode().splitlines() if row.startswith("| fail |")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


@given(st.text(max_size=80))
def test_any_text_is_inert_in_markdown(text: str) -> None:
    html = MarkdownIt("commonmark").enable("table").render(f"| a |\n|---|\n| {literal(text)} |\n")
    assert {tag for tag, _ in Tags(html).tags} <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert html.count("<td") == 1


def test_the_terminal_gets_no_escape_sequence() -> None:
    document = document_of(hostile(HOSTILE))
    shown = summary(document) + "".join(finding(rule) for rule in document["rules"])
    assert {c for c in shown if unicodedata.category(c) in HARMFUL} <= {"\n"}


@given(st.text())
def test_shown_text_holds_nothing_invisible(text: str) -> None:
    for shown in (visible(text), plain(text)):
        assert shown.isprintable()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_laying_json_out_changes_no_token(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(reindent(text)) == json.loads(text)
    assert re.sub(r"\s", "", reindent(text)) == re.sub(r"\s", "", text)


@given(st.text(alphabet='{}[]",:\\ a1\n', max_size=40))
def test_laying_out_what_is_no_json_loses_nothing(text: str) -> None:
    assert re.sub(r"\s", "", reindent(text)) == re.sub(r"\s", "", text)


def test_a_megabyte_of_body_does_not_make_a_report_of_megabytes_a_rule() -> None:
    big = RuleResult(
        CATALOGUE["FETCH-STATUS"],
        Outcome.FAIL,
        "x" * 1_000_000,
        "e" * 1_000_000,
        "g" * 1_000_000,
        tuple(exchange(body=b"<b>" * 350_000, headers=[("H", "v" * 100_000)] * 200) for _ in range(50)),
    )
    document = document_of(results({"FETCH-STATUS": big}))
    files = report_files(document)
    assert {name: len(content) for name, content in files.items() if len(content) > 2_000_000} == {}
    rule = next(rule for rule in document["rules"] if rule["id"] == "FETCH-STATUS")
    assert rule["exchanges"][0]["response"]["body_bytes"] == 1_050_000
    assert rule["exchanges"][0]["response"]["body_cut"]
    assert "1,050,000 bytes" in files["index.html"].decode()
    assert len(finding(rule)) < 10_000


def test_megabytes_in_every_answer_make_a_report_that_can_still_be_opened() -> None:
    """Short bodies are kept whole; the long ones of a rule share what is left."""
    big, small = b'{"sid":"' + "<é>".encode() * 300_000 + b'"}', b'{"code":20404}'
    seen = (*(exchange(body=big) for _ in range(7)), exchange(status=404, body=small))
    rules = [rule for rule in CATALOGUE if rule.level != "survey"][:24]
    changes = {r.id: RuleResult(r, Outcome.FAIL, "m", "the key 'sid'", "only 'x'", seen) for r in rules}
    document = document_of(results(changes))
    kept = next(rule for rule in document["rules"] if rule["id"] == rules[0].id)["exchanges"]
    assert kept[-1]["response"]["body"] == small.decode()
    assert all(10_000 < len(item["response"]["body"].encode()) < 40_000 for item in kept[:-1])
    files = report_files(document)
    most = {"report.json": 180_000, "index.html": 90_000, "junit.xml": 50_000}  # bytes a rule
    base = {name: len(content) for name, content in report_files(document_of(results())).items()}
    assert {n for n, size in most.items() if len(files[n]) - base[n] > size * len(rules)} == set()


@given(st.lists(st.integers(0, 100_000), max_size=16), st.integers(0, 200_000), st.integers(0, 50_000))
def test_texts_share_the_room_there_is(sizes: list[int], total: int, most: int) -> None:
    limit = room(sizes, total, most)
    kept = [min(size, limit) for size in sizes]
    assert limit <= most
    assert sum(kept) <= total
    assert limit == most or sum(kept) + len(sizes) > total or kept == sizes  # nothing is wasted


def test_hostile_text_comes_through_the_events_and_fits_the_schema(tmp_path: object) -> None:
    found = hostile(HOSTILE)
    recorder = Recorder(tmp_path, Mask())  # type: ignore[arg-type]
    recorder.start(found)
    for result in found.results:
        recorder.result(result)
    document = recorder.end(found)
    lines = io.BytesIO((tmp_path / "events.ndjson").read_bytes()).readlines()  # type: ignore[operator]
    assert len(lines) == len(found.results) + 2
    assert list(schemas.validator("report").iter_errors(json.loads(json.dumps(document)))) == []
