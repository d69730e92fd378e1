"""What became of the streams that a run made: the proof that nothing is left. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

NAMED = 5  # streams


@dataclass(frozen=True, slots=True)
class Look:
    """A list that was looked through after everything was deleted, and showed nothing of this run.

    `streams` counts those of others; `whole`: the list was looked through to its end.
    """

    service: str
    streams: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Deletion:
    """`made` counts the streams that answers have shown, and what was made and is not `left` was deleted.

    `left`: sids, or names while no sid is known, of what may still be there. `doubtful`: sids of streams that are this
    run's or somebody else's, and so were left alone. `untraced` counts creates without a name that got no answer and
    whose streams could not be looked for.
    """

    made: int = 0
    left: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    untraced: int = 0
    looks: tuple[Look, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be done about it."""
        return not (self.left or self.untraced)

    def __str__(self) -> str:
        return "; ".join(self._sentences())

    def _sentences(self) -> Iterable[str]:
        if self.left:
            names = ", ".join(self.left[:NAMED]) + (", …" if len(self.left) > NAMED else "")
            yield f"{len(self.left)} streams may be left ({names}), which 'sync-conformance clean' deletes"
        else:
            yield f"{self.made} streams made, all of them deleted" if self.made else "no stream was made"
        if self.looks:
            others = ", ".join(
                f"{'' if look.whole else 'more than '}{look.streams} in {look.service!r}" for look in self.looks
            )
            yield f"none is listed afterwards (of others there are {others})"
        if self.doubtful:
            yield (
                "a create without a name got no answer, and one of these may be its stream, or somebody else's:"
                f" {', '.join(self.doubtful)}"
            )
        if self.untraced:
            yield f"{self.untraced} creates without a name got no answer, and their streams could not be looked for"

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "words": str(self)}


def deletion_from(document: Mapping[str, Any]) -> Deletion:
    """The inverse of `document`."""
    return Deletion(
        document["made"],
        tuple(document["left"]),
        tuple(document["doubtful"]),
        document["untraced"],
        tuple(Look(**look) for look in document["looks"]),
    )


def merged(parts: Iterable[Deletion]) -> Deletion | None:
    """That of the whole run from those of its workers; None when there is none. Looks at one list count once."""
    parts = tuple(parts)
    if not parts:
        return None
    looks = {look.service: look for part in parts for look in part.looks}
    return Deletion(
        sum(part.made for part in parts),
        tuple(chain.from_iterable(part.left for part in parts)),
        tuple(dict.fromkeys(chain.from_iterable(part.doubtful for part in parts))),
        sum(part.untraced for part in parts),
        tuple(looks.values()),
    )
