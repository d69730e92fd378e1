from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import prose


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("It can be up to 320 characters long.", "string", {"maxLength": 320}),
        ("Can be up to 1,600 characters.", "string", {"maxLength": 1600}),
        ("No longer than 64 characters.", "string", {"maxLength": 64}),
        ("It has a maximum of 255 characters.", "string", {"maxLength": 255}),
        ("191 characters or fewer.", "string", {"maxLength": 191}),
        ("Must be between 8 and 64 characters.", "string", {"minLength": 8, "maxLength": 64}),
        ("The default is 50, and the maximum is 100.", "integer", {"default": 50, "maximum": 100}),
        ("Must be between 1,000 and 30,000 and defaults to 5,000.", "integer",
         {"minimum": 1000, "maximum": 30000, "default": 5000}),
        ("The default is `false`.", "boolean", {"default": False}),
        ("Default value is true.", "boolean", {"default": True}),
        ("The default is `POST`.", "string", {"default": "POST"}),
        ("The default is 1.5.", "number", {"default": 1.5}),
        # What cannot be read one way is not read at all.
        ("The default is 1.5.", "integer", {}),
        ("Up to 64 characters here, up to 128 characters there.", "string", {}),
        ("The default is the account's own.", "string", {}),
        ("The maximum is 100 characters.", "integer", {}),
        ("The maximum is 4KB.", "integer", {}),
        ("Up to 320 characters long.", "integer", {}),
        ("Up to 10 items.", "string", {}),
        ("Contained between 3 and 8, see there.", "integer", {}),
        ("", "string", {}),
    ],
)  # fmt: skip
def test_keywords(text, kind, expected):
    assert prose.keywords(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The maximum Ripple rate per Brook is 30 per second.",
         [{"of": "ripple_rate", "scope": "brook", "maximum": 30, "per": "second"}]),
        ("The maximum payload size as serialized JSON is 4KB.",
         [{"of": "payload_size", "as": "serialized_json", "maximum": 4, "unit": "KB"}]),
        ("An object, up to 16 KiB in size", [{"maximum": 16, "unit": "KiB"}]),
        ("Nothing is guaranteed.", []),
        ("Up to ten things.", []),
    ],
)  # fmt: skip
def test_limits(text, expected):
    assert prose.limits(text) == expected


@given(st.integers(0, 10**9))
def test_numbers_with_and_without_separators_are_the_same(value):
    for digits in (str(value), f"{value:,}"):
        assert prose.keywords(f"Can be up to {digits} characters long.", "string") == {"maxLength": value}
        assert prose.keywords(f"The default is {digits}, and the maximum is {digits}.", "integer") == {
            "default": value,
            "maximum": value,
        }


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    for kind in ("string", "integer", "number", "boolean", "object", None):
        assert isinstance(prose.keywords(text, kind), dict)
    assert isinstance(prose.limits(text), list)
