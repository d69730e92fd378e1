"""A request that the cassette has no answer for: what kind of miss it is, and the answer a client gets.

The status is 422. Official clients and urllib3 retry 429 and 5xx, which would only repeat the miss; and the Sync API
itself never answers 422, so no program takes a miss for something it handles, as it might a 404 or 409.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from conformance.exchange import Headers, Response
from proxy.matching import Difference
from proxy.wire import MOST_BODY

STATUS = 422
REASONS = {STATUS: "Unprocessable Content", 413: "Content Too Large"}
HEADER = "X-Sync-Proxy-Miss"
# Outside the five digits of Twilio's own error codes.
CODES = {"never-recorded": 990001, "used-up": 990002, "differs": 990003, "unreadable": 990004, "refused": 990005}


@dataclass(frozen=True, slots=True)
class Miss:
    """`kind`: never-recorded, used-up, differs (only in `differences` from interaction `nearest`), unreadable (the
    cassette or the request made trouble) or refused. `message` is a sentence with nothing secret in it."""

    kind: str
    message: str
    nearest: int | None = None
    differences: tuple[Difference, ...] = ()

    def response(self) -> Response:
        """The error as Twilio would shape it."""
        return error_response(
            STATUS,
            CODES[self.kind],
            self.message,
            {
                "kind": self.kind,
                "nearest": self.nearest,
                "differences": [
                    {"what": found.name, "recorded": found.recorded, "asked": found.asked} for found in self.differences
                ],
            },
            Headers(((HEADER, self.kind),)),
        )


def too_large() -> Response:
    """The refusal of a body that this proxy does not read."""
    return error_response(413, 990006, f"a body of more than {MOST_BODY} bytes is not read.", {})


def error_response(
    status: int, code: int, message: str, details: dict[str, object], headers: Headers | None = None
) -> Response:
    """An error body with the four keys that official clients read, and `details`."""
    body = {
        "code": code,
        "message": f"sync-proxy: {message}",
        "more_info": "docs/proxy.md, section Misses",
        "status": status,
        "details": details,
    }
    shown = (*(headers.items if headers else ()), ("Content-Type", "application/json"))
    return Response(status, REASONS.get(status, "Forbidden"), Headers(shown), json.dumps(body).encode())
