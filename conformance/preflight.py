"""A look at the target before anything is judged: is it there, does it let us in, is it an API at all?"""

from __future__ import annotations

from conformance.clock import Clock
from conformance.errors import Unreachable
from conformance.exchange import Exchange, Headers, Request
from conformance.session import Session


def preflight(session: Session, clock: Clock) -> Exchange:
    """Lists one stream. Raises Unreachable with a sentence that says what to look at."""
    target = session.target
    request = Request("GET", f"{target.streams_url()}?PageSize=1", Headers())
    exchange = session.send(request, clock=clock, scenario="preflight", credentials=target.credentials)
    response = exchange.response
    if response is None:
        raise Unreachable(f"can't reach {target.url}: {exchange.error}. Is the server running, and is --target right?")
    if response.status in {401, 403}:
        raise Unreachable(
            f"{target.url} refuses the credentials ({response.status}): check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
        )
    if 300 <= response.status < 400:
        raise Unreachable(
            f"{target.url} redirects to {response.headers.get('Location')!r}: the suite follows no redirects,"
            " so give the final URL as --target."
        )
    if response.media_type in {"text/html", "application/xhtml+xml"}:
        raise Unreachable(
            f"{target.url} answers {request.method} {request.path} with an HTML page ({response.status}),"
            " not with the Sync API: check --target and --service-sid, or make listing work first."
        )
    return exchange
