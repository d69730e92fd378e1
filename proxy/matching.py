"""When two requests are the same one: compared by what they mean, not by how they were written.

Both sides are redacted requests. Account and service sids are variables: they count for which places hold the same
sid, and which sid it is gets bound when a request is looked up (`proxy.player`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import quote, unquote_to_bytes, urlsplit

from conformance.exchange import Request
from proxy.bodies import decode_field, split_form
from proxy.document import media_type
from proxy.pseudonyms import TOKEN, canonical_json
from proxy.redaction import FORM, PLACEHOLDER
from proxy.rules import snake

LANE = "X-Conformance-Scenario"
_VARIABLE = re.compile(r"(?:AC|IS)[0-9a-fA-F]{32}")
_SIMPLE_PATH = re.compile(r"[A-Za-z0-9/_.-]*\Z")
_PATH_SAFE = "-._~!$&'()*+,;=:@"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a request is looked up by.

    `parts` name each thing compared, sids already replaced by `{AC#0}`; `bound` are the sids, in order of appearance;
    `exact` is the key with them, `loose` without. `account` and `credential` only decide between equal candidates.
    """

    parts: tuple[Part, ...]
    bound: tuple[str, ...]
    exact: bytes
    loose: bytes
    account: str
    credential: str

    @property
    def title(self) -> str:
        """`POST /v1/Services/{IS#0}/Streams`, the same for all requests of one method and path."""
        found = dict(self.parts[:4])
        return f"{found['method']} {found['path']}"


def logical_host(url: str) -> str:
    """The host in lower case, with the port unless it is the scheme's own."""
    split = urlsplit(url)
    try:
        port = split.port
    except ValueError:
        port = None
    host = (split.hostname or "").rstrip(".")
    return host if port is None or port == _DEFAULT_PORTS.get(split.scheme.lower()) else f"{host}:{port}"


def _path(path: str) -> str:
    if _SIMPLE_PATH.match(path):
        return path or "/"
    return "/".join(quote(unquote_to_bytes(segment), safe=_PATH_SAFE) for segment in path.split("/"))


def _field(name: str, value: str) -> str:
    if snake(name) == "data":
        canonical = canonical_json(value)
        return value if canonical is None else canonical
    return value


def _fields(kind: str, text: str) -> Iterator[Part]:
    pairs = [(decode_field(key), decode_field(value)) for key, value in split_form(text)]
    pairs.sort(key=lambda pair: pair[0])  # stable: values of a repeated key keep their order
    for name, value in pairs:
        yield f"{kind} {name}", _field(name, value)


def _body(request: Request) -> Iterator[Part]:
    if not request.body:
        return
    kind = media_type(request.headers)
    text = request.body.decode("utf-8", "surrogateescape")
    if kind == FORM:
        yield from _fields("form field", text)
        return
    canonical = canonical_json(text) if kind.endswith("json") or text[:1] in ("{", "[") else None
    yield "body", text if canonical is None else canonical


def credential(request: Request) -> tuple[str, str, str]:
    """Whether credentials were given, the account and the placeholder of the secret, from a redacted request."""
    value = request.headers.get("Authorization")
    if value is None:
        return "none", "", ""
    user, _, secret = value.partition(" ")[2].partition(":")
    return "given", user if _VARIABLE.fullmatch(user) else "", secret or user


def lookup(request: Request, scenario: str = "") -> Lookup:
    """How a redacted request is looked up. `scenario` counts where the request does not name its own."""
    split = urlsplit(request.url)
    given, account, secret = credential(request)
    parts = [
        ("method", request.method.upper()),
        ("path", _path(split.path)),
        ("host", logical_host(request.url)),
        ("credentials", given),
        ("scenario", request.headers.get(LANE) or scenario),
    ]
    if split.query:
        parts += _fields("query parameter", split.query)
    parts += _body(request)
    bound: list[str] = []
    shown = [(name, _general(value, bound)) for name, value in parts]
    text = "\0".join([f"{name}\1{value}" for name, value in shown]).encode("utf-8", "surrogatepass")
    loose = blake2b(text, digest_size=16).digest()
    exact = blake2b("\0".join(bound).encode(), key=loose, digest_size=16).digest() if bound else loose
    return Lookup(tuple(shown), tuple(bound), exact, loose, account, secret)


def _general(value: str, bound: list[str]) -> str:
    """The value with sids as variables and the length of pseudonyms and numbers of placeholders left out."""
    if "pii-" in value:
        value = TOKEN.sub(r"pii-\1", value)
    if "redacted-" in value:
        value = PLACEHOLDER.sub("redacted", value)
    if "AC" not in value and "IS" not in value:
        return value

    def variable(found: re.Match[str]) -> str:
        sid = found.group()
        if sid not in bound:
            bound.append(sid)
        return f"{{{sid[:2]}#{bound.index(sid)}}}"

    return _VARIABLE.sub(variable, value)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which two requests differ; None where one of them has nothing there."""

    name: str
    recorded: str | None
    asked: str | None

    def __str__(self) -> str:
        return f"{self.name}: recorded {_shown(self.recorded)}, asked {_shown(self.asked)}"


def _shown(value: str | None) -> str:
    if value is None:
        return "nothing"
    return repr(value if len(value) <= 120 else f"{value[:100]}… ({len(value)} characters)")


def differences(recorded: Lookup, asked: Lookup) -> tuple[Difference, ...]:
    """Everything in which the two differ, in the order in which it is compared; sids last."""
    found = []
    ours, theirs = _grouped(recorded.parts), _grouped(asked.parts)
    for name in dict.fromkeys((*ours, *theirs)):
        mine, other = ours.get(name, []), theirs.get(name, [])
        for at in range(max(len(mine), len(other))):
            left = mine[at] if at < len(mine) else None
            right = other[at] if at < len(other) else None
            if left != right:
                found.append(Difference(name, left, right))
    if recorded.loose == asked.loose and recorded.bound != asked.bound:
        pairs = zip(recorded.bound, asked.bound, strict=True)
        found += [Difference(f"{left[:2]} sid", left, right) for left, right in pairs if left != right]
    return tuple(found)


def _grouped(parts: tuple[Part, ...]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in parts:
        grouped.setdefault(name, []).append(value)
    return grouped
