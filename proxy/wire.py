"""Messages as they go over a connection: what belongs to the connection, content codings, lengths."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Any

from conformance.exchange import Headers, Request, Response

MOST_BODY = 2 * 1024 * 1024  # bytes, of a request or answer; a page of 100 streams is about 70 KB
BITE = 64  # bytes of a packed body at a time

# RFC 9110, section 7.6.1, and what proxies and clients add for one connection only.
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)


def end_to_end(headers: Headers) -> Headers:
    """The headers without those that belong to one connection."""
    named = {name.strip().lower() for value in headers.all("Connection") for name in value.split(",")}
    drop = HOP_BY_HOP | named
    return Headers(tuple((name, value) for name, value in headers.items if name.lower() not in drop))


def _library(name: str) -> Any:
    """A library that mitmproxy brings along, or None: replaying to a base URL goes without them."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def encode(body: bytes, coding: str) -> bytes | None:
    """The body in that content coding, or None for one that can't be made here."""
    if coding in ("gzip", "x-gzip"):
        return gzip.compress(body, 6, mtime=0)
    if coding == "deflate":
        return zlib.compress(body)
    if coding == "br" and (brotli := _library("brotli")):
        return bytes(brotli.compress(body, quality=5))
    if coding == "zstd" and (zstandard := _library("zstandard")):
        return bytes(zstandard.ZstdCompressor().compress(body))
    return None


class TooLarge(Exception):
    """A body that unpacks to more than MOST_BODY bytes."""


def decode(body: bytes, coding: str) -> bytes | None:
    """The body with that content coding undone, or None when it can't be. Raises TooLarge."""
    if not body:
        return body
    try:
        if coding in ("gzip", "x-gzip"):
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as reader:
                return _measured(reader.read(MOST_BODY + 1))
        if coding == "deflate":
            bare = body[0] & 0x0F != zlib.DEFLATED  # some leave the wrapper of RFC 1950 out
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
            unpacked = _measured(unpacker.decompress(body, MOST_BODY + 1))
            return unpacked if unpacker.eof else None
        if coding == "br" and (brotli := _library("brotli")):
            return _unbrotlied(body, brotli.Decompressor())
        if coding == "zstd" and (zstandard := _library("zstandard")):
            reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True)
            return _measured(bytes(reader.read(MOST_BODY + 1)))
    except TooLarge:
        raise
    except Exception:  # noqa: BLE001 - each library has an error class of its own for what is not its coding
        return None
    return body if coding in ("", "identity") else None


def _measured(unpacked: bytes) -> bytes:
    if len(unpacked) > MOST_BODY:
        raise TooLarge
    return unpacked


def _unbrotlied(body: bytes, unpacker: Any) -> bytes | None:
    """In small bites, because not every version of the library can be told how much it may unpack at once."""
    unpacked = bytearray()
    for start in range(0, len(body), BITE):
        unpacked += unpacker.process(body[start : start + BITE])
        if len(unpacked) > MOST_BODY:
            raise TooLarge
    return bytes(unpacked) if unpacker.is_finished() else None


def _accepts(request: Request, coding: str) -> bool:
    for value in request.headers.all("Accept-Encoding"):
        for item in value.lower().split(","):
            name, _, weight = item.partition(";")
            if name.strip() in (coding, "*") and weight.replace(" ", "") not in ("q=0", "q=0.0"):
                return True
    return False


def outgoing(response: Response, request: Request) -> Response:
    """The answer as it is sent: in the content coding it was recorded in when the client takes that and it can be
    made here, otherwise without one, with the right length, and without a body where there can't be one."""
    body, items = response.body, end_to_end(response.headers).items
    coding = (response.headers.get("Content-Encoding") or "").strip().lower()
    if coding and coding != "identity":
        encoded = encode(body, coding) if _accepts(request, coding) else None
        if encoded is None:
            items = tuple((name, value) for name, value in items if name.lower() != "content-encoding")
        else:
            body = encoded
    if request.method == "HEAD":
        return Response(response.status, response.reason, Headers(items), b"")
    if response.status in (204, 304) or response.status < 200:
        kept = tuple(
            (name, value) for name, value in items if name.lower() != "content-length" or response.status == 304
        )
        return Response(response.status, response.reason, Headers(kept), b"")
    length = ("Content-Length", str(len(body)))
    if any(name.lower() == "content-length" for name, _ in items):
        kept_one = False
        sized = []
        for name, value in items:
            if name.lower() != "content-length":
                sized.append((name, value))
            elif not kept_one:
                sized.append((name, length[1]))
                kept_one = True
        items = tuple(sized)
    else:
        items = (*items, length)
    return Response(response.status, response.reason, Headers(items), body)
