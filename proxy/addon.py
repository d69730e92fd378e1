"""The mitmproxy addon: record and replay Twilio Sync traffic inside any mitmproxy.

    mitmdump -s proxy/addon.py --set cassette=calls.yaml --set cassette_mode=replay --mode reverse:http://127.0.0.1:8080

Glue only: each hook turns a flow into our types, asks `proxy.engine`, and puts the answer into the flow.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy import ctx, exceptions, http
from mitmproxy.flow import Error
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

if __name__.startswith("__mitmproxy_script__"):  # loaded by its path: the checkout need not be installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.exchange import Response
from proxy.engine import MODES, Engine, Settings, Summary
from proxy.errors import ProxyError
from proxy.flows import Handled, authority, exchange_of, injected, point_back, request_of
from proxy.header import HOST
from proxy.misses import Miss, too_large
from proxy.wire import TooLarge

logger = logging.getLogger("sync-proxy")

# What mitmproxy does without asking `request` first, or would forward without understanding it.
_OFFLINE = {"connection_strategy": "lazy", "upstream_cert": False, "rawtcp": False, "http3": False, "http2": True}
# Errors that the client or this addon caused: nothing about the upstream is known then.
_NOT_UPSTREAM = ("Client disconnected.", Error.KILLED_MESSAGE)


class SyncProxy:
    """The addon. Its options are named `cassette…`; `settings` stand in for them where a program starts the proxy, and
    `behind` is then the server behind the reverse listener, whatever that listener's own mode says."""

    def __init__(self, settings: Settings | None = None, tell: Any = None, *, behind: str | None = None) -> None:
        self._settings = settings
        self._behind = behind
        self._tell = tell or logger.warning
        self.engine: Engine | None = None
        self.summary: Summary | None = None
        self._handled: WeakKeyDictionary[http.HTTPFlow, Handled] = WeakKeyDictionary()

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
        url = f"https://{authority(flow.request.host, flow.request.port, 'https')}"
        if self.engine is None or not self.engine.allowed(url):
            flow.response = injected(self._refused(url), None)

    def request(self, flow: http.HTTPFlow) -> None:
        if flow.response or flow.error or not flow.live:
            return
        try:
            self._request(flow)
        except Exception as error:  # noqa: BLE001 - mitmproxy would log it and forward the request
            self._tell(f"a request could not be handled: {type(error).__name__}")
            miss = Miss("unreadable", f"the proxy failed on this request: {type(error).__name__}: {error}")
            if self.engine is None or not self.engine.may_connect:
                flow.response = injected(miss.response(), None)

    def _request(self, flow: http.HTTPFlow) -> None:
        engine = self.engine
        base, keep_host = self._place(flow)
        if engine is None or not (_is_reverse(flow) or engine.allowed(base)):
            flow.response = injected(self._refused(base), None)
            return
        try:
            asked = request_of(flow, base)
        except TooLarge:
            flow.response = injected(too_large(), None)
            return
        found = engine.ask(asked, keep_host=keep_host)
        if found is None:
            self._handled[flow] = Handled(asked, base, keep_host, upstream=self._forward(flow, keep_host))
        elif isinstance(found, Miss):
            flow.response = injected(found.response(), asked)
        elif found.response is None and engine.settings.timing_headers:
            self._handled[flow] = Handled(asked, base, keep_host, answer=found)
            flow.response = injected(found.told(), asked)
        elif found.response is None:
            engine.delivered(found)
            flow.kill()  # type: ignore[no-untyped-call]
        else:
            self._handled[flow] = Handled(asked, base, keep_host, answer=found)
            flow.response = injected(found.response, asked)

    def _place(self, flow: http.HTTPFlow) -> tuple[str, bool]:
        """Scheme and authority as the client knows them, and whether the host counts."""
        scheme = "https" if flow.client_conn.tls else "http"
        if _is_reverse(flow):
            return f"{scheme}://{flow.request.host_header or HOST}", False
        base = f"{flow.request.scheme}://{authority(flow.request.host, flow.request.port, flow.request.scheme)}"
        return base, self.engine is not None and self.engine.keeps_host(base)

    def _forward(self, flow: http.HTTPFlow, keep_host: bool) -> str | None:
        """Points the request at the upstream; answers the latter's scheme and authority when it is another address."""
        request, mode, engine = flow.request, flow.client_conn.proxy_mode, self.engine
        scheme: str
        to: str | None = None
        if isinstance(mode, ReverseMode):
            to = self._behind
        elif engine is not None and not keep_host:
            to = engine.settings.upstream
        if to is not None:
            parts = http.Request.make("GET", to)
            scheme, host, port = parts.scheme, parts.host, parts.port
        elif isinstance(mode, ReverseMode):
            scheme, host, port = mode.scheme, mode.address[0], mode.address[1]
        else:
            return None
        request.scheme, request.host, request.port = scheme, host, port
        request.host_header = authority(host, port, scheme)
        return f"{scheme}://{request.host_header}"

    def _refused(self, url: str) -> Response:
        if self.engine is None:
            return Miss("refused", "the proxy has no cassette and forwards nothing.").response()
        return self.engine.refuse(url).response()

    # answers ------------------------------------------------------------------------------------------------------

    def response(self, flow: http.HTTPFlow) -> None:
        handled = self._handled.get(flow)
        if self.engine is None or handled is None:
            return
        if handled.answer is not None:
            self.engine.delivered(handled.answer)
        elif flow.response is not None:
            if handled.upstream is not None and handled.upstream != handled.base:
                point_back(flow.response, handled.upstream, handled.base)
            added = self.engine.keep(exchange_of(flow, handled.asked), keep_host=handled.keep_host)
            for name, value in added:
                flow.response.headers[name] = value

    def error(self, flow: http.HTTPFlow) -> None:
        handled = self._handled.get(flow)
        if self.engine is None or handled is None:
            return
        if handled.answer is not None:
            self.engine.put_back(handled.answer)
        elif flow.response is None and flow.error and flow.error.msg not in _NOT_UPSTREAM:
            self.engine.keep(exchange_of(flow, handled.asked), keep_host=handled.keep_host)

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


if __name__.startswith("__mitmproxy_script__"):
    addons = [SyncProxy()]

__all__ = ["SyncProxy"]
