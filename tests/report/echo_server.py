"""A server that tells every secret it is told: in headers, in bodies, decoded, encoded and escaped."""

from __future__ import annotations

import base64
import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, quote_plus

SID = "TO" + "ab" * 16


class Echo(BaseHTTPRequestHandler):
    """Answers whatever is asked with a stream that is made of the caller's credentials."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        login = self.headers.get("Authorization") or ""
        encoded = login.partition(" ")[2]
        try:
            user, _, secret = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            user, secret = "", encoded
        told = {
            "sid": SID,
            "unique_name": secret,
            "account_sid": user,
            secret: [secret, quote(secret, safe=""), quote_plus(secret)],
            "url": f"http://{secret}/{secret}",
            "links": {"messages": secret, "hex": secret.encode().hex(), "base64": encoded},
            "alone": [base64.b64encode(secret.encode()).decode(), base64.urlsafe_b64encode(secret.encode()).decode()],
            "within": [base64.b64encode(f"{'x' * n}{secret}yz".encode()).decode() for n in range(1, 4)],
            "markup": html.escape(secret),
            "code": 20404,
            "message": f"wrong {login}",
            "date_created": secret.upper(),
        }
        body = json.dumps(told).encode()
        if self.command == "POST":
            body = body.replace(b"/", b"\\/")  # as some encoders write it
        if self.path.endswith("PageSize=1"):
            body = b"{}"
        self.send_response(201 if self.command == "POST" else 200, secret)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Your-Login", login)
        self.send_header("X-Your-Token", secret)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def echo_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
