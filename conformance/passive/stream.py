"""What every stream looks like, wherever an answer shows one: judged on one exchange.

Streams are judged in successful answers to create, fetch and update, and entry by entry in lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.exchange import Exchange
from conformance.expect import RFC3339, expect, moment_of, show, value
from conformance.operation import Operation, address_of, operation_of
from conformance.outcomes import Failed
from conformance.passive import passive
from conformance.resource import KEYS, Shown, streams_shown

OURS = "conformance-"  # names that the suite gives; it creates over REST only
SID = {prefix: re.compile(prefix + "[0-9a-fA-F]{32}") for prefix in ("TO", "AC", "IS")}
STREAM_PATH = re.compile(r"/v1/Services/(?P<service>[^/]+)/Streams/(?P<stream>[^/]+)(?P<below>/.*?)?/?")
URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


def _each(exchange: Exchange, judge: Callable[[Shown], bool | None]) -> bool:
    """Judges every stream of the exchange; whether the rule spoke of any."""
    spoken = False
    for shown in streams_shown(exchange):
        spoken = judge(shown) is not False or spoken
    return spoken


@passive("STREAM-KEYS")
def stream_has_ten_keys(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> None:
        missing = [key for key in KEYS if key not in shown.body]
        expect(not missing, f"all ten properties{shown.where}", f"a stream without {', '.join(missing)}", exchange)

    return _each(exchange, judge)


@passive("STREAM-SID")
def sid_is_well_formed(exchange: Exchange) -> bool:
    return _each(exchange, lambda shown: _expect_sid(shown, "sid", "TO"))


@passive("STREAM-ACCOUNT-SID")
def account_sid_is_well_formed(exchange: Exchange) -> bool:
    return _each(exchange, lambda shown: _expect_sid(shown, "account_sid", "AC"))


@passive("STREAM-SERVICE-SID")
def service_sid_is_well_formed(exchange: Exchange) -> bool:
    return _each(exchange, lambda shown: _expect_sid(shown, "service_sid", "IS"))


@passive("STREAM-UNIQUE-NAME")
def unique_name_is_text_or_null(exchange: Exchange) -> bool:
    request = exchange.request
    form = dict(request.form)
    kind = (request.headers.get("Content-Type") or "").lower()
    known = kind.startswith("application/x-www-form-urlencoded") or not request.body
    nameless = operation_of(request) is Operation.CREATE and known and "UniqueName" not in form

    def judge(shown: Shown) -> None:
        name = value(shown.body, "unique_name", exchange)
        if nameless:
            expect(name is None, "null under 'unique_name' of a stream created without a name", show(name), exchange)
        expect(
            name is None or (isinstance(name, str) and name),
            f"a name or null under 'unique_name'{shown.where}",
            show(name),
            exchange,
        )

    return _each(exchange, judge)


@passive("STREAM-URL")
def url_is_that_of_the_stream(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> None:
        url = value(shown.body, "url", exchange)
        wanted = f"the absolute URL of the stream {show(shown.body.get('sid'))} under 'url'{shown.where}"
        expect(_leads_to(shown, url, below=""), f"{wanted} (…/v1/Services/…/Streams/…)", show(url), exchange)

    return _each(exchange, judge)


@passive("STREAM-LINKS")
def links_are_absolute_urls(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> None:
        links = value(shown.body, "links", exchange)
        wanted = f"an object of absolute URLs under 'links'{shown.where}"
        expect(isinstance(links, dict) and all(_is_url(link) for link in links.values()), wanted, show(links), exchange)

    return _each(exchange, judge)


@passive("STREAM-LINKS-MESSAGES")
def links_name_the_messages(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> None:
        links = value(shown.body, "links", exchange)
        wanted = (
            f"the messages of the stream {show(shown.body.get('sid'))} under 'links', 'messages'{shown.where}"
            " (the stream's path and /Messages)"
        )
        found = links.get("messages") if isinstance(links, dict) else None
        expect(_leads_to(shown, found, below="/Messages"), wanted, show(links), exchange)

    return _each(exchange, judge)


@passive("STREAM-URL-BY-SID")
def urls_hold_sids(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> bool:
        links = shown.body.get("links")
        urls = [shown.body.get("url"), *(links.values() if isinstance(links, dict) else ())]
        paths = [(url, found) for url in urls if (found := _stream_path(url)) is not None]
        for url, (service, stream, _) in paths:
            expect(
                _same(service, shown.body.get("service_sid")) and _same(stream, shown.body.get("sid")),
                f"URLs that hold the service_sid {show(shown.body.get('service_sid'))} and the sid"
                f" {show(shown.body.get('sid'))}{shown.where}",
                show(url),
                exchange,
            )
        return bool(paths)

    return _each(exchange, judge)


@passive("STREAM-DATES")
def dates_are_iso_8601(exchange: Exchange) -> bool:
    """An offset other than GMT's is spared: it names the same instant."""

    def judge(shown: Shown) -> None:
        for key in ("date_created", "date_updated", "date_expires"):
            date = value(shown.body, key, exchange)
            if date is None and key == "date_expires":
                continue
            expect(
                moment_of(date) is not None,
                f"an ISO 8601 date and time with its zone under {key!r}{shown.where}, such as 2030-01-31T10:20:30Z",
                show(date),
                exchange,
            )

    return _each(exchange, judge)


