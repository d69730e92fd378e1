"""Faults of what somebody without credentials, or with wrong ones, is told."""

from __future__ import annotations

from typing import Any

from faulty.registry import fault
from reference_impl.api import Api
from reference_impl.errors import ApiError, NotFoundError, UnauthorizedError

# AUTH-ERROR


class ChangedRefusal(Api):
    """Changes the error for missing and wrong credentials."""

    def authenticate(self, request: Any) -> None:
        try:
            super().authenticate(request)
        except UnauthorizedError as error:
            self.refuse(error, request, "authorization" in request.headers)
            raise

    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        raise NotImplementedError


@fault("AUTH-ERROR", "Answers missing and wrong credentials with 403.")
class CredentialsAre403(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.status = 403


@fault("AUTH-ERROR", "Answers missing credentials with 401 and wrong ones with 403.")
class WrongCredentialsAre403(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.status = 403 if given else 401


@fault("AUTH-ERROR", "Answers wrong credentials with another code than missing ones.")
class WrongCredentialsAre20005(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.code = 20005 if given else 20003


@fault("AUTH-ERROR", "Hides the service from strangers: 404.")
class StrangersFindNothing(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        raise NotFoundError(request.path)


@fault("AUTH-ERROR", "Writes the status where the code belongs.")
class CodeIs401(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.code = 401


@fault("AUTH-ERROR", "Answers a delete without credentials with 400, everything else right.")
class AnonymousDeleteIs400(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.status = 400 if request.method == "DELETE" and not given else 401


# AUTH-CHALLENGE


@fault("AUTH-CHALLENGE", "Answers 401 without a WWW-Authenticate header.")
class NoChallenge(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.headers = {}


@fault("AUTH-CHALLENGE", "Asks for a bearer's token.")
class BearerChallenge(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.headers = {"WWW-Authenticate": 'Bearer realm="Basic access"'}


@fault("AUTH-CHALLENGE", "Asks for a login when there is none, and not when it is wrong.")
class ChallengesStrangersOnly(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.headers = {} if given else error.headers


@fault("AUTH-CHALLENGE", "Renames the scheme, so that browsers don't ask: xBasic.")
class RenamedChallenge(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.headers = {"WWW-Authenticate": 'xBasic realm="Twilio API"'}


@fault("AUTH-CHALLENGE", "Asks for a login only when something is read.")
class ChallengesReadersOnly(ChangedRefusal):
    def refuse(self, error: ApiError, request: Any, given: bool) -> None:
        error.headers = error.headers if request.method == "GET" else {}
