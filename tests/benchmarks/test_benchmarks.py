"""The benchmarks run and write their table. Nothing here looks at how fast anything was."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import document
from bench.__main__ import SECTIONS, main
from bench.load import Generator, LoadError
from bench.processes import StartFailed, module, served
from bench.rows import Row, at_least, at_most
from bench.spread import Spread, in_turn, ratio
from bench.traffic import create_bytes

PAGE = f"before\n{document.START}\nold\n{document.END}\nafter\n"


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "suite"])
def test_a_section_gives_its_rows_and_writes_them(
    section: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(PAGE, "utf-8")
    assert main(["--tiny", "--only", section, "--write", str(page)]) == 0
    written = page.read_text("utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "old" not in written
    rows = [line for line in written.splitlines() if line.startswith("| ") and not line.startswith("| what")]
    assert rows
    assert all(line in capsys.readouterr().out for line in rows[:1])
    assert not [line for line in rows if "not measured" in line and "Prism" not in line]


def test_the_generator_sends_each_request_once_and_reads_each_answer() -> None:
    with Generator() as generator, served(module("bench.plain")) as url:
        load = generator.run(url, [create_bytes(number) for number in range(200)], 7, status=201)
        assert load.requests == len(load.latencies) == 200
        assert load.statuses == {201: 200}
        with pytest.raises(LoadError, match="should have answered 200"):
            generator.run(url, [create_bytes(1)], 1, status=200)


def test_runs_are_made_in_turn_and_compared_turn_by_turn() -> None:
    order: list[str] = []

    def run(name: str, value: float) -> float:
        order.append(name)
        return value

    ours, theirs = in_turn(3, lambda turn: run("a", 2.0 + turn), lambda turn: run("b", 1.0 + turn))
    assert order == ["a", "b"] * 3
    assert ratio(ours, theirs) == Spread(1.5, 4 / 3, 2.0)


def test_a_target_is_judged_by_the_median() -> None:
    assert at_most("x", Spread(1.0, 0.5, 9.0), 1.0).met is True
    assert at_most("x", Spread(1.1, 0.5, 1.2), 1.0).met is False
    assert at_least("x", "", "", Spread(2.0, 1.0, 3.0), 2.0).met is True
    assert at_least("x", "", "", Spread(1.9, 1.0, 3.0), 2.0).met is False
    assert Row("x", "1").verdict == ""


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(StartFailed, match="No module named"), served(module("bench.nowhere")):
        raise AssertionError


def test_a_document_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n", "utf-8")
    with pytest.raises(document.NoPlace):
        document.write(page, "", {})
    assert page.read_text("utf-8") == "nothing\n"
