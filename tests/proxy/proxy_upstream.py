"""A small server standing for the Sync API, which counts who connects to it."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import brotli
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from proxy_traffic import ACCOUNT, SERVICE, stream

CODINGS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.ZstdCompressor().compress}


class Upstream(ThreadingHTTPServer):
    """Streams in memory: create, list, fetch by sid or name, publish, delete."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.streams: dict[str, dict[str, Any]] = {}
        self.scheme = "http"
        self.lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        found = super().get_request()
        self.connections += 1
        return found

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        form = {
            name: values[0]
            for name, values in parse_qs(self.rfile.read(length).decode(), keep_blank_values=True).items()
        }
        with self.server.lock:
            self.server.requests.append((self.command, self.path, dict(self.headers.items())))
            status, value = self.act(urlsplit(self.path).path.split("/")[1:], form)
        body = b"" if value is None else json.dumps(value).encode()
        if "hang-up" in self.path:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        accepted = self.headers.get("Accept-Encoding", "")
        coding = next((coding for coding in CODINGS if coding in accepted), None)
        if coding and body:
            body = CODINGS[coding](body)
            self.send_header("Content-Encoding", coding)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that the standard library wants

    def act(self, path: list[str], form: dict[str, str]) -> tuple[int, object]:
        if not self.headers.get("Authorization"):
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        if path[3:4] != ["Streams"]:
            return 200, {"path": self.path}
        streams = self.server.streams
        if len(path) == 4 and self.command == "POST":
            number = len(self.server.requests)
            base = f"{self.server.scheme}://{self.headers['Host']}"
            made = stream(form.get("UniqueName"), number, base=base)
            streams[str(made["sid"])] = made
            return 201, made
        if len(path) == 4:
            return 200, {"streams": list(streams.values()), "meta": {"key": "streams", "next_page_url": None}}
        name = unquote(path[4])
        found = next((it for it in streams.values() if name in (it["sid"], it["unique_name"])), None)
        if found is None:
            return 404, {"code": 20404, "message": f"The requested resource {self.path} was not found", "status": 404}
        if path[5:] == ["Messages"]:
            return 201, {"sid": f"TZ{len(self.server.requests):032x}", "data": json.loads(form["Data"])}
        if self.command == "DELETE":
            del streams[found["sid"]]
            return 204, None
        return 200, found


@contextlib.contextmanager
def upstream(certificate: Path | None = None) -> Iterator[Upstream]:
    """Runs one, with TLS when there is a certificate (its key in the same file)."""
    server = Upstream()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(path: Path) -> None:
    """A self-signed certificate for sync.twilio.com and this machine, its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("sync.twilio.com"), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(pem)


__all__ = ["ACCOUNT", "SERVICE", "Upstream", "make_certificate", "upstream"]
