"""Access tokens, against PyJWT and Twilio's own library."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.jwt.access_token import AccessToken

from reference_impl.subscribers.tokens import MAX_LIFETIME, Claims, TokenError, make_token, read_token

ACCOUNT, KEY, SECRET, SERVICE = "AC" + "1" * 32, "SK" + "2" * 32, "s" * 32, "IS" + "3" * 32
NOW = 1_800_000_000.5
HEADER = {"cty": "twilio-fpa;v=1", "typ": "JWT"}
CLAIMS: dict[str, Any] = {
    "iss": KEY,
    "sub": ACCOUNT,
    "exp": NOW + 60,
    "grants": {"identity": "alice", "data_sync": {"service_sid": SERVICE}},
}


def read(token: object, now: float = NOW) -> Claims:
    return read_token(token, ACCOUNT, {KEY: SECRET}, now)


def signed(claims: Any = None, *, secret: str = SECRET, header: Any = None, algorithm: str = "HS256") -> str:
    return jwt.encode(claims or CLAIMS, secret, algorithm=algorithm, headers=header or HEADER)


@given(st.text(min_size=1), st.integers(1, MAX_LIFETIME))
def test_what_is_made_is_read(identity: str, ttl: int) -> None:
    token = make_token(ACCOUNT, (KEY, SECRET), identity, SERVICE, now=NOW, ttl=ttl)
    assert read(token, NOW) == Claims(identity, SERVICE, int(NOW) + ttl)


def test_other_libraries_read_what_is_made() -> None:
    token = make_token(ACCOUNT, (KEY, SECRET), "alice", SERVICE, now=NOW, ttl=60)
    options = {"verify_exp": False, "verify_nbf": False}
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options=options)
    assert claims["grants"] == {"identity": "alice", "data_sync": {"service_sid": SERVICE}}
    assert (claims["iss"], claims["sub"], claims["exp"] - claims["nbf"]) == (KEY, ACCOUNT, 60)
    assert jwt.get_unverified_header(token)["cty"] == "twilio-fpa;v=1"
    with pytest.raises(Exception, match="not yet valid"):
        AccessToken.from_jwt(token, SECRET)  # it is of another year


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, 20101),
        (7, 20101),
        ("", 20101),
        ("a.b", 20101),
        ("a.b.c", 20101),
        ("é.b.c", 20101),
        ("x" * 20_000 + ".b.c", 20101),
        (signed(header={**HEADER, "cty": "other"}), 20102),
        (signed(header={"typ": "JWT"}), 20102),
        (signed(algorithm="HS384", secret="s" * 48), 20102),
        (signed({**CLAIMS, "iss": "SK" + "9" * 32}), 20103),
        (signed({**CLAIMS, "sub": "AC" + "9" * 32}), 20103),
        (signed({name: value for name, value in CLAIMS.items() if name != "iss"}), 20103),
        (signed(secret="another secret of some length 012"), 20107),
        (signed({**CLAIMS, "exp": NOW}), 20104),
        (signed({**CLAIMS, "exp": NOW + MAX_LIFETIME + 61}), 20157),
        (signed({**CLAIMS, "nbf": NOW + 1}), 20105),
        (signed({**CLAIMS, "grants": {"identity": "alice"}}), 20106),
        (signed({**CLAIMS, "grants": {"identity": "alice", "data_sync": {}}}), 20106),
        (signed({**CLAIMS, "grants": {"data_sync": {"service_sid": SERVICE}}}), 20106),
        (signed({**CLAIMS, "grants": []}), 20106),
    ],
)
def test_a_token_is_refused_for_its_reason(token: object, code: int) -> None:
    with pytest.raises(TokenError) as refused:
        read(token)
    assert refused.value.code == code
    assert refused.value.message


def test_no_algorithm_is_no_signature() -> None:
    head = base64.urlsafe_b64encode(json.dumps({**HEADER, "alg": "none"}).encode()).rstrip(b"=").decode()
    token = f"{head}.{signed().split('.')[1]}."
    with pytest.raises(TokenError):
        read(token)


@given(st.data())
def test_a_changed_character_breaks_a_token(data: st.DataObject) -> None:
    token = signed()
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has bits that mean nothing
    other = data.draw(st.sampled_from("aZ9_-.").filter(lambda character: character != token[place]))
    with pytest.raises(TokenError):
        read(token[:place] + other + token[place + 1 :])


@given(st.text(st.characters(max_codepoint=127)))
def test_noise_is_no_token(noise: str) -> None:
    with pytest.raises(TokenError):
        read(noise)
