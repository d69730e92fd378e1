"""The table as Markdown: what it was measured on, and a line for each row."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.rows import Row

START, END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"
COLUMNS = ("what", "ours", "beside it", "ours ÷ beside it", "target", "")
_PACKAGES = (
    "mitmproxy", "uvicorn", "httptools", "starlette", "hypothesis", "schemathesis", "requests", "urllib3", "vcrpy",
    "cassetter",
)  # fmt: skip


class NoPlace(Exception):
    """The document has no place for the table."""


def heading(section: str) -> str:
    rule = "|" + "---|" * len(COLUMNS)
    return f"\n### {section}\n\n| {' | '.join(COLUMNS)} |\n{rule}"


def line(row: Row) -> str:
    return f"| {row.what} | {row.ours} | {row.theirs} | {row.ratio} | {row.target} | {row.verdict} |"


def _processor() -> str:
    try:
        names = re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    except OSError:
        names = []
    return f"{os.cpu_count()} × {names[0] if names else platform.machine()}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def machine(command: str) -> str:
    """What the figures were measured on, and how."""
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return (
        f"Command: `{command}`. Machine: {_processor()}, {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}. Versions: {packages}.\n\n"
        "A figure is the median of its runs, with the least and the greatest in parentheses. Ratios are of runs made "
        "in turn, and are judged by their median."
    )


def write(path: Path, about: str, found: Mapping[str, Sequence[Row]]) -> None:
    """Puts the table between the document's marks. Raises NoPlace."""
    before, start, rest = path.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise NoPlace(f"{path} has no lines `{START}` and `{END}`; add them where the table belongs.")
    judged = [row.met for rows in found.values() for row in rows if row.met is not None]
    sections = "\n".join(heading(section) + "\n" + "\n".join(map(line, rows)) for section, rows in found.items())
    told = f"{sum(judged)} of {len(judged)} targets are met."
    path.write_text(f"{before}{START}\n\n{about}\n\n{told}\n{sections}\n\n{END}{after}", "utf-8")
