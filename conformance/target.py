"""What is being judged: where it is, who logs in, and which service is used."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from conformance.errors import UsageError

API_PREFIX = "/v1"
REAL_DOMAIN = "twilio.com"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and password for HTTP Basic. `label` stands for them wherever they are shown."""

    username: str
    password: str
    label: str = "$TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN"

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def shown(self) -> str:
        """What stands for the Authorization header wherever it is shown."""
        return f"Basic {self.label}"

    @property
    def account_sid(self) -> str | None:
        """The account they name; None for an API key, which does not show its account."""
        return self.username if self.username.startswith("AC") else None

    def __repr__(self) -> str:
        return f"Credentials({self.label})"


@dataclass(frozen=True, slots=True)
class OtherLogin(Credentials):
    """The same user and password in an Authorization header of another form; `label` stands for all of it."""

    header: str = ""

    @property
    def authorization(self) -> str:
        return self.header

    @property
    def shown(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"OtherLogin({self.label})"


@dataclass(frozen=True, slots=True)
class Target:
    """A server that claims to be Twilio Sync. `url` is its root, without `/v1` and without a trailing slash."""

    url: str
    credentials: Credentials
    service: str = "default"
    second_service: str | None = None
    behind: str = ""  # the URL of the server itself, where `url` is that of a recorder before it

    @property
    def home(self) -> str:
        """The URL of the server itself."""
        return self.behind or self.url

    @property
    def is_real(self) -> bool:
        """Whether it is the service itself, where requests cost money and other people's streams live."""
        host = (urlsplit(self.home).hostname or "").rstrip(".").lower()
        return host == REAL_DOMAIN or host.endswith(f".{REAL_DOMAIN}")

    @property
    def origin(self) -> tuple[str, str, int]:
        return origin_of(self.url)

    def streams_url(self, service: str | None = None) -> str:
        return f"{self.url}{API_PREFIX}/Services/{quote(service or self.service, safe='', errors='replace')}/Streams"

    def stream_url(self, reference: str, service: str | None = None) -> str:
        """`reference` is a sid or a unique name; everything but unreserved characters is percent-encoded.

        A lone surrogate, which a broken target may put into a sid, has no UTF-8: it becomes a question mark."""
        return f"{self.streams_url(service)}/{quote(reference, safe='', errors='replace')}"

    def messages_url(self, reference: str, service: str | None = None) -> str:
        return f"{self.stream_url(reference, service)}/Messages"


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an absolute URL. Raises ValueError for anything that is not http(s)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is not an absolute http or https URL")
    return parts.scheme, parts.hostname.lower(), parts.port or (443 if parts.scheme == "https" else 80)


def parse_target_url(text: str) -> str:
    """The root URL from what a user typed. Raises UsageError."""
    url = text.strip().rstrip("/").removesuffix(API_PREFIX)
    try:
        origin_of(url)
    except ValueError:
        raise UsageError(f"--target {text!r} is not a URL: write it like http://127.0.0.1:8080") from None
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            "--target must not hold credentials: put them into TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN instead"
        )
    if parts.query or parts.fragment:
        raise UsageError(f"--target {text!r} has a query or fragment: give the server's root URL alone")
    return url
