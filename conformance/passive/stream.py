"""What every stream looks like, wherever an answer shows one: judged on one stream in one exchange.

Streams are judged in successful answers to create, fetch and update, and entry by entry in lists. Of the exchange these
rules may look at what `resource.newly_shown` goes by, and at nothing else.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard
from urllib.parse import unquote, urlsplit

from conformance.exchange import Request
from conformance.expect import RFC3339, expect, moment_of, show, value
from conformance.operation import Operation, address_of, operation_of
from conformance.outcomes import Failed
from conformance.passive import passive
from conformance.resource import KEYS, Shown

OURS = "conformance-"  # names that the suite gives; it creates over REST only
SID = {prefix: re.compile(prefix + "[0-9a-fA-F]{32}") for prefix in ("TO", "AC", "IS")}
STREAM_PATH = re.compile(r"/v1/Services/(?P<service>[^/]+)/Streams/(?P<stream>[^/]+)(?P<below>/.*?)?/?")
URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)


@passive("STREAM-KEYS")
def stream_has_ten_keys(shown: Shown) -> bool:
    missing = [key for key in KEYS if key not in shown.body]
    expect(not missing, f"all ten properties{shown.where}", f"a stream without {', '.join(missing)}", shown.exchange)
    return True


@passive("STREAM-SID")
def sid_is_well_formed(shown: Shown) -> bool:
    return _expect_sid(shown, "sid", "TO")


@passive("STREAM-ACCOUNT-SID")
def account_sid_is_well_formed(shown: Shown) -> bool:
    return _expect_sid(shown, "account_sid", "AC")


@passive("STREAM-SERVICE-SID")
def service_sid_is_well_formed(shown: Shown) -> bool:
    return _expect_sid(shown, "service_sid", "IS")


@passive("STREAM-UNIQUE-NAME")
def unique_name_is_text_or_null(shown: Shown) -> bool:
    name = value(shown.body, "unique_name", shown.exchange)
    if _created_without_a_name(shown.exchange.request):
        wanted = "null under 'unique_name' of a stream created without a name"
        expect(name is None, wanted, show(name), shown.exchange)
    expect(
        name is None or (isinstance(name, str) and name),
        f"a name or null under 'unique_name'{shown.where}",
        show(name),
        shown.exchange,
    )
    return True


@passive("STREAM-URL")
def url_is_that_of_the_stream(shown: Shown) -> bool:
    url = value(shown.body, "url", shown.exchange)
    wanted = f"the absolute URL of the stream {show(shown.body.get('sid'))} under 'url'{shown.where}"
    expect(_leads_to(shown, url, below=""), f"{wanted} (…/v1/Services/…/Streams/…)", show(url), shown.exchange)
    return True


@passive("STREAM-LINKS")
def links_are_absolute_urls(shown: Shown) -> bool:
    links = value(shown.body, "links", shown.exchange)
    wanted = f"an object of absolute URLs under 'links'{shown.where}"
    right = isinstance(links, dict) and all(_is_url(link) for link in links.values())
    expect(right, wanted, show(links), shown.exchange)
    return True


@passive("STREAM-LINKS-MESSAGES")
def links_name_the_messages(shown: Shown) -> bool:
    links = value(shown.body, "links", shown.exchange)
    wanted = (
        f"the messages of the stream {show(shown.body.get('sid'))} under 'links', 'messages'{shown.where}"
        " (the stream's path and /Messages)"
    )
    found = links.get("messages") if isinstance(links, dict) else None
    expect(_leads_to(shown, found, below="/Messages"), wanted, show(links), shown.exchange)
    return True


@passive("STREAM-URL-BY-SID")
def urls_hold_sids(shown: Shown) -> bool:
    links = shown.body.get("links")
    urls = [shown.body.get("url"), *(links.values() if isinstance(links, dict) else ())]
    paths = [(url, found) for url in urls if (found := _stream_path(url)) is not None]
    for url, (service, stream, _) in paths:
        expect(
            _same(service, shown.body.get("service_sid")) and _same(stream, shown.body.get("sid")),
            f"URLs that hold the service_sid {show(shown.body.get('service_sid'))} and the sid"
            f" {show(shown.body.get('sid'))}{shown.where}",
            show(url),
            shown.exchange,
        )
    return bool(paths)


@passive("STREAM-DATES")
def dates_are_iso_8601(shown: Shown) -> bool:
    """An offset other than GMT's is spared: it names the same instant."""
    for key in ("date_created", "date_updated", "date_expires"):
        date = value(shown.body, key, shown.exchange)
        if date is None and key == "date_expires":
            continue
        expect(
            moment_of(date) is not None,
            f"an ISO 8601 date and time with its zone under {key!r}{shown.where}, such as 2030-01-31T10:20:30Z",
            show(date),
            shown.exchange,
        )
    return True


@passive("STREAM-DATES-WHOLE-SECONDS")
def dates_have_no_fraction(shown: Shown) -> bool:
    dates = {key: date for key in KEYS if key.startswith("date_") and isinstance(date := shown.body.get(key), str)}
    for key, date in dates.items():
        match = RFC3339.fullmatch(date)
        whole = match is None or not match[3]
        expect(whole, f"whole seconds under {key!r}{shown.where}", show(date), shown.exchange)
    return bool(dates)


@passive("STREAM-DATE-UPDATED-NEW")
def new_stream_was_updated_when_created(shown: Shown) -> bool:
    if operation_of(shown.exchange.request) is not Operation.CREATE:
        return False
    dates = [value(shown.body, key, shown.exchange) for key in ("date_created", "date_updated")]
    created, updated = (moment_of(date) for date in dates)
    # Two looks at a clock with fractions of a second may differ; STREAM-DATES-WHOLE-SECONDS speaks of those.
    fractions = any(moment is not None and moment % 1 for moment in (created, updated))
    same = created is not None and updated is not None and abs(updated - created) < (1 if fractions else 1e-3)
    wanted = f"date_updated of a new stream to be its date_created, {show(dates[0])}"
    expect(same, wanted, show(dates[1]), shown.exchange)
    return True


@passive("STREAM-CREATED-BY")
def created_by_system(shown: Shown) -> bool:
    """Only streams that are known to have been created over REST: client SDKs create streams too."""
    name = shown.body.get("unique_name")
    ours = isinstance(name, str) and name.startswith(OURS)
    if not ours and operation_of(shown.exchange.request) is not Operation.CREATE:
        return False
    creator = value(shown.body, "created_by", shown.exchange)
    expect(creator == "system", f"'system' under 'created_by'{shown.where}", show(creator), shown.exchange)
    return True


def _expect_sid(shown: Shown, key: str, prefix: str) -> bool:
    sid = value(shown.body, key, shown.exchange)
    if not isinstance(sid, str) or not SID[prefix].fullmatch(sid):
        wanted = f"{prefix} and 32 hexadecimal digits under {key!r}{shown.where}"
        raise Failed(wanted, show(sid), shown.exchange)
    return True


def _created_without_a_name(request: Request) -> bool:
    kind = (request.headers.get("Content-Type") or "").lower()
    known = kind.startswith("application/x-www-form-urlencoded") or not request.body
    return operation_of(request) is Operation.CREATE and known and "UniqueName" not in dict(request.form)


def _is_url(url: object) -> TypeGuard[str]:
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
    if not _is_url(url):
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
