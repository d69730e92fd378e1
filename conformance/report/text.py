"""Text from a target made harmless: nothing in it can move a cursor, hide or rearrange what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable

ENOUGH = 600  # characters of a value on the terminal
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)  # of JSON; a last one may lack its end


def visible(text: str, *, keep: str = "") -> str:
    """Control, formatting and other unprintable characters as `\\uXXXX`; those in `keep` stay as they are.

    That takes care of ANSI escapes, of marks that turn the reading direction, and of invisible characters.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"\\u{ord(c):04x}" for c in text)


def plain(text: str, limit: int = ENOUGH) -> str:
    """One line of bounded length, harmless on a terminal."""
    flat = "".join(" " if c in "\t\n\r" else c for c in text[: limit + 1])
    return visible(flat) if len(text) <= limit else f"{visible(flat[:limit])}… ({len(text)} characters)"


def shorten(text: str, limit: int) -> str:
    """The text, or its beginning with a note of how long it was."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def room(sizes: Iterable[int], total: int, most: int) -> int:
    """How much of each text may be kept so that all of them together take no more than `total`.

    Short ones leave what they don't need to the long ones; none gets more than `most`.
    """
    ordered = sorted(sizes)
    for number, size in enumerate(ordered):
        share = total // (len(ordered) - number)
        if size > share:
            return min(most, share)
        total -= size
    return most


def reindent(text: str) -> str:
    """JSON text with one member a line. Every token stays as it was: evidence is never rewritten.

    Text that is no JSON object or array comes back unchanged.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    out: list[str] = []
    depth = position = 0
    while position < len(text):
        char = text[position]
        if char == '"':
            string = STRING.match(text, position)
            assert string is not None  # one begins here
            out.append(string[0])
            position = string.end()
            continue
        if char in "{[":
            closing = _next_sign(text, position + 1)
            if closing < len(text) and text[closing] in "}]":
                out.append(char + text[closing])
                position = closing + 1
                continue
            depth += 1
            out.append(char + _line(depth))
        elif char in "}]":
            depth = max(0, depth - 1)
            out.append(_line(depth) + char)
        elif char == ",":
            out.append("," + _line(depth))
        elif char == ":":
            out.append(": ")
        elif char not in " \t\r\n":
            out.append(char)
        position += 1
    return "".join(out)


def _line(depth: int) -> str:
    return "\n" + "  " * min(depth, 40)


def _next_sign(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
