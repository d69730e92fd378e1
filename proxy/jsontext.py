"""Changing some values of a JSON text and leaving every other byte as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
# Read from the start of the text, so that each match is one whole string; one before a colon is a key.
_MAYBE_KEY = re.compile(r'("(?:[^"\\]|\\.)*+")(\s*:\s*)?')
_DECODER = json.JSONDecoder()


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def replace_values(text: str, wanted: Callable[[str], bool], replace: Callable[[str, str], str | None]) -> str:
    """The text with the values of the `wanted` keys replaced; text that isn't JSON comes back as it was.

    `replace` gets the key and the JSON text of its value and answers the JSON text to put there, or None to leave
    (and look into) it.
    """
    if not is_json(text):
        return text
    pieces: list[str] = []
    done = 0
    for found in _MAYBE_KEY.finditer(text):
        quoted, colon = found.groups()
        if colon is None or found.start() < done:
            continue
        key = json.loads(quoted) if "\\" in quoted else quoted[1:-1]
        if not wanted(key):
            continue
        _, end = _DECODER.raw_decode(text, found.end())
        changed = replace(key, text[found.end() : end])
        if changed is not None:
            pieces += text[done : found.end()], changed
            done = end
    pieces.append(text[done:])
    return "".join(pieces)


def replace_strings(text: str, change: Callable[[str], str]) -> str:
    """The text with each string, keys included, put through `change`."""

    def restring(found: re.Match[str]) -> str:
        value = json.loads(found.group())
        changed = change(value)
        return found.group() if changed == value else json.dumps(changed)

    return _STRING.sub(restring, text) if is_json(text) else text
