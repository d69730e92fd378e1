"""The verdict as a badge: an SVG file, and the JSON that shields.io reads from an endpoint."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from conformance.outcomes import Level, Outcome, Verdict
from conformance.report.wording import judged

LABEL = "Twilio Sync Streams"
COLOURS = {  # names that shields.io knows, and our own: white text on each has a contrast of 4.5 and more
    Verdict.CONFORMANT: ("brightgreen", "#1a7f37"),
    Verdict.DEVIATIONS: ("yellowgreen", "#5d6b00"),
    Verdict.NOT_CONFORMANT: ("red", "#b42318"),
    Verdict.INCOMPLETE: ("lightgrey", "#5c6670"),
}
NARROW, WIDE = frozenset("fijlrt.,:;'!|()[] 1"), frozenset("mwMWSOQGD%&@")


def badge_message(document: dict[str, Any]) -> str:
    """The verdict in a few words; what it rests on where that is not the whole catalogue."""
    verdict = document["verdict"]
    failed = sum(r["outcome"] == Outcome.FAIL and r["level"] == Level.MUST for r in document["rules"])
    if failed:
        return f"{verdict}: {failed} failed"
    if judged(document) < document["rules_in_catalogue"]:
        return f"{verdict}, {judged(document)} of {document['rules_in_catalogue']} rules"
    return str(verdict)


def shields(document: dict[str, Any]) -> dict[str, Any]:
    """The answer of a shields.io endpoint."""
    colour = COLOURS[Verdict(document["verdict"])][0]
    return {
        "schemaVersion": 1,
        "label": LABEL,
        "message": badge_message(document),
        "color": colour,
        "isError": document["verdict"] == Verdict.NOT_CONFORMANT,
    }


def badge(document: dict[str, Any]) -> str:
    """A flat badge of 20 pixels' height, legible without any font of ours."""
    message, colour = badge_message(document), COLOURS[Verdict(document["verdict"])][1]
    left, right = _width(LABEL) + 12, _width(message) + 12
    total = left + right
    title = escape(f"{LABEL}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{total}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b434b"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14" textLength="{left - 12}">{escape(LABEL)}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{escape(message)}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    """Pixels of the text in 11 pixel Verdana, nearly; textLength settles the rest."""
    return round(sum(4.2 if c in NARROW else 9.2 if c in WIDE else 6.9 for c in text))
