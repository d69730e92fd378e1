"""A mutant: one change to one function or constant, and how it is put in force in this process for a while."""

from __future__ import annotations
import __future__

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

from mutation.operators import Change
from mutation.subjects import Constant, Subject
from mutation.wording import Signatures

COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.ExceptHandler, ast.ClassDef)


@dataclass(frozen=True)
class Mutant:
    """`key` names it whatever the line; `lines` are those of which one must run for it to matter."""

    key: str
    subject: Subject | Constant = field(compare=False)
    change: Change = field(compare=False)
    rules: frozenset[str] = field(compare=False, default=frozenset())

    @property
    def path(self) -> str:
        return str(self.subject.source.path)

    @property
    def line(self) -> int:
        return getattr(self.change.original, "lineno", self.subject.node.lineno)

    @property
    def lines(self) -> frozenset[tuple[str, int]]:
        if isinstance(self.subject, Constant):
            return self.subject.lines
        node, holder = self.change.original, self.change.statement
        first = last = self.line
        if not isinstance(node, ast.For):
            last = getattr(node, "end_lineno", None) or first
        if not isinstance(holder, COMPOUND):
            first, last = holder.lineno, holder.end_lineno or last
        return frozenset((self.path, line) for line in {*range(first, last + 1), getattr(holder, "lineno", first)})

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """While this is held the function runs changed, wherever it is called from."""
        if isinstance(self.subject, Constant):
            yield from self._constant_changed(self.subject)
            return
        function = self.subject.find()
        whole = function.__code__
        function.__code__ = self.change.made(lambda: _code_of(self.subject, whole))
        _forget()
        try:
            yield
        finally:
            function.__code__ = whole
            _forget()

    def _constant_changed(self, constant: Constant) -> Iterator[None]:
        home = vars(constant.source.module)
        before = home[constant.qualname]
        after = self.change.made(lambda: _value_of(constant, home))
        places = [
            vars(module)
            for name, module in sys.modules.items()
            if name.startswith("conformance.") and vars(module).get(constant.qualname) is before
        ]
        for place in places:
            place[constant.qualname] = after
        try:
            yield
        finally:
            for place in places:
                place[constant.qualname] = before


def mutants_of(
    subjects: Iterable[Subject | Constant], known: Signatures, rules: dict[Subject, frozenset[str]] | None = None
) -> list[Mutant]:
    """Every mutant of these, with keys that tell them apart."""
    found = []
    for subject in subjects:
        seen: Counter[str] = Counter()
        users = subject.users if isinstance(subject, Constant) else frozenset({subject})
        matter = frozenset().union(*((rules or {}).get(user, frozenset()) for user in users))
        for change in subject.changes(known):
            if isinstance(subject, Constant) and not _has_value(subject, change):
                continue  # the module could not be imported
            words = str(change)
            seen[words] += 1
            place = f" ({seen[words]})" if seen[words] > 1 else ""
            key = f"{subject.source.name}.{subject.qualname}: {words}{place}"
            found.append(Mutant(key, subject, change, matter))
    return found


def _forget() -> None:
    """Empties caches of what was worked out before. Those without a bound hold files that were read, and stay."""
    for remembering in _with_memory():
        remembering.cache_clear()


@cache
def _with_memory() -> tuple[Any, ...]:
    modules = [module for name, module in sys.modules.items() if name.startswith("conformance.")]
    cached = [each for module in modules for each in vars(module).values() if hasattr(each, "cache_parameters")]
    return tuple(each for each in cached if each.cache_parameters()["maxsize"] is not None)


def _has_value(constant: Constant, change: Change) -> bool:
    try:
        change.made(lambda: _value_of(constant, vars(constant.source.module)))
    except Exception:  # noqa: BLE001 - whatever it is, nobody could miss it
        return False
    return True


def _code_of(subject: Subject, whole: CodeType) -> CodeType:
    """The changed function's code, compiled alone."""
    node = subject.node
    bare = ast.FunctionDef(node.name, node.args, node.body, [], None, None)
    module = ast.Module([ast.copy_location(bare, node)], [])
    compiled = compile(
        ast.fix_missing_locations(module), str(subject.source.path), "exec",
        flags=__future__.annotations.compiler_flag, dont_inherit=True,
    )  # fmt: skip
    code = next(each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == node.name)
    if code.co_freevars != whole.co_freevars:
        raise ValueError(f"{subject.qualname} is a closure and can't be changed in place")
    return code


def _value_of(constant: Constant, home: dict[str, Any]) -> Any:
    value = constant.node.value
    assert value is not None
    expression = ast.fix_missing_locations(ast.Expression(value))
    return eval(compile(expression, str(constant.source.path), "eval"), home)
