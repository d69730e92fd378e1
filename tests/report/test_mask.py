"""A secret is found in whatever form a target repeats it."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.mask import HIDDEN, Mask
from conformance.subscribers.tokens import Signer
from conformance.target import Credentials

SECRET = "Tok/en+\"with=every kind% of ~sign'"
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5), st.booleans())
def test_a_secret_within_longer_text_in_base64_is_found(secret: str, before: bytes, after: bytes, safe: bool) -> None:
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    shown = Mask([secret]).text(f"x {encode(before + secret.encode() + after).decode()} y")
    assert HIDDEN in shown
    assert shown.startswith("x ")
    assert shown.endswith(" y")
    rest = "".join(shown.split()[1].split(HIDDEN)).rstrip("=")
    assert len(rest) <= 2 * 7 + 4  # what is left is of the neighbours, and a character or two at each end


@pytest.mark.parametrize(
    "form",
    [
        lambda s: s,
        lambda s: s.upper(),
        json.dumps,
        lambda s: quote(s, safe=""),
        lambda s: quote(s, safe="").lower(),
        lambda s: s.encode().hex(),
        lambda s: Credentials("AC" + "1" * 32, s).authorization,
        lambda s: Credentials("somebody else", s).authorization,
        lambda s: json.dumps({"basic": Credentials("a", s).authorization}).replace("/", "\\/"),
    ],
)
def test_every_form_is_masked(form: object) -> None:
    text = form(SECRET)  # type: ignore[operator]
    shown = Mask.of(Credentials("AC" + "1" * 32, SECRET)).text(text)
    assert HIDDEN in shown
    assert len(shown) < 40 or len(shown) < len(text) / 2


def test_an_access_token_of_a_subscriber_is_masked() -> None:
    token = Signer("AC" + "1" * 32, "SK" + "2" * 32, "any-secret").token("me", "IS1", begins=0, ends=3600)
    shown = Mask([SECRET]).text(f'{{"token":"{token}","next":1}}')
    assert shown == f'{{"token":"{HIDDEN}","next":1}}'


@given(st.text(), SECRETS)
def test_other_text_stays_as_it_is(text: str, secret: str) -> None:
    if secret[:4].lower() not in text.lower() and len(text) < 8:
        assert Mask([secret]).text(text) == text


def test_of_a_short_secret_no_piece_of_base64_is_looked_for() -> None:
    """It would be found in ordinary text too."""
    assert Mask(["abcd"]).text("hYmNk and FiY2 and YWJj") == "hYmNk and FiY2 and YWJj"
