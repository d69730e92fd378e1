"""Frames: what is written can be read, and nothing else can."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.subscribers.frames import MAGIC, FrameError, decode, encode
from reference_impl.subscribers.protocol import client_frame, server_frame, unmask

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
GOOD = encode("message", "TM1", {"x": 1}, {"text": "é😀"})


@given(st.text(), st.text(), st.dictionaries(st.text(min_size=8), JSON, max_size=4), JSON)
def test_what_is_encoded_is_decoded(method: str, frame_id: str, header: dict[str, Any], payload: Any) -> None:
    header = {name: value for name, value in header.items() if name not in {"payload_size", "payload_type"}}
    data = encode(method, frame_id, header, payload)
    assert data.isascii()
    frame = decode(data)
    assert (frame.method, frame.id) == (method, frame_id)
    assert {**frame.header, **header} == frame.header
    assert frame.payload == b"" if payload is None else frame.json() == payload


@given(st.data())
def test_a_cut_frame_is_none(data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(GOOD) - 3))  # the line's end after a payload may be missing
    with pytest.raises(FrameError):
        decode(GOOD[:cut])


@given(st.binary(max_size=300))
@example(b"")
@example(MAGIC)
@example(MAGIC + b"2\r\n{}")
@example(MAGIC + b"-2\r\n{}\r\n")
@example(MAGIC + b"9999999\r\n{}\r\n")
@example(MAGIC + b"99999999999999999999\r\n{}\r\n")
@example(MAGIC + "٣\r\n{}\r\n".encode())
def test_noise_is_no_frame(noise: bytes) -> None:
    for data in (noise, MAGIC + noise, b"TWILSOCK V2.0 2\r\n{}\r\n" + noise):
        with pytest.raises(FrameError):
            decode(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_a_changed_byte_is_a_frame_or_none(place: int, byte: int) -> None:
    """Never anything but a FrameError."""
    with suppress(FrameError):
        decode(GOOD[:place] + bytes([byte]) + GOOD[place + 1 :])


@pytest.mark.parametrize(
    "header",
    [
        {"id": "x"},
        {"method": "x"},
        {"method": 1, "id": "x"},
        {"method": "x", "id": None},
        {"method": "x", "id": "y", "payload_size": -1},
        {"method": "x", "id": "y", "payload_size": 1},
        {"method": "x", "id": "y", "payload_size": "0"},
        {"method": "x", "id": "y", "payload_size": True},
        {"method": "x", "id": "y", "payload_size": 1.0},
        {"method": "x", "id": "y", "payload_size": 10**400},
        [],
        "text",
        None,
    ],
)
def test_a_lying_or_lacking_header_is_refused(header: Any) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(FrameError):
        decode(b"%b%d\r\n%b\r\n" % (MAGIC, len(text), text))


def test_a_header_as_deep_as_the_sea_is_refused() -> None:
    text = b'{"method":"x","id":"y","deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(FrameError):
        decode(b"%b%d\r\n%b\r\n" % (MAGIC, len(text), text))


def test_the_sdk_leaves_out_the_last_line_end() -> None:
    assert decode(GOOD.removesuffix(b"\r\n")).json() == {"text": "é😀"}


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4), st.binary(max_size=20))
@example(b"x" * 125, b"abcd", b"")
@example(b"x" * 126, b"abcd", b"y")
@example(b"x" * 65535, b"abcd", b"")
@example(b"x" * 65536, b"abcd", b"yy")
def test_websocket_frames_are_found_and_unmasked(payload: bytes, mask: bytes, more: bytes) -> None:
    head = server_frame(payload)[: -len(payload) or None]
    sent = bytes([head[0], head[1] | 0x80]) + head[2:] + mask + unmask(payload, mask)
    found = client_frame(sent + more, 0)
    assert found is not None
    masked, begin, end = found
    assert end == len(sent)
    assert unmask(sent[begin:end], sent[masked:begin]) == payload
    assert [client_frame(sent[:cut], 0) for cut in range(2)] == [None, None]
