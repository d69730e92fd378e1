"""Cassettes as files: what they look like, and what is refused with which file and line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from proxy_traffic import ACCOUNT, STARTED, TOKEN, create, exchange, fetch, reply, request

from conformance.exchange import Exchange, Headers, Request, Response
from proxy import document
from proxy.cassette import load
from proxy.edited import read_interaction
from proxy.errors import CassetteError
from proxy.misses import Miss
from proxy.player import Player
from proxy.recorder import Provenance, Recorder
from proxy.redaction import Redactor
from proxy.rules import default_rules
from proxy.wire import end_to_end

SCHEMA = Path(__file__).parents[2] / "schemas" / "cassette.json"

characters = st.characters(codec="latin-1", exclude_categories=["Cc"])
names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: Redactor(default_rules(), "").action("header", name) is None and "ookie" not in name.lower()
)
values = st.text(characters, max_size=30).map(str.strip)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
json_bodies = st.builds(
    lambda value, separators, indent, ascii_only, end: (
        json.dumps(value, separators=separators, indent=indent, ensure_ascii=ascii_only) + end
    ).encode(),
    json_values,
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
    st.sampled_from([None, None, 2, 3]),
    st.booleans(),
    st.sampled_from(["", "\n", "\r\n", " "]),
)
bodies = st.binary(max_size=200) | json_bodies | texts.map(str.encode)
kinds = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "text/plain; charset=utf-8", "application/octet-stream"]
)


def _headers(kind: str, more: list[tuple[str, str]]) -> Headers:
    return Headers((("Content-Type", kind), *more, *more[:1]))


headers = st.builds(_headers, kinds, st.lists(st.tuples(names, values), max_size=4))
paths = st.text(
    st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters='#?" <>\\^`{|}'), max_size=20
)
queries = st.lists(st.tuples(texts, texts), max_size=3)
requests = st.builds(
    lambda method, path, query, given, body: Request(
        method, "http://127.0.0.1:8000/" + path + ("?" + query if query else ""), given, body
    ),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    paths,
    st.from_regex(r"([A-Za-z%+]{1,5}=[A-Za-z0-9%+.]{0,5}&?){0,3}", fullmatch=True),
    headers,
    bodies,
)
responses = st.builds(Response, st.integers(200, 599), values, headers, bodies)


def roundtrip(asked: Request, given: Response, **options: object) -> tuple[Path, Response | None]:
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "c.yaml", started=STARTED, **options)  # type: ignore[arg-type]
        recorder.record(Exchange(asked, given, STARTED, STARTED + 1))
        found = Player(load(recorder.close())).answer(asked)
        assert not isinstance(found, Miss), found
        return recorder.path, found.response


@settings(max_examples=150, deadline=None)
@given(requests, responses)
def test_any_exchange_comes_back_byte_for_byte(asked: Request, given: Response) -> None:
    _, back = roundtrip(asked, given, keep_pii=True)
    assert back is not None
    assert (back.status, back.reason, back.body) == (given.status, given.reason, given.body)
    assert back.headers == end_to_end(given.headers)


@settings(max_examples=100, deadline=None)
@given(requests, responses)
def test_our_reader_and_a_yaml_parser_read_the_same(asked: Request, given: Response) -> None:
    text = document.write(document.Interaction(1, 0.5, 1.25, asked, given, scenario="x\u2028y"))
    found = document.match(text)
    assert found is not None
    ours = document.read(found)
    assert ours == read_interaction(text, Path("c.yaml"), 1)
    assert (ours.request, ours.response) == (asked, given)
    assert yaml.safe_load(text)["request"]["method"] == asked.method


def test_a_json_body_is_text_that_a_person_can_read(record) -> None:
    cassette = record(create("orders"), keep_pii=True)
    assert '        "unique_name": "orders",\n' in cassette.text(0)
    assert '    - ["UniqueName", "orders"]\n' in cassette.text(0)


def test_one_value_changed_changes_its_line_and_the_digest(record) -> None:
    first = record(create("orders"), keep_pii=True, salt="00").text(0).splitlines()
    changed = create("orders")
    changed = Exchange(
        changed.request,
        Response(201, "Created", changed.response.headers, changed.response.body.replace(b"system", b"barbara")),
        changed.sent,
        changed.received,
    )
    second = record(changed, keep_pii=True, salt="00").text(0).splitlines()
    different = [left for left, right in zip(first, second, strict=True) if left != right]
    assert [line.split(":")[0].strip() for line in different] == ['"created_by"', "digest"]


def test_binary_bodies_are_base64_and_repeated_headers_and_keys_stay(record) -> None:
    cassette = record(
        exchange(
            request("POST", "/v1/Services/default/Streams?a=1&a=2", [("Ttl", "1"), ("Ttl", "2")]),
            Response(200, "OK", Headers((("X-A", "1"), ("x-a", "2"))), b"\xff\xfe\x00" * 60),
        )
    )
    found = cassette.interaction(0)
    assert "    base64: |\n" in cassette.text(0)
    assert found.response.body == b"\xff\xfe\x00" * 60
    assert found.response.headers.items == (("X-A", "1"), ("x-a", "2"))
    assert found.request.form == (("Ttl", "1"), ("Ttl", "2"))
    assert found.request.url.endswith("?a=1&a=2")


def test_provenance_and_moments_are_kept(record) -> None:
    extra = {"rules": 12, "note": "été"}
    cassette = record(
        exchange(request("GET", "/"), reply(200, {}), at=1.5), provenance=Provenance("reference", "0.1.0", "7", extra)
    )
    header = cassette.header
    assert (header.target_kind, header.suite_version, header.seed, header.extra) == ("reference", "0.1.0", "7", extra)
    assert header.started == STARTED
    (found,) = cassette.exchanges()
    assert (round(found.sent, 5), round(found.received, 5)) == (round(STARTED + 1.5, 5), round(STARTED + 1.51, 5))


def test_the_schema_describes_what_is_written(record) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    cassette = record(
        create("orders"),
        exchange(request("GET", "/a"), Response(200, "OK", Headers(), b"\xff")),
        exchange(request("GET", "/b"), Response(200, "OK", Headers(), b"text")),
        exchange(request("GET", "/c"), None, error="the connection was reset"),
        provenance=Provenance(seed="1", extra={"a": [1]}),
    )
    documents = list(yaml.safe_load_all(cassette.path.read_text()))
    assert len(documents) == 6
    for found in documents:
        validator.validate(found)
    for break_it in ({"status": "200"}, {"headers": [["a"]]}, {"body": {"text": 1}}):
        broken = json.loads(json.dumps(documents[1]))
        broken["response"].update(break_it)
        assert not validator.is_valid(broken), break_it
    assert not validator.is_valid({**documents[0], "cassette": 2})


def edited(cassette, old: str, new: str, count: int = 1) -> Path:
    text = cassette.path.read_text()
    assert old in text
    cassette.path.write_text(text.replace(old, new, count))
    return cassette.path


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def complaint(path: Path, **options: bool) -> str:
    with pytest.raises(CassetteError) as caught:
        load(path, **options)
    message = str(caught.value)
    assert re.match(rf"{re.escape(str(path))}:[0-9]+: ", message)
    return message.removeprefix(f"{path}:")


def test_an_edited_interaction_is_refused_unless_accepted(record) -> None:
    path = edited(record(create("orders"), fetch(), keep_pii=True), '"unique_name": "orders"', '"unique_name": "other"')
    assert "was edited" in complaint(path)
    assert complaint(path).startswith(f"{line_of(path, 'interaction: 1')}: ")
    assert "--allow-edited" in complaint(path)
    cassette = load(path, allow_edited=True)
    assert cassette.edited == (0,)
    found = Player(cassette).answer(create("orders").request)
    assert found.response.json()["unique_name"] == "other"


def test_an_edit_in_another_yaml_style_is_read_all_the_same(record) -> None:
    path = edited(record(create("orders"), keep_pii=True), '  reason: "Created"\n', "  reason: Made # by hand\n")
    assert load(path, allow_edited=True).interaction(0).response.reason == "Made"


def test_an_edited_header_or_order_is_refused(record) -> None:
    path = edited(record(create("a-name"), fetch()), "seed: null", 'seed: "1"')
    assert "header was edited" in complaint(path)
    cassette = record(create("a-name"), fetch())
    first, second = cassette.text(0), cassette.text(1)
    text = cassette.path.read_text()
    cassette.path.write_text(text.replace(f"{first}---\n{second}", f"{second}---\n{first}"))
    assert "moved" in complaint(cassette.path)
    assert len(load(cassette.path, allow_edited=True)) == 2


def test_a_removed_interaction_is_noticed(record) -> None:
    cassette = record(create("a-name"), fetch())
    path = edited(cassette, f"---\n{cassette.text(1)}", "")
    assert "counts 2 interactions, there are 1" in complaint(path)


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.8, 0.999])
def test_a_file_cut_short_is_refused_even_where_edits_are_allowed(record, keep: float) -> None:
    cassette = record(create("orders"), fetch(), fetch(2))
    data = cassette.path.read_bytes()
    cassette.path.write_bytes(data[: int(len(data) * keep)])
    complaint(cassette.path, allow_edited=True)


def test_a_file_cut_between_documents_is_refused(record) -> None:
    cassette = record(create("orders"), fetch())
    path = edited(cassette, cassette.path.read_text()[cassette.path.read_text().index("---\nend: true") :], "")
    assert "cut short" in complaint(path, allow_edited=True)


def test_a_newer_format_says_to_upgrade(record) -> None:
    path = edited(record(create("orders")), "cassette: 1\n", "cassette: 2\n")
    assert complaint(path).startswith(f"{line_of(path, 'cassette: 2')}: the format is 2")
    assert "upgrade" in complaint(path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('["Ttl", "3600"]', '["Ttl", 3600]', "string in quotes"),
        ('  reason: "Created"', "  reason: NO", "string in quotes"),
        ("  status: 201", '  status: "201"', "whole number"),
        ("  status: 201", "  status: 12:30:00", "in quotes"),
        ("  method: ", "  methods: ", "'methods' has no place"),
        ("sent: 0.000000\n", "", "'sent' is missing"),
        ("sent: 0.000000", "sent: soon", "should be a number"),
        ('style: "plus"', 'style: "wavy"', "wavy"),
        ("response:\n", "response: [\n", "not YAML"),
        ('  - ["User-Agent", "test/1"]', '  - ["User-Agent"]', "two strings"),
        ("  reason: ", "  reason: !!python/object/apply:os.system ", "string in quotes"),
    ],
)
def test_wrong_types_are_refused_with_their_line(record, old: str, new: str, problem: str) -> None:
    made = exchange(request("POST", "/v1/Services/default/Streams", {"Ttl": "3600"}), reply(201, {}))
    made = Exchange(made.request, Response(201, "Created", Headers(), b"{}"), made.sent, made.received)
    path = edited(record(made), old, new)
    message = complaint(path, allow_edited=True)
    assert problem in message
    number = int(message.split(":")[0])
    assert abs(number - line_of(path, new.strip().splitlines()[0] if new.strip() else "interaction: 1")) <= 3


@pytest.mark.parametrize(
    "content",
    [b"", b"hello\n", b"---\na: 1\n", b"\xff\xfe\x00", b"- 1\n", b"---\n[" + b"[" * 5000, b"---\n- cassette\n"],
)
def test_anything_else_is_not_a_cassette(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    complaint(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert "can't be read: No such file" in complaint(tmp_path / "none.yaml")


def test_other_line_ends_are_no_edit(record) -> None:
    cassette = record(create("orders"))
    cassette.path.write_bytes(cassette.path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(load(cassette.path)) == 1


def test_importing_the_core_needs_no_mitmproxy() -> None:
    code = (
        "import sys, proxy.cassette, proxy.player, proxy.recorder, proxy.cli;"
        "sys.exit(any(name.split('.')[0] == 'mitmproxy' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_the_account_and_the_token_are_nowhere(record) -> None:
    text = record(create("orders")).path.read_text()
    assert ACCOUNT not in text
    assert TOKEN not in text
    assert "orders" not in text
