"""The words of a judgement: levels, outcomes, and the exceptions by which a check says anything but 'pass'."""

from __future__ import annotations

from enum import StrEnum

from conformance.exchange import Exchange


class Level(StrEnum):
    """How binding a rule is, by who says so."""

    MUST = "must"  # the Stream page
    SHOULD = "should"  # another Twilio document, a published answer of the service, or an official client
    SURVEY = "survey"  # nobody: the answer is recorded and never judged


class Outcome(StrEnum):
    """What became of one rule in one run."""

    PASS = "pass"
    FAIL = "fail"
    ANSWERED = "answered"  # a survey rule
    WAIVED = "waived"  # expected to fail, and failed
    UNEXPECTED_PASS = "unexpected_pass"  # a waiver that is no longer needed
    UNSUPPORTED = "unsupported"  # a feature that the target does not claim
    BLOCKED = "blocked"  # a rule it depends on failed
    INCONCLUSIVE = "inconclusive"  # could not be measured
    ERROR = "error"  # the suite's own fault
    NOT_RUN = "not_run"


class Verdict(StrEnum):
    """What a run says about its target as a whole."""

    CONFORMANT = "conformant"
    DEVIATIONS = "conformant with deviations"
    NOT_CONFORMANT = "not conformant"
    INCOMPLETE = "incomplete"


class Judgement(Exception):
    """Base of what a check or a scenario raises to say that a rule did not simply pass."""

    def __init__(self, message: str, *exchanges: Exchange) -> None:
        super().__init__(message)
        self.message = message
        self.exchanges = exchanges


class Failed(Judgement):
    """The target broke the rule: what was expected, what came, and the exchanges that show it."""

    def __init__(self, expected: str, got: str, *exchanges: Exchange) -> None:
        super().__init__(f"expected {expected}, got {got}", *exchanges)
        self.expected = expected
        self.got = got


class Blocked(Judgement):
    """The rule could not be looked at because something it builds on did not work."""


class Inconclusive(Judgement):
    """The rule could not be measured: the target is too slow, the service too full or too busy."""


class Unsupported(Judgement):
    """The run was not given what the rule needs (a second service, say)."""


class NotRun(Judgement):
    """The run ended before the rule's turn: the budget was used up or somebody stopped it."""


class NotSent(NotRun):
    """The same, raised in place of sending a request: what it asks for was not done."""
