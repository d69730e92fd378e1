"""OpenAPI Overlay 1.0 (https://spec.openapis.org/overlay/v1.0.0): what other sources add to what the page says.

Two rules are stricter than the specification, so that an addition can neither vanish nor be of unknown origin: a
target that selects nothing is an error, and every action names its source in `x-source`, which begins with one of the
words in `BASES` and a colon.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schemas import jsonpath
from schemas.errors import OverlayError

BASES = ("page", "doc", "seen", "client", "open")
_ACTION_KEYS = {"target", "description", "update", "remove"}
_KEYS = {"overlay", "info", "extends", "actions"}


@dataclass(frozen=True)
class Action:
    """One change: merge `update` into, or remove, each node that `target` selects."""

    target: str
    source: str
    update: Any = None
    remove: bool = False


@dataclass(frozen=True)
class Overlay:
    """An overlay document; `applies_to` is the name of the resource it is meant for (`info.x-applies-to`), if it
    says so.
    """

    title: str
    version: str
    applies_to: str | None
    actions: tuple[Action, ...]


def read(path: Path) -> Overlay:
    """The overlay in a YAML or JSON file. Raises OverlayError when it cannot be read or breaks the specification."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OverlayError(f"The overlay {path} cannot be read: {error}") from error
    return parse(document)


def parse(document: Any) -> Overlay:
    """The overlay in a parsed document."""
    if not isinstance(document, dict) or document.get("overlay") != "1.0.0":
        raise OverlayError("The overlay does not say “overlay: 1.0.0”.")
    _refuse_unknown(document, _KEYS, "The overlay")
    info, actions = document.get("info"), document.get("actions")
    if not isinstance(info, dict) or not isinstance(info.get("title"), str) or not isinstance(info.get("version"), str):
        raise OverlayError("The overlay's info needs a title and a version, both strings.")
    if not isinstance(actions, list) or not actions:
        raise OverlayError("The overlay has no actions.")
    return Overlay(
        title=info["title"],
        version=info["version"],
        applies_to=info.get("x-applies-to"),
        actions=tuple(_action(action, number) for number, action in enumerate(actions, start=1)),
    )


def apply(document: dict[str, Any], overlay: Overlay) -> dict[str, Any]:
    """A copy of `document` with all actions applied in order."""
    changed = copy.deepcopy(document)
    for number, action in enumerate(overlay.actions, start=1):
        locations = jsonpath.find(changed, action.target)
        if not locations:
            raise OverlayError(f"Action {number} of the overlay selects nothing: {action.target}")
        # From the back, so that removing an entry of a list does not move those still to be removed.
        for location in reversed(locations):
            if action.remove:
                _remove(changed, location, number)
            else:
                _update(jsonpath.at(changed, location), action, number)
    return changed


def _action(source: Any, number: int) -> Action:
    if not isinstance(source, dict) or not isinstance(source.get("target"), str):
        raise OverlayError(f"Action {number} of the overlay has no target.")
    _refuse_unknown(source, _ACTION_KEYS, f"Action {number} of the overlay")
    if ("update" in source) == (source.get("remove") is True):
        raise OverlayError(f"Action {number} of the overlay must either update or remove.")
    basis, colon, rest = str(source.get("x-source", "")).partition(":")
    if basis not in BASES or not colon or not rest.strip():
        raise OverlayError(
            f"Action {number} of the overlay must name its source in x-source: "
            f"one of {', '.join(BASES)}, a colon, and where it stands."
        )
    return Action(source["target"], source["x-source"], source.get("update"), source.get("remove") is True)


def _refuse_unknown(source: dict[str, Any], known: set[str], what: str) -> None:
    unknown = [key for key in source if key not in known and not str(key).startswith("x-")]
    if unknown:
        raise OverlayError(f"{what} has the unknown key “{unknown[0]}”.")


def _remove(document: Any, location: jsonpath.Location, number: int) -> None:
    if not location:
        raise OverlayError(f"Action {number} of the overlay would remove the whole document.")
    del jsonpath.at(document, location[:-1])[location[-1]]


def _update(node: Any, action: Action, number: int) -> None:
    if isinstance(node, list):
        node.append(copy.deepcopy(action.update))
    elif isinstance(node, dict) and isinstance(action.update, dict):
        _merge(node, action.update)
    else:
        raise OverlayError(f"Action {number} of the overlay does not fit what its target selects: {action.target}")


def _merge(node: dict[str, Any], update: dict[str, Any]) -> None:
    """Objects merge key by key, lists grow, anything else is replaced."""
    for key, value in update.items():
        old = node.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(copy.deepcopy(value))
        else:
            node[key] = copy.deepcopy(value)
