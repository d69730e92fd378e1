"""The real SDK in Chromium, its browser bundle as npm has it, and the page for people."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from report.browser import Browser, browser

from reference_impl.pytest_plugin import SyncReference, serving

from .client import SdkPeer, publish, rest
from .sdk import package

PAGE = """<!doctype html>
<title>an application</title>
<link rel="icon" href="data:,">
<script src="/twilio-sync.js"></script>
"""
CONNECT = """
const done = arguments[arguments.length - 1];
const [token, cdsUri, uri] = arguments;
window.client = new Twilio.Sync.Client(token, {cdsUri, Twilsock: {uri}});
window.seen = {states: [], errors: [], about: 0, expired: 0};
client.on("connectionStateChanged", (state) => seen.states.push(state));
client.on("connectionError", (error) => seen.errors.push(error));
client.on("tokenAboutToExpire", () => seen.about += 1);
client.on("tokenExpired", () => seen.expired += 1);
window.listen = async (arg) => {
  const stream = await client.stream(arg);
  const heard = {stream, messages: [], removed: []};
  stream.on("messagePublished", ({message, isLocal}) => heard.messages.push({...message, isLocal}));
  stream.on("removed", (event) => heard.removed.push(event));
  return heard;
};
const decided = setInterval(() => {
  if (!["connected", "denied"].includes(client.connectionState)) return;
  clearInterval(decided);
  done(client.connectionState);
}, 20);
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as window:
        yield window


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web page of an application, on a port of its own."""
    folder = tmp_path_factory.mktemp("application")
    (folder / "index.html").write_text(PAGE)
    (folder / "twilio-sync.js").write_bytes((package("twilio-sync") / "builds" / "twilio-sync.min.js").read_bytes())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def server() -> Iterator[SyncReference]:
    with serving() as running:
        yield running


def connect(chromium: Browser, application: str, server: SyncReference, token: str) -> str:
    chromium.driver.get(application)
    state: str = chromium.driver.execute_async_script(CONNECT, token, server.url, server.socket)
    return state


def do(chromium: Browser, script: str) -> Any:
    """Runs an async function's body in the page; what it returns."""
    wrapped = "const done = arguments[0]; (async () => {%s})().then(done, (e) => done({failed: String(e)}));"
    return chromium.driver.execute_async_script(wrapped % script)


def until(chromium: Browser, script: str) -> None:
    chromium.wait_until(f"return {script}", 15)
    assert chromium.run(f"return {script}"), chromium.run("return JSON.stringify(seen)")


def test_the_sdk_in_chromium(chromium: Browser, application: str, server: SyncReference) -> None:
    assert connect(chromium, application, server, server.token("browser")) == "connected"
    sid = do(chromium, 'window.one = await listen("im Browser é 😀"); return one.stream.sid;')
    do(chromium, f'window.two = await listen("{sid}"); window.short = await listen({{ttl: 60}}); return 1;')
    server.wait_for_subscribers(sid)
    with SdkPeer(server, server.token("peer")) as peer:
        peer.subscribe(sid)
        data = {"text": "é😀\n", "big": "x" * 4000}
        answer = publish(server, sid, data)
        until(chromium, "one.messages.length == 1 && two.messages.length == 1")
        assert do(chromium, "return one.messages;") == [{"sid": answer["sid"], "data": data, "isLocal": False}]
        assert peer.event("stream_message_published")["message_data"] == data

        sent = do(chromium, "return await one.stream.publishMessage({from: 'browser'});")
        assert peer.event("stream_message_published") == {
            "stream_sid": sid,
            "message_sid": sent["sid"],
            "message_data": {"from": "browser"},
        }
        assert do(chromium, "return one.messages.slice(1);") == [{**sent, "isLocal": True}]

        do(chromium, "await one.stream.setTtl(100); return 1;")
        assert rest(server, "GET", f"/{sid}")["date_expires"] is not None
        do(chromium, "await one.stream.removeStream(); return 1;")
        assert peer.event("stream_removed") == {"stream_sid": sid}
        assert do(chromium, "return one.removed;") == [{"isLocal": True}]
        assert rest(server, "GET", f"/{sid}")["status"] == 404

    short = do(chromium, "return short.stream.sid;")
    server.wait_for_subscribers(short)
    server.advance(61)
    until(chromium, "short.removed.length == 1")

    do(chromium, 'window.last = await listen("last"); return 1;')
    server.wait_for_subscribers("last")
    server.advance(3400)
    until(chromium, "seen.about == 1")
    do(chromium, f'await client.updateToken("{server.token("browser")}"); return 1;')
    server.advance(1000)
    publish(server, "last", {"after": "refresh"})
    until(chromium, "last.messages.length == 1")
    server.advance(3600)
    until(chromium, 'seen.expired == 1 && client.connectionState == "disconnected"')
    do(chromium, f'await client.updateToken("{server.token("browser")}"); return 1;')
    server.wait_for_subscribers("last")
    do(chromium, "client.services.twilsock.channel.websocket.socket.close(); return 1;")
    until(chromium, 'seen.states.filter((state) => state == "connected").length == 3')
    server.wait_for_subscribers("last")
    publish(server, "last", {"after": "a dropped socket"})
    until(chromium, "last.messages.length == 2")
    do(chromium, "await client.shutdown(); return 1;")
    assert chromium.problems() == []


