"""Redaction rules: what never reaches a cassette, and what stands there instead.

A rule says where to look (`place`), for which name or text (`match`, a regular expression that must match all of the
name; case is ignored and `UniqueName` is read as `unique_name`) and what to do (`action`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from proxy.errors import RuleError

PLACES = ("header", "cookie", "userinfo", "field", "path", "text")
ACTIONS = ("secret", "pseudonym", "payload", "sid")


@dataclass(frozen=True, slots=True)
class Rule:
    """`place`: header, cookie (a header of cookies), userinfo (in a URL), field (query, form, JSON), path (the segment
    after a collection's name) or text (anywhere). `action`: secret (taken out), pseudonym, payload (the pseudonym of a
    JSON value) or sid (a well-formed pseudonym)."""

    id: str
    place: str
    match: str
    action: str

    def as_dict(self) -> dict[str, str]:
        return {"id": self.id, "in": self.place, "match": self.match, "action": self.action}


# Without these a credential would reach the disk: they can't be switched off.
ALWAYS = ("credential-headers", "cookies", "url-userinfo")

_CREDENTIAL_HEADER = (
    r"(proxy-)?authorization|(?!i-twilio-idempotency)(.*[-_])?(token|secret|password|api-?key|apikey|access-?key|"
    r"credentials?|session|signature|auth)"
)
_CREDENTIAL_FIELD = (
    r"(?!(.*_)?page_token)(.*_)?(password|passwd|pwd|secret|token|apikey|api_?key|access_?key|private_?key|client_?key|"
    r"credentials?|signature|jwt|authorization|auth)"
)


def builtin(pii_fields: Iterable[str]) -> tuple[Rule, ...]:
    """The rules every recording starts with. `pii_fields` are the property names that the schemas mark."""
    marked = "|".join(sorted({re.escape(snake(name)) for name in pii_fields}))
    return (
        Rule("credential-headers", "header", _CREDENTIAL_HEADER, "secret"),
        Rule("cookies", "cookie", "cookie|set-cookie", "secret"),
        Rule("url-userinfo", "userinfo", ".*", "secret"),
        Rule("credential-fields", "field", _CREDENTIAL_FIELD, "secret"),
        Rule("account-sids", "text", "AC[0-9a-fA-F]{32}", "sid"),
        Rule("pii-fields", "field", marked or "unique_name", "pseudonym"),
        Rule("pii-path", "path", "Streams|Documents|Lists|Maps", "pseudonym"),
        Rule("pii-data", "field", "data", "payload"),
    )


def marked_fields() -> tuple[str, ...]:
    """The properties that the schemas of this installation mark as personal."""
    from schemas import pii_fields  # noqa: PLC0415 - replaying needs no schemas

    return tuple(pii_fields())


@lru_cache(maxsize=1)
def default_rules() -> tuple[Rule, ...]:
    return builtin(marked_fields())


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """`UniqueName`, `unique-name` and `unique_name` as the last of them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).replace("-", "_").lower()


def without_pii(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules for a recording that keeps names and messages (`--keep-pii`)."""
    return tuple(rule for rule in rules if not rule.id.startswith("pii-"))


def from_dict(given: Any, where: str) -> Rule:
    """One rule as it stands in a rules file or a cassette's header; raises RuleError."""
    if not isinstance(given, Mapping) or set(given) != {"id", "in", "match", "action"}:
        raise RuleError(f"{where}: a redaction rule has exactly the keys id, in, match and action, each a string.")
    rule = Rule(given["id"], given["in"], given["match"], given["action"])
    if not all(isinstance(value, str) for value in given.values()):
        raise RuleError(f"{where}: the keys id, in, match and action of a redaction rule are strings; quote them.")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id):
        raise RuleError(f"{where}: the rule id {rule.id!r} should be lower-case words joined by hyphens.")
    if rule.place not in PLACES:
        raise RuleError(f"{where}: rule {rule.id}: `in` is {rule.place!r}; it should be one of {', '.join(PLACES)}.")
    if rule.action not in ACTIONS:
        raise RuleError(f"{where}: rule {rule.id}: `action` is {rule.action!r}; choose one of {', '.join(ACTIONS)}.")
    if rule.action == "payload" and rule.place != "field":
        raise RuleError(f"{where}: rule {rule.id}: the action payload works on fields only.")
    if (rule.action == "sid") and rule.place != "text":
        raise RuleError(f"{where}: rule {rule.id}: the action sid works on text only.")
    try:
        pattern = re.compile(rule.match)
    except re.error as error:
        raise RuleError(f"{where}: rule {rule.id}: `match` is not a regular expression: {error}.") from None
    if pattern.fullmatch("") and rule.place == "text":
        raise RuleError(f"{where}: rule {rule.id}: `match` also matches nothing at all; make it say what to look for.")
    return rule


def load_rules(path: Path, base: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules of a file added to `base`, and what the file switches off taken out; raises RuleError.

    The file is YAML: `rules`, a list as in a cassette's header, and `disable`, a list of rule ids; both may be missing.
    """
    try:
        given = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise RuleError(f"{path}: the rules file can't be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if given is None:
        return base
    if not isinstance(given, dict) or not set(given) <= {"rules", "disable"}:
        raise RuleError(f"{path}: a rules file has the keys `rules` and `disable` and no others.")
    added = [from_dict(rule, str(path)) for rule in given.get("rules") or ()]
    ids = [rule.id for rule in (*base, *added)]
    for rule_id in ids:
        if ids.count(rule_id) > 1:
            raise RuleError(f"{path}: there is already a rule {rule_id}; choose another id.")
    disabled = given.get("disable") or []
    _check_disabled(path, disabled, ids)
    return tuple(rule for rule in (*base, *added) if rule.id not in disabled)


def _check_disabled(path: Path, disabled: Any, known: list[str]) -> None:
    if not isinstance(disabled, list):
        raise RuleError(f"{path}: `disable` is a list of rule ids.")
    for rule_id in disabled:
        if rule_id in ALWAYS:
            raise RuleError(f"{path}: {rule_id} can't be switched off: credentials would reach the disk.")
        if rule_id not in known:
            raise RuleError(f"{path}: there is no rule {rule_id!r} to switch off; there are {', '.join(known)}.")
