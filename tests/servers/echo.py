"""A server that knows the shape of every answer and nothing else: it echoes what it was sent, as stubs in tests do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SID, SERVICE, ACCOUNT, MESSAGE = "TO" + "0" * 32, "IS" + "0" * 32, "AC" + "0" * 32, "TZ" + "0" * 32
DATE = "2030-01-31T10:20:30Z"


class Echo(BaseHTTPRequestHandler):
    """Answers every request with a success; a form's fields come back, everything else is constant."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace"))
        here = f"http://{self.headers['Host']}{urlsplit(self.path).path}"
        parts = urlsplit(self.path).path.split("/")
        stream = {
            "sid": SID,
            "unique_name": form.get("UniqueName", [None])[0],
            "account_sid": ACCOUNT,
            "service_sid": SERVICE,
            "url": here,
            "links": {"messages": f"{here}/Messages"},
            "date_expires": None,
            "date_created": DATE,
            "date_updated": DATE,
            "created_by": "system",
        }
        meta = {"key": "streams", "page": 0, "page_size": 50, "url": here, "first_page_url": here}
        listed = {"streams": [], "meta": {**meta, "next_page_url": None, "previous_page_url": None}}
        shown: object = listed if parts[-1] == "Streams" and self.command == "GET" else stream
        if parts[-1] == "Messages":
            shown = {"sid": MESSAGE, "data": form.get("Data", [None])[0]}
        body = b"" if self.command in {"DELETE", "HEAD"} else json.dumps(shown).encode()
        self.send_response({"POST": 201, "DELETE": 204}.get(self.command, 200))
        self.send_header("Content-Type", "application/json")
        if self.command != "DELETE":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def echoing() -> Iterator[str]:
    """The URL of such a server, in a thread of this process."""
    server = _Server(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
