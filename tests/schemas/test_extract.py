from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas import check, extract
from schemas.cli import main

PAGES = Path(__file__).parent / "pages"
BROOK = PAGES / "stream_like.md"
OVERLAY = """
overlay: 1.0.0
info: {title: more, version: 1.0.0}
actions:
  - target: $.components.schemas.create_form.properties.Ttl
    x-source: "doc: limits"
    update: {minimum: 0, maximum: 60}
"""


def run(*arguments):
    return main(["extract", *map(str, arguments)])


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_extract_then_check(tmp_path, capsys):
    assert run(BROOK, "--output", tmp_path) == 0
    assert "10 files" in capsys.readouterr().out
    assert run(BROOK, "--output", tmp_path, "--check") == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert load(tmp_path / "brook.json")["x-model"] == "water.v1.river.brook"


def test_extracting_twice_changes_no_byte(tmp_path, capsys):
    run(BROOK, "--output", tmp_path)
    record = load(tmp_path / "provenance.json")
    record["extracted"] = "2001-01-01"
    (tmp_path / "provenance.json").write_text(extract.serialize(record), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    run(BROOK, "--output", tmp_path)
    assert "0 changed" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_date_moves_when_the_page_does(tmp_path):
    page = tmp_path / "page.md"
    page.write_bytes(BROOK.read_bytes())
    run(page, "--output", tmp_path / "out")
    record = load(tmp_path / "out/provenance.json")
    (tmp_path / "out/provenance.json").write_text(json.dumps(record | {"extracted": "2001-01-01"}), encoding="utf-8")
    page.write_bytes(BROOK.read_bytes() + b"\nMore words.\n")
    run(page, "--output", tmp_path / "out")
    after = load(tmp_path / "out/provenance.json")
    assert after["extracted"] >= record["extracted"]
    assert after["page"]["sha256"] != record["page"]["sha256"]


def test_the_date_is_no_difference_but_the_digest_is(tmp_path, capsys):
    run(BROOK, "--output", tmp_path)
    record = load(tmp_path / "provenance.json")
    record["extracted"] = "2001-01-01"
    (tmp_path / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
    assert run(BROOK, "--output", tmp_path, "--check") == 0
    record["page"]["sha256"] = "0" * 64
    (tmp_path / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
    capsys.readouterr()
    assert run(BROOK, "--output", tmp_path, "--check") == 1
    assert "provenance.json#/page/sha256" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "edit", "pointer"),
    [
        ("brook.json", lambda d: d["properties"]["sid"].update(maxLength=35), "brook.json#/properties/sid/maxLength"),
        ("brook.json", lambda d: d["properties"].pop("url"), "brook.json#/properties/url"),
        ("brook.json", lambda d: d["required"].pop(), "brook.json#/required"),
        ("meta.json", lambda d: d["properties"].update(extra={}), "meta.json#/properties/extra"),
        ("openapi.json", lambda d: d["paths"].pop("/v1/Rivers/{RiverSid}/Brooks"),
         "openapi.json#/paths/~1v1~1Rivers~1{RiverSid}~1Brooks"),
        ("create_form.json", lambda d: d["properties"]["UniqueName"].update(maxLength=320.0),
         "create_form.json#/properties/UniqueName/maxLength"),
    ],
)  # fmt: skip
def test_check_names_what_was_edited(tmp_path, capsys, file, edit, pointer):
    run(BROOK, "--output", tmp_path)
    document = load(tmp_path / file)
    edit(document)
    (tmp_path / file).write_text(json.dumps(document), encoding="utf-8")
    capsys.readouterr()
    assert run(BROOK, "--output", tmp_path, "--check") == 1
    out = capsys.readouterr().out
    assert pointer + "\n" in out
    assert "committed:" in out
    assert "page     :" in out
    assert "1 difference in" in out


def test_check_notices_missing_broken_and_left_over_files(tmp_path, capsys):
    run(BROOK, "--output", tmp_path)
    (tmp_path / "meta.json").unlink()
    (tmp_path / "brook.json").write_text("{", encoding="utf-8")
    record = load(tmp_path / "provenance.json")
    record["files"].append("old.json")
    (tmp_path / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert run(BROOK, "--output", tmp_path, "--check") == 1
    out = capsys.readouterr().out
    for file in ("meta.json#", "brook.json#", "old.json#"):
        assert file in out
    run(BROOK, "--output", tmp_path)
    assert not (tmp_path / "old.json").exists()
    assert run(BROOK, "--output", tmp_path, "--check") == 0


def test_check_ignores_and_extract_keeps_files_of_others(tmp_path):
    run(BROOK, "--output", tmp_path)
    (tmp_path / "report.json").write_text("not even JSON", encoding="utf-8")
    assert run(BROOK, "--output", tmp_path, "--check") == 0
    run(BROOK, "--output", tmp_path)
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == "not even JSON"


def test_check_writes_nothing(tmp_path):
    assert run(BROOK, "--output", tmp_path / "new", "--check") == 1
    assert not (tmp_path / "new").exists()


def test_an_overlay_changes_openapi_json_alone(tmp_path):
    (tmp_path / "o.yaml").write_text(OVERLAY, encoding="utf-8")
    assert run(BROOK, "--output", tmp_path / "out", "--overlay", tmp_path / "o.yaml") == 0
    page, both = load(tmp_path / "out/openapi.page.json"), load(tmp_path / "out/openapi.json")
    differing = {d.pointer for d in check.differences("x", page, both)}
    assert differing == {f"/components/schemas/create_form/properties/Ttl/{key}" for key in ("minimum", "maximum")}
    assert load(tmp_path / "out/create_form.json")["properties"]["Ttl"] == {"type": "integer"}
    assert run(BROOK, "--output", tmp_path / "out", "--check") == 1


def test_the_overlay_of_the_package_is_for_its_own_resource_only(tmp_path):
    run(BROOK, "--output", tmp_path)
    assert load(tmp_path / "provenance.json")["overlay"] is None
    assert load(tmp_path / "openapi.json") == load(tmp_path / "openapi.page.json")


def test_the_schemas_of_another_page_are_not_overwritten(tmp_path, capsys):
    run(BROOK, "--output", tmp_path)
    assert run(PAGES / "nested_item.md", "--output", tmp_path) == 4
    assert "--output" in capsys.readouterr().err
    assert not (tmp_path / "shelf_book.json").exists()


@pytest.mark.parametrize(
    "content", [b"", b"# T\n", b"\xff\xfe", b"# T\n```json\n{", b"# T\n## T properties\n```json\n[1]\n```\n"]
)
def test_an_unreadable_page_is_one_sentence_and_exit_4(tmp_path, capsys, content):
    page = tmp_path / "page.md"
    page.write_bytes(content)
    assert run(page, "--output", tmp_path / "out") == 4
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "line 1" in err or "line 2" in err
    assert not (tmp_path / "out").exists()


def test_a_missing_page_is_exit_4(tmp_path, capsys):
    assert run(tmp_path / "none.md") == 4
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["extract"], ["extract", "p", "--overlay", "a", "--no-overlay"], ["x"]])
def test_wrong_usage_is_exit_4(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 4
    assert "usage:" in capsys.readouterr().err
