"""Searching text for a secret in the forms it may have been given, and taking it out.

A secret shorter than `SHORTEST` characters is not searched for: `test` as a password would be found in every other
word. It is still taken out of the places that are made for credentials (headers, cookies, named fields).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

SHORTEST = 8
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescape_one(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if code[0] == "u" and len(code) == 5 else _SIMPLE.get(code, code)


def unescape(text: str) -> str:
    """JSON (and YAML double-quoted) escapes undone, wherever they stand."""
    plain = _ESCAPE.sub(_unescape_one, text)
    try:  # two escapes that together are one character beyond the first 65,536
        return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    except UnicodeDecodeError:
        return plain


def views(text: str, depth: int = 3) -> Iterator[str]:
    """The text, and what it says after undoing percent-encoding, `+` for a space and escapes up to `depth` times."""
    seen = {text}
    layer = [text]
    yield text
    for _ in range(depth):
        following: list[str] = []
        for view in layer:
            for decoded in (
                unquote(view) if "%" in view else view,
                unescape(view) if "\\" in view else view,
                view.replace("+", " "),
            ):
                if decoded not in seen:
                    seen.add(decoded)
                    following.append(decoded)
                    yield decoded
        layer = following


@lru_cache(maxsize=4096)
def base64_cores(secret: bytes) -> tuple[str, ...]:
    """What base64 text that holds the secret must contain, for each of the three ways it can be aligned."""
    found = []
    for shift, skip in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * shift + secret).decode()
        core = encoded[skip : (shift + len(secret)) * 8 // 6]
        found.append(core)
        if "+" in core or "/" in core:
            found.append(core.replace("+", "-").replace("/", "_"))
        if "+" in core:  # put into a form as it is, and read as a form
            found.append(core.replace("+", " "))
    return tuple(found)


def base64_run(core: str) -> re.Pattern[str]:
    """All of the base64 text around a core."""
    return re.compile(rf"[A-Za-z0-9+/_-]*{re.escape(core)}[A-Za-z0-9+/_-]*={{0,2}}")


@lru_cache(maxsize=4096)
def plain_forms(secret: str) -> tuple[str, ...]:
    """The secret as it may stand in text, longest first, base64 apart."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {
        secret,
        secret.replace("+", " "),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        raw.decode("latin-1"),
        raw.hex(),
        raw.hex().upper(),
    }
    return tuple(sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=4096)
def _needles(secret: str) -> tuple[str, ...]:
    return plain_forms(secret) + base64_cores(secret.encode("utf-8", "surrogatepass"))


def holds(text: str, secret: str) -> bool:
    """Whether the text holds the secret in any of the forms searched for."""
    needles = _needles(secret)
    return any(needle in view for view in views(text) for needle in needles)


def scrub(text: str, secrets: Iterable[tuple[str, str]]) -> str:
    """The text with each (secret, placeholder) replaced. Base64 that holds a secret goes as a whole.

    Where a secret is hidden in a form that can't be cut out (escapes inside escapes), all of the text goes.
    """
    shown = list(views(text)) if "%" in text or "\\" in text or "+" in text else [text]
    for secret, placeholder in secrets:
        needles = _needles(secret)
        if not any(any(map(view.__contains__, needles)) for view in shown):
            continue
        for form in plain_forms(secret):
            text = text.replace(form, placeholder)
        for core in base64_cores(secret.encode("utf-8", "surrogatepass")):
            if core in text:
                text = base64_run(core).sub(placeholder, text)
        if holds(text, secret):
            text = placeholder
        shown = list(views(text))
    return text
