"""Keeps credentials out of everything that is shown or written, also when a target repeats them in an answer."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from conformance.target import Credentials

SHORTEST = 4  # a shorter secret can't be told from ordinary text


class Mask:
    """Replaces each secret, in plain, percent-encoded and base64 form, by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    @classmethod
    def of(cls, credentials: Credentials) -> Mask:
        pair = f"{credentials.username}:{credentials.password}"
        return cls([credentials.password, base64.b64encode(pair.encode()).decode()])

    def text(self, text: str) -> str:
        return self._pattern.sub("***", text) if self._pattern else text

    def document(self, value: Any) -> Any:
        """The same for every string in a JSON-like value, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.document(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.document(item) for item in value]
        return value


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("="), raw.hex()}
