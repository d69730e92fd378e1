"""Takes the pictures of docs/report.md: `PYTHONPATH=tests python -m report.screenshots [FOLDER]`.

They show real runs: of the reference server, of a faulty one, and of that one half mended. A test takes the same
pictures of reports made by hand, so that taking them keeps working.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.cli import main as sync_conformance
from report.browser import Browser, browser

USER, TOKEN = "AC" + "0123456789abcdef" * 2, "a-token-for-pictures"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: of which page, where on it, and how large, in pixels."""

    page: str
    fragment: str = ""
    width: int = 1100
    height: int = 760
    dark: bool = False


SHOTS: Mapping[str, Shot] = {
    "report-good.png": Shot("good", height=640),
    "report-failing.png": Shot("failing", height=820),
    "report-failure.png": Shot("failing", "#NAME-DUPLICATE-ERROR", height=640),
    "report-pictures.png": Shot("good", "#picture-rate", height=1080, dark=True),
    "report-survey.png": Shot("good", "#survey", height=560),
    "report-phone.png": Shot("failing", width=360, height=780),
    "report-matrix.png": Shot("matrix", height=860),
}


def take(window: Browser, pages: Mapping[str, Path], folder: Path) -> None:
    """All pictures, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, shot in SHOTS.items():
        window.look(pages[shot.page], shot.fragment, width=shot.width, height=shot.height, dark=shot.dark)
        (folder / name).write_bytes(window.picture())


@contextmanager
def faulty_server(*options: str) -> Iterator[str]:
    """The URL of the faulty server, running."""
    here = Path(__file__)
    environment = {**os.environ, "PYTHONPATH": str(here.parents[2])}
    login = ["--port", "0", "--account-sid", USER, "--auth-token", TOKEN]
    with subprocess.Popen(
        [sys.executable, str(here.with_name("faulty_server.py")), *login, *options],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        try:
            yield url
        finally:
            process.terminate()
            drain.join()


def real_pages(folder: Path) -> dict[str, Path]:
    """Pages of real runs: good, failing, half mended, and all three compared."""
    os.environ |= {"TWILIO_ACCOUNT_SID": USER, "TWILIO_AUTH_TOKEN": TOKEN}
    sync_conformance(["run", "--seed", "7", "--report", str(folder / "reference")])
    for name, options in (("1.0", []), ("1.1", ["--mended"])):
        with faulty_server(*options) as url:
            asked = ["--target", url, "--second-service-sid", "second", "--seed", "7"]
            sync_conformance(["run", *asked, "--report", str(folder / name)])
    matrix = folder / "matrix.html"
    reports = [f"emulator {name}={folder / name / 'report.json'}" for name in ("1.0", "1.1")]
    sync_conformance(["compare", *reports, f"reference={folder / 'reference/report.json'}", "--html", str(matrix)])
    return {
        "good": folder / "reference/index.html",
        "failing": folder / "1.0/index.html",
        "matrix": matrix,
    }


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as runs, browser() as window:
        take(window, real_pages(Path(runs)), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
