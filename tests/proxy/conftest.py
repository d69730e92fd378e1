from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():  # libraries that mitmproxy loads use names that are on their way out
    warnings.simplefilter("ignore", DeprecationWarning)
    import proxy.master  # noqa: F401
from proxy_running import running
from proxy_traffic import STARTED, work
from proxy_upstream import Upstream, make_certificate, upstream

from conformance.exchange import Exchange
from proxy.cassette import Cassette, load
from proxy.certificates import authority
from proxy.engine import Settings
from proxy.recorder import Recorder


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Cassette]:
    """Records exchanges into a cassette and loads it."""

    def recorded(*exchanges: Exchange, **options: object) -> Cassette:
        path = tmp_path / "calls.yaml"
        path.unlink(missing_ok=True)
        recorder = Recorder(path, started=STARTED, **options)  # type: ignore[arg-type]
        for exchange in exchanges:
            recorder.record(exchange)
        return load(recorder.close())

    return recorded


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority; making one takes a while."""
    folder = tmp_path_factory.mktemp("authority")
    authority(folder)
    return folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a server standing for sync.twilio.com."""
    path = tmp_path_factory.mktemp("server") / "server.pem"
    make_certificate(path)
    return path


@pytest.fixture
def server() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture
def recorded(tmp_path: Path, confdir: Path) -> tuple[Path, list[tuple[int, object]], str]:
    """A recorded cassette, what the client saw, and the address it saw it at."""
    path = tmp_path / "calls.yaml"
    with upstream() as server, running(Settings(path, "record", upstream=server.url), confdir) as proxy:
        seen = work(proxy.url, proxy.session())
    assert proxy.summary.recorded == 7
    assert proxy.summary.failed == ()
    return path, seen, proxy.url
