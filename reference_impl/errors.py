"""What the server refuses, as one class a reason: HTTP status, Twilio's error code, and a sentence.

Codes and statuses are those of Twilio's error dictionary for Sync; the messages for a taken name and an unknown
resource are the ones seen in published answers, the others are our own words.
"""

from collections.abc import Mapping

_NO_HEADERS: Mapping[str, str] = {}


class ConfigError(Exception):
    """The server can't start with the settings given; the message says which one and what it must be."""


class ApiError(Exception):
    """A request that is refused. `status` is the HTTP status, `code` Twilio's error code."""

    status = 400
    code = 20001

    def __init__(self, message: str, headers: Mapping[str, str] = _NO_HEADERS) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers


class InvalidRequestError(ApiError):
    """A parameter is missing or can't be read."""


class UnauthorizedError(ApiError):
    status, code = 401, 20003

    def __init__(self) -> None:
        super().__init__(
            "Authenticate with the account's SID and auth token, or with an API key and its secret",
            {"WWW-Authenticate": 'Basic realm="Twilio API"'},
        )


class NotFoundError(ApiError):
    status, code = 404, 20404

    def __init__(self, resource: str) -> None:
        super().__init__(f"The requested resource {resource} was not found")


class MethodNotAllowedError(ApiError):
    status, code = 405, 20004

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"Method {method} is not allowed here; use {allowed}", {"Allow": allowed})


class NameTakenError(ApiError):
    status, code = 409, 54301

    def __init__(self) -> None:
        super().__init__("Unique name already exists")


class InvalidNameError(ApiError):
    code = 54302


class InvalidTtlError(ApiError):
    code = 54011

    def __init__(self) -> None:
        super().__init__("Invalid Ttl: give a whole number of seconds from 0 to 31536000")


class DataTooLargeError(ApiError):
    status, code = 413, 54006

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request too large: at most {limit} bytes are accepted")


class InvalidDataError(ApiError):
    code = 54008

    def __init__(self, reason: str) -> None:
        super().__init__(f"Data is not usable JSON: {reason}")


class RateLimitError(ApiError):
    status, code = 429, 54009

    def __init__(self, limit: int) -> None:
        super().__init__(f"Rate limit exceeded: a stream takes at most {limit} messages a second")


class InvalidPageTokenError(ApiError):
    code = 54453

    def __init__(self) -> None:
        super().__init__("Invalid PageToken: follow the links of a page without changing them")


class InvalidPageSizeError(ApiError):
    code = 54454

    def __init__(self) -> None:
        super().__init__("Invalid PageSize: give a whole number of at least 1")


class ServerError(ApiError):
    """A fault of the server itself."""

    status, code = 500, 20500

    def __init__(self) -> None:
        super().__init__("The server failed; its log says why")
