"""Requests byte by byte as a test writes them."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reference_impl.config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

STREAMS = "/v1/Services/default/Streams"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """Sends requests just as written here, with nothing added but the host and credentials."""

    url: str
    login: str = f"{DEFAULT_ACCOUNT_SID}:{DEFAULT_AUTH_TOKEN}"

    def send(self, method: str, target: str, form: str | None = None, host: str = "", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        sent = {"Host": host or urlsplit(self.url).netloc}
        sent["Authorization"] = "Basic " + b64encode(self.login.encode()).decode()
        if form is not None:
            sent |= {"Content-Type": FORM, "Content-Length": str(len(form.encode()))}
        for name, value in (sent | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            connection.putheader(name, value)
        connection.endheaders(None if form is None else form.encode())
        response = connection.getresponse()
        answer = Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
        connection.close()
        return answer

    def create(self, form: str = "") -> Any:
        answer = self.send("POST", STREAMS, form)
        assert answer.status == 201, answer
        return answer.json
