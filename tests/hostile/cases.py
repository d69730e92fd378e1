"""Every hostile server with the run that it gets and what must come of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from suite.raw_server import raw_server

from hostile import behaviours as does
from hostile.behaviours import Handler
from hostile.certificates import certificate, tls_server
from hostile.fronts import Turn, after, fronted, on
from hostile.mortal import mortal
from hostile.running import Ended, run

FEW = ("--rule", "CREATE-*", "--rule", "FETCH-*", "--rule", "LIST-*", "--rule", "DELETE-*")
QUICK = ("--quick", "--level", "must", "--generated", "0.1", "--grace", "1", "--timeout", "1")
BROKEN, JUDGED, EITHER = (3,), (1,), (1, 2)
SECRET = "a line of a file on this machine"
# Where a link may lead: nobody's business but the target's own.
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


@dataclass(frozen=True, slots=True)
class Told:
    """How a run ended, and what a bystander was told meanwhile, who must be told nothing. `report`: whether one was
    written."""

    ended: Ended
    strangers: tuple[bytes, ...]
    report: bool


@dataclass(frozen=True, slots=True)
class Case:
    """`codes`: the exit codes that are right; `says`: a pattern of the sentence that tells what the server did."""

    target: Callable[[str], contextlib.AbstractContextManager[str]]  # given the bystander's URL
    codes: tuple[int, ...]
    says: str
    words: tuple[str, ...] = (*QUICK, *FEW)
    environment: dict[str, str] = field(default_factory=dict)
    slow: bool = False  # left to the longer form


def at_once(handler: Handler | Callable[[str], Handler], *, elsewhere: bool = False) -> Callable[[str], object]:
    """Hostile from the first request on; `elsewhere`: the handler is made from the bystander's URL."""

    @contextmanager
    def target(stranger: str) -> Iterator[str]:
        with raw_server(handler(stranger) if elsewhere else handler) as server:  # type: ignore[call-arg, arg-type]
            yield server.url

    return target


def later(
    turn: Turn, handler: Handler | Callable[[str], Handler], *, elsewhere: bool = False
) -> Callable[[str], object]:
    """The reference server, until it is the hostile one's turn."""

    @contextmanager
    def target(stranger: str) -> Iterator[str]:
        with fronted(turn, handler(stranger) if elsewhere else handler) as server:  # type: ignore[call-arg, arg-type]
            yield server.url

    return target


def linking(link: str) -> Callable[[str], object]:
    """The reference server with the links of its pages leading there; `{stranger}` is the bystander's URL."""

    @contextmanager
    def target(stranger: str) -> Iterator[str]:
        changed = partial(does.with_links, link=link.replace("{stranger}", stranger))
        with fronted(lambda number, request: False, does.never, changed) as server:
            yield server.url

    return target


def dying(count: int, back_after: float | None) -> Callable[[str], object]:
    return lambda stranger: mortal(count, back_after)


def untrusted(*, name: str = "127.0.0.1", expired: bool = False) -> Callable[[str], object]:
    @contextmanager
    def target(stranger: str) -> Iterator[str]:
        with TemporaryDirectory() as folder, tls_server(certificate(Path(folder), name=name, expired=expired)) as told:
            yield told[0]
            assert not told[1]

    return target


def carry_out(case: Case) -> Told:
    """Runs the command on the case's server, with a bystander listening, who is also named as the proxy for every
    address but this machine's own."""
    told: list[bytes] = []
    with raw_server(lambda connection, request: told.append(request)) as stranger, TemporaryDirectory() as folder:
        secret = Path(folder, "secret.txt")
        secret.write_text(SECRET)
        proxies = {"HTTP_PROXY": stranger.url, "http_proxy": stranger.url, "HTTPS_PROXY": stranger.url}
        with case.target(stranger.url) as url:
            places = ("--report", str(Path(folder, "report")))
            ended = run("--target", url, *case.words, *places, **proxies, **case.environment)
        heard = (b"a connection",) * stranger.connections
        written = Path(folder, "report", "report.json")
        report = written.exists()
    return Told(ended, (*heard, *told), report)


