from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import dialect
from schemas.errors import PageError, Place
from schemas.formats import check_schema, checked

PLACE = Place("Properties", 7)


def convert(schema, **options):
    return dialect.convert(schema, PLACE, **options)


def test_nullable_becomes_a_type_of_null():
    assert convert({"type": "string", "nullable": True}) == {"type": ["string", "null"]}
    assert convert({"type": "string", "nullable": False}) == {"type": "string"}


def test_a_nullable_enum_admits_null():
    assert checked(convert({"type": "string", "enum": ["a"], "nullable": True})).is_valid(None)


def test_an_untyped_schema_stays_open():
    schema = convert({"nullable": True, "description": "Anything."})
    assert schema == {}


def test_prose_is_dropped_and_its_numbers_are_marked():
    schema = convert({"type": "string", "title": "T", "description": "Up to 9 characters."})
    assert schema == {"type": "string", "maxLength": 9, "x-from-prose": ["maxLength"]}


def test_the_schema_wins_over_its_prose():
    schema = convert({"type": "integer", "maximum": 100}, description="The maximum is 200.")
    assert schema == {"type": "integer", "maximum": 100, "x-prose-conflicts": {"maximum": 200}}


def test_a_default_outside_the_enum_is_not_taken():
    assert "default" not in convert({"type": "string", "enum": ["a"], "description": "The default is `b`."})


def test_exclusive_bounds_become_numbers():
    assert convert({"type": "integer", "minimum": 0, "exclusiveMinimum": True}) == {
        "type": "integer",
        "exclusiveMinimum": 0,
    }
    assert convert({"type": "integer", "minimum": 0, "exclusiveMinimum": False}) == {"type": "integer", "minimum": 0}


def test_nesting_is_converted_at_any_depth():
    schema = convert(
        {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string", "nullable": True}},
         "additionalProperties": {"type": "integer", "nullable": True}, "anyOf": [{"required": ["a"], "title": "x"}]}}
    )  # fmt: skip
    assert schema["items"]["properties"]["a"] == {"type": ["string", "null"]}
    assert schema["items"]["additionalProperties"] == {"type": ["integer", "null"]}
    assert schema["items"]["anyOf"] == [{"required": ["a"]}]


def test_only_the_pii_mark_of_x_twilio_is_kept():
    pii = {"handling": "standard", "deleteSla": 30}
    assert convert({"x-twilio": {"pii": pii, "isIEnum": True}}) == {"x-twilio": {"pii": pii}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLenght": 3}, "“maxLenght”"),
        ({"type": "object", "properties": {"a": {"$ref": "#/x"}}}, "/properties/a has the key “$ref”"),
        ({"type": "str"}, "'str'"),
        ({"type": ["string"]}, "type"),
        ({"type": "string", "nullable": "yes"}, "/nullable"),
        ({"type": "string", "maxLength": "3"}, "/maxLength is not valid"),
        ({"type": "string", "pattern": "("}, "/pattern is not valid"),
        ({"type": "integer", "exclusiveMinimum": True}, "no minimum"),
        ({"allOf": {}}, "/allOf"),
        ({"x-twilio": {"new": 1}}, "“new”"),
        ({"properties": []}, "/properties"),
        ([], "list"),
        (None, "NoneType"),
    ],
)
def test_what_the_dialect_does_not_hold_is_refused(schema, words):
    with pytest.raises(PageError) as caught:
        convert(schema)
    assert words in str(caught.value)
    assert "“Properties”, line 7" in str(caught.value)


BOUNDS = st.fixed_dictionaries({}, optional={"minimum": st.integers(-9, 0), "maximum": st.integers(0, 9)})
LENGTHS = st.fixed_dictionaries({}, optional={"minLength": st.integers(0, 3), "maxLength": st.integers(3, 9)})
COMMON = st.fixed_dictionaries({}, optional={"nullable": st.booleans(), "description": st.text(max_size=20)})
SIMPLE = st.one_of(
    st.builds(lambda b, c: {"type": "integer", **b, **c}, BOUNDS, COMMON),
    st.builds(lambda b, c: {"type": "string", **b, **c}, LENGTHS, COMMON),
    st.builds(lambda c: {"type": "boolean", **c}, COMMON),
)
SCHEMAS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda i, c: {"type": "array", "items": i, **c}, inner, COMMON),
        st.builds(
            lambda p, c: {"type": "object", "properties": p, **c},
            st.dictionaries(st.text(max_size=4), inner, max_size=3), COMMON,
        ),
    ),
    max_leaves=6,
)  # fmt: skip


def _back(schema):
    """2020-12 to the page's style, for what the strategies above make."""
    kind = schema.get("type")
    back = {k: v for k, v in schema.items() if k not in {"type", "items", "properties"}}
    back |= {"type": kind[0], "nullable": True} if isinstance(kind, list) else {"type": kind}
    if "items" in schema:
        back["items"] = _back(schema["items"])
    if "properties" in schema:
        back["properties"] = {name: _back(value) for name, value in schema["properties"].items()}
    return back


def _plain(schema):
    plain = {k: v for k, v in schema.items() if k != "description" and (k, v) != ("nullable", False)}
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    if "properties" in plain:
        plain["properties"] = {name: _plain(value) for name, value in plain["properties"].items()}
    return plain


@given(SCHEMAS)
def test_every_property_schema_comes_back_whole(schema):
    converted = convert(schema)
    check_schema(converted)
    assert _back(converted) == _plain(schema)
