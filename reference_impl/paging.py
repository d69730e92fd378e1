"""Where a page begins, as a token; and the links between pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from reference_impl.errors import InvalidPageTokenError
from reference_impl.store import Store, Stream

FORWARD, BACKWARD = "a", "b"


@dataclass(frozen=True, slots=True)
class Position:
    """A place between streams: just after (`FORWARD`) or just before (`BACKWARD`) the one numbered `sequence`,
    and the direction to read from there. The stream itself may be gone."""

    direction: str = FORWARD
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Streams of one page, and the positions of its neighbours, None where there is no neighbour."""

    streams: Sequence[Stream]
    previous: Position | None
    next: Position | None


class Pager:
    """Reads pages from a store and turns positions into tokens. A token holds its position, so the server
    remembers nothing; a checksum tells a token of its own from anything else."""

    def read_page(self, store: Store, service_sid: str, position: Position, size: int, now: float) -> Page:
        """The page at a position. Streams made or deleted between two pages move nothing that both would show:
        a walk meets every stream that lives throughout exactly once."""
        if position.direction == FORWARD:
            streams = store.after(service_sid, position.sequence, size, now)
            edge = position.sequence + 1  # of an empty page: the gap behind the stream named
        else:
            streams = store.before(service_sid, position.sequence, size, now)
            edge = position.sequence
        first = streams[0].sequence if streams else edge
        last = streams[-1].sequence if streams else edge - 1
        has_previous = bool(store.before(service_sid, first, 1, now))
        has_next = bool(store.after(service_sid, last, 1, now))
        return Page(
            streams,
            Position(BACKWARD, first) if has_previous else None,
            Position(FORWARD, last) if has_next else None,
        )

    def issue_token(self, service_sid: str, position: Position) -> str:
        """`PT` and 32 hexadecimal digits."""
        payload = f"{position.direction}{position.sequence:015x}"
        return f"PT{payload}{self._checksum(service_sid, payload)}"

    def read_token(self, service_sid: str, token: str) -> Position:
        """The position of a token that this service issued. Raises InvalidPageTokenError for any other text."""
        payload = token[2:18]
        if token != f"PT{payload}{self._checksum(service_sid, payload)}":
            raise InvalidPageTokenError
        return Position(payload[0], int(payload[1:], 16))

    def page_url(self, list_url: str, size: int, page: int, token: str | None) -> str:
        """A page's URL, with the parameters in the order that Twilio's have."""
        url = f"{list_url}?PageSize={size}&Page={page}"
        return url if token is None else f"{url}&PageToken={token}"

    def _checksum(self, service_sid: str, payload: str) -> str:
        return blake2b(payload.encode(), key=service_sid.encode(), digest_size=8).hexdigest()
