"""The browser of this folder's tests, and the pages they look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.report.compare import Report, compare
from conformance.report.document import document_of
from conformance.report.files import write_report
from conformance.report.matrix import matrix
from report.browser import Browser, Missing, browser
from report.examples import FAILURES, HOSTILE, results
from report.test_hostile import hostile


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    """One browser for all tests; without one they fail, because a test that is skipped shows nothing."""
    try:
        with browser() as found:
            yield found
    except Missing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages by name: failing, good, hostile, cut_off, matrix of three and many of five."""
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        "failing": results(FAILURES, measured=True),
        "good": results(measured=True),
        "hostile": hostile(HOSTILE),
        "cut_off": results(FAILURES, complete=False, only="TTL-"),
    }
    for name, run in runs.items():
        write_report(folder / name, document_of(run))
    found = {name: folder / name / "index.html" for name in runs}
    reports = [Report(name, document_of(runs[name])) for name in ("good", "failing", "cut_off")]
    found["matrix"] = folder / "matrix.html"
    found["matrix"].write_text(matrix(compare(reports)))
    many = [Report(f"server {number}", report.document) for number, report in enumerate([*reports, *reports[:2]])]
    found["many"] = folder / "many.html"
    found["many"].write_text(matrix(compare(many)))
    return found
