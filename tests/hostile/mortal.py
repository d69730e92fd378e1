"""A server that dies halfway, and one that is back soon."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from suite.raw_server import read_request

from hostile.behaviours import never
from hostile.fronts import Forward, reference


class Mortal:
    """Passes requests on through `forward`, up to the one of that number: then it dies, all connections with it. It is
    back after so many seconds, with all that it had, or never."""

    def __init__(self, forward: Forward, count: int, back_after: float | None) -> None:
        self._forward, self._count, self._back_after = forward, count, back_after
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._place = socket.socket()  # bound and never listening: who is dead refuses, and nobody else moves in
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._place.bind(("127.0.0.1", 0))
        self._rise()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._place.getsockname()[1]}"

    def close(self) -> None:
        self._ended.set()
        self._hang_up()
        self._place.close()

    def _rise(self) -> None:
        listener = socket.create_server(self._place.getsockname(), reuse_port=True)
        with self._lock:
            self._open.add(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _hang_up(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._open.clear()

    def _die(self) -> None:
        self._hang_up()
        if self._back_after is not None and not self._ended.wait(self._back_after):
            self._rise()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with self._lock:
                    if listener not in self._open:  # it died since
                        connection.close()
                        return
                    self._open.add(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            while request := read_request(connection):
                if next(self._numbers) == self._count:
                    threading.Thread(target=self._die, daemon=True).start()
                    self._ended.wait(60)
                    return
                self._forward(connection, request)


@contextmanager
def mortal(count: int, back_after: float | None) -> Iterator[str]:
    """The reference server behind one that dies; its URL."""
    with (
        reference() as url,
        closing(Forward(url, lambda number, request: False, never)) as forward,
        closing(Mortal(forward, count, back_after)) as server,
    ):
        yield server.url
