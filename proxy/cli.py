"""The command `sync-proxy`: parses, calls one function, prints."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from proxy.cassette import load
from proxy.engine import MODES, Settings, Summary
from proxy.errors import ProxyError, StartError
from proxy.recorder import Provenance, prove, recorder_version

_MISSED, _USAGE, _FAILED = 1, 4, 3
_DESCRIPTION = "Record a program's Twilio Sync traffic once, replay it anywhere."
_EPILOG = (
    "Exit codes: 0 all went well; 1 a request had no answer, something was not recorded, or --all-used found an unused "
    "interaction; 3 the proxy could not start; 4 usage. With a COMMAND: its own code, unless that is 0 and ours is not."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sync-proxy", description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=recorder_version())
    modes = parser.add_subparsers(dest="mode", required=True, metavar="MODE")
    helps = {
        "record": "record into a new cassette",
        "replay": "answer from a cassette; nothing leaves the machine",
        "once": "replay the cassette if it is there, else record it",
        "append": "answer what is known and record the rest",
        "passthrough": "forward everything and record nothing",
    }
    for mode in MODES:
        _mode(modes.add_parser(mode, help=helps[mode], epilog=_EPILOG), mode)
    check = modes.add_parser("check", help="check that a cassette is whole and every request in it finds its answer")
    check.add_argument("cassette", type=Path)
    check.add_argument("--allow-edited", action="store_true", help="accept a cassette that was edited")
    return parser


def _mode(parser: argparse.ArgumentParser, mode: str) -> None:
    named = "" if mode == "passthrough" else " CASSETTE"
    parser.usage = f"sync-proxy {mode}{named} [options] [-- COMMAND …]"
    if mode != "passthrough":
        parser.add_argument("cassette", type=Path, help="the cassette's file")
    add = parser.add_argument
    add("--upstream", metavar="URL", help="forward to this server instead of https://sync.twilio.com")
    add("--upstream-ca", type=Path, metavar="FILE", help="a certificate authority to trust upstream")
    add("--allow-host", action="append", default=[], metavar="HOST", help="another host to speak to; repeatable")
    add("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="the port for programs with a base URL (default: any free one)")
    add("--proxy-port", type=int, default=0, help="the port for programs with proxy settings (default: any free one)")
    add(
        "--confdir",
        type=Path,
        help="where the proxy's certificate authority is kept (default: with a COMMAND, nowhere)",
    )
    if mode in ("replay", "once", "append"):
        add(
            "--time",
            choices=("recorded", "shifted"),
            default="recorded",
            help="shifted: move the dates of answers to now",
        )
        add("--allow-edited", action="store_true", help="accept a cassette that was edited")
        add("--all-used", action="store_true", help="fail when an interaction was not asked for")
    if mode != "passthrough":
        add(
            "--timing-headers",
            action="store_true",
            help="add the recorded moments to answers as X-Replay-Sent and X-Replay-Received",
        )
    if mode == "replay":
        add("--direct", action="store_true", help="plain HTTP to a base URL only, without mitmproxy: faster")
    if mode in ("record", "once", "append"):
        add("--force", action="store_true", help="replace a cassette that exists")
        add("--keep-pii", action="store_true", help="keep names and messages as they are")
        add("--rules", type=Path, metavar="FILE", help="redaction rules to add or switch off")
        add(
            "--secret-from",
            action="append",
            default=[],
            metavar="VARIABLE",
            help="an environment variable with a secret",
        )
        add("--target-kind", default="", help="noted in the header")
        add("--suite-version", default="", help="noted in the header")
        add("--seed", help="noted in the header")
        add("--extra", default="{}", metavar="JSON", help="an object to note in the header")


def _settings(given: argparse.Namespace) -> Settings:
    def option(name: str, default: object = False) -> object:
        return getattr(given, name, default)

    secrets = []
    for name in getattr(given, "secret_from", ()):
        if not os.environ.get(name):
            raise StartError(f"the environment variable {name} of --secret-from is not set.")
        secrets.append(os.environ[name])
    return Settings(
        cassette=getattr(given, "cassette", None),
        mode=given.mode,
        upstream=_upstream(given.upstream),
        hosts=tuple(given.allow_host),
        force=bool(option("force")),
        keep_pii=bool(option("keep_pii")),
        rules=getattr(given, "rules", None),
        shifted=option("time", "") == "shifted",
        timing_headers=bool(option("timing_headers")),
        allow_edited=bool(option("allow_edited")),
        all_used=bool(option("all_used")),
        provenance=_provenance(given),
        known_secrets=tuple(secrets),
    )


def _provenance(given: argparse.Namespace) -> Provenance | None:
    if not hasattr(given, "extra"):
        return None
    try:
        extra = json.loads(given.extra)
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise StartError("--extra should be a JSON object.")
    return Provenance(given.target_kind, given.suite_version, given.seed, extra)


def _upstream(url: str | None) -> str | None:
    if url is None:
        return None
    scheme, separator, rest = url.partition("://")
    if scheme not in ("http", "https") or not separator or not rest or "/" in rest.rstrip("/") or "@" in rest:
        raise StartError(
            f"--upstream {url}: give http or https, a host and perhaps a port, such as http://127.0.0.1:8080."
        )
    return url.rstrip("/")


def _say(message: str) -> None:
    print(f"sync-proxy: {message}", file=sys.stderr, flush=True)


def _code(summary: Summary) -> int:
    for sentence in summary.failed:
        _say(sentence)
    if summary.recorded:
        _say(f"{summary.path}: {summary.recorded} interaction{'' if summary.recorded == 1 else 's'} recorded.")
    return _MISSED if summary.failed else 0


def _direct(settings: Settings, given: argparse.Namespace) -> int:
    from proxy.direct import DirectServer  # noqa: PLC0415 - only what is used is loaded

    server = DirectServer(settings, host=given.host, port=given.port, tell=_say)

    async def serve() -> Summary:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, server.stop)
        return await server.run(lambda url: print(f"sync-proxy listening on {url}", flush=True))

    return _code(asyncio.run(serve()))


def _serve(settings: Settings, given: argparse.Namespace, command: Sequence[str]) -> int:
    try:
        from proxy import behind  # noqa: PLC0415 - mitmproxy takes half a second to load
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "mitmproxy":
            raise
        raise StartError("this needs mitmproxy: pip install 'twilio-sync-conformance[proxy]'.") from None
    if given.confdir is not None or not command:
        folder = given.confdir or behind.default_folder()
        return behind.serve(settings, given, command, folder, tell=_say, code_of=_code)
    with tempfile.TemporaryDirectory(prefix="sync-proxy-") as folder:
        return behind.serve(settings, given, command, Path(folder), tell=_say, code_of=_code)


def _check(given: argparse.Namespace) -> int:
    cassette = load(given.cassette, allow_edited=given.allow_edited)
    prove(cassette, {})
    print(f"{given.cassette}: {len(cassette)} interactions, each of which finds its answer.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
        if not command:
            _say("after `--` comes the command to run.")
            return _USAGE
    try:
        given, odd = _parser().parse_known_args(words)
    except SystemExit as ended:
        return _USAGE if ended.code else 0
    if odd:
        _say(f"{' '.join(odd)} is not understood; a command to run comes after `--`, as in: … -- python app.py")
        return _USAGE
    try:
        if given.mode == "check":
            return _check(given)
        settings = _settings(given)
        if getattr(given, "direct", False):
            if command:
                raise StartError("--direct serves a base URL only; leave it out to run a command.")
            return _direct(settings, given)
        return _serve(settings, given, command)
    except ProxyError as error:
        _say(str(error))
        return _FAILED


if __name__ == "__main__":
    sys.exit(main())
