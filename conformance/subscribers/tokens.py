"""Access tokens, signed with an API key as an application's server signs them for its users."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Signer:
    """An API key of an account."""

    account_sid: str
    key_sid: str
    secret: str = field(repr=False)

    def token(self, identity: str, service_sid: str, *, begins: float, ends: float) -> str:
        """A token for a Sync service; the times are seconds since the epoch."""
        claims = {
            "jti": f"{self.key_sid}-{int(begins)}",
            "iss": self.key_sid,
            "sub": self.account_sid,
            "nbf": int(begins),
            "exp": int(ends),
            "grants": {"identity": identity, "data_sync": {"service_sid": service_sid}},
        }
        text = f"{_part({'typ': 'JWT', 'alg': 'HS256', 'cty': 'twilio-fpa;v=1'})}.{_part(claims)}"
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        return f"{text}.{_text(signature)}"


def _part(value: Any) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
