"""The proxy as clients meet it: each mode, and that nothing is ever forwarded while a cassette is replayed."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import brotli
import pytest
import requests
import zstandard
from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.test import tflow
from proxy_running import running
from proxy_traffic import ACCOUNT, STREAMS, TOKEN, work
from proxy_upstream import Upstream, upstream

from proxy.addon import SyncProxy
from proxy.cassette import load
from proxy.engine import Engine, Settings
from proxy.errors import ProxyError, StartError
from proxy.master import Listening
from proxy.misses import HEADER, STATUS
from proxy.player import Player
from proxy.serve import start_replay

ROOT = Path(__file__).parents[2]


def test_what_was_recorded_is_replayed_without_the_server(recorded, server: Upstream, confdir: Path) -> None:
    path, seen, url = recorded
    with running(Settings(path, "replay", upstream=server.url, all_used=True), confdir) as proxy:
        again = work(proxy.url, proxy.session())
    assert json.dumps(again).replace(proxy.url, url) == json.dumps(seen)
    assert [status for status, _ in again] == [201, 200, 201, 200, 204, 404, 401]
    assert proxy.summary.failed == ()
    assert server.connections == 0


def test_nothing_but_tcp_is_listened_on(tmp_path: Path, confdir: Path) -> None:
    """mitmproxy would take QUIC before an https upstream, and its UDP server may crash a process that ends."""
    with running(Settings(tmp_path / "c.yaml", "record"), confdir) as proxy:
        for address in (proxy.url, proxy.listening.proxy):
            host, _, port = address.partition("://")[2].partition(":")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind((host, int(port)))  # raises when somebody has it


def test_links_lead_to_the_proxy_while_recording(recorded) -> None:
    path, seen, url = recorded
    assert seen[0][1]["url"].startswith(f"{url}{STREAMS}/TO")
    assert url not in path.read_text()
    assert "Ana" not in path.read_text()
    assert TOKEN not in path.read_text()
    assert ACCOUNT not in path.read_text()


def talk(address: str, data: bytes) -> bytes:
    host, _, port = address.partition("://")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(data)
        connection.settimeout(3)
        received = b""
        with contextlib.suppress(TimeoutError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def connect(listening: Listening, host: str, then: bytes) -> bytes:
    address = listening.proxy.partition("://")[2].split(":")
    with socket.create_connection((address[0], int(address[1])), timeout=5) as connection:
        connection.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        connection.settimeout(1)
        received = connection.recv(65536)
        if b" 200 " in received:
            connection.sendall(then)
            with contextlib.suppress(TimeoutError):
                received += connection.recv(65536)
        return received


BROKEN = {
    "a request that was never recorded": lambda proxy, server: talk(
        proxy.url, b"GET /v1/other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ),
    "nonsense": lambda proxy, server: talk(proxy.url, b"\x00\xff nonsense\r\n\r\n"),
    "a request without a host": lambda proxy, server: talk(proxy.url, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two lengths": lambda proxy, server: talk(
        proxy.url, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"
    ),
    "length and chunks": lambda proxy, server: talk(
        proxy.url, b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "an upgrade": lambda proxy, server: talk(
        proxy.url,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ),
    "a request to the server itself": lambda proxy, server: talk(
        proxy.listening.proxy, f"GET {server.url}/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    ),
    "a CONNECT to the server": lambda proxy, server: connect(
        proxy.listening, f"127.0.0.1:{server.server_port}", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
    "a CONNECT to another host": lambda proxy, server: connect(proxy.listening, "example.invalid:443", b"hello"),
    "a CONNECT to the API, then no TLS": lambda proxy, server: connect(
        proxy.listening, "sync.twilio.com:443", b"\x01\x02\x03 not TLS, and long enough to be looked at\r\n\r\n"
    ),
    "the start of a TLS handshake": lambda proxy, server: talk(proxy.url, ssl_hello()),
    "HTTP/2 without TLS": lambda proxy, server: talk(
        proxy.url, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    ),
}


def ssl_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="sync.twilio.com")
    with pytest.raises(ssl.SSLWantReadError):
        made.do_handshake()
    return outgoing.read()


def test_replaying_never_connects_anywhere_whatever_is_sent(recorded, server: Upstream, confdir: Path) -> None:
    path, _, _ = recorded
    with running(Settings(path, "replay", upstream=server.url), confdir) as proxy:
        for name, send in BROKEN.items():
            answer = send(proxy, server)
            assert server.connections == 0, name
            assert b"HTTP/1.1 200 OK" not in answer, name
        assert proxy.session().get(f"{proxy.url}{STREAMS}").status_code == 200  # and it still works
    assert server.connections == 0


def test_a_cassette_that_is_used_up_forwards_nothing(recorded, server: Upstream, confdir: Path) -> None:
    path, _, _ = recorded
    with running(Settings(path, "replay", upstream=server.url), confdir) as proxy:
        session = proxy.session()
        assert session.get(f"{proxy.url}{STREAMS}").status_code == 200
        answer = session.get(f"{proxy.url}{STREAMS}")
    assert (answer.status_code, answer.headers[HEADER]) == (STATUS, "used-up")
    assert answer.json()["details"]["kind"] == "used-up"
    assert any("used-up" in message for message in proxy.told)
    assert "1 request had no answer" in proxy.summary.failed[0]
    assert server.connections == 0


@pytest.mark.parametrize("broken", [(Engine, "ask"), (Player, "answer"), (SyncProxy, "_place")])
def test_an_exception_in_the_addon_forwards_nothing(
    recorded, server: Upstream, confdir: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(*broken, fail)
    with running(Settings(recorded[0], "replay", upstream=server.url), confdir) as proxy:
        answer = proxy.session().get(f"{proxy.url}{STREAMS}")
    assert answer.status_code == STATUS
    assert "ZeroDivisionError" in answer.json()["message"]
    assert server.connections == 0


def test_the_guard_holds_when_every_other_hook_fails(
    recorded, server: Upstream, confdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mitmproxy logs an exception in `request` and forwards the request; here it has a real upstream to go to."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    for hook in ("request", "http_connect", "response", "error"):
        monkeypatch.setattr(SyncProxy, hook, fail)
    monkeypatch.setattr("proxy.master._NOWHERE", server.url)
    with running(Settings(recorded[0], "replay", upstream=server.url), confdir) as proxy:
        answer = proxy.session().get(f"{proxy.url}{STREAMS}")
        talk(proxy.listening.proxy, f"GET {server.url}/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.status_code == 502
    assert server.connections == 0


def test_recording_refuses_hosts_it_was_not_told_of(tmp_path: Path, server: Upstream, confdir: Path) -> None:
    with upstream() as other, running(Settings(tmp_path / "c.yaml", "record", upstream=server.url), confdir) as proxy:
        answer = proxy.session(proxied=True).get(f"{other.url}/v1/x")
        assert answer.status_code == STATUS
        assert answer.headers[HEADER] == "refused"
        assert "--allow-host" in answer.json()["message"]
        assert b" 200 " not in connect(proxy.listening, f"127.0.0.1:{other.server_port}", b"")
    assert other.connections == server.connections == 0
    with (
        running(Settings(tmp_path / "d.yaml", "record", hosts=(f"127.0.0.1:{other.server_port}",)), confdir) as proxy,
        upstream() as third,
    ):
        assert proxy.session(proxied=True).get(f"{third.url}/v1/x").status_code == STATUS
        assert third.connections == 0


def test_an_allowed_host_is_recorded_under_its_own_name(tmp_path: Path, confdir: Path) -> None:
    path = tmp_path / "c.yaml"
    with upstream() as other:
        host = f"127.0.0.1:{other.server_port}"
        with running(Settings(path, "record", hosts=(host,)), confdir) as proxy:
            first = proxy.session(proxied=True).get(f"{other.url}/v1/x").json()
        url = other.url
    assert load(path).interaction(0).request.url == f"{url}/v1/x"
    with running(Settings(path, "replay", hosts=(host,), all_used=True), confdir) as proxy:
        assert proxy.session(proxied=True).get(f"{url}/v1/x").json() == first
    assert proxy.summary.failed == ()


def test_once_records_and_then_replays(tmp_path: Path, confdir: Path) -> None:
    path = tmp_path / "c.yaml"
    with upstream() as server:
        for _ in range(3):
            with running(Settings(path, "once", upstream=server.url), confdir) as proxy:
                assert proxy.session().get(f"{proxy.url}{STREAMS}").status_code == 200
        assert server.connections == 1


def test_append_answers_what_is_known_and_records_the_rest(tmp_path: Path, confdir: Path) -> None:
    path = tmp_path / "c.yaml"
    with upstream() as server:
        for names in (["a-name"], ["a-name", "b-name"], ["a-name", "b-name", "c-name"]):
            with running(Settings(path, "append", upstream=server.url), confdir) as proxy:
                for name in names:
                    answer = proxy.session().post(proxy.url + STREAMS, data={"UniqueName": name})
                    assert answer.json()["unique_name"] == name
            assert proxy.summary.failed == ()
            assert proxy.summary.recorded == 1
        assert len(server.requests) == 3
    assert len(load(path)) == 3


def test_passthrough_forwards_and_keeps_nothing(tmp_path: Path, server: Upstream, confdir: Path) -> None:
    with running(Settings(None, "passthrough", upstream=server.url), confdir) as proxy:
        assert work(proxy.url, proxy.session())[0][0] == 201
    assert len(server.requests) == 7
    assert list(tmp_path.iterdir()) == []


def test_compressed_answers_are_recorded_readable_and_sent_compressed(recorded, confdir: Path) -> None:
    path, _, _ = recorded
    assert "base64" not in path.read_text()
    with running(Settings(path, "replay"), confdir) as proxy:
        session = proxy.session()
        answer = session.get(f"{proxy.url}{STREAMS}", stream=True)
        raw = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert raw[:2] == b"\x1f\x8b"
    assert answer.headers["Content-Length"] == str(len(raw))


@pytest.mark.parametrize(("coding", "decode"), [("br", brotli.decompress), ("zstd", zstandard.decompress)])
def test_the_newer_codings_are_undone_and_made_again(
    tmp_path: Path, server: Upstream, confdir: Path, coding: str, decode
) -> None:
    path, raw = tmp_path / "c.yaml", []
    for settings in (Settings(path, "record", upstream=server.url), Settings(path, "replay")):
        with running(settings, confdir) as proxy:
            asked = {"headers": {"Accept-Encoding": coding}, "stream": True}
            answer = proxy.session().get(f"{proxy.url}/v1/readable", **asked)
            raw.append(decode(answer.raw.read(decode_content=False)))
            assert answer.headers["Content-Encoding"] == coding
    assert raw[0] == raw[1] == b'{"path": "/v1/readable"}'
    assert '"path": "/v1/readable"' in path.read_text()
    assert len(server.requests) == 1


def test_timing_headers_are_the_same_while_recording_and_replaying(
    tmp_path: Path, server: Upstream, confdir: Path
) -> None:
    path, seen = tmp_path / "c.yaml", []
    for settings in (
        Settings(path, "record", upstream=server.url, timing_headers=True),
        Settings(path, "replay", timing_headers=True),
    ):
        with running(settings, confdir) as proxy:
            for _ in range(20):
                headers = proxy.session().get(f"{proxy.url}/v1/a").headers
                seen.append((headers["X-Replay-Sent"], headers["X-Replay-Received"]))
    assert seen[:20] == seen[20:]
    assert seen[:20] == sorted(set(seen[:20]))
    assert all(float(sent) <= float(received) for sent, received in seen)
    assert "x-replay" not in path.read_text().lower()


def test_a_recorded_transport_error_can_be_told_instead_of_made(
    tmp_path: Path, server: Upstream, confdir: Path
) -> None:
    path = tmp_path / "c.yaml"
    with running(Settings(path, "record", upstream=server.url), confdir) as proxy:
        proxy.session().get(f"{proxy.url}/hang-up")
    with running(Settings(path, "replay", timing_headers=True), confdir) as proxy:
        told = proxy.session().get(f"{proxy.url}/hang-up")
    assert told.status_code == 502
    assert told.headers["X-Replay-Error"]
    assert proxy.summary.unused == ()


def test_an_upstream_that_hangs_up_is_recorded_as_that(tmp_path: Path, server: Upstream, confdir: Path) -> None:
    path = tmp_path / "c.yaml"
    with running(Settings(path, "record", upstream=server.url), confdir) as proxy:
        assert proxy.session().get(f"{proxy.url}/hang-up").status_code == 502
    assert load(path).interaction(0).response is None
    with running(Settings(path, "replay"), confdir) as proxy, pytest.raises(requests.ConnectionError):
        proxy.session().get(f"{proxy.url}/hang-up")


def test_a_wrong_start_is_an_error_with_a_sentence(tmp_path: Path, confdir: Path, recorded) -> None:
    with pytest.raises(ProxyError, match="can't be read"), running(Settings(tmp_path / "none.yaml", "replay"), confdir):
        pass
    with pytest.raises(ProxyError, match="exists"), running(Settings(recorded[0], "record"), confdir):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(StartError, match="can't listen"),
            running(Settings(recorded[0], "replay"), confdir, port=port),
        ):
            pass


def test_an_answer_the_client_did_not_wait_for_is_given_again(recorded) -> None:
    """mitmproxy runs `response` before the bytes are sent, and `error` when the client had left by then."""
    addon = SyncProxy(Settings(recorded[0], "replay"), lambda _: None)
    addon.start()
    for last in ("error", "response"):
        flow = tflow.tflow()
        flow.request = http.Request.make(
            "GET", f"https://sync.twilio.com{STREAMS}", headers={"Authorization": "Basic QTpi"}
        )
        addon.request(flow)
        assert flow.response.status_code == 200
        addon.response(flow)
        if last == "error":
            flow.error = Error("Client disconnected.")
            addon.error(flow)
    addon.done()
    assert addon.summary.answered == 1
    assert addon.summary.misses == ()


def client(worker: int, url: str) -> list[object]:
    """Ten streams made and fetched again over one connection."""
    connection = HTTPConnection(url.partition("://")[2])
    key = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"Authorization": key, "Content-Type": "application/x-www-form-urlencoded"}
    seen = []
    for number in range(10):
        name = f"worker {worker} stream {number}"
        connection.request("POST", STREAMS, urlencode({"UniqueName": name}), headers)
        made = json.loads(connection.getresponse().read())
        assert made["unique_name"] == name
        connection.request("GET", f"{STREAMS}/{made['sid']}", headers=headers)
        assert json.loads(connection.getresponse().read()) == made
        seen.append(made)
    connection.close()
    return json.loads(json.dumps(seen).replace(url, ""))


def all_clients(url: str) -> list[list[object]]:
    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(client, range(50), [url] * 50))


def test_a_thousand_exchanges_from_fifty_clients(tmp_path: Path, server: Upstream, confdir: Path) -> None:
    path = tmp_path / "c.yaml"
    with running(Settings(path, "record", upstream=server.url), confdir) as proxy:
        live = all_clients(proxy.url)
    assert proxy.summary.recorded == 1000
    before = server.connections
    with running(Settings(path, "replay", upstream=server.url, all_used=True), confdir) as proxy:
        assert all_clients(proxy.url) == live
    assert proxy.summary.failed == ()
    assert proxy.summary.answered == 1000
    with start_replay(path, all_used=True) as handle:
        assert all_clients(handle.url) == live
    assert handle.finished.code == 0, handle.finished.messages
    assert server.connections == before
