"""The mitmproxy addon: record and replay Twilio Sync traffic inside any mitmproxy.

    mitmdump -s proxy/addon.py --set cassette=calls.yaml --set cassette_mode=replay --mode reverse:http://127.0.0.1:8080

Glue only: each hook turns a flow into our types, asks `proxy.engine`, and puts the answer into the flow.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mitmproxy import ctx, exceptions, http
from mitmproxy.flow import Error
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

if __name__.startswith("__mitmproxy_script__"):  # loaded by its path: the checkout need not be installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.exchange import Exchange, Headers, Request, Response
from proxy import giveback
from proxy.engine import MODES, Engine, Settings, Summary
from proxy.errors import ProxyError
from proxy.header import HOST
from proxy.misses import STATUS, Miss
from proxy.player import Answer
from proxy.wire import outgoing

logger = logging.getLogger("sync-proxy")

_ANSWER, _BASE, _INJECTED, _KEEP_HOST = "sync_answer", "sync_base", "sync_injected", "sync_keep_host"
# What mitmproxy does without asking `request` first, or would forward without understanding it.
_OFFLINE = {"connection_strategy": "lazy", "upstream_cert": False, "rawtcp": False, "http3": False, "http2": True}
# Errors that the client or this addon caused: nothing about the upstream is known then.
_NOT_UPSTREAM = ("Client disconnected.", Error.KILLED_MESSAGE)


class SyncProxy:
    """The addon. Its options are named `cassette…`; `settings` stand in for them where a program starts the proxy."""

    def __init__(self, settings: Settings | None = None, tell: Any = None) -> None:
        self._settings = settings
        self._tell = tell or logger.warning
        self.engine: Engine | None = None
        self.summary: Summary | None = None

    def load(self, loader: Any) -> None:
        loader.add_option("cassette", str, "", "The cassette's file.")
        loader.add_option("cassette_mode", str, "", f"One of {', '.join(MODES)}.")
        loader.add_option("cassette_upstream", str, "", "Where to forward to instead of the host that was asked.")
        loader.add_option("cassette_hosts", Sequence[str], [], "Further hosts to speak to.")
        loader.add_option("cassette_rules", str, "", "A file of redaction rules.")
        loader.add_option("cassette_force", bool, False, "Replace a cassette that exists.")
        loader.add_option("cassette_keep_pii", bool, False, "Keep names and messages as they are.")
        loader.add_option("cassette_allow_edited", bool, False, "Accept a cassette that was edited.")
        loader.add_option("cassette_shifted", bool, False, "Move the dates of answers to now.")
        loader.add_option("cassette_timing_headers", bool, False, "Add the recorded moments to answers.")

    def configure(self, updated: set[str]) -> None:
        if self.engine is not None:
            if self._settings is None and any(name.startswith("cassette") for name in updated):
                raise exceptions.OptionsError(  # type: ignore[no-untyped-call]
                    "the cassette's options can't be changed while the proxy runs."
                )
            return
        settings = self._settings or self._from_options()
        if settings is None:
            return
        try:
            self.start(settings)
        except ProxyError as error:
            raise exceptions.OptionsError(str(error)) from None  # type: ignore[no-untyped-call]

    def start(self, settings: Settings | None = None) -> None:
        """Opens the cassette before anything is served; raises ProxyError."""
        chosen = settings or self._settings
        if chosen is not None and self.engine is None:
            engine = Engine(chosen, self._tell)
            engine.start()
            self.engine = engine

    def _from_options(self) -> Settings | None:
        options = ctx.options
        if not options.cassette and not options.cassette_mode:
            return None
        return Settings(
            cassette=Path(options.cassette) if options.cassette else None,
            mode=options.cassette_mode or "replay",
            upstream=options.cassette_upstream or None,
            hosts=tuple(options.cassette_hosts),
            force=options.cassette_force,
            keep_pii=options.cassette_keep_pii,
            rules=Path(options.cassette_rules) if options.cassette_rules else None,
            shifted=options.cassette_shifted,
            timing_headers=options.cassette_timing_headers,
            allow_edited=options.cassette_allow_edited,
        )

    def running(self) -> None:
        unknown = sorted(name for name in ctx.options.deferred if name.startswith("cassette"))
        if unknown:
            logger.error("there is no option %s; see docs/proxy.md.", ", ".join(unknown))
        if self.engine is None:
            logger.error("no cassette: nothing is forwarded. Set cassette and cassette_mode.")
            return
        ctx.options.update_known(**_OFFLINE, keep_host_header=True)  # type: ignore[no-untyped-call]

    # requests -----------------------------------------------------------------------------------------------------

    def http_connect(self, flow: http.HTTPFlow) -> None:
        url = f"https://{_authority(flow.request.host, flow.request.port, 'https')}"
        if self.engine is None or not self.engine.allowed(url):
            flow.response = _injected(self._refused(url), None)

    def request(self, flow: http.HTTPFlow) -> None:
        if flow.response or flow.error or not flow.live:
            return
        try:
            self._request(flow)
        except Exception as error:  # noqa: BLE001 - mitmproxy would log it and forward the request
            self._tell(f"a request could not be handled: {type(error).__name__}")
            miss = Miss("unreadable", f"the proxy failed on this request: {type(error).__name__}: {error}")
            if self.engine is None or not self.engine.may_connect:
                flow.response = _injected(miss.response(), None)

    def _request(self, flow: http.HTTPFlow) -> None:
        engine = self.engine
        base, keep_host = self._place(flow)
        if engine is None or not (_is_reverse(flow) or engine.allowed(base)):
            flow.response = _injected(self._refused(base), None)
            return
        flow.metadata[_BASE], flow.metadata[_KEEP_HOST] = base, keep_host
        asked = request_of(flow, base)
        found = engine.ask(asked, keep_host=keep_host)
        if found is None:
            self._forward(flow)
        elif isinstance(found, Miss):
            flow.metadata[_INJECTED] = True
            flow.response = _injected(found.response(), asked)
        elif found.response is None:
            engine.delivered(found)
            flow.kill()  # type: ignore[no-untyped-call]
        else:
            flow.metadata[_INJECTED] = True
            flow.metadata[_ANSWER] = found
            flow.response = _injected(found.response, asked)

    def _place(self, flow: http.HTTPFlow) -> tuple[str, bool]:
        """Scheme and authority as the client knows them, and whether the host counts."""
        scheme = "https" if flow.client_conn.tls else "http"
        if _is_reverse(flow):
            return f"{scheme}://{flow.request.host_header or HOST}", False
        base = f"{flow.request.scheme}://{_authority(flow.request.host, flow.request.port, flow.request.scheme)}"
        return base, self.engine is not None and self.engine.keeps_host(base)

    def _forward(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        upstream = self._upstream(flow)
        if upstream is not None:
            flow.metadata["sync_upstream"] = f"{upstream[0]}://{_authority(upstream[1], upstream[2], upstream[0])}"
            request.scheme, request.host, request.port = upstream
            request.host_header = _authority(upstream[1], upstream[2], upstream[0])

    def _upstream(self, flow: http.HTTPFlow) -> tuple[str, str, int] | None:
        """Where this request goes when that is not where the client sent it."""
        mode = flow.client_conn.proxy_mode
        if isinstance(mode, ReverseMode):
            return mode.scheme, mode.address[0], mode.address[1]
        engine = self.engine
        if engine is None or engine.settings.upstream is None or flow.metadata[_KEEP_HOST]:
            return None
        parsed = http.Request.make("GET", engine.settings.upstream)
        return parsed.scheme, parsed.host, parsed.port

    def _refused(self, url: str) -> Response:
        if self.engine is None:
            return Miss("refused", "the proxy has no cassette and forwards nothing.").response()
        return self.engine.refuse(url).response()

    # answers ------------------------------------------------------------------------------------------------------

    def response(self, flow: http.HTTPFlow) -> None:
        engine = self.engine
        if engine is None or _BASE not in flow.metadata:
            return
        answer = flow.metadata.get(_ANSWER)
        if isinstance(answer, Answer):
            engine.delivered(answer)
        elif not flow.metadata.get(_INJECTED) and flow.response is not None:
            _point_back(flow)
            engine.keep(exchange_of(flow), keep_host=flow.metadata[_KEEP_HOST])

    def error(self, flow: http.HTTPFlow) -> None:
        engine = self.engine
        if engine is None or _BASE not in flow.metadata:
            return
        answer = flow.metadata.get(_ANSWER)
        if isinstance(answer, Answer):
            engine.put_back(answer)
        elif flow.response is None and engine.may_connect and flow.error and flow.error.msg not in _NOT_UPSTREAM:
            engine.keep(exchange_of(flow), keep_host=flow.metadata[_KEEP_HOST])

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """The guard: whatever happened before, nothing is connected to but in a mode that forwards."""
        if self.engine is None or not self.engine.may_connect:
            data.server.error = "sync-proxy: nothing is forwarded while a cassette is replayed."

    def done(self) -> None:
        if self.engine is not None and self.summary is None:
            self.summary = self.engine.finish()
            for sentence in self.summary.failed:
                logger.error(sentence)


def _is_reverse(flow: http.HTTPFlow) -> bool:
    return isinstance(flow.client_conn.proxy_mode, ReverseMode)


def _authority(host: str, port: int, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == {"http": 80, "https": 443}.get(scheme) else f"{shown}:{port}"


def _pairs(headers: http.Headers) -> Headers:
    return Headers(tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.fields))


def _target(request: http.Request) -> str:
    """Path and query as sent; bytes that may not stand in a URL are percent-encoded."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in request.data.path)


