"""One interaction as the text of one YAML document, written always in the same way, and read back.

What was written here is read by one regular expression, which is also the check of its layout. A document that
somebody edited goes through `proxy.edited`, a YAML parser that knows lines. Both give the same value.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from conformance.exchange import Headers, Request, Response
from proxy.bodies import FORM_STYLES, JSON_STYLES, Layout, lay_out, restore

_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[^\"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]*\Z")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One recorded request with its answer, as it stands in the cassette: secrets out, pseudonyms in.

    `sent` and `received` are seconds since the header's `started`. `base` is what stands in the answer for the scheme
    and authority that the client asked.
    """

    number: int
    sent: float
    received: float
    request: Request
    response: Response | None = None
    error: str | None = None
    scenario: str = ""
    base: str = ""
    digest: str = field(default="", compare=False)


def quoted(text: str) -> str:
    """A double-quoted scalar that is both YAML and JSON."""
    if _PLAIN.match(text):
        return f'"{text}"'
    if _SURROGATE.search(text):  # bytes that were not UTF-8 where text was expected
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(text, ensure_ascii=False))


def flow(value: Any) -> str:
    """Any JSON value on one line of YAML."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return json.dumps(value, allow_nan=False)


def _headers(headers: Headers) -> str:
    if not headers.items:
        return "  headers: []\n"
    return "  headers:\n" + "".join(f"  - [{quoted(name)}, {quoted(value)}]\n" for name, value in headers.items)


def _block(content: str) -> str:
    return "|\n      " + content.replace("\n", "\n      ") + "\n"


def _body(body: bytes, media_type: str) -> str:
    if not body:
        return ""
    layout = lay_out(body, media_type)
    if isinstance(layout.content, tuple):
        fields = "".join(f"    - [{quoted(key)}, {quoted(value)}]\n" for key, value in layout.content)
        return f"  body:\n    form:\n{fields}    style: {quoted(layout.style)}\n"
    if layout.kind == "json":
        return f"  body:\n    json: {_block(layout.content)}    style: {quoted(layout.style)}\n"
    if layout.kind == "base64":
        lines = "\n".join(layout.content[at : at + 76] for at in range(0, len(layout.content), 76))
        return f"  body:\n    base64: {_block(lines)}"
    return f"  body:\n    text: {quoted(layout.content)}\n"


def media_type(headers: Headers) -> str:
    """The content type without its parameters, lower case."""
    return (headers.get("Content-Type") or "").split(";")[0].strip().lower()


def digest_of(text: str) -> str:
    """The digest line's value for a document's text up to that line."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:32]


def write(interaction: Interaction) -> str:
    """The document without its leading `---`, the digest line last."""
    request, response = interaction.request, interaction.response
    parts = [f"interaction: {interaction.number}\n"]
    if interaction.scenario:
        parts.append(f"scenario: {quoted(interaction.scenario)}\n")
    if interaction.base:
        parts.append(f"base: {quoted(interaction.base)}\n")
    parts.append(f"sent: {interaction.sent:.6f}\nreceived: {interaction.received:.6f}\n")
    parts.append(f"request:\n  method: {quoted(request.method)}\n  url: {quoted(request.url)}\n")
    parts += _headers(request.headers), _body(request.body, media_type(request.headers))
    if response is not None:
        parts.append(f"response:\n  status: {response.status}\n  reason: {quoted(response.reason)}\n")
        parts += _headers(response.headers), _body(response.body, response.media_type)
    else:
        parts.append(f"error: {quoted(interaction.error or 'the connection failed')}\n")
    text = "".join(parts)
    return f'{text}digest: "{digest_of(text)}"\n'


