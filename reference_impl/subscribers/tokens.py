"""Access tokens: JSON Web Tokens signed with an API key of the account (HS256), as Twilio's libraries make them.

Only HS256 is known here, whatever a token's header says, and thirty lines of the standard library do it: no
dependency. Error codes are those of Twilio's error dictionary for access tokens.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

CONTENT_TYPE = "twilio-fpa;v=1"
MAX_LIFETIME = 24 * 3600  # seconds
_MAX_LENGTH = 16_384
_SLACK = 60  # seconds that the lifetime may be over, for the time it takes to be sent


class TokenError(Exception):
    """A token that is refused. `code` is Twilio's error code; the message is a sentence for the user."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: `service` is a sid or unique name, `expires` in seconds since 1970."""

    identity: str
    service: str
    expires: float


def make_token(
    account_sid: str, key: tuple[str, str], identity: str, service_sid: str, *, now: float, ttl: int = 3600
) -> str:
    """A token for a service, valid from `now` for `ttl` seconds; `key` is the API key's sid and secret."""
    key_sid, secret = key
    header = {"cty": CONTENT_TYPE, "typ": "JWT", "alg": "HS256"}
    issued = int(now)
    claims = {
        "jti": f"{key_sid}-{issued}",
        "grants": {"identity": identity, "data_sync": {"service_sid": service_sid}},
        "iss": key_sid,
        "exp": issued + ttl,
        "nbf": issued,
        "sub": account_sid,
    }
    signed = f"{_pack(header)}.{_pack(claims)}"
    return f"{signed}.{_sign(signed, secret)}"


def read_token(token: object, account_sid: str, keys: Mapping[str, str], now: float) -> Claims:
    """What a valid token says; `keys` maps the sids of API keys to their secrets. Raises TokenError."""
    if not isinstance(token, str) or len(token) > _MAX_LENGTH or token.count(".") != 2 or not token.isascii():
        raise TokenError(20101, "Invalid Access Token")
    signed, _, signature = token.rpartition(".")
    header, claims = (_unpack(part) for part in signed.split("."))
    if header.get("alg") != "HS256" or header.get("cty") != CONTENT_TYPE:
        raise TokenError(20102, "Invalid Access Token header")
    secret = keys.get(_text(claims.get("iss")))
    if secret is None or claims.get("sub") != account_sid:
        raise TokenError(20103, "Invalid Access Token issuer/subject")
    if not hmac.compare_digest(signature, _sign(signed, secret)):
        raise TokenError(20107, "Invalid Access Token signature")
    expires, begins = _time(claims.get("exp")), _time(claims.get("nbf", 0))
    if expires is None or now >= expires:
        raise TokenError(20104, "Access Token expired or expiration date invalid")
    if expires - now > MAX_LIFETIME + _SLACK:
        raise TokenError(20157, "Expiration Time in the Access Token Exceeds Maximum Time Allowed")
    if begins is None or now < begins:
        raise TokenError(20105, "Access Token not yet valid")
    grants = claims.get("grants")
    sync = grants.get("data_sync") if isinstance(grants, dict) else None
    identity = _text(grants.get("identity")) if isinstance(grants, dict) else ""
    service = _text(sync.get("service_sid")) if isinstance(sync, dict) else ""
    if not identity or not service:
        raise TokenError(20106, "Invalid Access Token grants")
    return Claims(identity, service, expires)


def _pack(value: Any) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _unpack(part: str) -> dict[str, Any]:
    try:
        value = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TokenError(20101, "Invalid Access Token")
    return value


def _sign(signed: str, secret: str) -> str:
    return _base64(hmac.digest(secret.encode(), signed.encode(), sha256))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _time(value: Any) -> float | None:
    return value if type(value) in {int, float} and abs(value) < 1e15 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
