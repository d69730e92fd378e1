"""What every answer and every error of Sync Streams looks like, judged on one exchange.

Answers with a 5xx are the business of ANSWER-NO-SERVER-ERROR alone: the other rules pass over them, so that a
crash with an error page is one fault and not five.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from conformance.exchange import Exchange, NotJSON, Response
from conformance.expect import describe, expect, show
from conformance.operation import Operation, address_of, operation_of
from conformance.outcomes import Failed
from conformance.passive import passive

REQUEST_ID_HEADER = "Twilio-Request-Id"
REQUEST_ID = re.compile("RQ[0-9a-fA-F]{32}")
NOT_FOUND_CODES = (20404, 54250, 54300, 54050)
LOGIN_REFUSED = 20003


@passive("ANSWER-JSON")
def answers_are_json(exchange: Exchange) -> bool:
    response = _plain_answer(exchange)
    if response is None or not response.body or exchange.request.method == "HEAD":
        return False
    kind = response.headers.get("Content-Type")
    expect(
        response.media_type == "application/json",
        "a body with the Content-Type application/json",
        f"{describe(exchange)} with {'no Content-Type' if kind is None else f'Content-Type {show(kind)}'}",
        exchange,
    )
    try:
        response.json()
    except NotJSON as error:
        raise Failed(
            "a body in JSON", f"{describe(exchange)} with a body that is not JSON: {error}", exchange
        ) from None
    return True


@passive("ANSWER-NO-SERVER-ERROR")
def no_server_error(exchange: Exchange) -> bool:
    """A 501 to a method that the page does not describe is no breakdown: ERROR-METHOD judges it."""
    response = exchange.response
    if response is None or address_of(exchange.request) is None:
        return False
    if response.status == 501 and operation_of(exchange.request) is None:
        return False
    expect(response.status < 500, "no server error (5xx), whatever was asked", describe(exchange), exchange)
    return True


@passive("ANSWER-REQUEST-ID")
def has_request_id(exchange: Exchange) -> bool:
    response = _plain_answer(exchange)
    if response is None:
        return False
    found = response.headers.get(REQUEST_ID_HEADER)
    expect(
        found is not None and REQUEST_ID.fullmatch(found),
        f"a header {REQUEST_ID_HEADER}: RQ and 32 hexadecimal digits",
        "no such header" if found is None else show(found),
        exchange,
    )
    return True


@passive("ERROR-BODY")
def error_has_four_keys(exchange: Exchange) -> bool:
    response = _refusal(exchange)
    if response is None:
        return False
    wanted = "an error as a JSON object with code, message, more_info and status"
    try:
        body = response.json()
    except NotJSON as error:
        came = "an empty body" if not response.body else f"a body that is not JSON: {error}"
        raise Failed(wanted, f"{response.status} with {came}", exchange) from None
    expect(isinstance(body, dict), wanted, f"{response.status} with {show(body)}", exchange)
    for key, kind in (("code", int), ("message", str), ("more_info", str), ("status", int)):
        what = "an integer" if kind is int else "a text"
        came = f"{response.status} with {show(body[key]) if key in body else 'no such key'}"
        expect(_is(body.get(key), kind), f"{what} under {key!r} of an error", came, exchange)
    expect(body["message"], "an error with a message in words", f"{response.status} with an empty message", exchange)
    return True


@passive("ERROR-STATUS-REPEATED")
def error_repeats_status(exchange: Exchange) -> bool:
    response, body = _refusal(exchange), _error(exchange)
    if response is None or not _is(body.get("status"), int):
        return False
    expect(
        body["status"] == response.status,
        f"'status' {response.status} in the body of an answer with status {response.status}",
        show(body["status"]),
        exchange,
    )
    return True


@passive("ERROR-MORE-INFO")
def more_info_is_the_page_of_the_code(exchange: Exchange) -> bool:
    body = _error(exchange)
    code, link = body.get("code"), body.get("more_info")
    if not _is(code, int) or not isinstance(link, str):
        return False
    expect(
        _absolute_path(link).rstrip("/").rpartition("/")[2] == str(code),
        f"'more_info' to be an absolute URL that ends in the error's code, {show(code)}",
        show(link),
        exchange,
    )
    return True


@passive("ERROR-NO-PROBLEM-KEYS")
def error_has_no_problem_keys(exchange: Exchange) -> bool:
    body = _error(exchange)
    if not body:
        return False
    found = [key for key in ("type", "title") if key in body]
    expect(
        not found,
        "an error without the keys 'type' and 'title' (with them client libraries take it for another format)",
        f"{describe(exchange)} with {' and '.join(map(repr, found))}",
        exchange,
    )
    return True


@passive("ERROR-NOT-FOUND-CODE")
def not_found_has_its_code(exchange: Exchange) -> bool:
    """Passes over what may be answered with 404 for another reason: page tokens, logins, other methods."""
    body, operation = _error(exchange), operation_of(exchange.request)
    if exchange.status != 404 or operation is None or not _is(body.get("code"), int):
        return False
    if body["code"] == LOGIN_REFUSED or (operation is Operation.LIST and _has_page_token(exchange)):
        return False
    expect(
        body["code"] in NOT_FOUND_CODES,
        f"404 with code {', '.join(map(str, NOT_FOUND_CODES[:-1]))} or {NOT_FOUND_CODES[-1]}",
        describe(exchange),
        exchange,
    )
    return True


def _plain_answer(exchange: Exchange) -> Response | None:
    """The 2xx or 4xx to a request that was about streams."""
    response = exchange.response
    if response is None or address_of(exchange.request) is None:
        return None
    return response if 200 <= response.status < 300 or 400 <= response.status < 500 else None


def _refusal(exchange: Exchange) -> Response | None:
    """The 4xx to a request that was about streams, other than HEAD, whose answers have no body."""
    response = _plain_answer(exchange)
    if response is None or response.status < 400 or exchange.request.method == "HEAD":
        return None
    return response


def _error(exchange: Exchange) -> dict[str, Any]:
    """The object in the body of a refusal; empty when there is none."""
    response = _refusal(exchange)
    try:
        body = response.json() if response else None
    except NotJSON:
        return {}
    return body if isinstance(body, dict) else {}


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _has_page_token(exchange: Exchange) -> bool:
    return any(key == "PageToken" for key, _ in exchange.request.query)


def _absolute_path(link: str) -> str:
    """The path of an absolute http(s) URL; empty for anything else."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return parts.path if parts.scheme in {"http", "https"} and parts.netloc else ""
