"""Who is told what, without any connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.clock import ManualClock
from reference_impl.config import Config
from reference_impl.subscribers.app import create_subscribers_app
from reference_impl.subscribers.hub import Hub, Notice


@dataclass(eq=False)
class Ear:
    heard: list[int] = field(default_factory=list)

    def deliver(self, notice: Notice) -> None:
        self.heard.append(notice.events[0]["message_data"])


@dataclass
class Timers:
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds > 0
        self.waiting.append(call)

    def ring(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


def publish(hub: Hub, stream: str, count: int, sender: Ear | None = None) -> None:
    for number in range(count):
        hub.publish(stream, f"TZ{number}", number, sender)


def test_everybody_on_the_stream_but_the_sender_is_told_in_order() -> None:
    hub, ears = Hub(), [Ear() for _ in range(4)]
    for ear in ears[:3]:
        hub.subscribe(ear, "TO1")
    hub.subscribe(ears[0], "TO1")  # twice is once
    hub.subscribe(ears[3], "TO2")
    publish(hub, "TO1", 5, sender=ears[2])
    assert [ear.heard for ear in ears] == [list(range(5)), list(range(5)), [], []]
    assert (hub.count("TO1"), hub.count("TO2"), hub.count("TO3")) == (3, 1, 0)


def test_who_left_is_told_nothing_and_nothing_is_kept() -> None:
    hub, ear = Hub(), Ear()
    hub.subscribe(ear, "TO1")
    hub.unsubscribe(ear, "TO1")
    hub.unsubscribe(ear, "TO1")
    publish(hub, "TO1", 3)
    assert (ear.heard, hub.counts()) == ([], {})


@given(st.integers(0, 2**32))
def test_unordered_loses_nothing_and_doubles_nothing(seed: int) -> None:
    timers = Timers()
    hub, ears = Hub(unordered=True, later=timers, seed=seed), [Ear(), Ear()]
    for ear in ears:
        hub.subscribe(ear, "TO1")
    publish(hub, "TO1", 30)
    timers.ring()
    assert [sorted(ear.heard) for ear in ears] == [list(range(30))] * 2
    assert all(ear.heard != list(range(30)) for ear in ears)


def test_what_is_held_back_for_somebody_who_left_is_forgotten() -> None:
    timers = Timers()
    hub, ear = Hub(unordered=True, later=timers, seed=1), Ear()
    hub.subscribe(ear, "TO1")
    while not timers.waiting:
        publish(hub, "TO1", 1)
    heard = len(ear.heard)
    hub.unsubscribe(ear, "TO1")
    timers.ring()
    assert len(ear.heard) == heard


def test_lossy_loses_about_that_part_for_each_by_itself() -> None:
    hub, ears = Hub(20, seed=7), [Ear(), Ear()]
    for ear in ears:
        hub.subscribe(ear, "TO1")
    publish(hub, "TO1", 2000)
    assert all(1500 < len(ear.heard) < 1700 for ear in ears)
    assert ears[0].heard != ears[1].heard
    assert all(ear.heard == sorted(set(ear.heard)) for ear in ears)
    none, ear = Hub(100), Ear()
    none.subscribe(ear, "TO1")
    publish(none, "TO1", 200)
    assert ear.heard == []


def test_the_page_remembers_the_last_messages_only() -> None:
    hub = Hub()
    publish(hub, "TO1", 1000)
    assert [message.number for message in hub.recent] == list(range(801, 1001))


def test_an_expired_stream_is_told_of_once_however_it_is_noticed() -> None:
    clock = ManualClock()
    app = create_subscribers_app(Config(api_keys={"SK" + "0" * 32: "x"}), clock)
    told: list[str] = []

    class Last:
        def deliver(self, notice: Notice) -> None:
            told.append(notice.event_type + notice.events[0]["stream_sid"])

    service = app.api.config.services[0].sid
    streams = [app.api.store.add(service, None, 5, clock.now()) for _ in range(3)]
    for stream in streams:
        app.api.hub.subscribe(Last(), stream.sid)
    clock.advance(5)
    assert app.api.store.find_by_sid(service, streams[0].sid, clock.now()) is None
    app.api.store.sweep(clock.now())
    assert sorted(told) == sorted(f"stream_removed{stream.sid}" for stream in streams)
