"""The answer to a published message holds its data, equal as JSON to what was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import expect_success, json_object, refused, show, succeeded, value
from conformance.messages import compact, same_json
from conformance.outcomes import Failed
from conformance.registry import rule, scenario

DEPTH = 20

PLAIN = ('{"text": "hello"}', '{"text": "world"}', ' {"padded" : "yes" }\n')
EMPTY = "{}"  # whether it is accepted is SIZE-SMALL's matter

TEXTS = (
    "grüße",
    "Привет, мир",
    "العربية \u200f עברית",
    "日本語 한국어 हिन्दी ไทย",
    "😀👩‍👩‍👧🏳️‍🌈𝄞𠀀",
    "e\u0301 \u00e9 \ufb01 \u212b",  # decomposed, composed and compatibility forms stay what they are
    "\u2028\u2029\ufeff\u200b\u00a0",
    'quote " backslash \\ slash / tab \t line \n return \r',
    "a+b %41 %zz &c=d;e #f",  # what forms and URLs treat in their own way
    "<b>&amp;'</b> ${x} {{y}}",
    "  spaces around  ",
)
ESCAPED = (
    r'{"text": "\u00e9\u65e5\u672c"}',
    r'{"text": "\ud83d\ude00"}',
    r'{"text": "\u0041\u0001\u001f\u007f \"\\\/\b\f\n\r\t"}',
    r'{"\u00e9": "\u00E9"}',
)

NUMBERS = (
    (
        "0", "1", "-1", "255", "256", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
        "1234567890123", "9007199254740991", "9007199254740992", "-9007199254740992",
    ),
    (
        "0.1", "-0.5", "1.5", "3.141592653589793", "0.30000000000000004", "1e-7", "1E+2", "1.0", "1e21", "12345.678",
        "0.000001", "1e100", "100000.00001",
    ),
)  # fmt: skip

KEYS = (
    "", " ", "a b", "a.b", "a[0]", "sid", "data", "Data", "0", "-1", "$ref", "__proto__", "constructor", "toString",
    "ключ", "🔑", "k" * 100, "KEY", "key", "'", '"', "\\", "null",
)  # fmt: skip


def _nested(depth: int) -> object:
    inner: object = {}
    for level in range(depth):
        inner = {"in": inner} if level % 2 else [inner]
    return {"in": inner}


STRUCTURES = (
    EMPTY,
    compact({"object": {}, "array": [], "text": "", "null": None, "true": True, "false": False, "zero": 0}),
    compact({"mixed": [1, "1", True, None, [], {}, [[]], [{}], {"a": [None]}], "order": [3, 1, 2, 1]}),
    compact({"nulls": [None, None], "null": None, "deep": {"null": {"null": None}}}),
    compact(_nested(DEPTH)),
    compact({key: index for index, key in enumerate(KEYS)}),
    compact({"one": 1, "true": True, "text": "1", "yes": "true", "none": "null", "json": '{"a": [1]}'}),
    compact({"date": "2024-02-30T00:00:00Z", "number": "00012", "float": "1.0", "list": list(range(200))}),
)


@dataclass(frozen=True, slots=True)
class Echoes:
    """Texts sent as Data to one stream, each with its answer."""

    answers: tuple[tuple[str, Exchange], ...]


def _publish_each(ctx: Context, texts: tuple[str, ...]) -> Echoes:
    stream = ctx.make()
    return Echoes(tuple((text, ctx.streams.publish(stream.sid, text)) for text in texts))


def _expect_echoes(echoes: Echoes) -> None:
    for text, exchange in echoes.answers:
        if text == EMPTY and refused(exchange):
            continue
        expect_success(exchange, f"the message {show(text)} to be accepted (2xx)")
        sent, came = json.loads(text), value(json_object(exchange), "data", exchange)
        if not same_json(sent, came):
            expected, got = _difference(sent, came)
            raise Failed(f"in 'data' the value that was sent, {expected}", got, exchange)


def _difference(sent: object, came: object, where: str = "") -> tuple[str, str]:
    """Where two values differ first, so that a message need not show them whole."""
    at = f" at {where}" if where else ""
    if isinstance(sent, dict) and isinstance(came, dict) and sent.keys() == came.keys():
        pairs = [(f"{where}[{key!r}]", sent[key], came[key]) for key in sent]
    elif isinstance(sent, list) and isinstance(came, list) and len(sent) == len(came):
        pairs = [(f"{where}[{index}]", one, other) for index, (one, other) in enumerate(zip(sent, came, strict=True))]
    else:
        return f"{show(sent)}{at}", f"{show(came)}{at}"
    path, one, other = next(pair for pair in pairs if not same_json(pair[1], pair[2]))
    return _difference(one, other, path)


@scenario()
def plain_data(ctx: Context) -> Echoes:
    """A stream is sent small objects, two of them of one length, and one with white space around it."""
    return _publish_each(ctx, PLAIN)


@scenario()
def plain_data_by_name(ctx: Context) -> Echoes:
    """A stream is sent a small object by its name."""
    ctx.make("named")
    return Echoes(((PLAIN[0], ctx.streams.publish(ctx.name("named"), PLAIN[0])),))


@rule("PUBLISH-ECHO")
def test_data_comes_back(plain_data: Echoes, plain_data_by_name: Echoes) -> None:
    """Every message must be accepted, and the value under "data" must equal what was sent, type included."""
    _expect_echoes(plain_data)
    if succeeded(plain_data_by_name.answers[0][1]):  # whether it is accepted is PUBLISH-BY-NAME's matter
        _expect_echoes(plain_data_by_name)


@scenario()
def text_data(ctx: Context) -> Echoes:
    """A stream is sent text in many scripts, with combining, invisible and control characters, raw and escaped."""
    return _publish_each(ctx, (*(compact({"text": text}) for text in TEXTS), *ESCAPED))


@rule("PUBLISH-ECHO-UNICODE")
def test_text_comes_back(text_data: Echoes) -> None:
    """Every text must come back character by character."""
    _expect_echoes(text_data)


@scenario()
def number_data(ctx: Context) -> Echoes:
    """A stream is sent integers up to 2^53 in size and fractions with up to seventeen digits."""
    return _publish_each(ctx, tuple(f'{{"n":[{",".join(texts)}]}}' for texts in NUMBERS))


@rule("PUBLISH-ECHO-NUMBERS")
def test_numbers_come_back(number_data: Echoes) -> None:
    """Every number must come back with the same value as a double, and as a number."""
    _expect_echoes(number_data)


@scenario()
def structured_data(ctx: Context) -> Echoes:
    """A stream is sent empty, null, mixed and deeply nested values, and keys of many forms."""
    return _publish_each(ctx, STRUCTURES)


@rule("PUBLISH-ECHO-STRUCTURE")
def test_structures_come_back(structured_data: Echoes) -> None:
    """Every value must come back with the same keys, the same order in arrays and the same types."""
    _expect_echoes(structured_data)
