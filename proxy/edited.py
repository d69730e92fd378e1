"""Reading a cassette's documents with a YAML parser: headers, trailers, and interactions that a person has edited.

Only the nodes are taken from PyYAML (no Python objects are ever made from tags), and each value has to be of the
type the format says: `+1555…` without quotes is a number to YAML and is refused, with its line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from conformance.exchange import Headers, Request, Response
from proxy.bodies import Layout, restore
from proxy.document import Interaction
from proxy.errors import CassetteError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


class Reader:
    """One document, with the place it stands in; every complaint is a CassetteError with file and line."""

    def __init__(self, text: str, path: Path, first_line: int) -> None:
        self.path, self.first_line = path, first_line
        try:
            self.root: Any = yaml.compose(text, Loader=_Loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            line = first_line + (mark.line if mark else 0)
            problem = getattr(error, "problem", None) or "it can't be read"
            raise CassetteError(path, line, f"this is not YAML: {problem}.") from None
        except RecursionError:
            raise CassetteError(path, first_line, "this YAML is nested too deeply to be read.") from None
        if self.root is None:
            raise CassetteError(path, first_line, "this document is empty.")

    def fail(self, node: Any, message: str) -> CassetteError:
        return CassetteError(self.path, self.first_line + int(node.start_mark.line), message)

    def fields(self, node: Any, required: str, optional: str = "") -> dict[str, Any]:
        """The values of a mapping by key; exactly the required keys and some of the optional ones."""
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"here should be a mapping with the keys {required}.")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = self.text(key, "a key")
            if name in found:
                raise self.fail(key, f"the key {name!r} occurs twice.")
            if name not in required.split() and name not in optional.split():
                raise self.fail(key, f"the key {name!r} has no place here; there may be {required} {optional}.")
            found[name] = value
        for name in required.split():
            if name not in found:
                raise self.fail(node, f"the key {name!r} is missing.")
        return found

    def value_of(self, name: str) -> Any:
        """The value of one key of the document, or None."""
        pairs = self.root.value if isinstance(self.root, yaml.MappingNode) else ()
        return next((value for key, value in pairs if key.value == name), None)

    def text(self, node: Any, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag != _TAG + "str":
            shown = f" ({node.value!r} is read as {node.tag.removeprefix(_TAG)})" if hasattr(node, "tag") else ""
            raise self.fail(node, f"{what} should be a string in quotes{shown}.")
        return str(node.value)

    def whole(self, node: Any, what: str) -> int:
        value = self.plain(node)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(node, f"{what} should be a whole number.")
        return value

    def number(self, node: Any, what: str) -> float:
        value = self.plain(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(node, f"{what} should be a number.")
        return float(value)

    def boolean(self, node: Any, what: str) -> bool:
        value = self.plain(node)
        if not isinstance(value, bool):
            raise self.fail(node, f"{what} should be true or false.")
        return value

    def items(self, node: Any, what: str) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.fail(node, f"{what} should be a list.")
        return list(node.value)

    def pairs(self, node: Any, what: str) -> tuple[tuple[str, str], ...]:
        found = []
        for item in self.items(node, what):
            pair = self.items(item, f"each of {what}")
            if len(pair) != 2:
                raise self.fail(item, f"each of {what} should be a list of two strings.")
            found.append((self.text(pair[0], f"a name in {what}"), self.text(pair[1], f"a value in {what}")))
        return tuple(found)

    def plain(self, node: Any) -> Any:
        """Any value made of mappings, lists, strings, numbers, booleans and null."""
        if isinstance(node, yaml.MappingNode):
            return {self.text(key, "a key"): self.plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item) for item in node.value]
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return str(node.value)
        if kind == "null":
            return None
        if kind == "bool":
            return node.value.lower() in ("true", "yes", "on")
        try:
            if kind == "int":
                return int(node.value)
            if kind == "float":
                return float(node.value)
        except ValueError:
            pass
        raise self.fail(node, f"{node.value!r} is read as {kind}; put it in quotes if it is text.")


def read_interaction(text: str, path: Path, first_line: int) -> Interaction:
    """An interaction in any lawful YAML layout; raises CassetteError."""
    reader = Reader(text, path, first_line)
    top = reader.fields(reader.root, "interaction sent received request", "scenario base response error digest")
    if ("response" in top) == ("error" in top):
        raise reader.fail(reader.root, "an interaction has either a `response` or an `error`.")
    asked = reader.fields(top["request"], "method url headers", "body")
    request = Request(
        reader.text(asked["method"], "method"),
        reader.text(asked["url"], "url"),
        Headers(reader.pairs(asked["headers"], "headers")),
        _body(reader, asked.get("body")),
    )
    response = None
    if "response" in top:
        given = reader.fields(top["response"], "status reason headers", "body")
        status = reader.whole(given["status"], "status")
        if not 100 <= status <= 999:
            raise reader.fail(given["status"], "status should be between 100 and 999.")
        headers = Headers(reader.pairs(given["headers"], "headers"))
        response = Response(status, reader.text(given["reason"], "reason"), headers, _body(reader, given.get("body")))
    return Interaction(
        number=reader.whole(top["interaction"], "interaction"),
        sent=reader.number(top["sent"], "sent"),
        received=reader.number(top["received"], "received"),
        request=request,
        response=response,
        error=reader.text(top["error"], "error") if "error" in top else None,
        scenario=reader.text(top["scenario"], "scenario") if "scenario" in top else "",
        base=reader.text(top["base"], "base") if "base" in top else "",
        digest=reader.text(top["digest"], "digest") if "digest" in top else "",
    )


def _body(reader: Reader, node: Any) -> bytes:
    if node is None:
        return b""
    found = reader.fields(node, "", "text json form base64 style")
    kinds = [kind for kind in ("text", "json", "form", "base64") if kind in found]
    if len(kinds) != 1:
        raise reader.fail(node, "a body has exactly one of text, json, form and base64.")
    kind = kinds[0]
    if ("style" in found) != (kind in ("json", "form")):
        raise reader.fail(node, "a `style` belongs to the json and form layouts, which need one.")
    style = reader.text(found["style"], "style") if "style" in found else ""
    content: str | tuple[tuple[str, str], ...]
    if kind == "form":
        content = reader.pairs(found[kind], "form")
    else:
        content = reader.text(found[kind], kind)
        content = content.removesuffix("\n") if kind == "json" else content
    try:
        return restore(Layout(kind, content, style))
    except ValueError as error:
        raise reader.fail(node, f"this body can't be restored: {error}.") from None