def test_twenty_clients_in_chromium_get_fifty_messages_in_order(
    chromium: Browser, application: str, server: SyncReference
) -> None:
    connect(chromium, application, server, server.token("first"))
    tokens = json.dumps([server.token(f"user {number}") for number in range(20)])
    do(
        chromium,
        f"""
        const options = () => ({{cdsUri: "{server.url}", Twilsock: {{uri: "{server.socket}"}}}});
        window.clients = {tokens}.map((token) => new Twilio.Sync.Client(token, options()));
        window.heard = await Promise.all(clients.map(async (client) => {{
          const numbers = [];
          (await client.stream("many")).on("messagePublished", (event) => numbers.push(event.message.data.number));
          return numbers;
        }}));
        return 1;
        """,
    )
    server.wait_for_subscribers("many", 20)
    for number in range(50):
        if number % 25 == 0:
            server.advance(1)  # a stream takes 30 messages a second
        publish(server, "many", {"number": number})
    until(chromium, "heard.every((numbers) => numbers.length >= 50)")
    assert do(chromium, "return heard;") == [list(range(50))] * 20
    do(chromium, "await Promise.all([client, ...clients].map((one) => one.shutdown())); return 1;")


def test_a_bad_token_in_chromium(chromium: Browser, application: str, server: SyncReference) -> None:
    assert connect(chromium, application, server, server.token("browser")[:-3] + "abc") == "denied"
    (error,) = do(chromium, "await new Promise((r) => setTimeout(r, 50)); return seen.errors;")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, 20107)


def test_a_page_from_elsewhere_is_kept_out(chromium: Browser, tmp_path: Path, server: SyncReference) -> None:
    """A file's origin is null, as a sandbox's is."""
    (tmp_path / "evil.html").write_text("<!doctype html><title>evil</title>")
    chromium.look(tmp_path / "evil.html")
    found = do(
        chromium,
        f"""
        const socket = new WebSocket("{server.socket}");
        const opened = await new Promise((r) => {{ socket.onopen = () => r(true); socket.onclose = () => r(false); }});
        const state = await fetch("{server.url}/_reference/state").then(() => true, () => false);
        return [opened, state];
        """,
    )
    assert found == [False, False]
    chromium.problems()


def test_the_page_shows_what_goes_by(chromium: Browser, server: SyncReference) -> None:
    evil = '<img src=x onerror="document.title=1">'
    sid = rest(server, "POST", "", UniqueName=evil)["sid"]
    with SdkPeer(server, server.token("peer")) as peer:
        peer.subscribe(sid)
        publish(server, sid, {evil: evil})
        chromium.driver.get(server.url + "/")
        text = "document.getElementById('messages').innerText"
        chromium.wait_until(f"return {text}.includes('onerror')")
        row = chromium.run("return [...document.querySelectorAll('#streams td')].map((cell) => cell.textContent)")
        assert row == [evil, sid, "default", "1"]
        cells = chromium.run("return [...document.querySelectorAll('#messages td')].map((cell) => cell.textContent)")
        assert cells == [evil, json.dumps({evil: evil}, separators=(",", ":")), "1"]
        assert chromium.run("return document.images.length") == 0
        assert chromium.run("return document.title") == "sync-reference"
        summary = "document.getElementById('summary').textContent"
        assert chromium.run(f"return {summary}") == "1 connected, 1 messages published, 0 lost to slow subscribers"
        assert peer.event("stream_message_published")["message_data"] == {evil: evil}

        by_hand = 'document.getElementById("stream").value = arguments[0];'
        by_hand += 'document.getElementById("data").value = arguments[1];'
        by_hand += 'document.querySelector("button").click();'
        outcome = "document.getElementById('outcome').textContent"
        chromium.run(by_hand, sid, '{"by": "hand é"}')
        assert peer.event("stream_message_published")["message_data"] == {"by": "hand é"}
        chromium.wait_until(f"return {outcome}.startsWith('published TZ')")
        chromium.wait_until("return document.querySelectorAll('#messages tr').length == 2")
        assert chromium.run("return document.querySelector('#messages td:nth-child(2)').textContent") == (
            '{"by":"hand é"}'
        )
        chromium.run(by_hand, evil, "{no json")
        chromium.wait_until(f"return {outcome}.includes('JSON')")
        assert "JSON" in chromium.run(f"return {outcome}")
        assert peer.quiet()
    rest(server, "DELETE", f"/{sid}")
    chromium.wait_until("return document.querySelectorAll('#streams tr').length == 0")
    assert chromium.run("return document.querySelectorAll('#streams tr').length") == 0
    assert chromium.violations() == []
    # The refusal of what is no JSON is in the console, as Chromium tells of every status from 400 on.
    assert [problem for problem in chromium.problems() if "400" not in problem] == []
