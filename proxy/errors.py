"""What can go wrong, each as a class whose message is a sentence for the user."""

from __future__ import annotations

from pathlib import Path


class ProxyError(Exception):
    """Anything the user has to know about; its message says what to do."""


class CassetteError(ProxyError):
    """A file that can't be used as a cassette. The message starts with `file:line:`."""

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path = Path(path)
        self.line = line


class RuleError(ProxyError):
    """A redaction rule that can't be used."""


class RecordingError(ProxyError):
    """The recording can't start, go on or be accepted."""


class RecordingLocked(RecordingError):
    """Another recorder is writing this cassette."""


class SecretFound(RecordingError):
    """A known secret was found in what was about to become the cassette."""


class StartError(ProxyError):
    """The proxy could not be started."""
