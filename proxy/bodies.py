"""A body as a person reads it in a cassette, and back to exactly the same bytes.

JSON is laid out over lines, a form as its fields, other text as one quoted string, and anything else as base64.
A layout is only used when undoing it gives the very bytes; otherwise the next one down is taken.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote_plus

# Not allowed in a YAML literal block, or treated by YAML as an end of line.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')
_LINE_START = re.compile(r'(,?)\n *(?:("(?:[^"\\\n]|\\.)*+"): )?')


@dataclass(frozen=True, slots=True)
class Layout:
    """How a body is written: `kind` is json, form, text or base64; `style` says how to get the bytes back.

    `content` is the text for json, text and base64, and the (key, value) pairs for form.
    """

    kind: str
    content: str | tuple[tuple[str, str], ...]
    style: str = ""


def _pretty(tokens: list[str]) -> str:
    """JSON tokens over lines, two spaces a level. The tokens themselves are not touched."""
    out: list[str] = []
    depth = 0
    opened = False
    for token in tokens:
        if token == "}" or token == "]":  # noqa: PLR1714 - this loop is most of the cost of writing
            depth -= 1
            out.append(token if opened else "\n" + "  " * depth + token)
            opened = False
            continue
        if opened:
            out.append("\n" + "  " * depth)
            opened = False
        if token == "{" or token == "[":  # noqa: PLR1714
            depth += 1
            opened = True
            out.append(token)
        elif token == ",":
            out.append(",\n" + "  " * depth)
        else:
            out.append(": " if token == ":" else token)
    return "".join(out)


def _flat(pretty: str, comma: str, colon: str) -> str:
    def join(match: re.Match[str]) -> str:
        return (comma if match.group(1) else "") + (match.group(2) + colon if match.group(2) else "")

    return _LINE_START.sub(join, "\n" + pretty)


_SPACED = {",": ", ", ":": ": "}
JSON_STYLES: dict[str, Callable[[str], str]] = {
    "compact": lambda pretty: _flat(pretty, ",", ":"),
    "spaced": lambda pretty: _flat(pretty, ", ", ": "),
    "indented": lambda pretty: pretty,
    "compact+newline": lambda pretty: _flat(pretty, ",", ":") + "\n",
    "spaced+newline": lambda pretty: _flat(pretty, ", ", ": ") + "\n",
    "indented+newline": lambda pretty: pretty + "\n",
}


def respaced(text: str, *, spaced: bool) -> str:
    """JSON text with the same tokens and other spacing."""
    return JSON_STYLES["spaced" if spaced else "compact"](_pretty(_TOKEN.findall(text)))


def _percent(text: str) -> str:
    return quote(text.encode("utf-8", "surrogateescape"), safe="")


def _whatwg(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogateescape"), safe="*").replace("~", "%7E")


def _plus(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogateescape"))


# What Python's urlencode, browsers and Node's URLSearchParams, and strict RFC 3986 encoders write.
FORM_STYLES: dict[str, Callable[[str], str]] = {"plus": _plus, "whatwg": _whatwg, "percent": _percent}


def split_form(text: str) -> list[tuple[str, str]]:
    """The fields as they stand, percent-encoding untouched; a field without `=` has an empty value."""
    pieces = (piece.partition("=") for piece in text.split("&") if piece)
    return [(key, value) for key, _, value in pieces]


def decode_field(text: str) -> str:
    """A form or query field decoded; bytes that are not UTF-8 survive as surrogates."""
    return unquote_plus(text, errors="surrogateescape") if "%" in text or "+" in text else text


def encode_field(text: str) -> str:
    """A form or query field as Python's urlencode would write it."""
    return _plus(text)


def lay_out(body: bytes, media_type: str) -> Layout:
    """The most readable layout that gives exactly these bytes back."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return Layout("base64", base64.b64encode(body).decode())
    if media_type == "application/x-www-form-urlencoded":
        form = _form(text)
        if form is not None:
            return form
    elif media_type.endswith("json") or text[:1] in ("{", "["):
        laid_out = _json(text)
        if laid_out is not None:
            return laid_out
    if "\0" in text:
        return Layout("base64", base64.b64encode(body).decode())
    return Layout("text", text)


def _form(text: str) -> Layout | None:
    pairs = tuple((decode_field(key), decode_field(value)) for key, value in split_form(text))
    if not pairs or any(_surrogate(part) for pair in pairs for part in pair):
        return None
    for style, encode in FORM_STYLES.items():
        if "&".join(f"{encode(key)}={encode(value)}" for key, value in pairs) == text:
            return Layout("form", pairs, style)
    return None


def _surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _json(text: str) -> Layout | None:
    if UNPRINTABLE.search(text):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    tokens = _TOKEN.findall(text)
    line, end = (text[:-1], "+newline") if text.endswith("\n") else (text, "")
    # Each of these is what its style makes of the tokens again when the file is read.
    if "".join(tokens) == line:
        style = "compact"
    elif "".join([_SPACED.get(token, token) for token in tokens]) == line:
        style = "spaced"
    elif _pretty(tokens) == line:
        style = "indented"
    else:
        return None
    return Layout("json", _pretty(tokens), style + end)


def restore(layout: Layout) -> bytes:
    """The bytes that were laid out. Raises ValueError for a style or base64 that can't be."""
    if isinstance(layout.content, tuple):
        encode = FORM_STYLES.get(layout.style)
        if encode is None:
            raise ValueError(f"the form style {layout.style!r} is not one of {', '.join(FORM_STYLES)}")
        return "&".join(f"{encode(key)}={encode(value)}" for key, value in layout.content).encode()
    if layout.kind == "json":
        flatten = JSON_STYLES.get(layout.style)
        if flatten is None:
            raise ValueError(f"the JSON style {layout.style!r} is not one of {', '.join(JSON_STYLES)}")
        return flatten(layout.content).encode()
    if layout.kind == "base64":
        return base64.b64decode(layout.content.replace("\n", ""), validate=True)
    return layout.content.encode()
