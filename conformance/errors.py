"""Errors that end a run, each a sentence for the user and an exit code."""

from __future__ import annotations


class SuiteError(Exception):
    """Something the user can mend. `exit_code` is what the command ends with."""

    exit_code = 3


class Unreachable(SuiteError):
    """The target can't be reached, can't be logged in to, or is not an API at all."""

    exit_code = 3


class UsageError(SuiteError):
    """The command's words, files or environment are off."""

    exit_code = 4
