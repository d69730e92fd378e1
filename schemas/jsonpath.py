"""The part of JSONPath (RFC 9535) that overlay targets need, found as locations so that they can be changed.

Understood: `$`, `.name`, `['name']`, `["name"]`, `['one', 'two']`, `[0]`, `[-1]`, `.*`, `[*]`, the descendant forms
`..name` and `..*`, and filters that compare members of the current node with literals: `[?@.name == 'Sid']`,
`[?(@.name == 'Sid' && @.in == 'path')]`. Anything else is refused rather than guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.errors import OverlayError

_NAME = r"[A-Za-z_\u0080-\uffff][\w\u0080-\uffff-]*"
_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_SEGMENT = re.compile(
    rf"""(?P<deep>\.\.)?(?:
        (?(deep)|\.)(?P<name>{_NAME}|\*)
      | \[\s*(?:
            (?P<quoted>(?:{_QUOTED})(?:\s*,\s*(?:{_QUOTED}))*)
          | (?P<index>-?\d+)
          | (?P<any>\*)
          | \?\s*(?P<filter>(?:\[(?:{_QUOTED})\]|{_QUOTED}|[^\[\]'"])*)
        )\s*\]
    )""",
    re.VERBOSE,
)
_TERM = re.compile(
    rf"\s*@(?P<path>(?:\.{_NAME}|\[(?:{_QUOTED})\])+)\s*==\s*(?P<literal>{_QUOTED}|-?\d+(?:\.\d+)?|true|false|null)\s*"
)
_MEMBER = re.compile(rf"\.(?P<name>{_NAME})|\[(?P<quoted>{_QUOTED})\]")

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class _Term:
    path: tuple[str, ...]
    literal: Any

    def holds(self, node: Any) -> bool:
        for name in self.path:
            if not isinstance(node, dict) or name not in node:
                return False
            node = node[name]
        return bool(node == self.literal) and isinstance(node, bool) == isinstance(self.literal, bool)


@dataclass(frozen=True)
class _Segment:
    deep: bool
    names: tuple[str, ...] | None = None
    index: int | None = None
    terms: tuple[_Term, ...] | None = None

    def select(self, node: Any) -> Iterator[str | int]:
        if isinstance(node, dict):
            if self.names is not None:
                yield from (name for name in self.names if name in node)
            elif self.index is None:
                yield from (key for key, child in node.items() if self._passes(child))
        elif isinstance(node, list):
            if self.index is not None:
                place = self.index + len(node) if self.index < 0 else self.index
                yield from [place] if 0 <= place < len(node) else []
            elif self.names is None:
                yield from (place for place, child in enumerate(node) if self._passes(child))

    def _passes(self, child: Any) -> bool:
        return self.terms is None or all(term.holds(child) for term in self.terms)


def find(document: Any, path: str) -> list[Location]:
    """The locations of all nodes that `path` selects, in document order. Raises OverlayError for a path outside the
    subset.
    """
    found: list[Location] = [()]
    for segment in _parse(path):
        starts = [deeper for location in found for deeper in _descend(document, location)] if segment.deep else found
        found = [(*location, step) for location in starts for step in segment.select(at(document, location))]
    return list(dict.fromkeys(found))


def at(document: Any, location: Location) -> Any:
    """The node at a location."""
    for step in location:
        document = document[step]
    return document


def _descend(document: Any, location: Location) -> Iterator[Location]:
    yield location
    node = at(document, location)
    steps = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
    for step in steps:
        yield from _descend(document, (*location, step))


def _parse(path: str) -> list[_Segment]:
    if not path.startswith("$"):
        raise OverlayError(f"The target “{path}” does not start with $.")
    segments: list[_Segment] = []
    position = 1
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None:
            raise OverlayError(
                f"The target “{path}” has at “{path[position:]}” something outside the supported JSONPath."
            )
        segments.append(_segment(match, path))
        position = match.end()
    return segments


def _segment(match: re.Match[str], path: str) -> _Segment:
    deep = match["deep"] is not None
    if match["filter"] is not None:
        return _Segment(deep, terms=_terms(match["filter"], path))
    if match["index"] is not None:
        return _Segment(deep, index=int(match["index"]))
    if match["any"] or match["name"] == "*":
        return _Segment(deep)
    if match["name"]:
        return _Segment(deep, names=(match["name"],))
    return _Segment(deep, names=tuple(unquote(text) for text in re.findall(_QUOTED, match["quoted"])))


def _terms(text: str, path: str) -> tuple[_Term, ...]:
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    terms: list[_Term] = []
    position = 0
    while match := _TERM.match(text, position):
        names = tuple(m["name"] or unquote(m["quoted"]) for m in _MEMBER.finditer(match["path"]))
        literal = match["literal"]
        terms.append(_Term(names, unquote(literal) if literal[0] in "'\"" else json.loads(literal)))
        position = match.end()
        if position == len(text):
            return tuple(terms)
        if not text.startswith("&&", position):
            break
        position += 2
    raise OverlayError(f"The target “{path}” has the filter “{text}”, which is outside the supported JSONPath.")


def unquote(text: str) -> str:
    """The string that a quoted JSONPath literal stands for."""
    if text.startswith("'"):
        text = (
            '"'
            + re.sub(r"\\(.)|\"", lambda m: '\\"' if m[1] is None else "'" if m[1] == "'" else m[0], text[1:-1])
            + '"'
        )
    try:
        return str(json.loads(text))
    except json.JSONDecodeError as error:
        raise OverlayError(f"{text} is not a string that JSONPath allows.") from error
