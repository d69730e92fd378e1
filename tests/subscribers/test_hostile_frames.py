"""What no SDK sends: the connection is closed or the frame ignored, and the server says nothing and stays well."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reference_impl.pytest_plugin import MovableClock, SyncReference

from .client import Closed, RawSocket, SdkPeer, parse, publish, rest
from .crowd import message, packet
from .load import memory
from .sdk import command

LIMIT = 1 << 18  # bytes of a message


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[SyncReference, int]]:
    """The command, which must have said nothing at all by the end, and its process."""
    with command() as (process, announced):
        server = SyncReference(announced["url"], announced["services"], MovableClock())
        yield server, process.pid
        well(server)


@pytest.fixture
def server(running: tuple[SyncReference, int]) -> SyncReference:
    return running[0]


def well(server: SyncReference) -> None:
    """A subscriber gets what is published, soon."""
    sid = rest(server, "POST", "")["sid"]
    with SdkPeer(server, server.token("well")) as peer:
        peer.subscribe(sid)
        publish(server, sid, {"how": "are you"})
        assert peer.event("stream_message_published")["message_data"] == {"how": "are you"}


def code_of(said: list[tuple[int, bytes]]) -> int | None:
    """The code of the WebSocket's close frame, the last word; 1005 stands for one that names no code."""
    opcode, payload = said[-1]
    if opcode != 8:
        return None
    return int.from_bytes(payload[:2]) if payload else 1005


NO_FRAMES = {
    "empty": b"",
    "noise": b"\x00\xff" * 40,
    "a request of HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "another version": b"TWILSOCK V2.0 2\r\n{}\r\n",
    "a header longer than the message": b'TWILSOCK V3.0 900\r\n{"method":"init","id":"x"}\r\n',
    "a header shorter than it is": b'TWILSOCK V3.0 9\r\n{"method":"init","id":"x"}\r\n',
    "a huge size": b"TWILSOCK V3.0 99999999999999999\r\n{}\r\n",
    "a payload that is not there": b'TWILSOCK V3.0 44\r\n{"method":"init","id":"x","payload_size":999}\r\n',
    "a header that is no JSON": b"TWILSOCK V3.0 3\r\n{x}\r\n",
    "a deep header": b"TWILSOCK V3.0 60000\r\n" + b"[" * 60_000 + b"\r\n",
}


@pytest.mark.parametrize("data", NO_FRAMES.values(), ids=NO_FRAMES.keys())
@pytest.mark.parametrize("opcode", [0x82, 0x81], ids=["binary", "text"])
def test_what_is_no_frame_closes(server: SyncReference, data: bytes, opcode: int) -> None:
    with RawSocket(server) as raw:
        raw.send(message(data if opcode == 0x82 else data.decode("latin-1").encode(), opcode))
        *told, last = raw.until_closed()
        assert [parse(payload)[0]["status"]["code"] for _, payload in told] == [406]
        assert code_of([last]) == 1000


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"\x82\xff" + (1 << 30).to_bytes(8) + b"\0\0\0\0", {1009, None}),
        (b"\x82\xff" + (LIMIT + 1).to_bytes(8) + b"\0\0\0\0" + b"x" * (LIMIT + 1), {1009}),
        (message(b"x" * LIMIT, 0x02) + message(b"x", 0x80), {1009}),
        (b"\x82\x03abc", {1002}),
        (message(b"x", 0xF2), {1002}),
        (message(b"x", 0x83), {1002}),
        (message(b"x" * 126, 0x89), {1002}),
        (message(b"x", 0x80), {1002}),
        (message(b"\xff\xfe", 0x81), {1007}),
        (message(b"\x03", 0x88), {1002}),
        (message(b"", 0x88), {1000, 1005, None}),
    ],
    ids=[
        "a size of a gigabyte",
        "more than the limit",
        "parts beyond the limit",
        "no mask",
        "reserved bits",
        "reserved opcode",
        "long ping",
        "continuing nothing",
        "text that is no UTF-8",
        "short close",
        "close",
    ],
)
def test_what_breaks_the_websocket_closes(server: SyncReference, data: bytes, codes: set[int | None]) -> None:
    with RawSocket(server) as raw:
        with suppress(ConnectionError):
            raw.send(data)
            if data[1] == 0xFF and len(data) < 20:
                for _ in range(8):
                    raw.send(b"x" * 65536)
        said = [frame for frame in raw.until_closed() if frame[0] == 8]
        assert (code_of(said) if said else None) in codes
    well(server)


def test_a_client_may_go_at_any_byte(server: SyncReference) -> None:
    data = message(packet({"method": "init", "id": "TM1", "token": server.token("cut")}))
    for cut in range(0, len(data), 37):
        with RawSocket(server) as raw:
            raw.send(data[:cut])
    well(server)


