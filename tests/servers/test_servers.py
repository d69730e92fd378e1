"""The suite on mock servers: each verdict is right, for the written reasons, and docs/servers.md says the same."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from functools import cache

import pytest

from servers.judging import Judged, connections, judge
from servers.kinds import KINDS, ROOT, Kind
from servers.reasons import load, of_server, problems

PAGE = (ROOT / "docs" / "servers.md").read_text("utf-8")
BY_ID = {kind.id: kind for kind in KINDS}


@cache
def judged(server: str) -> Judged:
    """Without the rules that wait for the clock."""
    kind = BY_ID[server]
    return judge(kind, {cause.id: cause.curl for cause in of_server(load(), server)}, quick=True)


each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)


@each
def test_what_fails_has_a_reason_that_curl_shows(kind: Kind) -> None:
    one = judged(kind.id)
    assert one.document["verdict"] == "not conformant"
    assert one.rules("error", "not_run") == []
    assert problems(load(), [one]) == []
    assert one.repeated > 50
    assert not [note for note in one.document["notes"] if "may be left" in note]


@each
def test_the_page_names_the_rules_that_fail(kind: Kind) -> None:
    part = PAGE.split(f"\n## {kind.title}\n")[1].split("\n## ")[0]
    told = {
        rule
        for title in re.findall(r"^\*\*([A-Z0-9, \n-]+)\*\*:", part, re.MULTILINE)
        for rule in title.replace("\n", " ").split(", ")
    }
    assert set(judged(kind.id).rules("fail")) == told


def test_links_to_the_real_host_are_noticed_and_not_followed() -> None:
    one = judged("prism-examples")
    assert one.hosts == {"127.0.0.1"}
    (note,) = one.document["notes"]
    assert "lead to https://sync.twilio.com; the suite sent nothing there" in note
    sent = {
        exchange["request"]["url"].split("/")[2].split(":")[0]
        for rule in one.document["rules"]
        for exchange in rule["exchanges"]
    }
    assert sent == {"127.0.0.1"}


def test_connections_to_other_hosts_would_be_seen() -> None:
    with connections() as hosts, pytest.raises(OSError):  # noqa: PT011 - whatever a machine without a network says
        socket.create_connection(("sync.invalid", 443), timeout=1)
    assert hosts == {"sync.invalid"}


def test_what_is_not_claimed_is_unsupported_and_shown() -> None:
    claimed, without = judged("prism"), judged("prism-without-messages")
    assert claimed.rules("unsupported") == ["NAME-IN-OTHER-SERVICE", "LIST-OTHER-SERVICE", "SERVICE-APART"]
    unclaimed = {rule["id"]: rule["message"] for rule in without.document["rules"] if rule["outcome"] == "unsupported"}
    told = [rule for rule, why in unclaimed.items() if why == "the target does not claim 'messages'"]
    assert {"PUBLISH-WORKS", "SIZE-LARGE", "MESSAGES-NOT-QUERIED", "PROPERTY-PUBLISH"} <= set(told)
    assert not [rule for rule in without.rules("fail", "blocked", "pass") if rule.startswith(("PUBLISH", "SIZE"))]
    assert [rule for rule in claimed.rules("fail", "blocked", "pass") if rule.startswith(("PUBLISH", "SIZE"))]


def test_a_wrong_reason_is_noticed() -> None:
    one, causes = judged("echo"), of_server(load(), "echo")
    cause = next(cause for cause in causes if cause.rules == ("ANSWER-REQUEST-ID",))
    others = [other for other in causes if other is not cause]
    wrong = {
        "nobody has written why": others,
        "curl does not show": [*others, replace(cause, shows="^1$")],
        "CREATE-WORKS is fail, and it is pass": [*causes, replace(cause, rules=("CREATE-WORKS",))],
        "NAME-UNIQUE is fail, and it is blocked": [*causes, replace(cause, rules=("NAME-UNIQUE",))],
        "CREATE-WORKS is blocked, and it is pass": [*causes, replace(cause, behind=("CREATE-WORKS",))],
    }
    for sentence, written in wrong.items():
        (found,) = problems(written, [one])
        assert sentence in found
    elsewhere = replace(one, hosts=frozenset({"127.0.0.1", "sync.twilio.com"}))
    assert problems(causes, [elsewhere]) == ["echo: the suite went to sync.twilio.com"]
