"""Links to a next page, and creates whose name is empty: what a server that keeps nothing makes of them."""

from __future__ import annotations

import json
import socket

import pytest

from conformance.exchange import Exchange, Headers, Request, Response
from conformance.links import next_url
from conformance.options import Options
from conformance.outcomes import Outcome
from conformance.run import Run
from conformance.target import Credentials, Target
from suite.raw_server import raw_server, reply

LOGIN = Credentials("AC" + "1" * 32, "a-token")
TARGET = Target("http://127.0.0.1:8080", LOGIN)
LIST = "/v1/Services/default/Streams"


def page(link: object) -> Exchange:
    body = json.dumps({"streams": [], "meta": {"next_page_url": link}}).encode()
    return Exchange(Request("GET", TARGET.url + LIST), Response(200, "OK", Headers(), body), sent=0.0, received=0.1)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8080", "https://sync.twilio.com", ""])
def test_the_next_page_is_asked_of_the_target_wherever_the_link_leads(host: str) -> None:
    link = f"{host}{LIST}?PageSize=1&Page=1&PageToken=PT1"
    assert next_url(TARGET, page(link)) == f"{TARGET.url}{LIST}?PageSize=1&Page=1&PageToken=PT1"


@pytest.mark.parametrize("link", [None, "", 7, "http://example.com", "http://example.com/other", "http://[", "\x00"])
def test_what_is_no_link_to_a_list_is_not_asked(link: object) -> None:
    assert next_url(TARGET, page(link)) is None


def test_nothing_is_deleted_by_an_empty_name() -> None:
    def handler(connection: socket.socket, request: bytes) -> None:
        connection.sendall(reply(200, b'{"streams": []}') if request.startswith(b"GET") else reply(422, b"{}"))

    with raw_server(handler) as server, Run(Target(server.url, LOGIN), Options(seed=1, rules=("NAME-EMPTY",))) as run:
        (result,) = run.judge_all()
        assert run.finish().settled
    assert result.outcome is Outcome.ANSWERED
    assert not [request for request in server.requests if request.startswith(b"DELETE")]
