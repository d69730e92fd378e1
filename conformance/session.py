"""The one way out: every request of a run goes through a `Session`, which keeps the exchange as evidence.

It adds credentials for the target's origin only, refuses every other origin, retries what a healthy but busy
service may answer, and counts against the budget.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from conformance import __version__
from conformance.budget import Budget
from conformance.clock import Clock
from conformance.errors import SuiteError
from conformance.exchange import Exchange, Headers, NotJSON, Request, Response
from conformance.outcomes import NotRun, NotSent
from conformance.pulse import Pulse
from conformance.target import Credentials, Target, origin_of
from conformance.wire import Wire, WireError

SCENARIO_HEADER = "X-Conformance-Scenario"
REPLAY_SENT, REPLAY_RECEIVED = "X-Replay-Sent", "X-Replay-Received"
REPLAY_MISS, REPLAY_ERROR = "X-Sync-Proxy-Miss", "X-Replay-Error"
ACCOUNT_THROTTLED = 20429
RETRY_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds, where the server names no Retry-After
LONGEST_PAUSE = 10.0
FEW, RARELY = 5, 0.03  # requests without an answer, and their share, that are taken for bad luck


class OriginRefused(SuiteError):
    """The suite was about to ask a host that is not the target."""


class Session:
    """Sends requests to one target. Safe to use from many threads."""

    def __init__(
        self,
        target: Target,
        *,
        wire: Wire,
        budget: Budget,
        timeout: float = 30.0,
        recorded: bool = False,
        replayed: bool = False,
        until: float = math.inf,
    ) -> None:
        self.target = target
        self.budget = budget
        self.timeout = timeout
        self.log: list[Exchange] = []
        self.retried: list[Exchange] = []
        self.again: list[Exchange] = []  # what was sent again after no answer, each on a connection of its own
        self._wire = wire
        self._recorded, self._replayed = recorded, replayed
        self._stopped = threading.Event()
        self._pulse = Pulse(timeout)
        self._until = until  # by time.monotonic
        self.overdue = False  # whether something was left out because the time was up

    def stop(self) -> None:
        """From now on every request and every wait ends with NotRun."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    @property
    def gone(self) -> str:
        """Why the run stopped itself: nobody listens at the target any more. Empty while somebody does."""
        return self._pulse.gone

    @property
    def last_act(self) -> str:
        """The requests that were broken off when it went."""
        return self._pulse.last_act

    def uncertain(self, scenario: str) -> int:
        """How many requests of that scenario that change something got no answer, so that nobody knows whether they
        did. Sent again, a delete finds nothing, say."""
        seen = (*self.retried, *self.log)
        return sum(e.response is None and e.scenario == scenario and e.request.method != "GET" for e in seen)

    @property
    def reliable(self) -> bool:
        """Whether only few requests of the run got no answer: then that was bad luck, not the target's way."""
        unanswered = sum(exchange.response is None for exchange in (*self.retried, *self.log))
        return unanswered <= FEW + RARELY * self.budget.requests

    def _go_on(self) -> None:
        if time.monotonic() >= self._until:
            self.overdue = True
            raise NotSent("the time of the run is up (--max-time)")
        if self.gone:
            self.stop()
        if self.stopped:
            raise NotSent(self.gone or "the run was stopped")

    def _wait(self, seconds: float) -> None:
        """Waits for a request's turn, where their rate is limited."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._go_on()
            self._stopped.wait(min(left, 0.5))

    def pause(self, clock: Clock, seconds: float) -> None:
        """Sleeps on that clock; raises NotRun when the run is stopped meanwhile."""
        end = clock.now() + seconds
        while (left := end - clock.now()) > 0:
            self._go_on()
            clock.sleep(min(left, 0.5))

    def send(
        self,
        request: Request,
        *,
        clock: Clock,
        scenario: str = "",
        credentials: Credentials | None,
        message: bool = False,
        repeatable: bool = True,
        again: bool = False,
    ) -> Exchange:
        """Sends one request and keeps the exchange.

        `credentials` None sends none. `repeatable`: sending twice does no harm, so a broken connection is
        tried again. A 503 or a 429 of the whole account says that nothing was done, and is always tried again.
        `again`: the caller has sent this before and got no answer.
        Raises OriginRefused for a foreign URL and NotRun when the budget is used up or the run was stopped.
        """
        if origin_of(request.url) != self.target.origin:
            raise OriginRefused(f"refused to send a request to {request.url!r}, which is not on {self.target.url}")
        pauses = iter(RETRY_PAUSES)
        while True:
            self._go_on()
            if why := self._pulse.stalled(request):
                raise NotSent(why)
            self._wait(self.budget.spend(message=message))
            exchange, problem = self._once(request, clock, scenario, credentials, fresh=again)
            unsent = problem is not None and problem.unsent
            clock.observe(exchange)
            if again and not unsent:
                self.again.append(exchange)
            again = exchange.response is None
            self._pulse.see(exchange, unsent=unsent, late=problem is not None and problem.late)
            pause = next(pauses, None)
            if pause is None or not _worth_retrying(exchange, problem, repeatable=repeatable or unsent):
                self.log.append(exchange)
                return exchange
            self.retried.append(exchange)
            self.budget.count(retries=1)
            self.pause(clock, _retry_after(exchange.response, pause))

    def _once(
        self, request: Request, clock: Clock, scenario: str, credentials: Credentials | None, *, fresh: bool
    ) -> tuple[Exchange, WireError | None]:
        lane = scenario if credentials == self.target.credentials else f"{scenario}/{_login(request, credentials)}"
        common = (("User-Agent", f"twilio-sync-conformance/{__version__}"), (SCENARIO_HEADER, lane))
        headers = Headers((*request.headers, *common))
        secret, shown = headers, headers
        if credentials:
            secret = Headers((*headers, ("Authorization", credentials.authorization)))
            shown = Headers((*headers, ("Authorization", credentials.shown)))
        sent = clock.now()
        response: Response | None = None
        error: str | None = None
        problem: WireError | None = None
        timeout = min(self.timeout, self._until - time.monotonic())
        try:
            response = self._wire.send(replace(request, headers=secret), timeout=max(timeout, 0.01), fresh=fresh)
        except WireError as trouble:
            problem, error = trouble, str(trouble)
            if timeout < self.timeout:  # it was cut off because the run's time is up, which says nothing of the target
                with _though_sent():
                    self._go_on()
        received = clock.now()
        if response and (self._recorded or self._replayed):
            # What is asked next may depend on these moments, so both runs must go by the same ones.
            sent = _moment(response, REPLAY_SENT, sent)
            received = _moment(response, REPLAY_RECEIVED, received)
            error = self._proxy_error(response)
            response = None if error else response
        return Exchange(replace(request, headers=shown), response, sent, received, error, scenario), problem

    def _proxy_error(self, response: Response) -> str | None:
        """What went wrong between the proxy and the target, now or when this was recorded.

        Raises NotRun, and stops the run, for a request that the recording does not hold.
        """
        if self._replayed:
            if REPLAY_MISS in response.headers:
                self.stop()
                raise NotRun("the recording does not hold what is asked for here")
            return response.headers.get(REPLAY_ERROR)
        own = response.status == 502 and (response.headers.get("Server") or "").startswith("mitmproxy ")
        return "the connection broke off behind the proxy" if own else None


@contextmanager
def _though_sent() -> Iterator[None]:
    """Turns NotSent, which would promise too much, into NotRun."""
    try:
        yield
    except NotSent as error:
        raise NotRun(error.message) from None


def _login(request: Request, credentials: Credentials | None) -> str:
    """Tells another login than the target's own apart, so that a recording, which holds no login, still can."""
    given = credentials.label if credentials else request.headers.get("Authorization")
    return "nobody" if given is None else hashlib.blake2b(given.encode(), digest_size=4).hexdigest()


def _moment(response: Response, header: str, otherwise: float) -> float:
    try:
        return float(response.headers.get(header) or otherwise)
    except ValueError:
        return otherwise


def _worth_retrying(exchange: Exchange, problem: WireError | None, *, repeatable: bool) -> bool:
    if exchange.response is None:
        # What took the whole time-out once will again, and so will what was no answer at all.
        return repeatable and (problem is None or (problem.broken and not problem.late))
    if exchange.status == 503:
        return True
    if exchange.status == 429:
        try:
            body = exchange.response.json()
        except NotJSON:
            return False
        return isinstance(body, dict) and body.get("code") == ACCOUNT_THROTTLED
    return False


def _retry_after(response: Response | None, otherwise: float) -> float:
    text = (response.headers.get("Retry-After") if response else None) or ""
    return min(float(text), LONGEST_PAUSE) if text.isdecimal() and text.isascii() else otherwise


Sender = Callable[[Request], Exchange]
