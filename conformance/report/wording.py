"""The words of a report, one place for all its forms: outcomes, levels, verdicts, and the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.outcomes import Level, Outcome, Verdict
from conformance.report.text import plain

PAGE_URL = "https://www.twilio.com/docs/sync/api/stream-resource"
SECTIONS = (  # the headings of the Stream page, in its order
    "Stream Resource",
    "Sync Stream properties",
    "Create a Sync Stream resource",
    "Fetch a Sync Stream resource",
    "Read multiple Sync Stream resources",
    "Update a Sync Stream resource",
    "Delete a Sync Stream resource",
)
OUTCOMES = {
    Outcome.FAIL: "fail",
    Outcome.UNEXPECTED_PASS: "unexpected pass",
    Outcome.ERROR: "suite error",
    Outcome.BLOCKED: "blocked",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_RUN: "not run",
    Outcome.WAIVED: "waived",
    Outcome.UNSUPPORTED: "unsupported",
    Outcome.PASS: "pass",
    Outcome.ANSWERED: "answered",
}
OUTCOME_MEANINGS = {
    Outcome.FAIL: "the target breaks the rule",
    Outcome.UNEXPECTED_PASS: "the rule is waived, yet it holds",
    Outcome.ERROR: "the suite itself failed",
    Outcome.BLOCKED: "a rule that it builds on is broken",
    Outcome.INCONCLUSIVE: "it could not be measured",
    Outcome.NOT_RUN: "the run ended before its turn",
    Outcome.WAIVED: "expected to fail, and failed",
    Outcome.UNSUPPORTED: "the target does not claim what it needs",
    Outcome.PASS: "the rule holds",
    Outcome.ANSWERED: "a survey question with its answer",
}
LEVELS = {
    Level.MUST: "the Stream page says so",
    Level.SHOULD: "another Twilio document, a published answer or an official client says so",
    Level.SURVEY: "nobody says; the answer is recorded, never judged",
}
MEANING = {
    Verdict.CONFORMANT: "every rule holds",
    Verdict.DEVIATIONS: "every 'must' rule holds or is waived; what deviates is listed",
    Verdict.NOT_CONFORMANT: "the target breaks what the Stream page promises",
    Verdict.INCOMPLETE: "not everything that is required could be judged",
}
HARMLESS = frozenset({Outcome.PASS, Outcome.ANSWERED, Outcome.UNSUPPORTED})


def broken_results(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules of a report that its reader has to look at."""
    return [rule for rule in document["rules"] if Outcome(rule["outcome"]) not in HARMLESS]


def worst_first(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Failed ones first, a `must` before a `should`, else in their order."""
    outcomes, levels = list(OUTCOMES), list(LEVELS)
    return sorted(rules, key=lambda r: (outcomes.index(Outcome(r["outcome"])), levels.index(Level(r["level"]))))


def section_order(sections: set[str]) -> list[str]:
    """These sections as the page has them; what it does not have comes last."""
    return [*(name for name in SECTIONS if name in sections), *sorted(sections - set(SECTIONS))]


def scope(document: dict[str, Any], say: Callable[[str], str] = plain) -> str:
    """What the verdict is limited to; empty when nothing limits it. `say` makes a report's text harmless."""
    limits = []
    if document["selected"] < document["rules_in_catalogue"]:
        limits.append(f"{document['selected']} of {document['rules_in_catalogue']} rules were selected")
    if reasons := unclaimed(document):
        count = sum(len(ids) for _, ids in reasons)
        told = "; ".join(f"{say(why)} ({_rules(len(ids))})" if len(reasons) > 1 else say(why) for why, ids in reasons)
        limits.append(f"{_rules(count)} could not be asked for: {told}")
    if not document["complete"]:
        limits.append("the run did not reach its end")
    return "; ".join(limits)


def unclaimed(document: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The rules that are unsupported, by why: not claimed by the target, or something was not given to the run."""
    found: dict[str, list[str]] = {}
    for rule in document["rules"]:
        if rule["outcome"] == Outcome.UNSUPPORTED:
            found.setdefault(rule["message"], []).append(rule["id"])
    return list(found.items())


def judged(document: dict[str, Any]) -> int:
    """How many rules the verdict can rest on: those selected, without the unsupported ones."""
    return int(document["selected"]) - sum(len(ids) for _, ids in unclaimed(document))


def meaning(document: dict[str, Any]) -> str:
    """What the verdict says in a clause."""
    whole = judged(document) == document["rules_in_catalogue"]
    verdict = Verdict(document["verdict"])
    return MEANING[verdict] if whole or verdict is not Verdict.CONFORMANT else "every rule that was judged holds"


def cost(document: dict[str, Any]) -> str:
    """What the run took; nobody knows of one that was cut off."""
    if document["measurements"] is None:
        return "how long it took is unknown"
    return f"{document['duration']:.1f} s, {document['statistics']['requests']} requests"


def verdict_words(document: dict[str, Any]) -> str:
    """One sentence: what the verdict rests on."""
    counts = {
        (level, outcome): sum(r["level"] == level and r["outcome"] == outcome for r in document["rules"])
        for level in Level
        for outcome in Outcome
    }
    verdict = Verdict(document["verdict"])
    must, should = counts[Level.MUST, Outcome.FAIL], counts[Level.SHOULD, Outcome.FAIL]
    if verdict is Verdict.NOT_CONFORMANT:
        also = f", and {_rules(should)} of other Twilio documents" if should else ""
        return f"It breaks {_rules(must)} of the Stream page{also}."
    if verdict is Verdict.DEVIATIONS:
        waived = sum(r["outcome"] == Outcome.WAIVED for r in document["rules"])
        parts = [f"it deviates from {_rules(should)} of other Twilio documents"] if should else []
        parts += [f"{_rules(waived)} {'is' if waived == 1 else 'are'} waived"] if waived else []
        rest = " and ".join(parts)
        return f"{rest[:1].upper()}{rest[1:]}; everything else that was judged holds."
    if verdict is Verdict.INCOMPLETE:
        open_ = sum(
            r["level"] != Level.SURVEY
            and Outcome(r["outcome"]) in {Outcome.BLOCKED, Outcome.INCONCLUSIVE, Outcome.ERROR, Outcome.NOT_RUN}
            for r in document["rules"]
        )
        if not open_:
            return "The run did not judge anything that decides."
        return f"{_rules(open_)} could not be judged, so nothing can be said about the whole."
    passed = counts[Level.MUST, Outcome.PASS], counts[Level.SHOULD, Outcome.PASS]
    return f"It keeps every rule that was judged: {passed[0]} of the Stream page and {passed[1]} of other documents."


def _rules(count: int) -> str:
    return f"{count} rule{'' if count == 1 else 's'}"
