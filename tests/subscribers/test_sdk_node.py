"""The real SDK in Node, unmodified, against the command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from clients.installed import from_npm
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import SyncGrant

from reference_impl.subscribers.tokens import make_token

from .sdk import command, run_program

LIFETIME = 4  # seconds that a short token is valid


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, Any]]:
    with command() as (_, announced):
        yield announced


def token(server: dict[str, Any], identity: str = "alice", *, now: float | None = None, **changes: Any) -> str:
    values = {"account": server["account_sid"], "service": server["services"]["default"], "ttl": 3600} | changes
    key = values.get("key") or next(iter(server["api_keys"].items()))
    at = time.time() if now is None else now
    return make_token(values["account"], key, identity, values["service"], now=at, ttl=values["ttl"])


@pytest.fixture(scope="module")
def life(server: dict[str, Any]) -> Any:
    return run_program("life.cjs", server | {"tokens": [token(server, f"user {n}") for n in range(3)]})


def test_it_opens_streams_by_name_and_by_sid(life: Any) -> None:
    assert (life["name"], life["sameSid"], life["errors"]) == ("zimmer é/1 😀", True, [])
    assert life["createdBy"] == "user 0"


def test_what_is_published_over_rest_arrives_as_it_is(life: Any) -> None:
    wanted = [
        {"sid": sid, "data": data, "isLocal": False}
        for sid, data in zip(life["sids"], [life["data"], life["big"]], strict=True)
    ]
    assert life["overRest"] == [wanted] * 3
    assert len(life["big"]["text"]) == 4085


def test_what_the_sdk_publishes_arrives_once_everywhere(life: Any) -> None:
    event = life["sent"]
    assert event["data"] == {"from": "three"}
    assert life["overSdk"] == [[{**event, "isLocal": local}] for local in (False, False, True)]


def test_the_sdk_sees_refusals(life: Any) -> None:
    assert life["refusal"] == {"status": 413, "code": 54006}
    assert life["missing"] == {"status": 404, "code": 54300}
    assert life["taken"] == {"status": 409, "code": 54301}
    assert life["document"] == {"status": 501, "code": 20001}


def test_the_sdk_sets_a_ttl(life: Any) -> None:
    assert life["before"] < life["after"]
    assert life["never"] is None


def test_the_end_of_a_stream_is_told_once_to_everybody(life: Any) -> None:
    assert life["removed"] == [[{"isLocal": local}] for local in (False, False, True)]
    assert life["gone"] == 404
    assert life["expired"] == life["deleted"] == [{"isLocal": False}]


def test_clients_leave_and_the_process_ends(life: Any) -> None:
    assert life["states"] == [["connecting", "connected", "disconnecting", "disconnected"]] * 3


@pytest.fixture(scope="module")
def seen(server: dict[str, Any]) -> Any:
    """What the SDK makes of tokens, good and bad."""
    now = time.time()
    key, secret = next(iter(server["api_keys"].items()))
    service = server["services"]["default"]
    python = AccessToken(server["account_sid"], key, secret, identity="python", ttl=600)
    python.add_grant(SyncGrant(service_sid="default"))
    bare = AccessToken(server["account_sid"], key, secret, identity="bare")
    good = token(server)
    tokens = {
        "ours": good,
        "python": python.to_jwt(),
        "signature": token(server, key=(key, "another secret")),
        "expired": token(server, now=now - 7200),
        "early": token(server, now=now + 600),
        "account": token(server, account="AC" + "9" * 32),
        "key": token(server, key=("SK" + "9" * 32, secret)),
        "service": token(server, service="IS" + "9" * 32),
        "grants": bare.to_jwt(),
        "long": token(server, ttl=25 * 3600),
        "garbage": "garbage",
    }
    orders = {
        "tokens": tokens,
        "twilio": str(from_npm("twilio")),
        "maker": {"account_sid": server["account_sid"], "key": key, "secret": secret, "service_sid": service},
        "short": token(server, ttl=LIFETIME),
        "long": token(server),
        "other": token(server, "bob"),
        "lifetime": LIFETIME * 1000,
    }
    return run_program("tokens.cjs", server | orders)


@pytest.mark.parametrize("maker", ["ours", "python", "node"])
def test_tokens_of_these_makers_are_good(seen: Any, maker: str) -> None:
    assert seen["looks"][maker] == {"state": "connected", "errors": [], "opened": "for tokens", "expired": 0}


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("signature", 20107, "signature"),
        ("expired", 20104, "expired"),
        ("early", 20105, "not yet valid"),
        ("account", 20103, "issuer/subject"),
        ("key", 20103, "issuer/subject"),
        ("service", 20106, "grants"),
        ("grants", 20106, "grants"),
        ("long", 20157, "Maximum"),
        ("garbage", 20101, "Invalid Access Token"),
    ],
)
def test_a_bad_token_is_denied_for_good(seen: Any, kind: str, code: int, words: str) -> None:
    look = seen["looks"][kind]
    (error,) = look["errors"]
    assert (look["state"], error["terminal"], error["httpStatusCode"], error["errorCode"]) == (
        "denied",
        True,
        401,
        code,
    )
    assert words in error["message"]
    assert look["opened"].startswith("Unable to connect: ")
    assert words in look["opened"]
    assert look["expired"] == (kind == "expired")


def test_a_token_is_refreshed_in_time(seen: Any) -> None:
    assert seen["refreshed"] == {"state": "connected", "expired": 0, "messages": 1}


def test_a_token_for_somebody_else_is_no_refresh(seen: Any) -> None:
    assert (seen["other"]["status"], seen["other"]["code"]) == (400, 51130)
    (error,) = seen["afterOther"]["errors"]
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, 51215)
    assert seen["afterOther"]["state"] == "denied"


def test_a_token_that_is_not_refreshed_ends_the_connection_until_there_is_another(seen: Any) -> None:
    assert seen["expired"]["state"] == "disconnected"
    assert seen["expired"]["about"] == 1


@pytest.fixture(scope="module")
def dropped(server: dict[str, Any]) -> Any:
    return run_program("dropped.cjs", server | {"tokens": [token(server, f"user {n}") for n in range(20)]})


def test_a_dropped_client_comes_back_and_subscribes_again(dropped: Any) -> None:
    """What was published meanwhile is lost, as Streams go."""
    found = dropped["dropped"]
    assert found["messages"] == [[{"back": 1}], [{"back": 2}]]
    assert found["states"].count("connected") == 2
    assert found["terminal"] == []


def test_twenty_clients_get_fifty_messages_in_order(dropped: Any) -> None:
    assert dropped["delivered"] == [list(range(50))] * 20
