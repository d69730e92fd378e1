"""A client that calls the application directly: no network, no waiting, the clock in the test's hand."""

import json
from base64 import b64encode
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from reference_impl.app import App
from reference_impl.config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

FORM = "application/x-www-form-urlencoded"
STREAMS = "/v1/Services/default/Streams"


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


LOGIN = basic(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """Status and code of an error, after checking its shape."""
        error = self.json
        assert set(error) == {"code", "message", "more_info", "status"}
        assert error["status"] == self.status
        assert error["more_info"] == f"https://www.twilio.com/docs/errors/{error['code']}"
        assert error["message"]
        return error["code"]


def run(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Drive a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("the application waited for something")


@dataclass
class Client:
    app: App
    login: str | None = LOGIN
    host: str = "sync.test:8080"

    def send(
        self, method: str, target: str | bytes, body: bytes = b"", chunks: list[bytes] | None = None, **headers: str
    ) -> Answer:
        raw = target.encode("latin-1") if isinstance(target, str) else target
        path, _, query = raw.partition(b"?")
        sent = {"host": self.host, **({"authorization": self.login} if self.login else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        parts = [body] if chunks is None else chunks
        queue = [
            {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
            for number, part in enumerate(parts)
        ]
        events: list[Any] = []

        async def receive() -> Any:
            return queue.pop(0)

        async def deliver(event: Any) -> None:
            events.append(event)

        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": "not used: decoded before its segments are split",
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "server": ("127.0.0.1", 8080),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }
        run(self.app(scope, receive, deliver))
        self.unread = len(queue)
        start = events[0]
        content = b"".join(event.get("body", b"") for event in events[1:])
        return Answer(start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, content)

    def get(self, target: str, **query: object) -> Answer:
        if target.startswith("http"):
            parts = urlsplit(target)
            target = f"{parts.path}?{parts.query}"
        return self.send("GET", f"{target}?{urlencode(query)}" if query else target)

    def post(self, target: str, **form: object) -> Answer:
        return self.send("POST", target, urlencode(form).encode(), content_type=FORM)

    def delete(self, target: str) -> Answer:
        return self.send("DELETE", target)

    def create(self, **form: object) -> Any:
        answer = self.post(STREAMS, **form)
        assert answer.status == 201, answer
        return answer.json


def at(key: str) -> str:
    """The path of a stream by sid or name."""
    return f"{STREAMS}/{quote(key, safe='')}"
