"""Credentials: nothing opens without those of the account."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace

from conformance.context import Context
from conformance.exchange import Exchange
from conformance.expect import answer, expect, expect_error, expect_refused, expect_success, json_object, show
from conformance.intrusion import Attempt, Intrusion, intrude
from conformance.links import next_url
from conformance.operation import Operation
from conformance.outcomes import Blocked
from conformance.registry import rule, scenario
from conformance.resource import shown_stream
from conformance.target import Credentials, OtherLogin

LOGIN_REFUSED = 20003
BASIC = re.compile(r"(?:^|,)\s*basic(?:\s|,|$)", re.IGNORECASE)
SID, TOKEN = "$TWILIO_ACCOUNT_SID", "$TWILIO_AUTH_TOKEN"  # how they are shown: as variables of the reader's shell


@scenario()
def no_credentials(ctx: Context) -> Intrusion:
    """All six operations are tried on an existing stream without an Authorization header.

    So is the second page of the list, by the link to it that was given to the account.
    """
    ctx.make("second")
    intrusion = intrude(ctx, "without credentials", None)
    page = ctx.streams.list({"PageSize": 1})
    link = next_url(ctx.target, page)
    if link is None:
        return intrusion
    second = Attempt(
        "of the second page, without credentials", Operation.LIST, ctx.streams.follow(link, credentials=None)
    )
    # Not last: the last one is what the stream's fate is laid to.
    return replace(intrusion, attempts=(second, *intrusion.attempts))


@scenario()
def wrong_token(ctx: Context) -> Intrusion:
    """All six operations are tried on an existing stream with the right user and a made-up token.

    The list and a fetch are tried with tokens close to the right one: without its last character, with one
    character more, with a colon and more behind it, in the other case, empty, and the user's sid.
    """
    return intrude(ctx, "with a made-up token", _made_up(ctx), near_tokens(ctx.target.credentials))


def _made_up(ctx: Context) -> Credentials:
    token = "".join(ctx.random.choices("0123456789abcdef", k=32))
    return Credentials(ctx.target.credentials.username, token, f"{SID}:{token}")


def near_tokens(right: Credentials) -> tuple[tuple[str, Credentials], ...]:
    """Logins with tokens that a careless comparison takes for the right one, and words for each."""
    user, token = right.username, right.password
    swapped = f"$(printf %s {TOKEN} | tr 'a-zA-Z' 'A-Za-z')"
    near = (
        ("with the token cut short by a character", token[:-1], "${TWILIO_AUTH_TOKEN%?}"),
        ("with the token and one more character", token + "0", "${TWILIO_AUTH_TOKEN}0"),
        ("with the token, a colon and more", token + ":0", f"{TOKEN}:0"),
        ("with the token in the other case", token.swapcase(), swapped),
        ("with an empty token", "", ""),
        ("with the user's sid as token", user, SID),
    )
    return tuple((words, Credentials(user, other, f"{SID}:{shown}")) for words, other, shown in near if other != token)


@scenario()
def wrong_account(ctx: Context) -> Intrusion:
    """All six operations are tried on an existing stream with a made-up sid as the user and the right token.

    The list and a fetch are tried with the right user but for its last digit, without a user, and with user and
    token swapped. A run that logs in with an API key makes up the sid of a key.
    """
    right = ctx.target.credentials
    kind = "SK" if right.username.startswith("SK") else "AC"
    other = kind + "".join(ctx.random.choices("0123456789abcdef", k=32))
    return intrude(
        ctx,
        "with another user and the right token",
        Credentials(other, right.password, f"{other}:{TOKEN}"),
        near_users(right),
    )


def near_users(right: Credentials) -> tuple[tuple[str, Credentials], ...]:
    """Logins with the right token under a user that is not the right one, and words for each."""
    user, token = right.username, right.password
    digit = "1" if user.endswith("0") else "0"
    shown = f"${{TWILIO_ACCOUNT_SID%?}}{digit}:{TOKEN}"
    near = (
        ("with another last digit in the user's sid", user[:-1] + digit, token, shown),
        ("without a user and with the right token", "", token, f":{TOKEN}"),
        ("with user and token swapped", token, user, f"{TOKEN}:{SID}"),
    )
    return tuple((words, Credentials(name, secret, label)) for words, name, secret, label in near if name != user)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A list that was asked for with an Authorization header that is no login; `knows` says that whoever sent it has
    the right token."""

    what: str
    exchange: Exchange
    knows: bool = False


