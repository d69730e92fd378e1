"""Answering requests from a cassette.

player = Player(load("calls.yaml"))
found = player.answer(request)            # an Answer, or a Miss that says why there is none
player.delivered(found)                   # or player.put_back(found), and a retry gets it again
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from conformance.exchange import Headers, Request, Response
from proxy import giveback
from proxy.cassette import Cassette
from proxy.document import Interaction
from proxy.errors import ProxyError
from proxy.index import Index
from proxy.matching import LANE, Lookup, differences, lookup
from proxy.misses import Miss
from proxy.redaction import Redactor

SENT, RECEIVED, ERROR = "X-Replay-Sent", "X-Replay-Received", "X-Replay-Error"


_TIMING = {name.lower() for name in (SENT, RECEIVED, ERROR)}


def moments(sent: float, received: float) -> tuple[tuple[str, str], tuple[str, str]]:
    """The headers that tell a client when an exchange was recorded."""
    return (SENT, f"{sent:.6f}"), (RECEIVED, f"{received:.6f}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded answer with the caller's values in it. `response` is None where the recording has a transport error.

    `number` is the interaction's in the file; `sent` and `received` are the recorded moments, seconds since the epoch.
    The body is decoded: `proxy.wire.outgoing` makes what is sent.
    """

    number: int
    response: Response | None
    error: str | None
    sent: float
    received: float
    at: int
    exact: bytes

    def told(self) -> Response:
        """The recorded transport error as an answer, for a client that reads the headers of `timing_headers`."""
        shown = (self.error or "the connection failed").encode("ascii", "replace").decode()
        headers = ((ERROR, " ".join(shown.split())), *moments(self.sent, self.received))
        return Response(502, "Bad Gateway", Headers(headers))


