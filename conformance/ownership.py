"""How a stream shows which run made it: by its name, or, where it has none, by a Ttl that hardly anybody else gives."""

from __future__ import annotations

import zlib

NAME_PREFIX = "conformance"
SAFETY_TTL = 3600  # seconds: what a crash leaves behind goes away by itself


def prefix_of(run: str) -> str:
    """What the names of that run's streams begin with."""
    return f"{NAME_PREFIX}-{run}-"


def nameless_ttl(run: str) -> int:
    """The Ttl of that run's streams without a name: an hour and an odd number of seconds."""
    odd = 1 + zlib.crc32(run.encode()) % 1798
    return SAFETY_TTL + odd + (odd % 60 == 0)
