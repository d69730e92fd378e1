"""Logins in other forms than HTTP Basic: sent as they are, kept without the secret, and repeated by curl."""

from __future__ import annotations

import subprocess

import pytest

from conformance.budget import Budget, Limits
from conformance.clock import LiveClock
from conformance.exchange import Headers, Request
from conformance.report.curl import curl
from conformance.sections.test_credentials import misused
from conformance.session import Session
from conformance.target import Credentials, Target
from conformance.wire import Wire
from suite.raw_server import raw_server, reply

RIGHT = Credentials("AC" + "1" * 32, "very-secret-token")


@pytest.mark.parametrize(("what", "login"), misused(RIGHT))
def test_another_form_of_the_login_can_be_repeated(what: str, login: Credentials) -> None:
    with raw_server(lambda connection, _: connection.sendall(reply(200))) as server, Wire() as wire:
        session = Session(Target(server.url, RIGHT), wire=wire, budget=Budget(Limits()), timeout=5)
        exchange = session.send(Request("GET", f"{server.url}/v1/x"), clock=LiveClock(), credentials=login)
        environment = {"TWILIO_ACCOUNT_SID": RIGHT.username, "TWILIO_AUTH_TOKEN": RIGHT.password}
        subprocess.run(
            ["/bin/sh", "-c", curl(exchange.request)],
            check=True,
            capture_output=True,
            env={**environment, "PATH": "/usr/bin:/bin"},
            timeout=20,
        )
    sent = f"Authorization: {login.authorization}\r\n".encode()
    assert all(sent in request for request in server.requests)
    assert len(server.requests) == 2
    assert login.authorization != RIGHT.authorization
    for secret in (RIGHT.password, login.authorization):
        assert secret not in repr(exchange)
        assert secret not in repr(login)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer $(rm -rf x)",
        "Bearer $TWILIO_AUTH_TOKEN; rm x",
        'Bearer "$TWILIO_AUTH_TOKEN"',
    ],
)
def test_no_other_header_reaches_the_shell_unquoted(header: str) -> None:
    command = curl(Request("GET", "http://x/", Headers((("Authorization", header),))))
    assert f"'Authorization: {header}'" in command