class Player:
    """The answers of one cassette, each given once.

    `shifted` moves the dates of answers by the time since the recording. `timing_headers` adds the recorded moments to
    each answer as X-Replay-Sent and X-Replay-Received, and lets a server tell a recorded transport error instead of
    making one (`Answer.told`). May be used from several threads.
    """

    def __init__(
        self,
        cassette: Cassette,
        *,
        shifted: bool = False,
        timing_headers: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cassette = cassette
        self.misses: list[Miss] = []
        self._index = Index(cassette)
        self._redactor = Redactor(cassette.header.rules, cassette.header.salt)
        self._timing_headers, self._shifted, self._clock = timing_headers, shifted, clock
        self._shift: tuple[Callable[[str], str], Callable[[str, str], str]] | None = None
        self._logical = f"https://{cassette.header.host}"
        self._bound: dict[str, str] = {}  # pseudonym of what the caller sends -> the recorded sid
        self._taken: set[str] = set()
        self._callers: dict[str, str] = {}  # credential of the caller -> the recorded one
        self._used: dict[bytes, list[int]] = {}
        self._asked = 0
        self._lock = threading.Lock()

    def answer(self, request: Request, *, keep_host: bool = False, scenario: str = "") -> Answer | Miss:
        """The answer to the request, reserved until `delivered` or `put_back`.

        The host of the URL is taken for the player's own address, and the recorded one is looked for; with `keep_host`
        it is compared like the rest. `scenario` counts where the request has no header that names one.
        """
        try:
            with self._lock:
                self._asked += 1
                found = self._answer(request, keep_host=keep_host, scenario=scenario)
        except (ProxyError, ValueError, RecursionError) as error:
            found = Miss("unreadable", f"this request could not be looked up: {error}")
        if isinstance(found, Miss):
            self.misses.append(found)
        return found

    def delivered(self, answer: Answer) -> None:
        """The client has got it: its interaction is used up."""
        with self._lock:
            self._used.setdefault(answer.exact, []).append(answer.at)

    def put_back(self, answer: Answer) -> None:
        """The client did not get it, whatever was said before: the next equal request gets it."""
        with self._lock:
            used = self._used.get(answer.exact, [])
            if answer.at in used:
                used.remove(answer.at)
            self._index.put_back(answer.exact, answer.at)

    def unused(self) -> list[int]:
        """The numbers of the interactions that nobody asked for."""
        with self._lock:
            waiting = sorted(at for queue in self._index.queues.values() for at in queue)
        return [at + 1 for at in waiting]

    def redacted(self, request: Request, *, keep_host: bool = False) -> Request:
        """What the request is compared by: redacted, and only the headers that can matter."""
        action = self._redactor.action
        headers = [
            (name, value)
            for name, value in request.headers.items
            if action("header", name) or action("cookie", name) or name.lower() in ("content-type", LANE.lower())
        ]
        url = request.url if keep_host else self._logical + base_of(request.url)[1]
        return self._redactor.request(Request(request.method, url, Headers(tuple(headers)), request.body))

    def _answer(self, request: Request, *, keep_host: bool, scenario: str) -> Answer | Miss:
        asked = lookup(self.redacted(request, keep_host=keep_host), scenario)
        exact = self._find(asked)
        if exact is None:
            return self._miss(asked)
        at = self._take(exact, asked)
        interaction = self.cassette.interaction(at, request)
        started = self.cassette.header.started
        return Answer(
            number=interaction.number,
            response=self._given_back(interaction, at, asked, base_of(request.url)[0]),
            error=interaction.error,
            sent=started + interaction.sent,
            received=started + interaction.received,
            at=at,
            exact=exact,
        )

    def _find(self, asked: Lookup) -> bytes | None:
        """The key of the unused interactions for this request, its sids bound; None where there are none."""
        queues = self._index.queues
        wanted = asked.exact
        if asked.bound:
            if asked.exact in queues:
                candidates = [(asked.bound, asked.exact)]
            else:
                candidates = [
                    pair for pair in self._index.bindings.get(asked.loose, ()) if self._agrees(asked.bound, pair[0])
                ]
            candidates = [pair for pair in candidates if queues[pair[1]]]
            if not candidates:
                return None
            recorded, wanted = min(candidates, key=lambda pair: queues[pair[1]][0])
            for caller, bound in zip(asked.bound, recorded, strict=True):
                self._bound[caller] = bound
                self._taken.add(bound)
        return wanted if queues.get(wanted) else None

    def _agrees(self, asked: tuple[str, ...], recorded: tuple[str, ...]) -> bool:
        """Whether the caller's sids can stand for these recorded ones, given what they have stood for so far."""
        for caller, sid in zip(asked, recorded, strict=True):
            bound = self._bound.get(caller)
            if bound == sid:
                continue
            if bound is not None or caller in self._index.sids or sid in self._taken:
                return False
        return True

    def _take(self, exact: bytes, asked: Lookup) -> int:
        """The first unused of equal interactions; where several callers recorded them, the first of this caller's."""
        queue = self._index.queues[exact]
        first = queue[0]
        credential = self._index.callers[first][1]
        bound = self._callers.get(asked.credential)
        if bound is not None and bound != credential:
            same = [at for at in queue if self._index.callers[at][1] == bound]
            if same:
                first = min(same)
        elif bound is None and asked.credential:
            self._callers[asked.credential] = credential
        if first == queue[0]:
            return heapq.heappop(queue)
        queue.remove(first)
        queue.sort()
        return first

    def _given_back(self, interaction: Interaction, at: int, asked: Lookup, asked_base: str) -> Response | None:
        response = interaction.response
        if response is None:
            return None
        known = self._redactor.pseudonyms
        try:
            text, encoding = response.body.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = response.body.decode("latin-1"), "latin-1"
        real = {recorded: known.sids.get(caller, caller) for caller, recorded in self._bound.items()}
        account = self._index.callers[at][0] or _only_account(text)
        if asked.account and account:
            real[account] = known.sids.get(asked.account, asked.account)
        is_json = response.media_type.endswith("json")
        recorded_base = interaction.base or self._logical

        credential = self._index.callers[at][1]
        own = self._redactor.value_of(asked.credential) if credential else None

        def restore(value: str, *, as_json: bool) -> str:
            if own is not None and credential in value:
                value = giveback.secret(value, credential, own, is_json=as_json)
            value = giveback.sids(value, real)
            value = giveback.pseudonyms(value, known, is_json=as_json)
            return giveback.base(value, recorded_base, asked_base)

        headers, reason = list(response.headers.items), response.reason
        together = "\n".join([reason, *(value for _, value in headers)])
        if restore(together, as_json=False) != together:  # seldom
            headers = [(name, restore(value, as_json=False)) for name, value in headers]
            reason = restore(reason, as_json=False)
        text = restore(text, as_json=is_json)
        if self._shifted:
            if self._shift is None:
                self._shift = giveback.shifter(round(self._clock() - self.cassette.header.started))
            text = self._shift[0](text)
            headers = [(name, self._shift[1](name, value)) for name, value in headers]
        if self._timing_headers:
            started = self.cassette.header.started
            headers = [item for item in headers if item[0].lower() not in _TIMING]
            headers += moments(started + interaction.sent, started + interaction.received)
        body = text.encode(encoding, "replace")
        return Response(response.status, reason, Headers(tuple(headers)), body)

    def _miss(self, asked: Lookup) -> Miss:
        used = self._used.get(asked.exact)
        if asked.exact in self._index.sizes or self._index.bindings.get(asked.loose):
            return self._used_up(asked, used)
        best: tuple[int, int] | None = None
        for at in self._index.near(asked):
            apart = len(differences(self._index.of(at), asked))
            if best is None or apart < best[0]:
                best = (apart, at)
        where = f"request {self._asked}, {_title(asked)}"
        if best is None:
            return Miss("never-recorded", f"{where}: the cassette has no interactions.")
        at = best[1]
        recorded = self._index.of(at)
        found = differences(recorded, asked)
        shown = "; ".join(str(difference) for difference in found)
        name = f"interaction {at + 1} ({_title(recorded)}, line {self.cassette.line(at)})"
        if recorded.title == asked.title:
            return Miss(
                "differs", f"{where}: never recorded like this; it differs from {name} only in {shown}.", at + 1, found
            )
        return Miss("never-recorded", f"{where}: never recorded; the nearest is {name}: {shown}.", at + 1, found)

    def _used_up(self, asked: Lookup, used: list[int] | None) -> Miss:
        where = f"request {self._asked}, {_title(asked)}"
        recorded_sids = self._index.bindings.get(asked.loose)
        if asked.exact not in self._index.sizes and recorded_sids:
            at = min(self._first_of(exact) for _, exact in recorded_sids)
            found = differences(self._index.of(at), asked)
            free = [exact for bound, exact in recorded_sids if self._agrees(asked.bound, bound)]
            if not free:
                shown = "; ".join(str(difference) for difference in found)
                message = (
                    f"{where}: it differs from interaction {at + 1} only in {shown}; that sid stands for another one."
                )
                return Miss("differs", message, at + 1, found)
            used = [number for exact in free for number in self._used.get(exact, [])]
        numbers = sorted(used or ())
        times = (
            f"{len(numbers)} time{'' if len(numbers) == 1 else 's'}" if numbers else "the answer of which is on its way"
        )
        shown = ", ".join(f"{at + 1} (line {self.cassette.line(at)})" for at in numbers[-3:])
        told = f"recorded and already given, {times}: interaction {shown}" if numbers else f"recorded, {times}"
        return Miss("used-up", f"{where}: {told}.", numbers[-1] + 1 if numbers else None)

    def _first_of(self, exact: bytes) -> int:
        return min([*self._index.queues[exact], *self._used.get(exact, [])], default=0)


def _only_account(text: str) -> str:
    """The account sid of an answer that names exactly one, for a recording made with an API key."""
    found = {sid for sid in giveback.SIDS.findall(text) if sid.startswith("AC")}
    return found.pop() if len(found) == 1 else ""


def base_of(url: str) -> tuple[str, str]:
    """Scheme and authority of an absolute URL without user and password, and everything after them."""
    split = urlsplit(url)
    rest = url[len(split.scheme) + 3 + len(split.netloc) :]
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}", rest


def _title(found: Lookup) -> str:
    return found.title.replace("{IS#0}", "IS…").replace("{AC#0}", "AC…")
