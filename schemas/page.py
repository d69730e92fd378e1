"""From the sections of a documentation page to the model of its resource.

The form that is read: a title; a section whose heading ends in “properties” with the resource's schema, as a JSON
block or as an `<OperationTable>` element; and one section an operation, recognised by a line that is nothing but ``
`METHOD https://…` ``, with subsections “Path parameters”, “Query parameters”, “Headers” and “Request body parameters”
whose first JSON block is the table, and further JSON blocks that are example responses. Anything else on the page is
left alone.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from schemas import dialect, markdown, model, prose
from schemas.errors import Place
from schemas.markdown import Section

_PROPERTIES = re.compile(r"\bpropert(?:y|ies)$", re.IGNORECASE)
_TABLE = re.compile(
    r"(?:(?:path|query|header|cookie|request body|body|form) parameters|(?:request )?headers)$", re.IGNORECASE
)
_BODY = re.compile(r"(?:request body|body|form) parameters$", re.IGNORECASE)
_OPERATION = re.compile(r"\s*`(?P<method>GET|POST|PUT|PATCH|DELETE)\s+(?P<url>https?://[^\s`]+)`\s*$")
_COMPONENT = re.compile(r'\s*<OperationTable type="properties" data=\{(?P<json>\{.*\})\}\s*/>\s*$')
_RESOURCE_WORD = re.compile(r"\s*\(?(?:sub)?\)?-?resources?\)?$", re.IGNORECASE)
_MULTIPLE = re.compile(r"\b(?:list|multiple|all)\b", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[*+-]|\d+\.)\s+(?P<text>.+)")
_BASIC = re.compile(r"(?:^|\s)(?:-u|--user)\s", re.MULTILINE)
_PARAMETER_KEYS = {"name", "in", "description", "schema", "required", "x-twilio", "example", "examples"}
_PARAMETER_KEPT = ("explode", "style", "deprecated", "allowReserved", "allowEmptyValue")
_BODY_KEYS = {"schema", "example", "examples", "encodingType", "conditionalParameterMap", "required", "description"}


def read(text: str) -> model.Resource:
    """The model of the page `text`. Raises PageError, which names the heading and the line, when the page has
    another form.
    """
    sections = markdown.parse(text)
    title = next((section for section in sections if section.level == 1), None)
    if title is None:
        raise Place("", 1).error("the page has no title (a heading that starts with a single #).")
    properties, place = _properties(sections, title)
    name = properties.get("refName")
    operations = tuple(
        _operation(section, match, _own_subsections(sections, index), properties)
        for index, section in enumerate(sections)
        if (match := _operation_line(section))
    )
    _refuse_orphans(sections)
    if not operations:
        raise title.at().error("the page shows no operation: no line is a method and a URL in code.")
    return model.Resource(
        title=title.title,
        stem=_stem(title.title, name),
        model=name,
        schema=dialect.convert(properties, place),
        operations=_without_repeats(operations),
        limits=tuple(_limits(sections)),
    )


def _properties(sections: tuple[Section, ...], title: Section) -> tuple[dict[str, Any], Place]:
    candidates = [s for s in sections if _PROPERTIES.search(s.title) and not _operation_line(s)]
    for section in candidates:
        for value, place in _json_blocks(section):
            if isinstance(value, dict) and "properties" in value:
                return value, place
    if candidates:
        raise candidates[0].at().error("there is no JSON block with the properties of the resource here.")
    raise title.at().error(
        "the page has no section with the properties of the resource (a heading that ends in “properties”)."
    )


def _json_blocks(section: Section) -> list[tuple[Any, Place]]:
    blocks = [
        _parse(match["json"], section, line.number) for line in section.lines if (match := _COMPONENT.match(line.text))
    ]
    return blocks + [_parse(fence.text, section, fence.line) for fence in section.fences if fence.language == "json"]


def _parse(text: str, section: Section, line: int) -> tuple[Any, Place]:
    try:
        return json.loads(text), section.at(line)
    except json.JSONDecodeError as error:
        raise section.at(line + error.lineno - 1).error(
            f"this block is not JSON ({error.msg}, column {error.colno}); is it cut off?"
        ) from error
    except RecursionError as error:
        raise section.at(line).error("this block is nested too deeply to be read.") from error


def _operation_line(section: Section) -> re.Match[str] | None:
    matches = [match for line in section.lines if (match := _OPERATION.match(line.text))]
    if len({(m["method"], m["url"]) for m in matches}) > 1:
        raise section.at().error("more than one method and URL stand under this heading; one operation was expected.")
    return matches[0] if matches else None


def _own_subsections(sections: tuple[Section, ...], index: int) -> list[Section]:
    """The subsections up to the next operation that is nested in this one."""
    own: list[Section] = []
    for section in markdown.below(sections, index):
        if _operation_line(section):
            break
        own.append(section)
    return own


def _refuse_orphans(sections: tuple[Section, ...]) -> None:
    """A parameter table that no operation owns would vanish silently, and its operation with it."""
    owned: set[int] = set()
    for index, section in enumerate(sections):
        if _operation_line(section):
            owned.update(s.line for s in markdown.below(sections, index))
    parent = sections[0]
    for section in sections:
        if section.level == 2:
            parent = section
        if _TABLE.match(section.title) and section.line not in owned:
            raise parent.at().error(
                f"“{section.title}” in line {section.line} belongs to no operation: "
                "no line above it is a method and a URL in code."
            )


def _operation(
    section: Section, match: re.Match[str], subsections: list[Section], properties: dict[str, Any]
) -> model.Operation:
    url = urlsplit(match["url"])
    parameters: list[model.Parameter] = []
    form: model.Form | None = None
    examples: list[model.Example] = []
    for part in [section, *subsections]:
        blocks = _json_blocks(part)
        if part is not section and _TABLE.match(part.title):
            if not blocks:
                raise part.at().error("there is no JSON block with the parameters here.")
            (table, place), *blocks = blocks
            if _BODY.match(part.title):
                form = _form(table, place)
            else:
                parameters += _parameters(table, place)
        examples += [model.Example(value, place) for value, place in blocks]
    _check_path(section, url.path, parameters)
    return model.Operation(
        place=section.at(),
        kind=_kind(section, match["method"], url.path, examples, properties),
        method=match["method"].lower(),
        server=f"{url.scheme}://{url.netloc}",
        path=url.path,
        parameters=tuple(parameters),
        form=form,
        examples=tuple(examples),
        basic_auth=any(_BASIC.search(f.text) for s in [section, *subsections] for f in s.fences if "curl " in f.text),
    )


def _parameters(table: Any, place: Place) -> list[model.Parameter]:
    if not isinstance(table, list):
        raise place.error("a JSON list of parameters was expected here.")
    return [_parameter(entry, place, f"/{index}") for index, entry in enumerate(table)]


def _parameter(source: Any, place: Place, pointer: str) -> model.Parameter:
    entry = dialect.mapping(source, place, pointer)
    unknown = sorted(set(entry) - _PARAMETER_KEYS - set(_PARAMETER_KEPT))
    if unknown:
        raise place.error(f"the parameter at {pointer} has the key “{unknown[0]}”, which this extractor does not know.")
    for key in ("name", "in", "schema"):
        if key not in entry:
            raise place.error(f"the parameter at {pointer} has no “{key}”.")
    if entry["in"] not in {"path", "query", "header", "cookie"}:
        raise place.error(
            f"the parameter at {pointer} is in {entry['in']!r}; path, query, header or cookie was expected."
        )
    extra = {key: entry[key] for key in _PARAMETER_KEPT if key in entry}
    if "x-twilio" in entry:
        extra |= dialect.twilio(entry["x-twilio"], place, f"{pointer}/x-twilio")
    return model.Parameter(
        name=entry["name"],
        location=entry["in"],
        required=bool(entry.get("required", False)),
        schema=dialect.convert(
            entry["schema"], place, pointer=f"{pointer}/schema", description=entry.get("description")
        ),
        extra=extra,
    )


def _form(table: Any, place: Place) -> model.Form:
    entry = dialect.mapping(table, place, "")
    unknown = sorted(set(entry) - _BODY_KEYS)
    if unknown:
        raise place.error(f"the request body has the key “{unknown[0]}”, which this extractor does not know.")
    for key in ("schema", "encodingType"):
        if key not in entry:
            raise place.error(f"the request body has no “{key}”.")
    return model.Form(
        encoding=entry["encodingType"],
        schema=dialect.convert(entry["schema"], place, pointer="/schema"),
        conditional=entry.get("conditionalParameterMap") or {},
    )


def _check_path(section: Section, path: str, parameters: list[model.Parameter]) -> None:
    named = set(re.findall(r"\{([^{}]+)\}", path))
    listed = {p.name for p in parameters if p.location == "path"}
    if missing := sorted(named - listed):
        raise section.at().error(
            f"the URL has {{{missing[0]}}}, which no “Path parameters” section describes; is that section missing?"
        )
    if surplus := sorted(listed - named):
        raise section.at().error(f"the path parameter {surplus[0]} is not in the URL {path}.")


def _kind(section: Section, method: str, path: str, examples: list[model.Example], properties: dict[str, Any]) -> str:
    on_item = path.endswith("}")
    if method == "DELETE":
        return model.DELETE
    if method == "GET":
        if any(is_page(example.value) for example in examples):
            return model.LIST
        # A fetch may show no example; a list must, because the shape of a page stands nowhere else.
        if (
            not on_item
            and _MULTIPLE.search(section.title)
            and not any(is_item(example.value, properties) for example in examples)
        ):
            raise section.at().error(
                "this list shows no example response with a “meta” object; "
                "the shape of a page can be read from nothing else."
            )
        return model.FETCH
    return model.CREATE if method == "POST" and not on_item else model.UPDATE


def is_page(value: Any) -> bool:
    """Whether an example is a page of a list: an object with a `meta` object."""
    return isinstance(value, dict) and isinstance(value.get("meta"), dict)


def is_item(value: Any, schema: dict[str, Any]) -> bool:
    """Whether an example is the resource itself: most of its keys are properties of the resource (an error body's
    are not).
    """
    if not isinstance(value, dict) or not value:
        return False
    known = sum(key in schema.get("properties", {}) for key in value)
    return known * 2 > len(value)


def _without_repeats(operations: tuple[model.Operation, ...]) -> tuple[model.Operation, ...]:
    """One operation for each method and path. A page may show one again with another example; anything that differs
    is refused.
    """
    seen: dict[tuple[str, str], model.Operation] = {}
    for operation in operations:
        first = seen.setdefault((operation.method, operation.path), operation)
        if (operation.form or first.form) != first.form or any(p not in first.parameters for p in operation.parameters):
            raise operation.place.error(
                f"{operation.method.upper()} {operation.path} was already described "
                f"in line {first.place.line}, differently."
            )
    return tuple(seen.values())


def _stem(title: str, name: str | None) -> str:
    """`Map Item Resource` → `map_item`; a title without that word gives way to the page's own name for the schema."""
    words = _RESOURCE_WORD.sub("", title)
    if words == title and name:
        words = name.rsplit(".", 1)[-1]
    return "_".join(re.findall(r"[a-z0-9]+", words.lower())) or "resource"


def _limits(sections: tuple[Section, ...]) -> list[prose.Limit]:
    """Limits from the list items under the title, before the first section."""
    return [
        limit
        for section in sections
        if section.level <= 1
        for line in section.lines
        if (match := _BULLET.match(line.text))
        for limit in prose.limits(match["text"])
    ]
