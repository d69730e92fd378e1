from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import jsonpath, overlay
from schemas.errors import OverlayError

DOCUMENT = {
    "paths": {
        "/a/{Sid}": {"get": {"parameters": [{"name": "Sid", "in": "path"}, {"name": "Q", "in": "query"}]}},
        "/b": {"post": {"parameters": [{"name": "Sid", "in": "query", "n": 1}]}},
    },
    "it's": {"x": [1, [2, {"x": 3}]]},
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", [()]),
        ("$.paths", [("paths",)]),
        ("$.paths['/b'].post", [("paths", "/b", "post")]),
        ('$["paths"]["/b"]', [("paths", "/b")]),
        ("$['it\\'s'].x[0]", [("it's", "x", 0)]),
        ("$['it\\'s'].x[-1][1].x", [("it's", "x", 1, 1, "x")]),
        ("$.paths['/b', '/a/{Sid}', '/c']", [("paths", "/b"), ("paths", "/a/{Sid}")]),
        ("$.paths.*.*", [("paths", "/a/{Sid}", "get"), ("paths", "/b", "post")]),
        ("$.paths[*].get", [("paths", "/a/{Sid}", "get")]),
        ("$..x", [("it's", "x"), ("it's", "x", 1, 1, "x")]),
        ("$..parameters[?@.name == 'Sid' && @.in == 'path']", [("paths", "/a/{Sid}", "get", "parameters", 0)]),
        ("$..parameters[?(@['name']=='Sid')]",
         [("paths", "/a/{Sid}", "get", "parameters", 0), ("paths", "/b", "post", "parameters", 0)]),
        ("$..parameters[?@.n == 1]", [("paths", "/b", "post", "parameters", 0)]),
        ("$..parameters[?@.n == true]", []),
        ("$.nothing.here", []),
        ("$.paths[0]", []),
    ],
)  # fmt: skip
def test_targets(path, expected):
    assert jsonpath.find(DOCUMENT, path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "paths",
        "$.",
        "$.a[",
        "$.a[1:2]",
        "$.a[?@.b > 1]",
        "$.a[?@.b]",
        "$.a[?@.b == 'x' || @.c == 1]",
        "$ .a",
        "$[?]",
    ],
)
def test_what_is_outside_the_subset_is_refused(path):
    with pytest.raises(OverlayError):
        jsonpath.find(DOCUMENT, path)


@given(st.dictionaries(st.text(max_size=6), st.integers(), min_size=1, max_size=4), st.data())
def test_any_key_can_be_addressed(document, data):
    key = data.draw(st.sampled_from(sorted(document)))
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    quoted = "".join(f"\\u{ord(c):04x}" if ord(c) < 32 else c for c in quoted)
    assert jsonpath.find(document, f"$['{quoted}']") == [(key,)]


def document(*actions):
    return {
        "overlay": "1.0.0",
        "info": {"title": "t", "version": "1"},
        "actions": [{"x-source": "doc: somewhere", **action} for action in actions],
    }


def applied(target, *actions):
    return overlay.apply(target, overlay.parse(document(*actions)))


def test_updates_merge_append_and_replace():
    before = {"a": {"x": 1, "deep": {"y": 1}, "l": [1]}, "list": [1]}
    after = applied(
        before,
        {"target": "$.a", "update": {"x": 2, "deep": {"z": 2}, "l": [2], "new": {}}},
        {"target": "$.list", "update": {"more": True}},
    )
    assert after == {"a": {"x": 2, "deep": {"y": 1, "z": 2}, "l": [1, 2], "new": {}}, "list": [1, {"more": True}]}
    assert before == {"a": {"x": 1, "deep": {"y": 1}, "l": [1]}, "list": [1]}


def test_removing_several_entries_of_a_list_removes_those():
    after = applied({"l": [{"k": 1, "i": 0}, {"k": 2}, {"k": 1, "i": 2}]}, {"target": "$.l[?@.k == 1]", "remove": True})
    assert after == {"l": [{"k": 2}]}


def test_actions_apply_in_order_and_share_nothing():
    value = {"n": 1}
    after = applied({"a": {}}, {"target": "$.a", "update": {"b": value}}, {"target": "$.a.b", "update": {"n": 2}})
    assert after == {"a": {"b": {"n": 2}}}
    assert value == {"n": 1}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"target": "$.none", "update": {}}, "Action 1 of the overlay selects nothing"),
        ({"target": "$.number", "update": {}}, "does not fit"),
        ({"target": "$.a", "update": 1}, "does not fit"),
        ({"target": "$", "remove": True}, "whole document"),
        ({"target": "$.a"}, "either update or remove"),
        ({"target": "$.a", "update": {}, "remove": True}, "either update or remove"),
        ({"update": {}}, "no target"),
        ({"target": "$.a", "update": {}, "upsert": 1}, "“upsert”"),
        ({"target": "$.a", "update": {}, "x-source": "hearsay: x"}, "x-source"),
        ({"target": "$.a", "update": {}, "x-source": "doc"}, "x-source"),
        ({"target": "$.a", "update": {}, "x-source": None}, "x-source"),
    ],
)
def test_an_action_that_cannot_be_applied_is_refused(action, words):
    with pytest.raises(OverlayError, match=words.replace("$", "\\$")):
        applied({"a": {}, "number": 1}, action)


@pytest.mark.parametrize(
    "change", [{"overlay": "2.0.0"}, {"info": {}}, {"actions": []}, {"actions": None}, {"extra": 1}, {"actions": ["x"]}]
)
def test_a_document_that_is_no_overlay_is_refused(change):
    with pytest.raises(OverlayError):
        overlay.parse({**document({"target": "$", "update": {}}), **change})


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "o.yaml"
    path.write_text("a: [", encoding="utf-8")
    for target in (path, tmp_path / "missing.yaml"):
        with pytest.raises(OverlayError, match="cannot be read"):
            overlay.read(target)


def test_applying_leaves_the_original_alone():
    before = copy.deepcopy(DOCUMENT)
    applied(DOCUMENT, {"target": "$.paths.*.*", "update": {"responses": {}}})
    assert before == DOCUMENT
