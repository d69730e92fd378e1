"""Keeps credentials out of everything that is shown or written, also when a target repeats them in an answer."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from conformance.exchange import Exchange, Headers
from conformance.results import RuleResult
from conformance.target import Credentials

SHORTEST = 4  # a shorter secret can't be told from ordinary text
HIDDEN = "***"
TOKEN = r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"  # a signed access token (JWT), such as subscribers connect with
LEAST_BASE64 = 8  # characters: a shorter piece can't be told from ordinary text


class Mask:
    """Replaces each secret, in plain, percent-encoded, escaped, hexadecimal and base64 form, by `***`; base64 also of
    longer text that holds the secret.

    Only what a target had a hand in is masked, never the report's own words: a token may well be 'pass'.
    Masking comes before cutting, so no cut can leave half a secret unrecognized.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        forms_or_token = "|".join([*map(re.escape, ordered), TOKEN])
        self._pattern = re.compile(forms_or_token, re.IGNORECASE) if ordered else None

    @classmethod
    def of(cls, credentials: Credentials) -> Mask:
        pair = f"{credentials.username}:{credentials.password}"
        encoded = base64.b64encode(pair.encode()).decode()
        return cls([credentials.password, encoded, _url_safe(encoded)])

    def text(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def document(self, value: Any) -> Any:
        """The same for every string in a JSON-like value, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.document(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.document(item) for item in value]
        return value

    def bytes(self, body: bytes) -> bytes:
        """The same for a body of any encoding that keeps ASCII, binary ones included."""
        if self._pattern is None or not body:
            return body
        try:
            return self.text(body.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return self.text(body.decode("latin-1")).encode("latin-1")

    def result(self, result: RuleResult) -> RuleResult:
        """The result with everything that may come from the target masked."""
        if self._pattern is None:
            return result
        return replace(
            result,
            message=self.text(result.message),
            expected=self.text(result.expected),
            got=self.text(result.got),
            exchanges=tuple(self.exchange(exchange) for exchange in result.exchanges),
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        request, response = exchange.request, exchange.response
        return replace(
            exchange,
            request=replace(
                request,
                url=self.text(request.url),
                headers=self._headers(request.headers),
                body=self.bytes(request.body),
            ),
            response=response
            and replace(
                response,
                reason=self.text(response.reason),
                headers=self._headers(response.headers),
                body=self.bytes(response.body),
            ),
            error=exchange.error and self.text(exchange.error),
        )

    def _headers(self, headers: Headers) -> Headers:
        return Headers(tuple((self.text(name), self.text(value)) for name, value in headers))


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode()
    escaped = json.dumps(secret)[1:-1]
    forms = {secret, quote(secret, safe=""), quote_plus(secret), encoded, raw.hex(), html.escape(secret)}
    forms |= {escaped, json.dumps(html.escape(secret))[1:-1]}
    forms |= {_url_safe(encoded), encoded.rstrip("="), _url_safe(encoded).rstrip("=")}
    forms |= {form for part in _inside_base64(raw) for form in (part, _url_safe(part))}
    return forms | {form.replace("/", "\\/") for form in forms}  # some JSON encoders escape slashes too


def _inside_base64(raw: bytes) -> Iterable[str]:
    """What the secret becomes within longer text in base64, at each of the three places it can begin at.

    The characters at both ends hold bits of its neighbours too and are left out; of a short secret too little would
    be left to be told from other text.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        part = encoded[(0, 2, 3)[before] : len(encoded) - ((before + len(raw)) % 3 > 0)]
        if len(part) >= LEAST_BASE64:
            yield part


def _url_safe(encoded: str) -> str:
    return encoded.replace("+", "-").replace("/", "_")
