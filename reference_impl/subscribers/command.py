"""What the command `sync-reference` does about subscribers."""

import argparse
import time

import uvicorn

from reference_impl.config import DEFAULT_SERVICE, Config
from reference_impl.errors import ConfigError
from reference_impl.subscribers.app import Settings, create_subscribers_app, subscribers_config
from reference_impl.subscribers.guard import Guard, is_loopback
from reference_impl.subscribers.tokens import MAX_LIFETIME, make_token


def subscribers_server(options: argparse.Namespace, config: Config) -> uvicorn.Config:
    """The server with the settings of the options. Raises ConfigError."""
    if not is_loopback(options.host):
        raise ConfigError(f"Subscribers are for this machine only; --host can't be {options.host} with --subscribers.")
    if not 0 <= options.lossy <= 100:
        raise ConfigError("--lossy takes a percentage from 0 to 100.")
    settings = Settings(lossy=options.lossy, unordered=options.unordered, guard=Guard.of(options.allow_origin))
    return subscribers_config(create_subscribers_app(config, settings=settings))


def token_parser(account: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `sync-reference token`; `account` has those that say whose server it is."""
    parser = argparse.ArgumentParser(
        prog="sync-reference token",
        description="Print an access token, as Twilio's libraries make them, for a server with the same options.",
        parents=[account],
    )
    parser.add_argument("--identity", required=True, metavar="NAME", help="who the token is for")
    parser.add_argument("--ttl", type=int, default=3600, metavar="SECONDS", help="how long it is valid (3600)")
    parser.add_argument(
        "--for-service", default=DEFAULT_SERVICE, metavar="NAME", help="name or sid of the service (default)"
    )
    return parser


def token_text(options: argparse.Namespace, config: Config) -> str:
    """An access token signed with the server's first API key. Raises ConfigError."""
    services = {key: service.sid for service in config.services for key in (service.sid, service.unique_name)}
    if options.for_service not in services:
        raise ConfigError(f"There is no service {options.for_service!r}; give its name or sid, or add it by --service.")
    if not 1 <= options.ttl <= MAX_LIFETIME:
        raise ConfigError(f"A token lives for 1 to {MAX_LIFETIME} seconds; give --ttl within that.")
    key = next(iter(config.api_keys.items()))
    service = services[options.for_service]
    return make_token(config.account_sid, key, options.identity, service, now=time.time(), ttl=options.ttl)
