"""The errors of this package; each message is a sentence for whoever runs the command."""

from __future__ import annotations

from dataclasses import dataclass


class SchemasError(Exception):
    """Anything that stops this package from doing what it was asked."""


@dataclass(frozen=True)
class Place:
    """Where on a page something stands: the heading above it and the line, counted from 1."""

    heading: str
    line: int

    def error(self, problem: str) -> PageError:
        """The error that says `problem` and names this place."""
        return PageError(problem, heading=self.heading, line=self.line)


class PageError(SchemasError):
    """The page does not have the form that the extractor reads; names the heading and the line."""

    def __init__(self, problem: str, *, heading: str, line: int) -> None:
        self.problem = problem
        self.heading = heading
        self.line = line
        super().__init__(f"Under the heading “{heading}”, line {line}: {problem}")


class OverlayError(SchemasError):
    """The overlay document, or one of its actions, cannot be applied."""


class OutputError(SchemasError):
    """The generated files cannot be written where they were asked for."""


class SchemaNotFoundError(SchemasError, LookupError):
    """No schema of that name ships with this package."""
