"""Debian's Chromium, driven by selenium: how the tests and the pictures of docs/report.md look at a page."""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


class Missing(Exception):
    """Something that the browser tests need is not there; the message says how to get it."""


class Browser:
    """One window. `look` opens a page; console messages and failed loads are kept by Chromium until `problems`."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def look(self, page: Path, fragment: str = "", *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Opens the file afresh in a window of that size."""
        self._cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._cdp("Emulation.setEmulatedMedia", media="", features=[scheme(dark=dark)])
        self.driver.get("about:blank")
        self.driver.get(page.as_uri() + fragment)

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def scripts(self, *, on: bool) -> None:
        self._cdp("Emulation.setScriptExecutionDisabled", value=not on)

    def print_media(self) -> None:
        self._cdp("Emulation.setEmulatedMedia", media="print", features=[scheme(dark=False)])

    def wait_until(self, script: str, seconds: float = 10.0) -> None:
        """Until the script returns true, since a page takes on a new medium in its own time; in vain without error."""
        deadline = time.monotonic() + seconds
        while not self.run(script) and time.monotonic() < deadline:
            time.sleep(0.05)

    def pdf(self) -> bytes:
        printed = self._cdp("Page.printToPDF", printBackground=True)
        return base64.b64decode(printed["data"])

    def picture(self) -> bytes:
        """A PNG of the window."""
        return base64.b64decode(self._cdp("Page.captureScreenshot", format="png")["data"])

    def allow_clipboard(self) -> None:
        self._cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def problems(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page as it is shown. Raises Missing."""
        if not AXE.is_file():
            raise Missing("axe-core is missing: run 'npm install --no-save axe-core@4.14' in the project's folder")
        self.run(AXE.read_text("utf-8"))
        found = self.driver.execute_async_script("axe.run().then(arguments[0], e => arguments[0]({error: String(e)}))")
        assert "error" not in found, found["error"]
        assert len(found["passes"]) > 15, "axe-core looked at next to nothing"
        return [
            f"{item['id']}: {node['target']} {node['failureSummary']}"
            for item in found["violations"]
            for node in item["nodes"]
        ]

    def roles(self) -> Counter[str]:
        """How often each role is on the page, as a screen reader meets it."""
        self._cdp("Accessibility.enable")
        nodes = self._cdp("Accessibility.getFullAXTree")["nodes"]
        self._cdp("Accessibility.disable")
        return Counter(node["role"]["value"] for node in nodes if not node["ignored"])

    def _cdp(self, command: str, **arguments: object) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)


def scheme(*, dark: bool) -> dict[str, str]:
    return {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}


@contextmanager
def browser() -> Iterator[Browser]:
    """Starts Chromium with an empty profile. Raises Missing when it is not installed."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        raise Missing("Chromium is missing: install Debian's packages chromium and chromium-driver")
    try:
        from selenium import webdriver  # noqa: PLC0415 - only these tests need it
        from selenium.webdriver.chrome.service import Service  # noqa: PLC0415
    except ImportError:
        raise Missing("selenium is missing: install the project with its dev extra") from None
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        try:
            driver.set_script_timeout(120)
            yield Browser(driver)
        finally:
            driver.quit()
