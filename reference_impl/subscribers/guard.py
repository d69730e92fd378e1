"""Who may speak to the socket and the pages: this machine only, and of the web pages in its browsers only those that
are allowed, since any page can reach a local port."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from reference_impl.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether a host, as a name or an address, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


@dataclass(frozen=True, slots=True)
class Guard:
    """Allows connections from this machine that carry no Origin (programs), one of this machine (pages served by it,
    on any port) or one of `origins` (`https://app.example`). The name in the Host header must be one of this
    machine or of `origins` too: a page can give its own name this machine's address. Raises ConfigError."""

    origins: frozenset[str] = field(default_factory=frozenset)

    @staticmethod
    def of(origins: Iterable[str]) -> "Guard":
        for origin in origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in {"http", "https"}
                or not parts.hostname
                or origin != f"{parts.scheme}://{parts.netloc}"
            ):
                raise ConfigError(
                    f"{origin!r} is no origin; give it as https://app.example or http://app.example:3000."
                )
        return Guard(frozenset(origin.lower() for origin in origins))

    def allows(self, scope: Any) -> bool:
        """Whether a request or a WebSocket may come in."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client")
        if client and not is_loopback(client[0]):
            return False
        origin = headers.get(b"origin")
        return self._allows_host(headers.get(b"host", "")) and (origin is None or self._allows_origin(origin))

    def _allows_origin(self, origin: str) -> bool:
        return origin.lower() in self.origins or (
            origin.startswith(("http://", "https://")) and is_loopback(_hostname(origin))
        )

    def _allows_host(self, host: str) -> bool:
        name = _hostname(f"http://{host}")
        return is_loopback(name) or name in {_hostname(origin) for origin in self.origins}


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
