"""What a user may ask of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from conformance.budget import Limits
from conformance.outcomes import Level
from conformance.subscribers.access import Access

DEFAULT_GRACE = 10.0  # seconds that an expired stream may stay (the page allows late deletion, without a bound)
DEFAULT_TIMEOUT = 30.0  # seconds for one exchange


@dataclass(frozen=True, slots=True)
class Options:
    """Everything but where the target is. Rule ids in `rules` may be patterns such as `TTL-*`."""

    seed: int = 0
    level: Level = Level.SURVEY
    features: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    waivers: Path | None = None
    report: Path | None = None
    grace: float = DEFAULT_GRACE
    timeout: float = DEFAULT_TIMEOUT
    jobs: int = 4
    strict: bool = False
    quick: bool = False
    generated: float = 1.0  # share of the generated requests
    max_time: float | None = None  # seconds for the whole run; None: as `bound.bound_of` computes
    limits: Limits = field(default_factory=Limits)
    journals: Path | None = None  # the folder for journals; None: they are kept in memory only
    subscribers: Access | None = None  # where subscribers connect; None: their rules are not part of the run
    recorded: bool = False
    replayed: bool = False
    worker: str = ""