def request_of(flow: http.HTTPFlow, base: str) -> Request:
    """The flow's request as the client made it, content coding undone."""
    request = flow.request
    path = _target(request)
    body = request.get_content(strict=False) or b""
    return Request(request.method, base + (path if path.startswith("/") else f"/{path}"), _pairs(request.headers), body)


def exchange_of(flow: http.HTTPFlow) -> Exchange:
    """The flow as an exchange, content coding undone; without a response when there was a transport error."""
    asked = request_of(flow, flow.metadata[_BASE])
    sent = flow.request.timestamp_start
    if flow.response is None:
        return Exchange(asked, None, sent, time.time(), flow.error.msg if flow.error else "the connection failed")
    given = flow.response
    headers, body = _pairs(given.headers), given.raw_content or b""
    try:
        body = given.get_content(strict=True) or b""
    except ValueError:  # not in the coding it claims: kept as it is, without the claim
        headers = Headers(tuple((name, value) for name, value in headers.items if name.lower() != "content-encoding"))
    response = Response(given.status_code, given.data.reason.decode("latin-1"), headers, body)
    return Exchange(asked, response, sent, given.timestamp_end or time.time())


def _injected(response: Response, asked: Request | None) -> http.Response:
    sent = outgoing(response, asked or Request("GET", "/"))
    fields = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in sent.headers.items
    ]
    now = time.time()
    reason = sent.reason.encode("latin-1", "replace")
    return http.Response(b"HTTP/1.1", sent.status, reason, http.Headers(fields), sent.body, None, now, now)


def _point_back(flow: http.HTTPFlow) -> None:
    """Links of the upstream to itself lead to the proxy instead, as the client's next requests should come here."""
    upstream, base = flow.metadata.get("sync_upstream"), flow.metadata[_BASE]
    response = flow.response
    if upstream is None or upstream == base or response is None:
        return
    for name, value in list(response.headers.items(multi=True)):  # type: ignore[no-untyped-call]
        changed = giveback.base(value, upstream, base)
        if changed != value:
            response.headers[name] = changed
    try:
        text = (response.get_content(strict=True) or b"").decode()
    except ValueError:
        return
    changed = giveback.base(text, upstream, base)
    if changed != text:
        response.content = changed.encode()


if __name__.startswith("__mitmproxy_script__"):
    addons = [SyncProxy()]

__all__ = ["STATUS", "SyncProxy", "exchange_of", "request_of"]
