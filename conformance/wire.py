"""The wire: one HTTP/1.1 request out, one bounded answer back. Knows nothing of Streams, rules or retries.

Built on urllib3, to which it adds what judging strangers needs: a deadline for the whole exchange rather
than for each read, and limits on the head and on the decoded body.
"""

from __future__ import annotations

import contextlib
import heapq
import http.client
import ipaddress
import itertools
import os
import socket
import ssl
import threading
import time
import urllib.request
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from conformance.exchange import Headers, Request, Response

# A page of 100 streams is about 70 KB, and 900 KB with names of 320 characters that are escaped everywhere. Parsed, a
# body of brackets alone takes up to 24 times its size, and several are looked at side by side.
MAX_BODY = 2 * 1024 * 1024
MAX_HEAD = 128 * 1024
CODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})  # nothing but identity is asked for


class WireError(Exception):
    """No whole answer came; the message says what the server did instead.

    `unsent` is true when the request can't have reached the server, so that sending it again is always safe.
    `late` is true when it took too long, `broken` when the connection failed: only then another try may do better.
    """

    def __init__(self, message: str, *, unsent: bool = False, late: bool = False, broken: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent
        self.late = late
        self.broken = broken or unsent


@dataclass(slots=True)
class _Guard:
    """One exchange under a deadline; `connection` is filled in by the connection that serves it."""

    deadline: float
    connection: HTTPConnection | None = None
    expired: bool = False
    done: bool = False

    def serve(self, connection: HTTPConnection) -> None:
        """That connection is about to send the request. Raises TimeoutError when connecting took all the time."""
        self.connection = connection
        if self.expired:  # looked at after the line above: from there on it is the watchdog that ends the exchange
            raise TimeoutError


_serving = threading.local()


class _BoundedLines:
    """The lines of a head, which may hold `MAX_HEAD` bytes together, and each of which ends: http.client takes a head
    that breaks off for a whole one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._left = MAX_HEAD

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._stream.readline(limit)
        begun = self._left < MAX_HEAD
        self._left -= len(line)
        if self._left < 0:
            raise WireError(f"headers of more than {MAX_HEAD} bytes")
        if (line or begun) and not line.endswith(b"\n") and len(line) != limit:
            raise ConnectionError("it was closed in the middle of the headers")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _BoundedResponse(http.client.HTTPResponse):
    """Reads no more of a head than is allowed: parsed, it takes many times its size."""

    def begin(self) -> None:
        stream: Any = self.fp
        self.fp = _BoundedLines(stream)  # type: ignore[assignment]
        super().begin()
        self.fp = stream if self.fp is not None else None


class _WatchedHTTPConnection(HTTPConnection):
    response_class = _BoundedResponse

    def request(self, *args: Any, **kwargs: Any) -> None:
        _serving.guard.serve(self)
        super().request(*args, **kwargs)


class _WatchedHTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse

    def request(self, *args: Any, **kwargs: Any) -> None:
        _serving.guard.serve(self)
        super().request(*args, **kwargs)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _Watchdog:
    """Shuts the socket of every exchange whose deadline has passed, so that a trickle can't hold us."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, _Guard]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._running = False

    def watch(self, guard: _Guard) -> None:
        with self._wake:
            heapq.heappush(self._heap, (guard.deadline, next(self._numbers), guard))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._heap[0][2] is guard:
                self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._heap and self._heap[0][2].done:
                    heapq.heappop(self._heap)
                if not self._heap:
                    self._running = False
                    return
                left = self._heap[0][0] - time.monotonic()
                if left > 0:
                    self._wake.wait(left)
                    continue
                guard = heapq.heappop(self._heap)[2]
            guard.expired = True
            sock = getattr(guard.connection, "sock", None)
            if sock is not None and not guard.done:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


class Wire:
    """A pool of connections. Safe to use from many threads."""

    def __init__(self, *, connections: int = 64, max_body: int = MAX_BODY) -> None:
        self._options: dict[str, Any] = {"num_pools": 4, "maxsize": connections, "block": False, "retries": False}
        self._max_body = max_body
        self._watchdog = _Watchdog()
        self._managers: dict[str | None, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        for manager in self._managers.values():
            manager.clear()

    def send(self, request: Request, *, timeout: float, fresh: bool = False) -> Response:
        """Sends and reads the whole answer within `timeout` seconds. Redirects are not followed.

        `fresh`: on a connection of its own, while another may have been idle, and closed just as the request goes out.
        Raises WireError with a sentence for everything that is not a whole answer.
        """
        guard = _Guard(time.monotonic() + timeout)
        _serving.guard = guard
        self._watchdog.watch(guard)
        try:
            proxy = _proxy_for(request.url)
            if not fresh:
                return self._exchange(request, timeout, self._manager(proxy))
            with self._new_manager(proxy) as manager:
                return self._exchange(request, timeout, manager)
        except (HTTPError, OSError) as caught:
            error = _behind_proxy(caught) if guard.connection else caught
            # A TLS handshake and a proxy come before the request; a TLS error afterwards leaves its fate unknown.
            before = isinstance(error, (SSLError, ProxyError)) and guard.connection is None
            unsent = before or _unsent(error)
            late = isinstance(error, (ConnectTimeoutError, ReadTimeoutError, TimeoutError))
            if guard.expired or (late and not isinstance(error, (NewConnectionError, NameResolutionError))):
                raise WireError(f"no whole answer within {timeout:g} s", unsent=unsent, late=True) from caught
            broken = isinstance(error, (ProtocolError, OSError))
            raise WireError(_sentence(error), unsent=unsent, broken=broken) from caught
        except (ValueError, AttributeError) as error:  # http.client on garbage, or a socket shut under it
            if guard.expired:
                raise WireError(f"no whole answer within {timeout:g} s", late=True) from error
            raise WireError(f"an answer that is no HTTP: {_cause(error)}") from error
        finally:
            guard.done = True

    def _exchange(self, request: Request, timeout: float, manager: urllib3.PoolManager) -> Response:
        answer = manager.urlopen(
            request.method,
            request.url,
            body=request.body or None,
            headers=urllib3.HTTPHeaderDict(list(request.headers)),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=True,
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
        )
        body = bytearray()
        whole = False
        try:
            headers = Headers.of((name, value) for name, value in answer.headers.iteritems())
            _look_at_coding(headers)
            for chunk in answer.stream(65536, decode_content=True):
                body += chunk
                if len(body) > self._max_body:
                    raise WireError(f"a body of more than {self._max_body} bytes")
            whole = True
        finally:
            if whole:
                answer.release_conn()
            else:
                answer.close()
        return Response(answer.status, answer.reason or "", headers, bytes(body))

    def _manager(self, proxy: str | None) -> urllib3.PoolManager:
        """The one whose connections are kept."""
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._new_manager(proxy)
            return self._managers[proxy]

    def _new_manager(self, proxy: str | None) -> urllib3.PoolManager:
        options = {**self._options, "ssl_context": _tls_context()}
        manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for that URL; none for loopback addresses."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return None
    if host == "localhost" or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _tls_context() -> ssl.SSLContext:
    """Verifies as the environment says: the variables that requests and OpenSSL read, else the system's store."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return ssl.create_default_context(cafile=bundle or None)


def _look_at_coding(headers: Headers) -> None:
    """Raises WireError for a body that can't be decoded in bounded memory."""
    coding = ", ".join(headers.all("Content-Encoding")).strip().lower()
    if coding not in CODINGS:
        raise WireError(f"a body in the content coding {coding[:40]!r}, which was not asked for")


def _behind_proxy(error: Exception) -> Exception:
    """What went wrong once the proxy had led to the server: that counts as an error of the proxy as well."""
    inner = error.original_error if isinstance(error, ProxyError) else error
    return inner if isinstance(inner, (HTTPError, OSError)) else error


def _unsent(error: Exception) -> bool:
    if isinstance(error, ProxyError):
        return isinstance(error.original_error, Exception) and _unsent(error.original_error)
    return isinstance(error, (NewConnectionError, NameResolutionError, ConnectTimeoutError))


def _sentence(error: Exception) -> str:
    if isinstance(error, NameResolutionError):
        return "its host name can't be resolved"
    if isinstance(error, NewConnectionError):
        return f"the connection was refused or failed ({_cause(error)})"
    if isinstance(error, SSLError):
        return f"the TLS handshake failed ({_cause(error)})"
    if isinstance(error, DecodeError):
        return "a body that does not decode as its Content-Encoding says"
    if isinstance(error, (ProtocolError, OSError)):
        return f"the connection broke off or spoke no HTTP ({_cause(error)})"
    return _cause(error)


def _cause(error: BaseException) -> str:
    """The innermost reason, in one short line."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
