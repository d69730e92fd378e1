"""Waivers: rules that a target is known to fail, each with a reason, read from a YAML file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import UsageError
from conformance.rules import Catalogue

KEYS = {"rule", "reason", "expires"}


@dataclass(frozen=True, slots=True)
class Waiver:
    """`expires` is the last day on which it holds."""

    rule_id: str
    reason: str
    expires: dt.date | None = None


def parse_waivers(document: Any, catalogue: Catalogue, *, today: dt.date, source: str) -> dict[str, Waiver]:
    """The waivers by rule id from the parsed file: a list of `{rule, reason, expires?}`.

    An expired waiver no longer waives. Raises UsageError for anything that is not of this form.
    """
    if document is None:
        return {}
    if not isinstance(document, list):
        raise UsageError(f"{source} must hold a list of waivers, each with 'rule' and 'reason'")
    waivers: dict[str, Waiver] = {}
    for number, entry in enumerate(document, start=1):
        where = f"{source}, waiver {number}"
        if not isinstance(entry, dict) or not {"rule", "reason"} <= set(entry) or set(entry) - KEYS:
            raise UsageError(f"{where} must have 'rule' and 'reason', may have 'expires', and nothing else")
        rule_id, reason, expires = entry["rule"], entry["reason"], entry.get("expires")
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError(f"{where} needs a reason in words")
        if expires is not None and (not isinstance(expires, dt.date) or isinstance(expires, dt.datetime)):
            raise UsageError(f"{where}: 'expires' must be a day such as 2030-01-31")
        if str(rule_id) not in catalogue:
            raise UsageError(
                f"{where} names {rule_id!r}, which is no rule: 'sync-conformance list' prints all of them."
            )
        if rule_id in waivers:
            raise UsageError(f"{where} waives {rule_id} a second time")
        if expires is None or expires >= today:
            waivers[rule_id] = Waiver(rule_id, " ".join(reason.split()), expires)
    return waivers


def load_waivers(path: Path | None, catalogue: Catalogue, *, today: dt.date) -> dict[str, Waiver]:
    """Reads and checks a waiver file. Raises UsageError with the file and the entry."""
    if path is None:
        return {}
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"the waiver file {path} can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"the waiver file {path} is not YAML: {' '.join(str(error).split())[:160]}") from None
    return parse_waivers(document, catalogue, today=today, source=str(path))
