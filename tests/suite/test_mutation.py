"""The tool that weakens checks: what it changes, what it leaves alone, and what it says of survivors."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml
from mutation.mutants import Mutant, mutants_of
from mutation.operators import changes
from mutation.reviewed import Judged, load_equivalent, load_surviving, review, shrink
from mutation.subjects import Suite
from mutation.table import figures, write_figures
from mutation.wording import words_in

from conformance import pace
from conformance.exchange import Request
from conformance.operation import Operation, operation_of
from suite.checks.messages import message


@cache
def mutants() -> tuple[Mutant, ...]:
    """Of the module that says how fast messages were sent."""
    suite = Suite()
    return tuple(mutants_of(suite.in_modules(["pace"]), suite.known))


def mutant(key: str) -> Mutant:
    return next(each for each in mutants() if each.key == key)


def words(source: str) -> list[str]:
    function = ast.parse(source).body[0]
    return [str(change) for change in changes(function, frozenset(words_in(function, {})))]


LOOP = "for b, c in (('x', a),): Failed(b, c) -> for b, c in (): Failed(b, c)"
COUNTED = "for b, c in enumerate(a, start=1): g(c, f'{b}') -> for b, c in (): g(c, f'{b}')"
FOUR_OR_TWO = ["3 -> 4", "3 -> 2"]


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("def f(a): return a < 3", ["return a < 3 -> return None", "a < 3 -> a <= 3", "a < 3 -> a >= 3", *FOUR_OR_TWO]),
        ("def f(a, b):\n g(a and b)", ["g(a and b) -> pass", "a and b -> a or b", "a and b -> b", "a and b -> a"]),
        ("def f(a):\n for b in a:\n  c = b", ["for b in a: c = b -> for b in (): c = b"]),
        ("def f(a):\n if a: b = 1", ["a -> False", "a -> True", "1 -> 2", "1 -> 0"]),
        ("def f(a):\n '''Docs.'''\n zip(a, strict=True)", ["zip(a, strict=True) -> pass"]),
        ("def f(a):\n for b, c in (('x', a),):\n  Failed(b, c)", [LOOP, "Failed(b, c) -> pass"]),
        ("def f(a):\n for b, c in enumerate(a, start=1):\n  g(c, f'{b}')", [COUNTED, "g(c, f'{b}') -> pass"]),
        ("def f(a):\n raise Failed('no', f'{a}')", ["raise Failed('no', f'{a}') -> pass"]),
    ],
)  # fmt: skip
def test_conditions_numbers_and_statements_are_changed_and_messages_are_not(source: str, made: list[str]) -> None:
    assert [" ".join(each.split()) for each in words(source)] == made


def test_a_mutant_is_in_force_for_a_while_wherever_the_function_is_called_from() -> None:
    weak = mutant("pace.accepted: 300 -> 301")
    with weak.in_force():
        assert pace.accepted(message(0, 300))
        assert not pace.turned_away(message(0, 300))
    assert not pace.accepted(message(0, 300))


def test_what_was_remembered_before_does_not_hide_a_mutant() -> None:
    suite = Suite()
    request = Request("GET", "http://127.0.0.1/v1/Services/default/Streams")
    assert operation_of(request) is Operation.LIST
    found = mutants_of(suite.in_modules(["operation"]), suite.known)
    weak = next(each for each in found if each.key == "operation._address_in: match is None -> match is not None")
    with weak.in_force():
        assert operation_of(request) is None
    assert operation_of(request) is Operation.LIST


def test_survivors_are_new_or_equivalent_or_known_and_entries_that_are_killed_are_stale() -> None:
    one, two, three, four, five = mutants()[:5]
    judged = [Judged(one), Judged(two), Judged(three), Judged(four, by_tests="a test"), Judged(five, "a server")]
    found = review(judged, {two.key: "no difference"}, frozenset({three.key, four.key, "gone"}))
    assert (found.new, found.equivalent, found.surviving, found.stale) == ((one,), (two,), (three,), (four.key,))


def test_the_list_of_known_survivors_only_ever_shrinks(tmp_path: Path) -> None:
    one, two, three = mutants()[:3]
    file = tmp_path / "surviving.yaml"
    keys = [each.key.removeprefix("pace.") for each in (one, two)]
    file.write_text("# Why.\n" + yaml.safe_dump({"pace": keys}), "utf-8")
    assert load_surviving(file) == {one.key, two.key}
    shrink([two, three], file)
    assert load_surviving(file) == {two.key}
    assert file.read_text("utf-8").startswith("# Why.\n")
    shrink([], file)
    assert load_surviving(file) == frozenset()


def test_an_equivalent_mutant_has_one_reason(tmp_path: Path) -> None:
    file = tmp_path / "equivalent.yaml"
    file.write_text("- reason: one\n  mutants: ['a: b']\n- reason: two\n  mutants: ['a: b']\n", "utf-8")
    with pytest.raises(ValueError, match="twice"):
        load_equivalent(file)


def test_no_mutant_is_both_equivalent_and_surviving() -> None:
    assert not load_equivalent().keys() & load_surviving()


def test_the_figures_stand_between_their_marks(tmp_path: Path) -> None:
    one, two, three, four = mutants()[:4]
    judged = [Judged(one, "a server"), Judged(two, by_tests="a test"), Judged(three), Judged(four)]
    text = figures(judged, review(judged, {three.key: "no difference"}, frozenset()))
    assert "| `pace` | 4 | 1 | 1 | 1 | 1 |\n| all | 4 | 1 | 1 | 1 | 1 |" in text
    file = tmp_path / "mutation.md"
    file.write_text("before\n<!-- figures, written by make mutants -->\nold\n<!-- end of figures -->\nafter\n", "utf-8")
    for _ in range(2):
        write_figures(text, file)
    whole = file.read_text("utf-8")
    assert whole.count("| all |") == 1
    assert "old" not in whole
    assert whole.startswith("before\n")
    assert whole.endswith("after\n")
    file.write_text("nothing", "utf-8")
    with pytest.raises(ValueError, match="marks"):
        write_figures(text, file)
