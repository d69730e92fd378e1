"""The command: `sync-reference`, or `python -m reference_impl`."""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import uvicorn

from reference_impl.app import create_app, server_config
from reference_impl.config import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_KEY_SECRET,
    DEFAULT_KEY_SID,
    DEFAULT_SERVICE,
    Config,
    make_services,
)
from reference_impl.errors import ConfigError
from reference_impl.patience import raise_open_files

EXIT_CANNOT_LISTEN = 3
EXIT_USAGE = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Exit code 0 after that, 3 when the address can't be used, 4 for a wrong
    setting (2 for an unknown option)."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["token"]:
        return _print_token(words[1:])
    options = _parser().parse_args(words)
    try:
        config = make_config(options)
        served = _served(options, config)
    except ConfigError as error:
        return _complain(str(error), EXIT_USAGE)
    try:
        listener = _listen(options.host, options.port)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return _complain(
            f"Can't listen on {options.host} port {options.port}: {reason}; give another --host or --port.",
            EXIT_CANNOT_LISTEN,
        )
    raise_open_files()
    with listener:
        address = listener.getsockname()
        host = f"[{address[0]}]" if listener.family == socket.AF_INET6 else address[0]
        url = f"http://{host}:{address[1]}"
        server = _Server(served, _announcement(options, config, url))
        _install_exits(server, with_stdin=options.exit_with_stdin)
        server.run(sockets=[listener])
    return 0


def make_config(options: argparse.Namespace) -> Config:
    """The settings that the options and the environment ask for. Raises ConfigError."""
    account_sid = options.account_sid or os.environ.get("TWILIO_ACCOUNT_SID") or DEFAULT_ACCOUNT_SID
    auth_token = options.auth_token or os.environ.get("TWILIO_AUTH_TOKEN") or DEFAULT_AUTH_TOKEN
    keys = dict(_split(key, ":") for key in options.api_key)
    if options.subscribers and not keys:
        keys = {DEFAULT_KEY_SID: DEFAULT_KEY_SECRET}
    services = dict(_split(service, "=") for service in options.service)
    if options.service_sid:
        services[DEFAULT_SERVICE] = options.service_sid
    fixed = {name: sid for name, sid in services.items() if sid}
    return Config(account_sid, auth_token, keys, make_services(account_sid, services, fixed))


def _served(options: argparse.Namespace, config: Config) -> uvicorn.Config:
    """The server that the options ask for. Raises ConfigError."""
    if options.subscribers:
        # Only here: the REST server alone has nothing of this in memory.
        from reference_impl.subscribers.command import subscribers_server  # noqa: PLC0415

        return subscribers_server(options, config)
    if options.allow_origin or options.lossy or options.unordered:
        raise ConfigError("--allow-origin, --lossy and --unordered are about subscribers; add --subscribers.")
    return server_config(create_app(config))


def _print_token(words: Sequence[str]) -> int:
    from reference_impl.subscribers.command import token_parser, token_text  # noqa: PLC0415

    account = argparse.ArgumentParser(add_help=False)
    add_account(account)
    options = token_parser(account).parse_args(words, argparse.Namespace(subscribers=True))
    try:
        print(token_text(options, make_config(options)))
    except ConfigError as error:
        return _complain(str(error), EXIT_USAGE)
    return 0


def _split(text: str, mark: str) -> tuple[str, str]:
    before, _, after = text.partition(mark)
    return before, after


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sync-reference",
        description="A server of Twilio Sync Streams, in memory, for tests. "
        "`sync-reference token --identity NAME` prints an access token for its subscribers.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for a free one (default: %(default)s)")
    add_account(parser)
    parser.add_argument("--json", action="store_true", help="announce as one line of JSON, with all credentials")
    parser.add_argument("--exit-with-stdin", action="store_true", help="exit when standard input is closed")
    parser.add_argument("--subscribers", action="store_true", help="let Twilio's Sync SDKs connect (loopback only)")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="origin of web pages that may connect, beside those of this machine (repeatable)",
    )
    parser.add_argument("--lossy", type=float, default=0.0, metavar="PERCENT", help="lose this part of deliveries")
    parser.add_argument("--unordered", action="store_true", help="deliver messages in another order at times")
    return parser


def add_account(parser: argparse.ArgumentParser) -> None:
    """The options that say whose server it is."""
    parser.add_argument("--account-sid", metavar="AC…", help="default: $TWILIO_ACCOUNT_SID, else a fake one")
    parser.add_argument("--auth-token", metavar="TOKEN", help="default: $TWILIO_AUTH_TOKEN, else a fake one")
    parser.add_argument("--api-key", action="append", default=[], metavar="SK…:SECRET", help="repeatable")
    parser.add_argument("--service-sid", metavar="IS…", help="sid of the service named default")
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="NAME[=IS…]",
        help="one more service beside default and second (repeatable)",
    )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Its protocol is named because asyncio switches Nagle's algorithm off only for sockets
    that say TCP: without it every response would wait some 40 ms for the client's delayed acknowledgement."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def _announcement(options: argparse.Namespace, config: Config, url: str) -> str:
    services = {service.unique_name: service.sid for service in config.services}
    socket_url = f"ws{url.removeprefix('http')}/v3/wsconnect"
    if options.json:
        announced: dict[str, object] = {
            "url": url,
            "account_sid": config.account_sid,
            "auth_token": config.auth_token,
            "services": services,
        }
        if options.subscribers:
            announced |= {"socket": socket_url, "api_keys": dict(config.api_keys)}
        return json.dumps(announced)
    # A token that only the environment knows may be a real one, and this ends in logs.
    from_environment = not options.auth_token and os.environ.get("TWILIO_AUTH_TOKEN")
    token = "(from TWILIO_AUTH_TOKEN)" if from_environment else config.auth_token
    lines = [f"sync-reference listening on {url}", f"account sid: {config.account_sid}", f"auth token: {token}"]
    lines += [f"service {name}: {sid}" for name, sid in services.items()]
    if options.subscribers:
        keys = ", ".join(f"{sid} (secret: {secret})" for sid, secret in config.api_keys.items())
        lines += [f"socket: {socket_url}", f"API key: {keys}"]
    return "\n".join(lines)


class _Server(uvicorn.Server):
    """Says so once it answers."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        print(self._announcement, flush=True)


def _install_exits(server: uvicorn.Server, *, with_stdin: bool) -> None:
    def leave(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        server.should_exit = True

    # uvicorn puts its own handlers over these while it runs, and afterwards raises the signal once more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)

    def watch() -> None:
        # Not sys.stdin: a thread that holds its lock while the interpreter ends is a fatal error.
        try:
            while os.read(0, 65536):
                pass
        except OSError:
            pass  # standard input was closed from the beginning
        server.should_exit = True

    if with_stdin:
        threading.Thread(target=watch, daemon=True).start()


def _complain(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code
