"""How large a run of the benchmarks is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crowd:
    """Subscribers, spread evenly over streams, and the messages a second on all of these, for some seconds."""

    subscribers: int
    streams: int
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Scale:
    """The counts that the sections use. `turns` is how often each pair is measured."""

    turns: int = 5
    burst: int = 1500  # requests of one measurement of a proxy
    fast_burst: int = 8000  # of a server that answers several thousand a second
    single: int = 300  # requests of one client by itself
    small: int = 1_000  # interactions, streams
    large: int = 100_000
    suite_turns: int = 3
    suite_options: tuple[str, ...] = ()
    scale_calls: int = 300  # calls whose cost is compared between few and many
    crowds: tuple[Crowd, ...] = (Crowd(1_000, 1, 30, 20), Crowd(10_000, 1_000, 100, 20))


FULL = Scale()
# So that the modules can be tried in seconds; its figures mean nothing.
TINY = Scale(
    turns=2,
    burst=40,
    fast_burst=40,
    single=10,
    small=20,
    large=60,
    suite_turns=1,
    suite_options=("--rule", "CREATE-*", "--generated", "0.01"),
    scale_calls=20,
    crowds=(Crowd(4, 2, 20, 1),),
)
