"""How a stream, a message, a page and an error look in JSON."""

import time
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from reference_impl.errors import ApiError
from reference_impl.store import Stream


@lru_cache(maxsize=1024)
def _format_date(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def format_date(instant: float) -> str:
    """GMT in ISO 8601 to whole seconds, cut off and not rounded."""
    return _format_date(int(instant))


@lru_cache(maxsize=16)
def http_date(seconds: int) -> str:
    """The text of a Date header."""
    return formatdate(seconds, usegmt=True)


def stream_json(stream: Stream, account_sid: str, list_url: str) -> dict[str, Any]:
    """The ten keys of a stream."""
    url = f"{list_url}/{stream.sid}"
    return {
        "sid": stream.sid,
        "unique_name": stream.unique_name,
        "account_sid": account_sid,
        "service_sid": stream.service_sid,
        "url": url,
        "links": {"messages": f"{url}/Messages"},
        "date_expires": None if stream.expires is None else format_date(stream.expires),
        "date_created": format_date(stream.created),
        "date_updated": format_date(stream.updated),
        "created_by": stream.created_by,
    }


def meta_json(page: int, size: int, urls: dict[str, str | None]) -> dict[str, Any]:
    """The seven keys of a list's meta; `urls` has url, first_page_url, previous_page_url and next_page_url."""
    return {
        "page": page,
        "page_size": size,
        "first_page_url": urls["first_page_url"],
        "previous_page_url": urls["previous_page_url"],
        "url": urls["url"],
        "next_page_url": urls["next_page_url"],
        "key": "streams",
    }


def error_json(error: ApiError) -> dict[str, Any]:
    """The four keys of an error."""
    return {
        "code": error.code,
        "message": error.message,
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
