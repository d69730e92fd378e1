"""Other tenants of the service: their streams are there before a run, come and go while it lasts, and must all be what
they would be without it."""

from __future__ import annotations

import random
import threading
from typing import Any

import requests

from conformance.target import Credentials

SETTLED = 130  # streams that stay: with those of a run, more than a page
MOST_COMING = 40
PAUSE = 0.3  # seconds between two changes, on average


class Tenants:
    """Uses the service directly, without the weather. Use as a context manager around a run."""

    def __init__(self, url: str, credentials: Credentials, seed: int) -> None:
        self._list = f"{url}/v1/Services/default/Streams"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (credentials.username, credentials.password)
        self._random = random.Random(f"tenants of {seed}")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._coming: list[str] = []
        self.sids = {self._create(number) for number in range(SETTLED)}

    def __enter__(self) -> Tenants:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on nothing changes any more."""
        self._ended.set()
        self._thread.join(20)

    def _live(self) -> None:
        number = SETTLED
        while not self._ended.wait(self._random.expovariate(1 / PAUSE)):
            number += 1
            if len(self._coming) < MOST_COMING and self._random.random() < 0.55:
                self._coming.append(self._create(number))
                self.sids.add(self._coming[-1])
            elif self._coming:
                sid = self._coming.pop(self._random.randrange(len(self._coming)))
                self.sids.remove(sid)
                assert self._session.delete(f"{self._list}/{sid}", timeout=20).status_code == 204

    def _create(self, number: int) -> str:
        """With a name or without, for ever or for an hour; some names look like those of the suite."""
        form: dict[str, Any] = {}
        if number % 3:
            form["UniqueName"] = f"{self._random.choice(('chat', 'conformance', 'conformance-notes'))}-{number}"
        if number % 2:
            form["Ttl"] = 3600
        made = self._session.post(self._list, data=form, timeout=20)
        assert made.status_code == 201, made.text
        return str(made.json()["sid"])

    def everything(self, service: str = "default") -> dict[str, dict[str, Any]]:
        """All streams of the service by sid."""
        found = {}
        url = self._list.replace("default", service) + "?PageSize=100"
        while url:
            page = self._session.get(url, timeout=20).json()
            found |= {stream["sid"]: stream for stream in page["streams"]}
            url = page["meta"]["next_page_url"]
        return found