NO_ANSWER = "no whole answer within 1 s"
TOO_LARGE = f"a body of more than|{NO_ANSWER}"  # on a busy machine unpacking 2 MB takes a second
FIRST = {
    "never answers": (does.never, BROKEN, NO_ANSWER),
    "a byte a second": (does.trickle, BROKEN, NO_ANSWER),
    "a head of a byte a second": (does.trickle_head, BROKEN, NO_ANSWER),
    "closes in the head": (does.close_in_head, BROKEN, "broke off"),
    "closes in the body": (does.close_in_body, BROKEN, "broke off"),
    "resets in the body": (does.reset_in_body, BROKEN, "broke off"),
    "endless body": (does.endless, BROKEN, TOO_LARGE),
    "endless chunk line": (does.endless_chunk_line, BROKEN, "no HTTP"),
    "endless 100 Continue": (does.endless_continue, BROKEN, "headers of more than"),
    "2 GB unpacked": (does.bomb, BROKEN, TOO_LARGE),
    "2 GB packed twice": (does.bomb_in_bomb, BROKEN, "content coding"),
    "a coding nobody asked for": (does.brotli, BROKEN, "content coding"),
    "100,000 headers": (does.headers, BROKEN, "more than 100 headers"),
    "long headers": (does.long_headers, BROKEN, "headers of more than"),
    "endless headers": (does.endless_headers, BROKEN, "more than 100 headers"),
    "redirects in a circle": (does.redirect_in_circle, BROKEN, "redirects to '/v1/"),
    "garbage": (does.garbage, BROKEN, "no HTTP"),
    "a banner of SSH": (does.banner, BROKEN, "no HTTP"),
    "200,000 brackets": (does.brackets, JUDGED, "brackets and commas"),
    "200,000 braces": (does.braces, JUDGED, "brackets and commas"),
    "900 levels": (does.deep, JUDGED, "nested too deeply"),
    "NaN": (does.not_a_number, JUDGED, "NaN is not JSON"),
    "a key twice": (does.twice, JUDGED, "'sid' occurs twice"),
    "no UTF-8": (does.no_utf8, JUDGED, "is not UTF-8"),
    "lone surrogates": (does.surrogates, EITHER, r"TO\\ud800"),
    "a number of 100,000 digits": (does.long_number, JUDGED, "not JSON"),
    "2 MB each time": (does.full, EITHER, "brackets and commas"),
}
NO_GOOD = "verdict: (not conformant|incomplete)"
DEVIATES = "verdict: conformant with deviations"
QUICKLY_BOTH = {"never answers", "resets in the body", "endless body", "2 GB unpacked", "garbage", "lone surrogates"}


def _cases() -> Iterator[tuple[str, Case]]:
    for name, (handler, codes, says) in FIRST.items():
        yield name, Case(at_once(handler), codes, says)
        yield (
            f"{name}, after 40 requests",
            Case(later(after(40), handler), EITHER, says, slow=name not in QUICKLY_BOTH),
        )
        for operation, line in OPERATIONS.items():
            words = (*QUICK, "--rule", f"{operation.upper()}-*")
            ending = (EITHER, NO_GOOD)
            if operation == "publish":  # nobody promises what the answer to a message looks like, so a `should` says it
                words, ending = (*words, "--level", "should"), ((0, *EITHER), f"{NO_GOOD}|{DEVIATES}")
            yield f"{name}, to each {operation}", Case(later(on(line), handler), *ending, words, slow=True)
    yield "redirects elsewhere", Case(at_once(does.redirecting, elsewhere=True), BROKEN, "redirects to 'http")
    yield (
        "redirects elsewhere, after 40 requests",
        Case(later(after(40), does.redirecting, elsewhere=True), JUDGED, "got +307"),
    )
    yield "never answers a delete", Case(later(on("DELETE"), does.never), EITHER, NO_ANSWER)
    for name, link in LINKS.items():
        yield name, Case(linking(link), JUDGED, "_page_url")
    yield "a certificate of nobody's", Case(untrusted(), BROKEN, "the TLS handshake failed .*self-signed")
    yield "a certificate for another host", Case(untrusted(name="other.example"), BROKEN, "the TLS handshake failed")
    yield "an expired certificate", Case(untrusted(expired=True), BROKEN, "the TLS handshake failed", slow=True)
    yield "dies", Case(dying(40, None), EITHER, "nobody has answered at the target for 10 s")
    yield "restarts", Case(dying(40, 2.0), (0, 1, 2), "verdict: ")


OPERATIONS = {
    "create": "POST [^ ]*/Streams ",
    "list": "GET [^ ]*/Streams[? ]",
    "fetch": "GET [^ ]*/Streams/",
    "update": "POST [^ ]*/Streams/[^/]* ",
    "delete": "DELETE ",
    "publish": "POST [^ ]*/Messages ",
}
LINKS = {
    "links to another origin": "{stranger}/v1/Services/default/Streams?PageSize=50&Page=1&PageToken=x",
    "links to a file": f"file://{Path(__file__).resolve()}",
    "links to the cloud's metadata": METADATA,
    "links in a circle": "/v1/Services/default/Streams?PageSize=50&Page=0",
    "links to the login of another host": "http://user:password@{stranger}/v1/Services/default/Streams",
    "links that are no text": "\ud800\n\0",
}
CASES = dict(_cases())
