"""Where the target's subscribers connect, and the key that signs their tokens: from the option and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from conformance.errors import UsageError
from conformance.subscribers.tokens import Signer

FEATURE = "subscribers"  # of the rules that need all this


@dataclass(frozen=True, slots=True)
class Access:
    """The URL of the target's WebSocket, and who signs tokens for it."""

    url: str
    signer: Signer


def access_from(url: str | None, environment: Mapping[str, str]) -> Access | None:
    """What `--subscribers URL` asks for; None without it. Raises UsageError."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname or parts.username is not None:
        raise UsageError(f"--subscribers {url!r} is no WebSocket URL: write it like ws://127.0.0.1:8080/v3/wsconnect")
    account, key, secret = (
        environment.get(name, "") for name in ("TWILIO_ACCOUNT_SID", "TWILIO_API_KEY", "TWILIO_API_SECRET")
    )
    if not (account.startswith("AC") and key.startswith("SK") and secret):
        raise UsageError(
            "--subscribers needs an API key that signs access tokens: set TWILIO_ACCOUNT_SID (AC…),"
            " TWILIO_API_KEY (SK…) and TWILIO_API_SECRET"
        )
    if find_spec("wsproto") is None:
        raise UsageError("--subscribers needs wsproto: install twilio-sync-conformance[subscribers]")
    return Access(url, Signer(account, key, secret))
