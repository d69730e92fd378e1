"""Our own mitmproxy: only the parts that serve HTTP, in this process, on one reverse and one regular listener."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mitmproxy import options
from mitmproxy.addons import core, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.proxy import mode_specs

from proxy.addon import SyncProxy
from proxy.engine import Settings, Summary
from proxy.errors import StartError
from proxy.strangers import raise_open_files
from proxy.wire import MOST_BODY

# Where the reverse listener leads by itself; the name can't be resolved (RFC 6761). The addon knows where requests go.
# Never an https address: mitmproxy 12 then listens for QUIC too, and may crash when the process ends.
_NOWHERE = "http://upstream.invalid:80"
_DEFAULT_UPSTREAM = "https://sync.twilio.com"


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the proxy listens: `url` for programs with a base URL, `proxy` for those with proxy settings."""

    url: str
    proxy: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen (port 0: any free one), the folder of the authority's files, and one more authority to trust
    upstream."""

    confdir: Path
    host: str = "127.0.0.1"
    port: int = 0
    proxy_port: int = 0
    upstream_ca: Path | None = None


def _second_port(place: Place) -> int:
    """mitmproxy refuses two listeners on port 0 of one address, so the second free port is found before."""
    if place.port or place.proxy_port:
        return place.proxy_port
    with socket.create_server((place.host, 0)) as probe:
        return int(probe.getsockname()[1])


class LeanMaster:
    """mitmproxy without its flow views, savers and content viewers, which serves twice what mitmdump does."""

    def __init__(self, settings: Settings, place: Place, tell: Callable[[str], None] = print) -> None:
        self.addon = SyncProxy(settings, tell, behind=settings.upstream or _DEFAULT_UPSTREAM)
        self._settings, self._place = settings, place
        self._master: Master | None = None
        self._server = proxyserver.Proxyserver()  # type: ignore[no-untyped-call]

    async def run(self, ready: Callable[[Listening], None]) -> Summary:
        """Serves until `stop`; raises StartError when it can't listen, ProxyError when the cassette can't be used."""
        quiet = logging.getLogger("mitmproxy")
        quiet.setLevel(logging.CRITICAL)  # its messages quote requests, credentials and all
        master = Master(options.Options(), with_termlog=False)
        self._master = master
        master.options.update(confdir=str(self._place.confdir))  # type: ignore[no-untyped-call]
        addons = (core.Core(), self._server, next_layer.NextLayer(), tlsconfig.TlsConfig())
        master.addons.add(*addons)  # type: ignore[no-untyped-call]
        place = self._place
        reverse = f"reverse:{_NOWHERE}@{place.host}:{place.port}"
        trusted = {"ssl_verify_upstream_trusted_ca": str(place.upstream_ca)} if place.upstream_ca else {}
        master.options.update(  # type: ignore[no-untyped-call]
            mode=[reverse, f"regular@{place.host}:{_second_port(place)}"],
            connection_strategy="lazy",
            upstream_cert=False,
            rawtcp=False,
            http3=False,
            keep_host_header=True,
            body_size_limit=str(MOST_BODY),
            **trusted,
        )
        self.addon.start()
        raise_open_files()
        gc.freeze()  # mitmproxy and the cassette stay: the collector need not look through them again and again
        master.addons.add(self.addon)  # type: ignore[no-untyped-call]
        serving = asyncio.create_task(master.run())
        try:
            ready(await self._listening(serving))
            await serving
        finally:
            await self._server.servers.update([])
            if not serving.done():
                master.shutdown()  # type: ignore[no-untyped-call]
                await serving
            self.addon.done()
        assert self.addon.summary is not None
        return self.addon.summary

    def stop(self) -> None:
        """Ends `run` from any thread."""
        if self._master is not None:
            self._master.shutdown()  # type: ignore[no-untyped-call]

    async def _listening(self, serving: asyncio.Task[None]) -> Listening:
        while not serving.done():
            instances = list(self._server.servers)
            for instance in instances:
                if instance.last_exception:
                    raise StartError(f"the proxy can't listen: {instance.last_exception}.")
            if len(instances) == 2 and all(instance.is_running for instance in instances):
                found = {isinstance(it.mode, mode_specs.ReverseMode): it.listen_addrs[0] for it in instances}
                return Listening(*(f"http://{found[kind][0]}:{found[kind][1]}" for kind in (True, False)))
            await asyncio.sleep(0.01)
        serving.result()
        raise StartError("the proxy ended before it was ready.")
