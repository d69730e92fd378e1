"""Faults of credentials: who is let in, and what somebody else is told."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, UnauthorizedError


def login(request: Any) -> tuple[str, str]:
    """User and password of a request, empty when there are none."""
    encoded = request.headers.get("authorization", "").partition(" ")[2]
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def operation(request: Any) -> str:
    """create, list, fetch, update, delete or publish."""
    depth = request.path.count("/")
    names = {("POST", 4): "create", ("GET", 4): "list", ("GET", 5): "fetch", ("POST", 5): "update"}
    return names.get((request.method, depth), "delete" if request.method == "DELETE" else "publish")


class Opens(Api):
    """Lets in some of those who have no right to."""

    any_scheme = False

    def authenticate(self, request: Any) -> None:
        try:
            super().authenticate(request)
        except UnauthorizedError:
            header = request.headers.get("authorization")
            fits = self.any_scheme or header is None or header.lower().startswith("basic ")
            if not (fits and self.opens(request, *login(request))):
                raise

    def opens(self, request: Any, user: str, password: str) -> bool:
        raise NotImplementedError

    def token(self) -> str:
        return self.config.auth_token


# AUTH-REQUIRED


@fault("AUTH-REQUIRED", "Looks at credentials only when there are some.")
class CredentialsOptional(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers


@fault("AUTH-REQUIRED", "Lets everybody read.")
class ReadsAreOpen(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers and request.method == "GET"


@fault("AUTH-REQUIRED", "Lets everybody publish.")
class PublishingIsOpen(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers and operation(request) == "publish"


@fault("AUTH-REQUIRED", "Lets everybody delete.")
class DeletingIsOpen(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers and request.method == "DELETE"


@fault("AUTH-REQUIRED", "Lets everybody in who knows a sid, as if it were a secret.")
class SidsAreSecrets(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers and "/Streams/TO" in request.path


@fault("AUTH-REQUIRED", "Lets in by the page token of a list, without credentials.")
class PageTokensAreTickets(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" not in request.headers and b"PageToken" in request.query


@fault("AUTH-REQUIRED", "Guards streams by their sids and forgot their names.")
class NamesAreOpen(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        named = request.path.count("/") > 4 and "/Streams/TO" not in request.path
        return "authorization" not in request.headers and named


# AUTH-WRONG-TOKEN


@fault("AUTH-WRONG-TOKEN", "Looks at the account's sid only.", may=("AUTH-MALFORMED",))
class AnyToken(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid


@fault("AUTH-WRONG-TOKEN", "Compares the first eight characters of the token.")
class ShortTokens(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and password[:8] == self.token()[:8]


@fault(
    "AUTH-WRONG-TOKEN", "Is content with the beginning of the token, an empty one included.", may=("AUTH-MALFORMED",)
)
class TokenBeginnings(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and self.token().startswith(password)


@fault("AUTH-WRONG-TOKEN", "Takes a token with something behind it.")
class TokensWithTail(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and password.startswith(self.token())


@fault("AUTH-WRONG-TOKEN", "Takes capitals of the token for small letters.")
class TokensInAnyCase(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and password.lower() == self.token().lower()


@fault(
    "AUTH-WRONG-TOKEN",
    "Remembers that it has seen a login, and not that it refused it.",
    may=("AUTH-MALFORMED",),
)
class RemembersLogins(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        seen = self.__dict__.setdefault("seen", set())
        known = (user, password) in seen
        seen.add((user, password))
        return known and user == self.config.account_sid


@fault("AUTH-WRONG-TOKEN", "Looks at the account's sid only when something is deleted.")
class AnyTokenDeletes(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and request.method == "DELETE" and password != ""


@fault("AUTH-WRONG-TOKEN", "Looks at the account's sid only when a message is published.")
class AnyTokenPublishes(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user == self.config.account_sid and operation(request) == "publish" and password != ""


# AUTH-WRONG-ACCOUNT


@fault("AUTH-WRONG-ACCOUNT", "Looks at the token only.", may=("AUTH-MALFORMED",))
class AnyAccount(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return password == self.token()


@fault("AUTH-WRONG-ACCOUNT", "Takes any well-formed account sid with the right token.")
class AnyAccountSid(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user.startswith("AC") and len(user) == 34 and password == self.token()


@fault("AUTH-WRONG-ACCOUNT", "Compares the first 16 characters of the account's sid.")
class ShortAccounts(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user[:16] == self.config.account_sid[:16] and password == self.token()


@fault("AUTH-WRONG-ACCOUNT", "Looks at the token only when something is fetched.")
class AnyAccountFetches(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user.startswith("AC") and password == self.token() and operation(request) == "fetch"


@fault("AUTH-WRONG-ACCOUNT", "Looks at the token only when a stream is updated or deleted.")
class AnyAccountChanges(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return user.startswith("AC") and password == self.token() and operation(request) in {"update", "delete"}


@fault("AUTH-WRONG-ACCOUNT", "Takes token and account in the wrong order.")
class SwappedLogins(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        return (password, user) == (self.config.account_sid, self.token())


# AUTH-MALFORMED


@fault("AUTH-BASIC-ONLY", "Doesn't look at the scheme before the login.")
class AnyScheme(Opens):
    any_scheme = True

    def opens(self, request: Any, user: str, password: str) -> bool:
        return (user, password) == (self.config.account_sid, self.token())


@fault("AUTH-MALFORMED", "Lets in what it can't decode.")
class OpensOnGarbage(Opens):
    any_scheme = True

    def opens(self, request: Any, user: str, password: str) -> bool:
        return "authorization" in request.headers and (user, password) == ("", "")


@fault("AUTH-BASIC-ONLY", "Takes a login that isn't encoded.")
class PlainLogins(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        given = request.headers.get("authorization", "").partition(" ")[2]
        return bool(given == f"{self.config.account_sid}:{self.token()}")


@fault("AUTH-BASIC-ONLY", "Takes the token alone, as a bearer's.")
class BearerTokens(Opens):
    any_scheme = True

    def opens(self, request: Any, user: str, password: str) -> bool:
        return bool(request.headers.get("authorization", "") == f"Bearer {self.token()}")


@fault("AUTH-MALFORMED", "Asks for no token when the login has no colon.")
class LoginsWithoutColon(Opens):
    def opens(self, request: Any, user: str, password: str) -> bool:
        encoded = request.headers.get("authorization", "").partition(" ")[2]
        try:
            return b64decode(encoded).decode() == self.config.account_sid
        except ValueError:
            return False


@fault("AUTH-MALFORMED", "Takes an empty Authorization header for a request from within.")
class EmptyHeaderIsTrusted(Opens):
    any_scheme = True

    def opens(self, request: Any, user: str, password: str) -> bool:
        return not request.headers.get("authorization", "x").strip()


# AUTH-NO-EFFECT


class ActsFirst(Api):
    """Does some operations before it looks at the credentials."""

    def authenticate(self, request: Any) -> None:
        try:
            super().authenticate(request)
        except UnauthorizedError:
            if not self.__dict__.get("acting") and self.acts(request):
                self.__dict__["acting"] = True
                try:
                    self.answer(request)
                except ApiError:
                    pass
                finally:
                    self.__dict__["acting"] = False
                raise
            if not self.__dict__.get("acting"):
                raise

    def acts(self, request: Any) -> bool:
        return True


@fault("AUTH-NO-EFFECT", "Looks at the credentials when everything is done.")
class LooksAtCredentialsLast(ActsFirst):
    pass


@fault("AUTH-NO-EFFECT", "Creates before it looks at the credentials.")
class CreatesFirst(ActsFirst):
    def acts(self, request: Any) -> bool:
        return operation(request) == "create"


@fault("AUTH-NO-EFFECT", "Updates before it looks at the credentials.")
class UpdatesFirst(ActsFirst):
    def acts(self, request: Any) -> bool:
        return operation(request) == "update"


@fault("AUTH-NO-EFFECT", "Deletes before it looks at the token, when the account is right.")
class DeletesFirst(ActsFirst):
    def acts(self, request: Any) -> bool:
        return operation(request) == "delete" and login(request)[0] == self.config.account_sid


@fault("AUTH-NO-EFFECT", "Creates before it looks whose token came.")
class CreatesForOtherAccounts(ActsFirst):
    def acts(self, request: Any) -> bool:
        return operation(request) == "create" and login(request)[1] == self.token

    @property
    def token(self) -> str:
        return self.config.auth_token