@scenario()
def malformed_logins(ctx: Context) -> tuple[Malformed, ...]:
    """The list is asked for with Authorization headers that are no HTTP Basic login.

    Without the credentials: an empty one, the scheme alone, another scheme, no scheme, broken base64, base64 of no
    UTF-8, of a text without a colon and of a colon alone. With them: under another scheme, the token alone under
    another scheme, not in base64, and the user alone without a colon.
    """
    made_up = "".join(ctx.random.choices("0123456789abcdef", k=32))
    headers = {
        "an empty value": "",
        "the scheme alone": "Basic",
        "a Bearer token": f"Bearer {made_up}",
        "a Digest login": f'Digest username="{made_up}", response="{made_up}"',
        "no scheme": f"{made_up}:{made_up}",
        "broken base64": "Basic !!not=base64!!",
        "bytes that are no UTF-8": _basic(b"\xff\xfe:\xff"),
        "no colon": _basic(made_up.encode()),
        "nothing but a colon": _basic(b":"),
    }
    without = tuple(
        Malformed(
            what,
            ctx.streams.send("GET", ctx.target.streams_url(), headers={"Authorization": header}, credentials=None),
        )
        for what, header in headers.items()
    )
    logins = misused(ctx.target.credentials)
    return without + tuple(
        Malformed(what, ctx.streams.list(credentials=login), what != NO_TOKEN) for what, login in logins
    )


NO_TOKEN = "the right user without a colon"


def misused(right: Credentials) -> tuple[tuple[str, Credentials], ...]:
    """The right user and token in Authorization headers that are no HTTP Basic login, and words for each."""
    user, token = right.username, right.password
    encoded = right.authorization.partition(" ")[2]
    bare = _basic(user.encode())
    forms = (
        ("the right login under the scheme Bearer", f"Bearer {encoded}", f"Bearer {_in_base64(f'{SID}:{TOKEN}')}"),
        ("the token alone under the scheme Bearer", f"Bearer {token}", f"Bearer {TOKEN}"),
        ("the right login that is not in base64", f"Basic {user}:{token}", f"Basic $(printf %s {SID}:{TOKEN})"),
        (NO_TOKEN, bare, f"Basic {_in_base64(SID)}"),
    )
    return tuple((what, OtherLogin(user, token, shown, header)) for what, header, shown in forms)


def _in_base64(text: str) -> str:
    return f"$(printf %s {text} | openssl base64 -A)"


def _basic(login: bytes) -> str:
    return "Basic " + base64.b64encode(login).decode()


def _expect_all_refused(intrusion: Intrusion) -> None:
    for attempt in intrusion.attempts:
        expect_refused(attempt.exchange, f"{attempt.operation} {attempt.login}")


@rule("AUTH-REQUIRED")
def test_credentials_are_required(no_credentials: Intrusion) -> None:
    """Each of the six must be answered with a 4xx."""
    _expect_all_refused(no_credentials)


@rule("AUTH-WRONG-TOKEN")
def test_wrong_token(wrong_token: Intrusion) -> None:
    """Each attempt must be answered with a 4xx."""
    _expect_all_refused(wrong_token)


@rule("AUTH-WRONG-ACCOUNT")
def test_wrong_account(wrong_account: Intrusion) -> None:
    """Each attempt must be answered with a 4xx."""
    _expect_all_refused(wrong_account)