def test_bytes_may_come_one_by_one_and_messages_in_parts(server: SyncReference) -> None:
    init = packet({"method": "init", "id": "TM1", "token": server.token("slowly")})
    with RawSocket(server) as raw:
        for byte in message(init[:100], 0x02) + message(init[100:], 0x80):
            raw.send(bytes([byte]))
        opcode, payload = raw.receive()
        assert (opcode, parse(payload)[0]["status"]["code"]) == (2, 200)
        raw.send(message(b"are you there", 0x89))
        assert raw.receive() == (10, b"are you there")
        ask = packet({"method": "message", "id": "TM2", "http_request": {"method": "GET", "path": "/v3/Streams/x"}})
        raw.send(message(ask) * 3 + message(ask[:9], 0x02) + message(b"", 0x89) + message(ask[9:], 0x80))
        answers = [raw.receive() for _ in range(5)]
        assert sorted(opcode for opcode, _ in answers) == [2, 2, 2, 2, 10]


def test_frames_right_behind_the_handshake_do_no_harm(server: SyncReference) -> None:
    """A client must wait for the handshake's answer; what one that doesn't gets is a refusal or an answer."""
    init = message(packet({"method": "init", "id": "TM1", "token": server.token("eager")}))
    with RawSocket(server, eager=init[:50]) as raw:
        with suppress(ConnectionError):
            raw.send(init[50:])
        with suppress(Closed):
            opcode, payload = raw.receive()
            assert opcode == 8 or parse(payload)[0]["status"]["code"] in {200, 406}
    well(server)


def test_a_flood_of_what_is_unknown_is_ignored(running: tuple[SyncReference, int]) -> None:
    server, pid = running
    with SdkPeer(server, server.token("flood")) as peer:
        before = memory(pid)
        unknown = message(packet({"method": "unknown", "id": "TM1", "filling": "x" * 100}))
        for _ in range(100):
            peer.send(unknown * 200)
        assert peer.request("GET", "/v3/Streams/none")[0] == 404
        assert memory(pid) - before < 20


def test_who_asks_and_never_reads_is_not_read_any_more(running: tuple[SyncReference, int]) -> None:
    server, pid = running
    with SdkPeer(server, server.token("deaf")) as peer:
        before = memory(pid)
        request = {"method": "GET", "path": "/v3/Streams/" + "x" * 400}
        ask = message(packet({"method": "message", "id": "TM1", "http_request": request}))
        peer.socket.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):  # noqa: PT012 - it happens in the middle of the loop
            while sent < 200_000_000:
                sent += peer.socket.send(ask * 100)
        start = time.monotonic()
        well(server)
        assert time.monotonic() - start < 5
        assert memory(pid) - before < 40


def test_many_that_never_finish_their_handshake_or_say_nothing(server: SyncReference) -> None:
    half, silent = [], []
    try:
        for _ in range(100):
            raw = RawSocket(server)
            silent.append(raw)
            other = type(raw.socket)(raw.socket.family, raw.socket.type)
            other.connect(raw.socket.getpeername())
            other.send(b"GET /v3/wsconnect HTTP/1.1\r\nHost: x")
            half.append(other)
        well(server)
    finally:
        for each in [*(raw.socket for raw in silent), *half]:
            each.close()


OPCODES = st.sampled_from([0x82, 0x81, 0x02, 0x80, 0x00, 0x88, 0x89, 0x8A, 0xC2, 0x83])
PARTS = st.lists(st.tuples(OPCODES, st.binary(max_size=150)), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS, st.binary(max_size=30), st.booleans())
@example([(0x02, b"TWILSOCK"), (0x89, b""), (0x80, b" V3.0")], b"", False)
def test_any_bytes_are_survived(
    server: SyncReference, parts: list[tuple[int, bytes]], noise: bytes, opened: bool
) -> None:
    with RawSocket(server) as raw:
        if opened:
            raw.send(message(packet({"method": "init", "id": "TM1", "token": server.token("any")})))
        with suppress(ConnectionError):
            raw.send(b"".join(message(data, opcode) for opcode, data in parts) + noise)
            raw.send(message(b"", 0x88))
        with suppress(Closed, TimeoutError, ConnectionError):
            while True:
                raw.receive(0.02)


def test_bad_requests_are_answered_one_by_one(server: SyncReference) -> None:
    bodies: list[Any] = [
        None,
        [],
        {},
        {"requests": 7},
        {"requests": [None]},
        {"data": None},
        json.loads("[" * 50 + "]" * 50),
    ]
    with SdkPeer(server, server.token("bad")) as peer:
        for body in bodies:
            for path in ("/v4/Subscriptions", "/v3/Streams/none/Messages", "/v3/Streams/none"):
                assert peer.request("POST", path, body)[0] in {400, 404}
        assert peer.quiet(0.05)
