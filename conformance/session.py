"""The one way out: every request of a run goes through a `Session`, which keeps the exchange as evidence.

It adds credentials for the target's origin only, refuses every other origin, retries what a healthy but busy
service may answer, and counts against the budget.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace

from conformance import __version__
from conformance.budget import Budget
from conformance.clock import Clock
from conformance.errors import SuiteError
from conformance.exchange import Exchange, Headers, NotJSON, Request, Response
from conformance.outcomes import NotRun
from conformance.pulse import Pulse
from conformance.target import Credentials, Target, origin_of
from conformance.wire import Wire, WireError

SCENARIO_HEADER = "X-Conformance-Scenario"
REPLAY_SENT, REPLAY_RECEIVED = "X-Replay-Sent", "X-Replay-Received"
REPLAY_MISS, REPLAY_ERROR = "X-Sync-Proxy-Miss", "X-Replay-Error"
ACCOUNT_THROTTLED = 20429
RETRY_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds, where the server names no Retry-After
LONGEST_PAUSE = 10.0


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
    ) -> None:
        self.target = target
        self.budget = budget
        self.timeout = timeout
        self.log: list[Exchange] = []
        self.retried: list[Exchange] = []
        self._wire = wire
        self._recorded, self._replayed = recorded, replayed
        self._stopped = threading.Event()
        self._pulse = Pulse()

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

    def _go_on(self) -> None:
        if self.gone:
            self.stop()
        if self.stopped:
            raise NotRun(self.gone or "the run was stopped")

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
    ) -> Exchange:
        """Sends one request and keeps the exchange.

        `credentials` None sends none. `repeatable`: sending twice does no harm, so a broken connection is
        tried again. A 503 or a 429 of the whole account says that nothing was done, and is always tried again.
        Raises OriginRefused for a foreign URL and NotRun when the budget is used up or the run was stopped.
        """
        if origin_of(request.url) != self.target.origin:
            raise OriginRefused(f"refused to send a request to {request.url!r}, which is not on {self.target.url}")
        pauses = iter(RETRY_PAUSES)
        while True:
            self._go_on()
            self.budget.spend(message=message)
            exchange, unsent = self._once(request, clock, scenario, credentials)
            clock.observe(exchange)
            self._pulse.see(exchange, unsent=unsent)
            pause = next(pauses, None)
            if pause is None or not _worth_retrying(exchange, repeatable=repeatable or unsent):
                self.log.append(exchange)
                return exchange
            self.retried.append(exchange)
            self.budget.count(retries=1)
            self.pause(clock, _retry_after(exchange.response, pause))

    def _once(
        self, request: Request, clock: Clock, scenario: str, credentials: Credentials | None
    ) -> tuple[Exchange, bool]:
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
        unsent = False
        try:
            response = self._wire.send(replace(request, headers=secret), timeout=self.timeout)
        except WireError as problem:
            error, unsent = str(problem), problem.unsent
        received = clock.now()
        if response and (self._recorded or self._replayed):
            # What is asked next may depend on these moments, so both runs must go by the same ones.
            sent = _moment(response, REPLAY_SENT, sent)
            received = _moment(response, REPLAY_RECEIVED, received)
            error = self._proxy_error(response)
            response = None if error else response
        return Exchange(replace(request, headers=shown), response, sent, received, error, scenario), unsent

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


def _login(request: Request, credentials: Credentials | None) -> str:
    """Tells another login than the target's own apart, so that a recording, which holds no login, still can."""
    given = credentials.label if credentials else request.headers.get("Authorization")
    return "nobody" if given is None else hashlib.blake2b(given.encode(), digest_size=4).hexdigest()


def _moment(response: Response, header: str, otherwise: float) -> float:
    try:
        return float(response.headers.get(header) or otherwise)
    except ValueError:
        return otherwise


def _worth_retrying(exchange: Exchange, *, repeatable: bool) -> bool:
    if exchange.response is None:
        return repeatable and "within" not in (exchange.error or "")  # what took the whole time-out once will again
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