_S = r'"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+"'
_HEADERS = rf"  headers:(?: \[\]|(?P<{{0}}_headers>(?:\n  - \[{_S}, {_S}\])++))\n"
_JSON_STYLE, _FORM_STYLE = "|".join(map(re.escape, JSON_STYLES)), "|".join(FORM_STYLES)
_BODY = (
    rf"(?:  body:\n    (?:text: (?P<{{0}}_text>{_S})\n"
    r"|base64: \|\n(?P<{0}_base64>(?:      [A-Za-z0-9+/=]+\n)++)"
    rf"|json: \|\n(?P<{{0}}_json>(?:      [^\n]*+\n)++)    style: \"(?P<{{0}}_spacing>{_JSON_STYLE})\"\n"
    rf"|form:(?P<{{0}}_form>(?:\n    - \[{_S}, {_S}\])++)\n    style: \"(?P<{{0}}_style>{_FORM_STYLE})\"\n))?"
)
_DOCUMENT = re.compile(
    rf"interaction: (?P<number>[1-9][0-9]{{0,9}})\n(?:scenario: (?P<scenario>{_S})\n)?(?:base: (?P<base>{_S})\n)?"
    r"sent: (?P<sent>-?[0-9]{1,12}\.[0-9]{6})\nreceived: (?P<received>-?[0-9]{1,12}\.[0-9]{6})\n"
    rf"request:\n  method: (?P<method>{_S})\n  url: (?P<url>{_S})\n"
    + (_HEADERS + _BODY).replace("{0}", "q")
    + rf"(?:response:\n  status: (?P<status>[1-9][0-9]{{2}})\n  reason: (?P<reason>{_S})\n"
    + (_HEADERS + _BODY).replace("{0}", "a")
    + rf"|error: (?P<error>{_S})\n)"
    + r'(?P<tail>digest: "(?P<digest>sha256:[0-9a-f]{32})"\n)'
)


def _string(text: str | None) -> str:
    if text is None:
        return ""
    return text[1:-1] if "\\" not in text else _whole(json.loads(text))


def _whole(text: str) -> str:
    if _SURROGATE.search(text):
        raise ValueError("half of a surrogate pair")
    return text


def _pairs(block: str | None, indent: str) -> tuple[tuple[str, str], ...]:
    if block is None:
        return ()
    pairs = json.loads("[" + block.replace(f"\n{indent}- ", ",")[1:] + "]")
    if "\\" in block:
        return tuple((_whole(name), _whole(value)) for name, value in pairs)
    return tuple((name, value) for name, value in pairs)


def _read_body(found: re.Match[str], side: str) -> bytes:
    text = found[f"{side}_text"]
    if text is not None:
        return _string(text).encode()
    laid_out = found[f"{side}_json"]
    if laid_out is not None:
        return restore(Layout("json", laid_out.replace("\n      ", "\n")[6:-1], found[f"{side}_spacing"]))
    form = found[f"{side}_form"]
    if form is not None:
        return restore(Layout("form", _pairs(form, "    "), found[f"{side}_style"]))
    encoded = found[f"{side}_base64"]
    return b"" if encoded is None else restore(Layout("base64", encoded.replace(" ", "")))


def match(text: str) -> re.Match[str] | None:
    """The document taken apart, or None when it isn't laid out as `write` does it."""
    return _DOCUMENT.fullmatch(text)


def read_request(found: re.Match[str]) -> Request:
    """The request of a matched document; raises ValueError."""
    return Request(
        _string(found["method"]),
        _string(found["url"]),
        Headers(_pairs(found["q_headers"], "  ")),
        _read_body(found, "q"),
    )


def read_answer(found: re.Match[str], request: Request) -> Interaction:
    """The interaction of a matched document with this request, whose own is not read; raises ValueError."""
    response = None
    if found["status"] is not None:
        headers = Headers(_pairs(found["a_headers"], "  "))
        response = Response(int(found["status"]), _string(found["reason"]), headers, _read_body(found, "a"))
    return Interaction(
        number=int(found["number"]),
        sent=float(found["sent"]),
        received=float(found["received"]),
        request=request,
        response=response,
        error=None if found["error"] is None else _string(found["error"]),
        scenario=_string(found["scenario"]),
        base=_string(found["base"]),
        digest=found["digest"],
    )


def read(found: re.Match[str]) -> Interaction:
    """The interaction of a matched document; raises ValueError."""
    return read_answer(found, read_request(found))


def scenario_of(found: re.Match[str]) -> str:
    """The scenario of a matched document."""
    return _string(found["scenario"])
