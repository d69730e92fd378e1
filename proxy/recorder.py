"""Recording exchanges into a cassette, with nothing secret in it and the proof that it replays.

recorder = Recorder(Path("calls.yaml"))
recorder.record(exchange)
recorder.close()
"""

from __future__ import annotations

import contextlib
import itertools
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from conformance.exchange import Exchange, Headers, Request, Response
from proxy import giveback, journal
from proxy.cassette import Cassette, load, parse
from proxy.document import Interaction, flow, write
from proxy.errors import RecordingError, SecretFound
from proxy.header import HOST, Header, chain, write_header, write_trailer
from proxy.matching import lookup
from proxy.misses import Miss
from proxy.player import Answer, Player, base_of, moments
from proxy.pseudonyms import new_salt
from proxy.redaction import Redactor
from proxy.rules import Rule, default_rules, without_pii
from proxy.secretsearch import base64_cores, plain_forms, views
from proxy.wire import end_to_end

# Stands in an answer for the address that the client asked when the answer also names the logical host by itself.
OTHER_BASE = "https://base.invalid"
_KEYS = re.compile(r"^ {0,4}[a-z0-9]+:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the header says about where a recording comes from; all of it is the caller's to choose."""

    target_kind: str = ""
    suite_version: str = ""
    seed: str | None = None
    extra: dict[str, Any] | None = None


def recorder_version() -> str:
    """Name and version of this distribution, for the header."""
    name = "twilio-sync-conformance"
    with contextlib.suppress(PackageNotFoundError):
        return f"{name} {version(name)}"
    from conformance import __version__  # noqa: PLC0415

    return f"{name} {__version__}"


class Recorder:
    """Writes one cassette. `append` goes on with an existing one, `force` replaces it at the end.

    `rules` default to the built-in ones, without those for personal data when `keep_pii`. `known_secrets` are searched
    for from the start, beside those that are seen in credentials. `host` is the name requests are meant for.
    Raises RecordingError when the file is there already, is being recorded by another process, or can't be written.
    May be used from several threads.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        append: bool = False,
        force: bool = False,
        rules: Iterable[Rule] | None = None,
        keep_pii: bool = False,
        salt: str | None = None,
        host: str = HOST,
        provenance: Provenance | None = None,
        known_secrets: Iterable[str] = (),
        started: float | None = None,
    ) -> None:
        self.path = Path(path)
        self.adopted = journal.adopt(self.path)
        self._replace = append or force
        documents: list[str] = []
        if append and self.path.exists():
            previous = load(self.path)
            self.header = previous.header
            documents = [previous.text(at) for at in range(len(previous))]
        else:
            if self.path.exists() and not force:
                told = f"{self.adopted} " if self.adopted else ""
                raise RecordingError(
                    f"{told}{self.path} exists; use the mode append to go on with it, or --force to replace it."
                )
            chosen = tuple(default_rules() if rules is None else rules)
            given = provenance or Provenance()
            self.header = Header(
                started=round(time.time() if started is None else started, 6),
                salt=salt or new_salt(),
                rules=without_pii(chosen) if keep_pii else chosen,
                recorder=recorder_version(),
                host=host,
                target_kind=given.target_kind,
                suite_version=given.suite_version,
                seed=given.seed,
                keep_pii=keep_pii,
                extra=given.extra or {},
            )
        self._redactor = Redactor(self.header.rules, self.header.salt, known_secrets)
        self._digests = [text[-41:-2] for text in documents]
        self._earlier = len(documents)
        self._keys: list[bytes] = []
        self._logical = f"https://{self.header.host}"
        self._failed: str | None = None
        self._lost = 0
        self._closed = False
        self._lock = threading.Lock()
        self._journal = journal.start(self.path, write_header(self.header), documents)

    def __len__(self) -> int:
        """How many interactions the cassette has so far."""
        return len(self._digests)

    @property
    def recorded(self) -> int:
        """How many of them this recorder added."""
        return len(self._digests) - self._earlier

    def moments(self, exchange: Exchange) -> tuple[tuple[str, str], ...]:
        """The headers that a replay of this exchange will have (`timing_headers`)."""
        started = self.header.started
        sent, received = (float(f"{moment - started:.6f}") for moment in (exchange.sent, exchange.received))
        return moments(started + sent, started + received)

    def add_secret(self, value: str) -> None:
        """From now on this is searched for and taken out, and the finished file is searched for it."""
        with self._lock:
            self._redactor.secret(value)

    def record(self, exchange: Exchange, *, keep_host: bool = False) -> int:
        """Appends the exchange and returns its number. Raises RecordingError when it could not be written; from then on
        nothing more is recorded, so that the cassette has no holes.

        The scheme and authority of the URL are taken for an address of the proxy, and the header's host is written
        instead, here and in the answer; with `keep_host` they stay.
        """
        with self._lock:
            if self._closed:
                raise RecordingError(f"{self.path} is finished; nothing more can be recorded into it.")
            if self._failed is not None:
                self._lost += 1
                raise RecordingError(self._failed)
            interaction, key = self._prepare(exchange, keep_host=keep_host)
            text = write(interaction)
            try:
                self._journal.append(text)
            except OSError as error:
                self._lost += 1
                self._failed = (
                    f"{self.path} can't be written any more ({error.strerror or error}): "
                    f"{len(self._digests)} interactions are kept, nothing after them is recorded."
                )
                raise RecordingError(self._failed) from None
            self._digests.append(text[-41:-2])
            self._keys.append(key)
            return interaction.number

    def close(self) -> Path:
        """Checks the recording and makes it the cassette.

        Raises SecretFound when a known secret is in it, and removes the recording then; RecordingError when a request
        would not find its own interaction, or when something could not be written.
        """
        with self._lock:
            if self._closed:
                return self.path
            self._closed = True
            try:
                self._finish()
            finally:
                self._journal.release()
        if self._failed is not None:
            raise RecordingError(f"{self._failed} {self._lost} more were answered and not recorded.")
        return self.path

    def abandon(self) -> None:
        """Ends the recording without a cassette; an existing one stays as it was."""
        with self._lock:
            self._closed = True
            self._journal.discard()

    def _prepare(self, exchange: Exchange, *, keep_host: bool) -> tuple[Interaction, bytes]:
        base, rest = base_of(exchange.request.url)
        logical = base if keep_host else self._logical
        headers = end_to_end(exchange.request.headers)
        if not keep_host:
            headers = _with_host(headers, self.header.host)
        request = Request(exchange.request.method, logical + rest, headers, exchange.request.body)
        redacted = self._redactor.request(request)
        response, own_base = None, ""
        if exchange.response is not None:
            given = replace(exchange.response, headers=end_to_end(exchange.response.headers))
            given, own_base = _rebased(given, base, logical)
            response = self._redactor.response(given, request)
        interaction = Interaction(
            number=len(self._digests) + 1,
            sent=exchange.sent - self.header.started,
            received=exchange.received - self.header.started,
            request=redacted,
            response=response,
            error=None if response else self._redactor.text(exchange.error or "the connection failed"),
            scenario=exchange.scenario,
            base=own_base,
        )
        return interaction, lookup(redacted, exchange.scenario).exact

    def _finish(self) -> None:
        note = "nothing more could be written" if self._failed else ""
        trailer = write_trailer(len(self._digests), chain(self._digests), note)
        cassette = parse(self.path, self._journal.read() + f"---\n{trailer}".encode())
        try:
            search(cassette, self._redactor.secrets)
        except SecretFound:
            self._journal.discard()
            raise
        prove(cassette, {at + self._earlier: key for at, key in enumerate(self._keys)})
        try:
            self._journal.finish(trailer, replace=self._replace)
        except OSError as error:
            raise RecordingError(
                f"{self.path} can't be finished: {error.strerror or error}. What was recorded is in "
                f"{journal.journal_of(self.path)}; the next start adopts it."
            ) from None


def search(cassette: Cassette, secrets: Iterable[str]) -> None:
    """Looks for each secret, in every form it may have, in the header and in each interaction's final text.

    Raises SecretFound, which names the interaction but not the secret.
    """
    needles = [(*plain_forms(secret), *base64_cores(secret.encode("utf-8", "surrogatepass"))) for secret in secrets]
    if not needles:
        return
    header = cassette.header
    given = flow([header.seed, header.extra])  # the rest of the header is not from traffic and not the caller's
    for name, text in itertools.chain([("the header", given)], (_named(cassette, at) for at in range(len(cassette)))):
        shown = list(views(text))
        if "    base64: |" in text:
            shown.append(text.replace("\n      ", ""))
        for forms in needles:
            if any(form in view for view in shown for form in forms):
                raise SecretFound(
                    f"{cassette.path}: a secret was found in {name}, so the recording was refused and removed. It was "
                    "not yet known as a secret when this was recorded: name it before you record, or add a rule."
                )


def _named(cassette: Cassette, at: int) -> tuple[str, str]:
    # Without the format's own keys: a password such as `response` is not a find.
    return f"interaction {at + 1}", _KEYS.sub("", cassette.text(at))


def prove(cassette: Cassette, keys: Mapping[int, bytes]) -> None:
    """Puts each recorded request through the player: in recorded order, each must get its own answer.

    `keys` are what the requests were looked up by when they were recorded, real values and all. Raises RecordingError.
    """
    player = Player(cassette)
    for at in range(len(cassette)):
        request, scenario = cassette.request(at)
        found = player.answer(request, keep_host=True, scenario=scenario)
        if isinstance(found, Answer):
            player.delivered(found)
            if found.at == at and keys.get(at, found.exact) == found.exact:
                continue
        why = found.message if isinstance(found, Miss) else f"it would get interaction {found.at + 1}"
        raise RecordingError(
            f"{cassette.path}: interaction {at + 1} ({request.method} {request.url}) would not be found when it is "
            f"replayed ({why}), so the cassette was not written; what was recorded is in "
            f"{journal.journal_of(cassette.path)}."
        )


def _with_host(headers: Headers, host: str) -> Headers:
    return Headers(tuple((name, host if name.lower() == "host" else value) for name, value in headers.items))


def _rebased(response: Response, base: str, logical: str) -> tuple[Response, str]:
    """The answer with the address the client asked replaced, and what stands for it when not the logical one."""
    if base == logical:
        return response, ""
    try:
        text, encoding = response.body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, encoding = response.body.decode("latin-1"), "latin-1"
    values = [text, *(value for _, value in response.headers.items)]
    taken = any(logical in value or logical.replace("/", r"\/") in value for value in values)
    ours = OTHER_BASE if taken else logical
    headers = Headers(tuple((name, giveback.base(value, base, ours)) for name, value in response.headers.items))
    body = giveback.base(text, base, ours).encode(encoding)
    return replace(response, headers=headers, body=body), OTHER_BASE if taken else ""
