"""Results made by hand: what the tests of the report are fed with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import urlencode

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.outcomes import Level, Outcome
from conformance.report.measurements import Measurements, measure
from conformance.results import Results, RuleResult, Statistics
from conformance.rules import load_catalogue

BASE = "http://127.0.0.1:8080/v1/Services/default/Streams"
SID = "TO" + "0123456789abcdef" * 2
STARTED = 1_790_000_000.0
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(2)>"
    "\x1b[31mred\x1b[0m\x07\x00 \u202egnp.exe\u202c\u2066\u200b\ufeff ]]> [[ATTACHMENT|/etc/passwd]]"
    " [click](javascript:alert(3)) ![x](http://evil.example/x.png) `code` **bold** | cell | {{7*7}} {% raw %} @everyone"
    " http://evil.example/ <!-- --> &lt;b&gt; </pre></details></main>\r\n# heading\n- item\ud800"
)


def exchange(
    method: str = "GET",
    path: str = f"/{SID}",
    *,
    form: dict[str, str] | None = None,
    status: int | None = 200,
    body: object = None,
    headers: Iterable[tuple[str, str]] = (("Content-Type", "application/json"),),
    sent: float = STARTED,
    elapsed: float = 0.012,
    scenario: str = "example",
) -> Exchange:
    """One exchange; `status` None means no answer, `body` bytes stay as they are and anything else becomes JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = [*([FORM] if form is not None else []), ("Authorization", "Basic $TWILIO_ACCOUNT_SID:$TWILIO_AUTH_TOKEN")]
    request = Request(method, BASE + path, Headers(tuple(lines)), urlencode(form or {}).encode())
    response = None if status is None else Response(status, "OK", Headers(tuple(headers)), content)
    return Exchange(request, response, sent, sent + elapsed, None if response else "connection reset", scenario)


def stream(**changes: object) -> dict[str, object]:
    """The body of a stream."""
    url = f"{BASE}/{SID}"
    return {
        "sid": SID,
        "unique_name": "conformance-00000000-example-a",
        "account_sid": "AC" + "0" * 32,
        "service_sid": "IS" + "0" * 32,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": None,
        "date_created": "2026-09-21T12:00:00Z",
        "date_updated": "2026-09-21T12:00:00Z",
        "created_by": "system",
    } | changes


FAILURES = {
    "TTL-DATE-EXPIRES": RuleResult(
        load_catalogue()["TTL-DATE-EXPIRES"],
        Outcome.FAIL,
        "expected date_expires to be date_created + 60 s, got '2026-09-21T13:00:00Z'",
        "date_expires to be date_created + 60 s",
        "'2026-09-21T13:00:00Z', which is 3600 s after it",
        (exchange("POST", "", form={"Ttl": "60"}, status=201, body=stream(date_expires="2026-09-21T13:00:00Z")),),
        0.02,
    ),
    "NAME-DUPLICATE-ERROR": RuleResult(
        load_catalogue()["NAME-DUPLICATE-ERROR"],
        Outcome.FAIL,
        "expected 409 with code 54301: the name is taken, got 400 OK (code 20001: no)",
        "409 with code 54301: the name is taken",
        "400 OK (code 20001: no)",
        (exchange("POST", "", form={"UniqueName": "a"}, status=400, body={"code": 20001, "message": "no"}),),
    ),
    "UPDATE-TTL": RuleResult(
        load_catalogue()["UPDATE-TTL"], Outcome.BLOCKED, "because TTL-DATE-EXPIRES failed", duration=0.001
    ),
    "RATE-SUSTAINED": RuleResult(
        load_catalogue()["RATE-SUSTAINED"], Outcome.INCONCLUSIVE, "the target is too slow: 12 messages a second"
    ),
    "NAME-IN-OTHER-SERVICE": RuleResult(
        load_catalogue()["NAME-IN-OTHER-SERVICE"], Outcome.UNSUPPORTED, "needs a second service"
    ),
    "STREAM-DATES-WHOLE-SECONDS": RuleResult(
        load_catalogue()["STREAM-DATES-WHOLE-SECONDS"], Outcome.WAIVED, "waived: known. expected whole seconds, got .5"
    ),
    "LIST-STATUS": RuleResult(load_catalogue()["LIST-STATUS"], Outcome.ERROR, "the suite itself failed (KeyError)"),
}


def results(
    changes: dict[str, RuleResult] | None = None, *, measured: bool = False, complete: bool = True, only: str = ""
) -> Results:
    """A run in which every rule holds but for `changes`; `only` selects the rules whose ids begin so."""
    catalogue = load_catalogue()
    given = changes or {}
    return Results(
        target="http://127.0.0.1:8080",
        service="default",
        seed=7,
        suite_version="0.1.0",
        results=tuple(given.get(rule.id) or holds(rule.id) for rule in catalogue if rule.id.startswith(only)),
        total_rules=len(catalogue),
        statistics=Statistics(412, 60, 100, 1, STARTED, 31.25, 11.0, 40.0),
        complete=complete,
        measurements=measure(log()) if measured else Measurements(),
        command="sync-conformance run --target http://127.0.0.1:8080 --seed 7",
    )


def holds(rule_id: str) -> RuleResult:
    """The rule kept, or the question answered."""
    rule = load_catalogue()[rule_id]
    if rule.level is Level.SURVEY:
        return RuleResult(rule, Outcome.ANSWERED, "no: 404", exchanges=(exchange(status=404, body={"code": 20404}),))
    return RuleResult(rule, Outcome.PASS, duration=0.003)


def log() -> list[Exchange]:
    """Traffic with something to draw: a stream that expires, one over its rate, and messages of several sizes."""
    found: list[Exchange] = []

    def seen(offset: float, *args: object, scenario: str, **more: object) -> None:
        found.append(exchange(*args, sent=STARTED + offset, scenario=scenario, **more))  # type: ignore[arg-type]

    name = "conformance-00000000-expiring-short"
    form = {"UniqueName": name, "Ttl": "3"}
    seen(0.0, "POST", "", form=form, status=201, body=stream(unique_name=name), scenario="expiring")
    seen(1.5, "GET", f"/{SID}", body=stream(), scenario="expiring")
    seen(2.5, "GET", f"/{name}", body=stream(), scenario="expiring")
    seen(4.0, "GET", f"/{SID}", status=404, body={"code": 20404}, scenario="expiring")
    for number in range(120):
        status = 201 if number % 60 < 30 else 429
        seen(number / 60, "POST", "/flooded/Messages", form={"Data": "{}"}, status=status, scenario="flood")
    for size, status in ((2, 201), (4000, 201), (4200, 413), (65536, 413)):
        seen(5.0, "POST", "/sized/Messages", form={"Data": "x" * size}, status=status, scenario="sizes")
    seen(6.0, "GET", "?PageSize=50", body={"streams": [], "meta": {}}, scenario="lists")
    return found
