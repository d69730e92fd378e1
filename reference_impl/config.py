"""What a server is started with: an account, its credentials and its Sync services."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from reference_impl.errors import ConfigError

DEFAULT_ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
DEFAULT_AUTH_TOKEN = "fake" * 8
DEFAULT_KEY_SID = "SK" + "0123456789abcdef" * 2  # there when subscribers need a key and none is given
DEFAULT_KEY_SECRET = "secret-of-nothing-" + "0" * 14
DEFAULT_SERVICE = "default"
SECOND_SERVICE = "second"


@dataclass(frozen=True, slots=True)
class Service:
    """A Sync service: it is addressed by its IS sid or by its unique name."""

    sid: str
    unique_name: str


def derive_service_sid(account_sid: str, unique_name: str) -> str:
    """The same IS sid for the same account and name, every time the server starts."""
    digest = blake2b(f"{account_sid}/{unique_name}".encode(), digest_size=16)
    return "IS" + digest.hexdigest()


def make_services(
    account_sid: str, names: Iterable[str] = (), sids: Mapping[str, str] | None = None
) -> tuple[Service, ...]:
    """`default`, `second` and the services named, in this order; `sids` fixes the sid of a service by its name."""
    fixed = dict(sids or {})
    wanted = dict.fromkeys((DEFAULT_SERVICE, SECOND_SERVICE, *names, *fixed))
    return tuple(Service(fixed.get(name) or derive_service_sid(account_sid, name), name) for name in wanted)


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one server. `api_keys` maps key sids (`SK…`) to their secrets; an empty `services` means the
    built-in two. Raises ConfigError."""

    account_sid: str = DEFAULT_ACCOUNT_SID
    auth_token: str = DEFAULT_AUTH_TOKEN
    api_keys: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    max_body: int = 1 << 20

    def __post_init__(self) -> None:
        if not self.services:
            object.__setattr__(self, "services", make_services(self.account_sid))
        _check_sid("account sid", "AC", self.account_sid)
        if not self.auth_token:
            raise ConfigError("The auth token is empty; give one or leave the option out.")
        for key, secret in self.api_keys.items():
            _check_sid("API key", "SK", key)
            if not secret:
                raise ConfigError(f"The API key {key} has no secret; give it as {key}:secret.")
        for service in self.services:
            _check_sid(f"sid of service {service.unique_name!r}", "IS", service.sid)
            if not service.unique_name or re.fullmatch("IS[0-9a-fA-F]{32}", service.unique_name):
                raise ConfigError(f"{service.unique_name!r} can't name a service; give a name that is no sid.")
        sids = [service.sid for service in self.services]
        names = [service.unique_name for service in self.services]
        if len(set(sids)) != len(sids) or len(set(names)) != len(names):
            raise ConfigError("Two services have the same name or sid; give each its own.")


def _check_sid(what: str, prefix: str, sid: str) -> None:
    if not re.fullmatch(prefix + "[0-9a-fA-F]{32}", sid):
        raise ConfigError(f"{sid!r} is no {what}; it must be {prefix} and 32 hexadecimal digits.")
