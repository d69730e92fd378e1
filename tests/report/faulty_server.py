"""The reference server with a few of the faults that emulators have: what the report's pictures are taken of.

Run as a program it takes the options of `sync-reference`, and `--mended` leaves half of the faults out.
"""

from __future__ import annotations

import sys
from typing import Any

from reference_impl import api, cli, errors
from reference_impl.store import Store, Stream


def no_rate_limit(self: api.Api, stream: Stream, request: api.Request) -> None:
    """Takes any number of messages a second."""


def expires_late(self: Store, now: float, ttl: int) -> float | None:
    """Keeps every stream with a Ttl half a minute too long."""
    return now + ttl + 30 if ttl else None


def with_fractions(self: api.Api, stream: Stream, request: api.Request) -> dict[str, Any]:
    """Writes dates with milliseconds, which official libraries can't read."""
    shown = RENDER(self, stream, request)
    return {k: f"{v[:-1]}.000Z" if k.startswith("date_") and v else v for k, v in shown.items()}


RENDER = api.Api.render_stream


def main(arguments: list[str]) -> int:
    if "--mended" in arguments:
        arguments.remove("--mended")
    else:
        api.Api.check_rate = no_rate_limit  # type: ignore[method-assign]
        errors.NameTakenError.status = 400
    Store.expiry = expires_late  # type: ignore[method-assign]
    api.Api.render_stream = with_fractions  # type: ignore[method-assign]
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