@rule("AUTH-MALFORMED")
def test_malformed_logins(malformed_logins: tuple[Malformed, ...]) -> None:
    """Each that does not hold the right token must be answered with a 4xx."""
    for item in malformed_logins:
        if not item.knows:
            expect_refused(item.exchange, f"a list with an Authorization header that has {item.what}")


@rule("AUTH-BASIC-ONLY")
def test_basic_only(malformed_logins: tuple[Malformed, ...]) -> None:
    """The right token in a header that is no HTTP Basic login must be answered with a 4xx."""
    for item in malformed_logins:
        if item.knows:
            expect_refused(item.exchange, f"a list with an Authorization header that has {item.what}")


@rule("AUTH-NO-EFFECT")
def test_refused_logins_have_no_effect(
    no_credentials: Intrusion, wrong_token: Intrusion, wrong_account: Intrusion
) -> None:
    """With the right credentials the stream must be fetched with its dates as before, and the name of the refused
    create must lead nowhere. An operation that was not refused is left to the other rules."""
    for intrusion in (no_credentials, wrong_token, wrong_account):
        _expect_no_effect(intrusion)


def _expect_no_effect(intrusion: Intrusion) -> None:
    asked = {attempt.operation: attempt.exchange for attempt in intrusion.attempts}
    login = intrusion.attempts[-1].login
    if intrusion.refused(Operation.CREATE):
        what, create = f"no stream from a create that was refused {login} (4xx)", asked[Operation.CREATE]
        expect(not _made(create, intrusion.created), what, "one", create, intrusion.created)
    if not intrusion.refused(Operation.DELETE):
        return
    expect_success(intrusion.before, "the stream to be fetched before")
    after = intrusion.after
    what = f"the stream to be there after a delete that was refused {login}"
    expect(_succeeded(after), what, f"{answer(after).status}", asked[Operation.DELETE], after)
    if not intrusion.refused(Operation.UPDATE):
        return
    first, second = json_object(intrusion.before), json_object(after)
    for key in ("date_expires", "date_updated"):
        expect(
            first.get(key) == second.get(key),
            f"the same {key} after an update that was refused {login}, {show(first.get(key))}",
            show(second.get(key)),
            asked[Operation.UPDATE],
            after,
        )


def _made(create: Exchange, fetched: Exchange) -> bool:
    """Whether the name that was tried leads to a stream of that name: a target may find some stream under any name."""
    name = dict(create.request.form)["UniqueName"]
    return _succeeded(fetched) and shown_stream(fetched).get("unique_name", name) == name


def _succeeded(exchange: Exchange) -> bool:
    return exchange.status is not None and 200 <= exchange.status < 300


@rule("AUTH-ERROR")
def test_login_errors(no_credentials: Intrusion, wrong_token: Intrusion) -> None:
    """Status and code of every answer are compared."""
    for attempt in (*no_credentials.attempts, *wrong_token.attempts):
        expect_error(attempt.exchange, 401, (LOGIN_REFUSED,), f"{attempt.operation} {attempt.login}")


@rule("AUTH-CHALLENGE")
def test_challenge(no_credentials: Intrusion, wrong_token: Intrusion) -> None:
    """Every answer with status 401 must have the header, with the scheme Basic in it."""
    exchanges = [attempt.exchange for attempt in (*no_credentials.attempts, *wrong_token.attempts)]
    challenges = [exchange for exchange in exchanges if exchange.status == 401]
    if not challenges:
        raise Blocked("no wrong login was answered with 401", *exchanges[:1])
    for exchange in challenges:
        values = answer(exchange).headers.all("WWW-Authenticate")
        expect(
            any(BASIC.search(value) for value in values),
            "401 with a header WWW-Authenticate that names the scheme Basic",
            ", ".join(map(show, values)) or "no such header",
            exchange,
        )
