"""Names that stand for real ones in a cassette: equal values stay equal, nobody can go back without guessing.

Each is an HMAC of the real value keyed with the cassette's own salt, and carries a few digits that prove it was made
with that salt. So a pseudonym that a client was given in an answer, and sends back, is recognised and left alone.
The salt is in the cassette: whoever holds the file can test a guess, and no more.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from typing import Any

SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}\Z")
TOKEN = re.compile(r"pii(?:-|%2D)([0-9a-f]{24})(?:-x*z)?")
_MAC, _CHECK = 16, 8
_SAYS_NOTHING = ("{}", "[]", '""', "null", "true", "false")


def new_salt() -> str:
    """A fresh salt, 32 hex digits."""
    return secrets.token_hex(16)


def meaning(text: str) -> Any:
    """The JSON value of the text with 1.0 and 1 made equal; raises ValueError for anything that isn't JSON."""
    try:
        return json.loads(text, parse_float=_number, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _number(text: str) -> float | int | str:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return f"number {text}"  # too large for a float: compared as it was written
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def canonical_json(text: str) -> str | None:
    """One text for all JSON texts that mean the same; None for what isn't JSON."""
    try:
        return json.dumps(meaning(text), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None


class Pseudonyms:
    """Makes and recognises the pseudonyms of one salt.

    `names`, `data` and `sids` remember what each one made here stands for, so that an answer can give it back.
    """

    def __init__(self, salt: str) -> None:
        self._key = salt.encode()
        self.names: dict[str, str] = {}  # 24 digits -> the real name
        self.data: dict[str, str] = {}  # 24 digits -> the real JSON text
        self.numbers: dict[str, str] = {}  # the pseudonym's digits -> the real number as written
        self.sids: dict[str, str] = {}  # pseudonym -> the real sid
        self._sid_of: dict[str, str] = {}
        self._core_of: dict[str, str] = {}

    def _mac(self, domain: str, value: str, length: int) -> str:
        message = f"{domain}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()[:length]

    def _core(self, domain: str, value: str) -> str:
        known = self._core_of.get(domain + value)
        if known is None:
            mac = self._mac(domain, value, _MAC)
            known = self._core_of[domain + value] = mac + self._mac("check", mac, _CHECK)
        return known

    def made_here(self, core: str) -> bool:
        """Whether these 24 digits were made with this salt."""
        return hmac.compare_digest(self._mac("check", core[:_MAC], _CHECK), core[_MAC:])

    def sid(self, real: str) -> str:
        """A well-formed SID with the same two letters."""
        known = self._sid_of.get(real)
        if known is None:
            if self._mac("sid check", real[2:26], 8) == real[26:]:
                known = real
            else:
                mac = self._mac("sid", real, 24)
                known = real[:2] + mac + self._mac("sid check", mac, 8)
            self._sid_of[real] = known
            self.sids[known] = real
        return known

    def name(self, real: str) -> str:
        """A name of at least 28 characters, padded to the UTF-8 length of a longer real one.

        Empty names, `system` (what Sync puts into created_by for REST calls), SIDs and pseudonyms stay.
        """
        if not real or real == "system" or SID.match(real):
            return real
        token = TOKEN.fullmatch(real)
        if token and self.made_here(token.group(1)):
            return real
        core = self._core("name", real)
        self.names[core] = real
        return _padded(core, len(real.encode("utf-8", "surrogatepass")))

    def payload(self, real: str) -> str:
        """A message's data, given as text: the kind of JSON value stays, and its size in bytes where it is not tiny.

        An object becomes `{"pii": "…"}`, an array `["…"]`. true, false, null, `{}` and `[]` stay.
        """
        canonical = canonical_json(real)
        if canonical is None:
            return self._text(real)
        if canonical in _SAYS_NOTHING:
            return real
        size = len(real.encode("utf-8", "surrogatepass"))
        kind = canonical[0]
        if kind not in '{["':
            return self._number(canonical, real)
        if self._is_payload(json.loads(canonical)):
            return real
        core = self._core("data", canonical)
        self.data[core] = real
        if kind == "{":
            gap = " " if '": ' in real else ""
            return f'{{"pii":{gap}"{_padded(core, size - 10 - len(gap))}"}}'
        return f'["{_padded(core, size - 4)}"]' if kind == "[" else f'"{_padded(core, size - 2)}"'

    def _number(self, canonical: str, real: str) -> str:
        """15 digits, of which the last five prove the others."""
        if len(real) == 15 and real.isdigit() and self._number_check(real[:10]) == real[10:]:
            return real
        first = str(10**9 + int(self._mac("number", canonical, 16), 16) % (9 * 10**9))
        digits = first + self._number_check(first)
        self.numbers[digits] = real.strip()
        return digits

    def _number_check(self, first: str) -> str:
        return str(10**5 + int(self._mac("number check", first, 8), 16) % 10**5)[1:]

    def _text(self, real: str) -> str:
        token = TOKEN.fullmatch(real)
        if not real or (token and self.made_here(token.group(1))):
            return real
        core = self._core("text", real)
        self.names[core] = real
        return _padded(core, len(real.encode("utf-8", "surrogatepass")))

    def _is_payload(self, value: Any) -> bool:
        if isinstance(value, dict) and list(value) == ["pii"]:
            value = value["pii"]
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        token = TOKEN.fullmatch(value) if isinstance(value, str) else None
        return token is not None and self.made_here(token.group(1))


def _padded(core: str, size: int) -> str:
    short = f"pii-{core}"
    return short if size < len(short) + 2 else f"{short}-{'x' * (size - len(short) - 2)}z"
