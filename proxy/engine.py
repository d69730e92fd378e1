"""What a proxy does with a request in each mode, whatever kind of server it runs in.

engine = Engine(Settings(Path("calls.yaml"), "replay"))
engine.start()
found = engine.ask(request)      # Answer or Miss; None means: forward it, and hand what came back to engine.keep
summary = engine.finish()
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from conformance.exchange import Exchange, Request
from proxy import journal
from proxy.cassette import load
from proxy.errors import ProxyError, RecordingError, RecordingLocked, StartError
from proxy.header import HOST
from proxy.matching import logical_host
from proxy.misses import Miss
from proxy.player import Answer, Player
from proxy.recorder import Provenance, Recorder
from proxy.rules import default_rules, load_rules

MODES = ("record", "replay", "once", "append", "passthrough")
_SECRET_VARIABLES = ("TOKEN", "SECRET", "PASSWORD", "API_KEY", "APIKEY")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a proxy was asked to work. `upstream` is where requests are forwarded to instead of the host itself; `hosts`
    are further hosts it may speak to. `known_secrets` are searched for beside those of the environment."""

    cassette: Path | None
    mode: str
    upstream: str | None = None
    hosts: tuple[str, ...] = ()
    force: bool = False
    keep_pii: bool = False
    rules: Path | None = None
    shifted: bool = False
    timing_headers: bool = False
    allow_edited: bool = False
    all_used: bool = False
    provenance: Provenance | None = None
    known_secrets: tuple[str, ...] = ()
    salt: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How it went. `failed` says why the run should not count as a success; each a sentence."""

    recorded: int = 0
    answered: int = 0
    misses: tuple[Miss, ...] = ()
    unused: tuple[int, ...] = ()
    failed: tuple[str, ...] = ()
    path: Path | None = None


def environment_secrets(environment: dict[str, str] | None = None) -> tuple[str, ...]:
    """The values of environment variables that are named for credentials, such as TWILIO_AUTH_TOKEN."""
    found = os.environ if environment is None else environment
    return tuple(
        value
        for name, value in found.items()
        if any(word in name.upper() for word in _SECRET_VARIABLES)
        and 8 <= len(value) <= 4096
        and not Path(value).is_absolute()
    )


class Engine:
    """One run of a proxy in one mode. `tell` gets the sentences for the terminal."""

    def __init__(self, settings: Settings, tell: Callable[[str], None] = print) -> None:
        self.settings = settings
        self._tell = tell
        self.player: Player | None = None
        self.recorder: Recorder | None = None
        self.mode = ""
        self._failed: list[str] = []
        self._warned: set[str] = set()
        self._answered = 0
        self._refused: list[Miss] = []
        self._host = HOST

    @property
    def may_connect(self) -> bool:
        """Whether anything may be forwarded. Never before the start, so that a failed start forwards nothing."""
        return self.mode in ("record", "append", "passthrough")

    @property
    def host(self) -> str:
        """The name that requests are meant for."""
        return self._host

    def start(self) -> None:
        """Opens the cassette; raises ProxyError."""
        given = self.settings
        mode, path = given.mode, given.cassette
        if mode not in MODES:
            raise StartError(f"there is no mode {mode!r}; choose one of {', '.join(MODES)}.")
        if mode == "passthrough":
            self.mode = mode
            return
        if path is None:
            raise StartError(f"the mode {mode} needs a cassette; name its file.")
        if path.is_dir():
            raise StartError(f"{path} is a folder; name a file for the cassette.")
        self._adopt(path, reading=mode == "replay" or (mode == "once" and path.exists()))
        if mode == "once":
            mode = "replay" if path.exists() else "record"
        if mode == "replay" or (mode == "append" and path.exists()):
            cassette = load(path, allow_edited=given.allow_edited)
            self._host = cassette.header.host
            self.player = Player(cassette, shifted=given.shifted, timing_headers=given.timing_headers)
        if mode != "replay":
            rules = default_rules()
            self.recorder = Recorder(
                path,
                append=mode == "append",
                force=given.force,
                rules=load_rules(given.rules, rules) if given.rules else rules,
                keep_pii=given.keep_pii,
                salt=given.salt,
                provenance=given.provenance,
                known_secrets=(*given.known_secrets, *environment_secrets()),
            )
        self.mode = mode

    def _adopt(self, path: Path, *, reading: bool) -> None:
        try:
            adopted = journal.adopt(path)
        except RecordingLocked:
            if reading:
                return  # somebody records a new one; the one that is there can be replayed
            raise
        if adopted is not None:
            self._tell(str(adopted))

    def allowed(self, url: str) -> bool:
        """Whether requests to the host of this URL are this proxy's business."""
        return logical_host(url) in self._own() or logical_host(url) in self.settings.hosts

    def _own(self) -> set[str]:
        own = {HOST, self._host, f"{HOST}:443"}
        if self.settings.upstream:
            own.add(logical_host(self.settings.upstream))
        return own

    def keeps_host(self, url: str) -> bool:
        """Whether the host of this URL is compared and recorded: it is none of the names of the service."""
        return logical_host(url) not in self._own()

    def refuse(self, url: str) -> Miss:
        """What a request to a host that is not allowed gets."""
        split = urlsplit(url)
        host = split.netloc.rpartition("@")[2]
        miss = Miss("refused", f"{host} is not a host this proxy was told of, and nothing was sent; see --allow-host.")
        self._miss(miss, self._refused)
        return miss

    def ask(self, request: Request, *, keep_host: bool = False) -> Answer | Miss | None:
        """The answer or miss; None when the request is to be forwarded."""
        if self.player is None:
            if not self.may_connect:
                miss = Miss("unreadable", "the proxy has not been started.")
                self._refused.append(miss)
                return miss
            return None
        found = self.player.answer(request, keep_host=keep_host)
        if isinstance(found, Answer):
            self._answered += 1
            return found
        if self.may_connect:
            self.player.misses.pop()
            return None
        self._miss(found, None)
        return found

    def _miss(self, miss: Miss, kept: list[Miss] | None) -> None:
        if kept is not None:
            kept.append(miss)
        self._tell(f"miss ({miss.kind}): {miss.message}")

    def keep(self, exchange: Exchange, *, keep_host: bool = False) -> tuple[tuple[str, str], ...]:
        """Records what was forwarded and came back; trouble is told and remembered, never raised.

        Returns the headers that are to be added to the answer, where timing headers are wanted.
        """
        if exchange.error is not None:
            self._warn(f"no answer from upstream: {exchange.error}")
        if self.recorder is None:
            return ()
        try:
            self.recorder.record(exchange, keep_host=keep_host)
        except RecordingError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not cost the client its answer
            self._fail(f"an exchange could not be recorded: {type(error).__name__}: {error}")
        return self.recorder.moments(exchange) if self.settings.timing_headers else ()

    def _warn(self, message: str) -> None:
        """Tells the terminal once."""
        if message not in self._warned:
            self._warned.add(message)
            self._tell(message)

    def _fail(self, message: str) -> None:
        self._warn(message)
        if message not in self._failed:
            self._failed.append(message)

    def delivered(self, answer: Answer) -> None:
        if self.player is not None:
            self.player.delivered(answer)

    def put_back(self, answer: Answer) -> None:
        if self.player is not None:
            self.player.put_back(answer)
            self._answered -= 1

    def finish(self) -> Summary:
        """Closes the recording and says how it went; may be called twice."""
        recorded = 0
        if self.recorder is not None:
            recorder, self.recorder = self.recorder, None
            recorded = recorder.recorded
            try:
                self._close(recorder)
            except ProxyError as error:
                self._failed.append(str(error))
        self.mode = ""
        misses = (*(self.player.misses if self.player else ()), *self._refused)
        unused = tuple(self.player.unused()) if self.player else ()
        # What was said at the first trouble is said again at the end, with what came of it.
        failed = [it for it in self._failed if not any(more != it and more.startswith(it) for more in self._failed)]
        if misses:
            failed.append(f"{len(misses)} request{'s' if len(misses) > 1 else ''} had no answer in the cassette")
        if unused and self.settings.all_used:
            shown = ", ".join(map(str, unused[:10])) + (", …" if len(unused) > 10 else "")
            failed.append(f"{len(unused)} of the recorded interactions were not asked for: {shown}")
        return Summary(recorded, self._answered, misses, unused, tuple(failed), self.settings.cassette)

    def _close(self, recorder: Recorder) -> None:
        """Makes the cassette, but not one with nothing in it, which the next start would take for a recording."""
        if recorder.recorded:
            recorder.close()
            return
        recorder.abandon()
        if self.settings.mode != "append" and not self._failed:
            stays = f"{recorder.path} stays as it was" if recorder.path.exists() else f"there is no {recorder.path}"
            raise RecordingError(
                f"nothing was recorded, so {stays}: no request came through the proxy. See docs/proxy.md for what "
                "programs read to find it."
            )
