"""What programs do with the API, and what each step must look like to them: one table for every client.

A step is an operation with arguments that any client can carry out; the programs in `programs/` and `commands.py` do
so and report outcomes in one form. Expectations say what a user must see; how a client words it is in `faces.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .serving import KEPT, LEFT, MANY, SPENT

LIBRARIES = ("python", "python-async", "node")
WITHOUT_CLI = (*LIBRARIES, "curl")
CLIENTS = (*WITHOUT_CLI, "cli")


@dataclass(frozen=True)
class Stream:
    """A stream with all its ten values."""

    name: str | None = None
    ttl: int | None = None


@dataclass(frozen=True)
class Same:
    """The very stream that an earlier step got, all values equal but `date_expires`, which follows from `ttl`."""

    step: str
    ttl: int | None = None


@dataclass(frozen=True)
class Done:
    """Deleted, with nothing to show."""


@dataclass(frozen=True)
class Message:
    """Published; the answer holds the data and a TZ sid."""

    data: Any


@dataclass(frozen=True)
class Names:
    """Exactly these streams in this order."""

    names: list[str]


@dataclass(frozen=True)
class Pages:
    """So many streams on each page, walked to the end and back again to the first."""

    forward: list[int]
    backward: list[int]


@dataclass(frozen=True)
class Once:
    """Each of these exactly once, and nothing twice, whatever else there is."""

    names: list[str]


@dataclass(frozen=True)
class Burst:
    """So many accepted, every further one refused."""

    accepted: int
    refused: Refusal


@dataclass(frozen=True)
class Refusal:
    """HTTP status, Twilio's code, and the server's message, in which `…` stands for any text."""

    status: int
    code: int
    message: str


Expectation = Stream | Same | Done | Message | Names | Pages | Once | Burst | Refusal


@dataclass(frozen=True)
class Step:
    """An operation: `do` and `arguments` as the programs read them, in the service with this label."""

    id: str
    do: str
    expected: Expectation
    arguments: dict[str, Any] = field(default_factory=dict)
    service: str = "main"
    login: str = "right"
    only: tuple[str, ...] = CLIENTS
    in_json: bool = False

    def told(self, client: str) -> dict[str, Any]:
        """The step as a program reads it. Refusals are shown as to a person where there is a choice."""
        return {
            "shown": "to a person" if isinstance(self.expected, Refusal) and not self.in_json else "in JSON",
            "id": self.id,
            "do": self.do,
            "service": f"{self.service}-{client}",
            "login": self.login,
            **self.arguments,
        }


def sid_of(step: str) -> dict[str, str]:
    """A key in a path: the sid that an earlier step got."""
    return {"sid_of": step}


def name(text: str, *, encoded: bool = False) -> dict[str, Any]:
    """A key in a path: a unique name, as it is or percent-encoded by the program."""
    return {"name": text, "encoded": encoded}


NAMES = {
    "apostrophe and space": "Ana's orders",
    "unicode": "Zoë 東京 🚀",
    "plus": "1 + 1",
    "ampersand and equals": "a&b=c",
    "other punctuation": "x;y,z:@!$()*~_-.",
    "brackets and quotes": '[{"a|b"}]<c>^`\\',
    "percent": "100% of %41",
    "slash": "north/south",
    "question mark and hash": "what?no=1#top",
    "spaces around": " padded ",
    "dots": "...",
    "longest": "長" * 320,
}
# The libraries put a key into the path as it is, so these names must be encoded by the program.
NEEDS_ENCODING = {"percent", "slash", "question mark and hash", "spaces around", "brackets and quotes"}

PAYLOADS: dict[str, Any] = {
    "an empty object": {},
    "unicode": {"text": "Zoë 東京 🚀", "ключ": '\u2028\u0001 <&> %41 + " \\ /'},
    "nested": {"list": [1, [2, [3, {"deep": [None, True, False]}]]], "object": {"": {"": {}}}},
    "numbers": {"int": 9007199254740991, "negative": -1, "fraction": 0.1, "large": 1.5e300},
    "near 4 KB": {"text": "x" * 4000},
    "a list": [1, "two", None],
}


def _named() -> list[Step]:
    """twilio-cli encodes any name itself; the others leave that to the program where `NEEDS_ENCODING` says so."""
    steps = []
    for label, text in NAMES.items():
        made = f"create with a name: {label}"
        encoded = name(text, encoded=True)
        plainly = ("cli",) if label in NEEDS_ENCODING else (*LIBRARIES, "cli")
        # A command of twilio-cli takes its time; what it does to names it does to all of them.
        every = CLIENTS if label in ("slash", "unicode") else WITHOUT_CLI
        steps += [
            Step(made, "create", Stream(text), {"name": text}),
            Step(f"fetch by name: {label}", "fetch", Same(made), {"key": name(text)}, only=plainly),
            Step(f"fetch by encoded name: {label}", "fetch", Same(made), {"key": encoded}, only=WITHOUT_CLI),
            Step(f"update by name: {label}", "update", Same(made, ttl=60), {"key": encoded, "ttl": 60}, only=every),
            Step(
                f"publish by name: {label}",
                "publish",
                Message({"n": 1}),
                {"key": encoded, "data": {"n": 1}},
                only=every,
            ),
            Step(f"delete by name: {label}", "delete", Done(), {"key": encoded}, only=every),
            Step(f"fetch after deletion: {label}", "fetch", _gone(), {"key": encoded}, only=every),
        ]
    return steps


def _gone() -> Refusal:
    return Refusal(404, 20404, "The requested resource /Services/… was not found")


TAKEN = Refusal(409, 54301, "Unique name already exists")
BAD_TTL = Refusal(400, 54011, "Invalid Ttl: give a whole number of seconds from 0 to 31536000")
BAD_LOGIN = Refusal(401, 20003, "Authenticate with the account's SID and auth token, or with an API key and its secret")
TOO_LARGE = Refusal(413, 54006, "Request too large: at most 4096 bytes are accepted")
TOO_FAST = Refusal(429, 54009, "Rate limit exceeded: a stream takes at most 30 messages a second")

STEPS: list[Step] = [
    # What the samples of the page do.
    Step("create without anything", "create", Stream()),
    Step("fetch by sid", "fetch", Same("create without anything"), {"key": sid_of("create without anything")}),
    Step("list 20", "list", Names(MANY[:20]), {"limit": 20}, service="lists"),
    Step(
        "update by sid", "update", Same("create without anything", ttl=42), {"key": sid_of("fetch by sid"), "ttl": 42}
    ),
    Step("delete by sid", "delete", Done(), {"key": sid_of("create without anything")}),
    Step("fetch what was deleted", "fetch", _gone(), {"key": sid_of("create without anything")}),
    # Time to live.
    Step("create with a name and a Ttl", "create", Stream("orders", 3600), {"name": "orders", "ttl": 3600}),
    Step("create with a Ttl only", "create", Stream(None, 31_536_000), {"ttl": 31_536_000}),
    Step("create with Ttl 0", "create", Stream("for ever", None), {"name": "for ever", "ttl": 0}),
    Step(
        "Ttl 0 takes the expiry away", "update", Same("create with a name and a Ttl"), {"key": name("orders"), "ttl": 0}
    ),
    Step("update without a Ttl", "update", Same("create with a name and a Ttl"), {"key": name("orders")}),
    *_named(),
    # Messages.
    *(
        Step(f"publish {label}", "publish", Message(data), {"key": name("orders"), "data": data})
        for label, data in PAYLOADS.items()
    ),
    # Lists.
    Step("list 500", "list", Names(MANY), {"limit": 500}, service="lists"),
    Step("list all in small pages", "list", Names(MANY), {"page_size": 7}, service="lists"),
    Step("list some in small pages", "list", Names(MANY[:25]), {"page_size": 10, "limit": 25}, service="lists"),
    Step(
        "follow pages there and back",
        "pages",
        Pages([50, 50, 20], [50, 50]),
        {"page_size": 50},
        service="lists",
        only=WITHOUT_CLI,
    ),  # twilio-cli has no way back
    Step("list while somebody else works", "list", Once(KEPT), {"page_size": 5}, service="busy"),
    Step(
        "create and delete while iterating", "iterate", Once(LEFT), {"page_size": 5}, service="left", only=WITHOUT_CLI
    ),  # twilio-cli shows a list when it is complete
    Step("nothing is left", "list", Names([]), {"limit": 20}, service="left", only=WITHOUT_CLI),
    # Refusals.
    Step("a name that is taken", "create", TAKEN, {"name": "orders"}),
    Step("a name that is taken, in JSON", "create", TAKEN, {"name": "orders"}, only=("cli",), in_json=True),
    Step(
        "a name like a sid",
        "create",
        Refusal(400, 54302, "UniqueName has the shape of a SID; …"),
        {"name": "TO" + "0" * 32},
    ),
    Step(
        "a name that is too long",
        "create",
        Refusal(400, 54302, "UniqueName is too long: at most 320 characters …"),
        {"name": "x" * 321},
    ),
    Step("create with a Ttl beyond a year", "create", BAD_TTL, {"ttl": 31_536_001}),
    Step("update with a Ttl beyond a year", "update", BAD_TTL, {"key": name("orders"), "ttl": 31_536_001}),
    Step("fetch an unknown stream", "fetch", _gone(), {"key": name("nobody")}),
    Step("update an unknown stream", "update", _gone(), {"key": name("nobody"), "ttl": 1}),
    Step("delete an unknown stream", "delete", _gone(), {"key": name("nobody")}),
    Step("publish to an unknown stream", "publish", _gone(), {"key": name("nobody"), "data": {}}),
    Step("create in an unknown service", "create", _gone(), service="nowhere"),
    Step("list an unknown service", "list", _gone(), {"limit": 20}, service="nowhere"),
    Step("a message over 4 KB", "publish", TOO_LARGE, {"key": name("orders"), "data": {"text": "x" * 4100}}),
    Step(
        "a message that is no JSON",
        "publish",
        Refusal(400, 54008, "Data is not usable JSON: …"),
        {"key": name("orders"), "text": "just text"},
    ),
    Step("create a stream for a burst", "create", Stream("burst"), {"name": "burst"}),
    Step("too many messages", "burst", Burst(30, TOO_FAST), {"key": name("burst"), "count": 33}, only=WITHOUT_CLI),
    Step(
        "too many messages on a busy stream",
        "burst",
        Burst(2, TOO_FAST),
        {"key": name(SPENT), "count": 4},
        service="spent",
    ),
    Step("create with a wrong token", "create", BAD_LOGIN, login="wrong token"),
    Step("fetch with a wrong token", "fetch", BAD_LOGIN, {"key": name("orders")}, login="wrong token"),
    Step("list with a wrong token", "list", BAD_LOGIN, {"limit": 20}, service="lists", login="wrong token"),
    Step("update with a wrong account", "update", BAD_LOGIN, {"key": name("orders"), "ttl": 1}, login="wrong account"),
    Step("delete with a wrong account", "delete", BAD_LOGIN, {"key": name("orders")}, login="wrong account"),
    Step("what was refused changed nothing", "fetch", Same("create with a name and a Ttl"), {"key": name("orders")}),
]


def steps_of(client: str) -> list[Step]:
    return [step for step in STEPS if client in step.only]
