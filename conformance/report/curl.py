"""An exchange as a curl command that repeats it. Credentials stay variables of the reader's shell."""

from __future__ import annotations

import re
import shlex

from conformance.exchange import Request

HIDDEN = {"authorization", "user-agent", "x-conformance-scenario", "content-type"}
# A header made of the shell's variables for user and token, as they are or in base64, and of nothing else.
VARIABLES = r"(?:\$TWILIO_ACCOUNT_SID|\$TWILIO_AUTH_TOKEN|:)+"
LOGIN = re.compile(rf"[A-Za-z]+ (?:{VARIABLES}|\$\(printf %s {VARIABLES}(?: \| openssl base64 -A)?\))")
FORM = "application/x-www-form-urlencoded"
LONGEST_BODY = 16_384  # bytes; a shell takes more, a reader does not


def curl(request: Request) -> str:
    """One line for a POSIX shell. `$TWILIO_ACCOUNT_SID` and `$TWILIO_AUTH_TOKEN` stand for the credentials."""
    words = ["curl", "-sS", "-i", "--globoff", "--path-as-is"]
    if request.method != "GET":
        words += ["-X", request.method]
    words.append(shlex.quote(_plain(request.url)))
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        words += _login(authorization)
    for name, value in request.headers:
        if name.lower() not in HIDDEN:
            words += ["-H", shlex.quote(_plain(f"{name}: {value}"))]
    words += _body(request)
    return " ".join(words)


def _login(authorization: str) -> list[str]:
    if not authorization.startswith("Basic $TWILIO") and LOGIN.fullmatch(authorization):
        return ["-H", f'"Authorization: {authorization}"']
    scheme, _, user = authorization.partition(" ")
    if scheme == "Basic" and "$" in user:
        return ["-u", f'"{user}"']
    return ["-H", shlex.quote(_plain(f"Authorization: {authorization}"))]


def _body(request: Request) -> list[str]:
    kind = request.headers.get("Content-Type")
    words: list[str] = []
    if kind is not None and kind != FORM:
        words += ["-H", shlex.quote(_plain(f"Content-Type: {kind}"))]
    if not request.body:
        return [*words, "-d", "''"] if request.method == "POST" else words
    text = request.body[:LONGEST_BODY].decode("utf-8", "replace")
    note = f"  # body cut: {len(request.body)} bytes" if len(request.body) > LONGEST_BODY else ""
    return [*words, "--data-raw", shlex.quote(_plain(text)) + note]


def _plain(text: str) -> str:
    """Without control characters, which would do harm on a terminal."""
    return "".join(c if c.isprintable() or c == " " else f"\\x{ord(c):02x}" for c in text)
