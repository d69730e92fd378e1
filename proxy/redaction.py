"""Applying the rules to an exchange, the same way when it is recorded and when a request is looked up.

Redacting twice gives the same as redacting once: placeholders and pseudonyms are recognised.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from functools import partial
from urllib.parse import unquote

from conformance.exchange import Headers, Request, Response
from proxy.bodies import decode_field, encode_field
from proxy.document import media_type
from proxy.jsontext import replace_strings, replace_values
from proxy.pseudonyms import SID, Pseudonyms
from proxy.rules import Rule, snake
from proxy.secretsearch import SHORTEST, base64_cores, base64_run, scrub

FORM = "application/x-www-form-urlencoded"
PLACEHOLDER = re.compile(r"redacted-[0-9]+")
_USERINFO = re.compile(r"(https?://)([^/?#@\s\"]*)@", re.IGNORECASE)
# Short texts come again and again: names of headers and fields, credentials, addresses.
_REMEMBERED, _REMEMBERED_TEXT = 4096, 500
_SEGMENT = r"/({})/([^/?#\s\"'\\<>,;]+)"


class Redactor:
    """The rules with one salt, and every secret seen so far.

    `known` are secrets to look for from the start, such as the caller's token from the environment.
    """

    def __init__(self, rules: Iterable[Rule], salt: str, known: Iterable[str] = ()) -> None:
        self.rules = tuple(rules)
        self.pseudonyms = Pseudonyms(salt)
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._accounts: dict[str, re.Pattern[str]] = {}
        self._searched: list[tuple[str, str]] = []
        by_place: dict[str, list[Rule]] = {}
        for rule in self.rules:
            by_place.setdefault(rule.place, []).append(rule)
        self._named = {
            place: [(re.compile(rule.match, re.IGNORECASE), rule.action) for rule in by_place.get(place, ())]
            for place in ("header", "cookie", "field")
        }
        self._actions: dict[tuple[str, str], str | None] = {}
        self._texts = [(re.compile(rule.match), rule.action) for rule in by_place.get("text", ())]
        self._only_sids = all(action == "sid" for _, action in self._texts)
        self._credentials: dict[str, str] = {}
        self._cleaned: dict[str, str] = {}
        self._userinfo = "userinfo" in by_place
        collections = "|".join(f"(?:{rule.match})" for rule in by_place.get("path", ()))
        self._path = re.compile(_SEGMENT.format(collections)) if collections else None
        for secret in known:
            self.secret(secret)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret seen that is long enough to be searched for."""
        return tuple(secret for secret, _ in self._searched)

    def secret(self, value: str) -> str:
        """The placeholder of a secret, which is from now on searched for everywhere."""
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        placeholder = self._placeholders.get(value)
        if placeholder is None:
            placeholder = self._placeholders[value] = f"redacted-{len(self._placeholders) + 1}"
            self._values[placeholder] = value
            if len(value) >= SHORTEST:
                self._searched.append((value, placeholder))
                self._cleaned.clear()
        return placeholder

    def value_of(self, placeholder: str) -> str | None:
        """The secret that a placeholder made here stands for."""
        return self._values.get(placeholder)

    def request(self, request: Request) -> Request:
        """The request as it may stand in a cassette."""
        headers = self._headers(request.headers)
        url = self._url(request.url)
        body = self._body(request.body, media_type(request.headers), ())
        return Request(request.method, url, headers, body)

    def response(self, response: Response, request: Request) -> Response:
        """The answer to `request` (not redacted) as it may stand in a cassette."""
        names = self._names_in(request) if self._path else ()
        headers = Headers(
            tuple((name, self._names_out(value, names)) for name, value in self._headers(response.headers))
        )
        body = self._body(response.body, response.media_type, names)
        return Response(response.status, self.text(response.reason), headers, body)

    # names --------------------------------------------------------------------------------------------------------

    def action(self, place: str, name: str) -> str | None:
        """What to do with a header, cookie header or field of that name."""
        key = (place, name)
        try:
            return self._actions[key]
        except KeyError:
            wanted = snake(name) if place == "field" else name
            found = next((action for pattern, action in self._named[place] if pattern.fullmatch(wanted)), None)
            if len(self._actions) < 10_000:
                self._actions[key] = found
            return found

    def _apply(self, action: str, value: str) -> str:
        if action == "secret":
            return self.secret(value)
        return self.pseudonyms.payload(value) if action == "payload" else self.pseudonyms.name(value)

    # headers ------------------------------------------------------------------------------------------------------

    def _headers(self, headers: Headers) -> Headers:
        kept = [(name, self._header(name, value)) for name, value in headers.items]
        if self._only_sids:
            together = "\n".join([part for pair in kept for part in pair])
            if self.text(together) == together:  # nothing in any of them, as nearly always
                return Headers(tuple(kept))
        return Headers(tuple([(self.text(name), self.text(value)) for name, value in kept]))

    def _header(self, name: str, value: str) -> str:
        if self.action("cookie", name):
            return self._cookies(value, response=name.lower() == "set-cookie")
        action = self.action("header", name)
        if action is None:
            return value
        if action != "secret":
            return self._apply(action, value)
        known = self._credentials.get(value)
        if known is None:
            known = self._credential(value)
            if len(self._credentials) < 1000:
                self._credentials[value] = known
        return known

    def _credential(self, value: str) -> str:
        """`Basic AC…:redacted-1`, `Bearer redacted-2`, or a placeholder alone."""
        scheme, _, rest = value.partition(" ")
        if "redacted-" in value and PLACEHOLDER.search(value):
            return value
        if scheme.lower() == "basic":
            try:
                user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return f"{scheme} {self.secret(rest.strip())}"
            if SID.match(user) and user.startswith("AC"):
                self._account(user)
            else:
                user = self.secret(user)
            return f"{scheme} {user}:{self.secret(password)}"
        if rest and re.fullmatch(r"[A-Za-z][\w-]*", scheme):
            return f"{scheme} {self.secret(rest.strip())}"
        return self.secret(value)

    def _cookies(self, value: str, *, response: bool) -> str:
        first, semicolon, attributes = value.partition(";")
        cookies = [first] if response else value.split(";")
        shown = []
        for cookie in cookies:
            name, equals, content = cookie.partition("=")
            shown.append(f"{name}={self.secret(content.strip())}" if equals else self.secret(cookie.strip()))
        return ";".join(shown) + (semicolon + attributes if response else "")

    # url and fields -----------------------------------------------------------------------------------------------

    def _url(self, url: str) -> str:
        url, sharp, fragment = url.partition("#")
        address, mark, query = url.partition("?")
        return self.text(address) + mark + self._fields(query) + sharp + self.text(fragment)

    def _fields(self, text: str) -> str:
        """A query or form with the fields' values redacted; what has nothing to hide keeps its exact bytes."""
        if not text:
            return text
        pieces = []
        for piece in text.split("&"):
            key, equals, value = piece.partition("=")
            name, content = decode_field(key), decode_field(value)
            action = self.action("field", name)
            clean = self._apply(action, content) if action else content
            if clean[:1] in ("{", "[", '"') and action != "payload":
                clean = self._json(clean, ())
            clean = self.text(clean)
            shown_key = self.text(name)
            pieces.append(
                (key if shown_key == name else encode_field(shown_key))
                + equals
                + (value if clean == content else encode_field(clean))
            )
        # A secret with `=` or `&` in it, written down as it is, has been taken for several things.
        return scrub("&".join(pieces), self._searched)

    # bodies -------------------------------------------------------------------------------------------------------

    def _body(self, body: bytes, kind: str, names: tuple[str, ...]) -> bytes:
        if not body:
            return body
        try:
            text, encoding = body.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = body.decode("latin-1"), "latin-1"
        if kind == FORM:
            clean = self._fields(text)
        elif kind.endswith("json") or text[:1] in ("{", "["):
            clean = self._json(text, names)
        else:
            clean = self._names_out(self.text(text), names)
        return body if clean == text else clean.encode(encoding, "surrogateescape")

    def _json(self, text: str, names: tuple[str, ...]) -> str:
        clean = replace_values(text, self._is_field, self._json_value)
        for name in names:
            clean = self._name_in_json(clean, name)
        scrubbed = self.text(clean)
        if PLACEHOLDER.fullmatch(scrubbed) and not PLACEHOLDER.fullmatch(clean):
            return replace_strings(clean, self.text)  # it could not be cut out of the text: string by string
        return scrubbed

    def _is_field(self, key: str) -> bool:
        return self.action("field", key) is not None

    def _json_value(self, key: str, raw: str) -> str | None:
        """What stands instead of the JSON text `raw` of that key's value, or None to leave it."""
        action = self.action("field", key)
        if action is None or action == "payload":
            return self.pseudonyms.payload(raw) if action else None
        value = json.loads(raw)
        if isinstance(value, str):
            clean = self._apply(action, value)
            return raw if clean == value else json.dumps(clean)
        if action == "secret" and value is not None and not isinstance(value, bool):
            for inner in _strings(value):
                self.secret(inner)
            return json.dumps(self.secret(raw))
        return None

    def _name_in_json(self, text: str, name: str) -> str:
        escaped = json.dumps(name, ensure_ascii=False)[1:-1]
        for form in {escaped, json.dumps(name)[1:-1]}:
            if form in text:
                shown = self.pseudonyms.name(name)
                if len(name) >= 4 and f'"{form}":' not in text and f'"{form}" :' not in text:
                    text = text.replace(form, shown)
                else:
                    text = replace_values(text, "message".__eq__, partial(_in_message, form=form, shown=shown))
        return text

    # text ---------------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Any text with userinfo, SIDs, names in paths, the user's patterns and known secrets replaced."""
        if len(text) < 2:
            return text
        known = self._cleaned.get(text)
        if known is None:
            known = self._clean(text)
            if len(text) <= _REMEMBERED_TEXT and len(self._cleaned) < _REMEMBERED:
                self._cleaned[text] = known
        return known

    def _clean(self, text: str) -> str:
        if self._userinfo and "@" in text:
            text = _USERINFO.sub(self._without_userinfo, text)
        if self._path and "/" in text:
            text = self._path.sub(self._segment, text)
        for pattern, action in self._texts:
            if action == "sid":
                text = pattern.sub(lambda found: self.pseudonyms.sid(found.group()), text)
            else:
                text = pattern.sub(lambda found, action=action: self._apply(action, found.group()), text)  # type: ignore[misc]
        for core, pattern in self._accounts.items():
            if core in text:
                text = pattern.sub("redacted-0", text)
        return scrub(text, self._searched) if self._searched else text

    def _account(self, sid: str) -> None:
        """From now on base64 text that holds this account's sid is taken out."""
        for core in base64_cores(sid.encode()):
            if core not in self._accounts:
                self._accounts[core] = base64_run(core)
                self._cleaned.clear()

    def _without_userinfo(self, found: re.Match[str]) -> str:
        user, _, password = found.group(2).partition(":")
        if not SID.match(user):
            self.secret(unquote(user))
        self.secret(unquote(password))
        return found.group(1)

    def _segment(self, found: re.Match[str]) -> str:
        collection, raw = found.groups()
        name = unquote(raw, errors="surrogateescape")
        shown = self.pseudonyms.name(name)
        if shown == name:
            return found.group()
        # Where the name had to be percent-encoded the pseudonym says so, and the answer can encode the real one.
        return f"/{collection}/{shown.replace('pii-', 'pii%2D', 1) if raw != name else shown}"

    def _names_in(self, request: Request) -> tuple[str, ...]:
        """The real names that the request mentions, longest first."""
        found = {
            unquote(match.group(2), errors="surrogateescape")
            for match in (self._path.finditer(request.url) if self._path else ())
        }
        found |= {value for key, value in (*request.query, *request.form) if self.action("field", key) == "pseudonym"}
        return tuple(sorted((name for name in found if self.pseudonyms.name(name) != name), key=len, reverse=True))

    def _names_out(self, text: str, names: tuple[str, ...]) -> str:
        for name in names:
            if len(name) >= 4 and name in text:
                text = text.replace(name, self.pseudonyms.name(name))
        return text


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _in_message(_key: str, raw: str, *, form: str, shown: str) -> str | None:
    """A short name is replaced in an error's message only, and there only as a whole word."""
    return re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", shown, raw) if raw.startswith('"') else None
