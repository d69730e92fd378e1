"""Templates, style and script of the pages, put together into one file that needs no network."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from conformance.report.text import visible


def render(template: str, **context: Any) -> str:
    """The page as HTML. Every value is escaped, and shows its invisible characters, unless it is `Markup`."""
    style, script = _text("page.css"), _text("page.js")
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704
            policy=_policy(style, script),
            **context,
        )
    )


@cache
def _environment() -> Environment:
    def finalize(value: Any) -> Any:
        return visible(value, keep="\n\t") if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Only this very style and script may run, and nothing may be loaded: a second wall behind the escaping."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