@passive("STREAM-DATES-WHOLE-SECONDS")
def dates_have_no_fraction(exchange: Exchange) -> bool:
    def judge(shown: Shown) -> bool:
        dates = {key: date for key in KEYS if key.startswith("date_") and isinstance(date := shown.body.get(key), str)}
        for key, date in dates.items():
            match = RFC3339.fullmatch(date)
            expect(match is None or not match[3], f"whole seconds under {key!r}{shown.where}", show(date), exchange)
        return bool(dates)

    return _each(exchange, judge)


@passive("STREAM-DATE-UPDATED-NEW")
def new_stream_was_updated_when_created(exchange: Exchange) -> bool:
    if operation_of(exchange.request) is not Operation.CREATE:
        return False

    def judge(shown: Shown) -> None:
        dates = [value(shown.body, key, exchange) for key in ("date_created", "date_updated")]
        created, updated = (moment_of(date) for date in dates)
        # Two looks at a clock with fractions of a second may differ; STREAM-DATES-WHOLE-SECONDS speaks of those.
        fractions = any(moment is not None and moment % 1 for moment in (created, updated))
        same = created is not None and updated is not None and abs(updated - created) < (1 if fractions else 1e-3)
        expect(same, f"date_updated of a new stream to be its date_created, {show(dates[0])}", show(dates[1]), exchange)

    return _each(exchange, judge)


@passive("STREAM-CREATED-BY")
def created_by_system(exchange: Exchange) -> bool:
    """Only streams that are known to have been created over REST: client SDKs create streams too."""
    created = operation_of(exchange.request) is Operation.CREATE

    def judge(shown: Shown) -> bool:
        name = shown.body.get("unique_name")
        if not created and not (isinstance(name, str) and name.startswith(OURS)):
            return False
        creator = value(shown.body, "created_by", exchange)
        expect(creator == "system", f"'system' under 'created_by'{shown.where}", show(creator), exchange)
        return True

    return _each(exchange, judge)


def _expect_sid(shown: Shown, key: str, prefix: str) -> None:
    sid = value(shown.body, key, shown.exchange)
    if not isinstance(sid, str) or not SID[prefix].fullmatch(sid):
        wanted = f"{prefix} and 32 hexadecimal digits under {key!r}{shown.where}"
        raise Failed(wanted, show(sid), shown.exchange)


def _is_url(url: object) -> bool:
    if not isinstance(url, str) or not URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError when it is no number
    except ValueError:
        return False
    return bool(parts.hostname)


def _stream_path(url: object) -> tuple[str, str, str] | None:
    """Service and stream that a URL names, percent-decoded, and what stands below them; None for other URLs.

    Whatever host and path prefix stand before: links may lead to the canonical host or through a proxy.
    """
    if not isinstance(url, str) or not _is_url(url):
        return None
    path = urlsplit(url).path
    match = STREAM_PATH.fullmatch(path, max(path.rfind("/v1/Services/"), 0))
    return (unquote(match["service"]), unquote(match["stream"]), match["below"] or "") if match else None


def _leads_to(shown: Shown, url: object, *, below: str) -> bool:
    """Whether the URL is that of the stream, with `below` after it; service and stream by sid or by name."""
    found = _stream_path(url)
    if found is None or found[2] != below:
        return False
    service, stream, _ = found
    address = address_of(shown.exchange.request)
    asked = address.service if address else ""
    right_service = _same(service, shown.body.get("service_sid")) or service == asked
    if SID["IS"].fullmatch(asked) and not SID["IS"].fullmatch(service):
        right_service = True  # asked for by its sid: its name, which may stand in the URL, is not known
    return right_service and (_same(stream, shown.body.get("sid")) or stream == shown.body.get("unique_name"))


def _same(text: str, sid: Any) -> bool:
    return isinstance(sid, str) and text.casefold() == sid.casefold()
