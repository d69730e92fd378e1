"""Who is subscribed to which stream, and what they are told."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from reference_impl.store import Store, Stream
from reference_impl.subscribers.frames import encode, new_id

EVENT = "twilio.sync.event"
VERSION = 4  # of the events: 4 has a list of events, earlier ones a single event
_REMEMBERED = 200  # messages that the page shows
HOLD = 0.5  # seconds that a message waits for one to overtake it


class Notice:
    """Something that happened, for any number of connections: encoded once for each version of the protocol."""

    def __init__(
        self, event_type: str, events: list[dict[str, Any]], correlation_id: Any = None, *, droppable: bool = False
    ) -> None:
        self.event_type = event_type
        self.events = events
        self.correlation_id = correlation_id
        self.droppable = droppable
        self._frames: dict[int, bytes] = {}

    def frame(self, version: int) -> bytes:
        """The notification's bytes. One that is older than 4 has room for one event."""
        frame = self._frames.get(version)
        if frame is None:
            payload: dict[str, Any] = {"event_type": self.event_type, "event_protocol_version": version}
            if self.correlation_id is not None:
                payload["correlation_id"] = self.correlation_id
            payload |= {"events": self.events} if version >= VERSION else {"event": self.events[0]}
            frame = encode("notification", new_id(), {"message_type": EVENT}, payload)
            self._frames[version] = frame
        return frame


class Subscriber(Protocol):
    """A connection. It takes a notice at once and never waits."""

    def deliver(self, notice: Notice) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """A message that went by; `number` counts all messages from 1."""

    number: int
    stream_sid: str
    sid: str
    data: Any
    reached: int


class Hub:
    """Subscribers by stream, in the order in which they came.

    `lossy` is the percentage of deliveries that get lost, each by itself; `unordered` holds every other delivery
    back until the next one to the same subscriber and stream, or for HOLD seconds. `later` calls a function after a
    number of seconds.
    """

    def __init__(
        self,
        lossy: float = 0.0,
        *,
        unordered: bool = False,
        later: Callable[[float, Callable[[], None]], object] | None = None,
        seed: int | None = None,
    ) -> None:
        self.lossy = lossy
        self.unordered = unordered
        self.later = later
        self.recent: deque[Published] = deque(maxlen=_REMEMBERED)
        self._chance = Random(seed)  # noqa: S311  (chance in tests, no secret)
        self._subscribers: dict[str, dict[Subscriber, None]] = {}
        self._held: dict[tuple[Subscriber, str], Notice] = {}
        self.published = 0

    def subscribe(self, subscriber: Subscriber, stream_sid: str) -> None:
        self._subscribers.setdefault(stream_sid, {})[subscriber] = None

    def unsubscribe(self, subscriber: Subscriber, stream_sid: str) -> None:
        subscribers = self._subscribers.get(stream_sid)
        if subscribers is not None:
            subscribers.pop(subscriber, None)
            if not subscribers:
                del self._subscribers[stream_sid]
        self._held.pop((subscriber, stream_sid), None)

    def count(self, stream_sid: str) -> int:
        """How many are subscribed to a stream."""
        return len(self._subscribers.get(stream_sid, ()))

    def counts(self) -> dict[str, int]:
        return {sid: len(subscribers) for sid, subscribers in self._subscribers.items()}

    def publish(self, stream_sid: str, message_sid: str, data: Any, sender: Subscriber | None = None) -> None:
        """Tell everybody but the connection that sent the message: the SDK tells its own program by itself."""
        subscribers = self._subscribers.get(stream_sid, {})
        receivers = [subscriber for subscriber in subscribers if subscriber is not sender]
        self.published += 1
        self.recent.append(Published(self.published, stream_sid, message_sid, data, len(receivers)))
        if receivers:
            event = {"stream_sid": stream_sid, "message_sid": message_sid, "message_data": data}
            notice = Notice("stream_message_published", [event], droppable=True)
            for subscriber in receivers:
                self.pass_on(subscriber, stream_sid, notice)

    def pass_on(self, subscriber: Subscriber, stream_sid: str, notice: Notice) -> None:
        """Deliver a message, or what is meant to happen to it instead."""
        if self.lossy and self._chance.uniform(0, 100) < self.lossy:
            return
        if not self.unordered or self.later is None:
            subscriber.deliver(notice)
            return
        key = (subscriber, stream_sid)
        if key not in self._held and self._chance.random() < 0.5:
            self._held[key] = notice
            self.later(HOLD, lambda: self._release(key, notice))
            return
        subscriber.deliver(notice)
        self._release(key, self._held.get(key))

    def removed(self, stream: Stream) -> None:
        """Tell the subscribers of a stream that it is gone, by deletion or because its time has come."""
        notice = Notice("stream_removed", [{"stream_sid": stream.sid}])
        for subscriber in self._subscribers.pop(stream.sid, {}):
            self._held.pop((subscriber, stream.sid), None)
            subscriber.deliver(notice)

    def _release(self, key: tuple[Subscriber, str], notice: Notice | None) -> None:
        if notice is not None and self._held.get(key) is notice:
            del self._held[key]
            key[0].deliver(notice)


class WatchedStore(Store):
    """A store that says which streams leave it."""

    def __init__(self, removed: Callable[[Stream], None]) -> None:
        super().__init__()
        self._removed = removed

    def remove(self, stream: Stream) -> None:
        super().remove(stream)
        self._removed(stream)
