"""What is mutated: the functions that judge evidence, and the constants that they alone use.

Found by following names, from each check to the functions of `conformance` that it mentions, and on from those. Too
much rather than too little is found that way: a method counts as mentioned when an attribute of its name is.

Left alone are scenarios and whatever else works with a Context: they send requests and judge nothing, and what they
gather is shown good or bad by the servers themselves. So are functions whose result only goes into messages.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import conformance
from conformance.passive import load_passive
from conformance.registry import CHECKS, SCENARIOS, load_sections
from conformance.stage import TRAFFIC
from mutation.operators import Change, changes
from mutation.wording import Signatures, name_of, signatures, words_in

# They send, wait, keep or report; no verdict on evidence is made in them.
EDGE = (
    "arguments", "budget", "bundled", "cli", "clock", "command", "conftest", "context", "gate", "guide", "journal",
    "options", "passive", "preflight", "properties", "pytest_plugin", "registry", "report", "rules", "run", "session",
    "stage", "taping", "target", "wire", "errors", "outcomes", "judge", "results", "selection", "waivers", "volleys",
)  # fmt: skip
SENDING = ("Streams.",)
REMEMBERING = ("Response.json",)  # it keeps what was read, which is switched off while mutants are judged
TELLING = ("describe", "show")  # they make words wherever they are called
# Pure as well, and with unit tests of their own to judge them.
HEART = ("judge", "results", "selection", "waivers", "properties.promised")

Name = tuple[str, str]  # a module and a name in it


@dataclass(frozen=True)
class Source:
    """A module of the suite and its text as a tree."""

    module: ModuleType
    path: Path

    @property
    def name(self) -> str:
        return self.module.__name__.removeprefix("conformance.")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text("utf-8"))


@dataclass(frozen=True)
class Subject:
    """A function (or method, or property) that may be mutated. Functions inside it belong to it."""

    source: Source
    qualname: str
    node: ast.FunctionDef = field(compare=False, hash=False)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_method(self) -> bool:
        return "." in self.qualname

    @property
    def works_with_context(self) -> bool:
        arguments = (*self.node.args.args, *self.node.args.kwonlyargs)
        return any(ast.unparse(each.annotation) == "Context" for each in arguments if each.annotation)

    def find(self) -> FunctionType:
        """The function itself, whose code can be replaced."""
        found: Any = self.source.module
        for part in self.qualname.split("."):
            found = vars(found)[part]
        for wrapped in ("fget", "func", "__func__", "__wrapped__"):
            found = getattr(found, wrapped, None) or found
        if not isinstance(found, FunctionType):
            raise TypeError(f"{self.qualname} is no plain function")
        return found

    def changes(self, known: Signatures) -> list[Change]:
        return list(changes(self.node, frozenset(words_in(self.node, known))))


@dataclass(frozen=True)
class Constant:
    """A module's constant that only checks use."""

    source: Source
    qualname: str
    node: ast.Assign | ast.AnnAssign = field(compare=False, hash=False)
    lines: frozenset[tuple[str, int]] = field(compare=False, hash=False)  # where it is used
    users: frozenset[Subject] = field(compare=False, hash=False)

    def changes(self, known: Signatures) -> list[Change]:
        return list(changes(self.node, frozenset()))


class Suite:
    """All modules of `conformance`, with the graph of what mentions what."""

    def __init__(self) -> None:
        load_sections()
        load_passive()
        self.sources = tuple(_sources())
        self.known = signatures(source.tree for source in self.sources)
        self.subjects = tuple(subject for source in self.sources for subject in _subjects(source))
        self._by_name: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            self._by_name.setdefault(subject.name, []).append(subject)
        self._by_module = {source.module.__name__: source for source in self.sources}

    def in_modules(self, names: Iterable[str]) -> tuple[Subject, ...]:
        """All functions of these modules."""
        wanted = frozenset(names)
        return tuple(subject for subject in self.subjects if subject.source.name in wanted)

    def checks(self) -> dict[str, tuple[Subject, ...]]:
        """By rule id, the check and, for a rule on all traffic, the passive rule behind it."""
        passive = load_passive()
        functions = {rule_id: [check.function] for rule_id, check in CHECKS.items()}
        for rule_id, function in passive.items():
            functions.setdefault(rule_id, []).append(function)
        at = {(subject.source.module.__name__, subject.qualname): subject for subject in self.subjects}
        return {
            rule_id: tuple(at[each.__module__, each.__qualname__] for each in found)
            for rule_id, found in functions.items()
        }

    def reached(self, roots: Iterable[Subject]) -> frozenset[Subject]:
        """The roots and whatever they mention, directly or not."""
        seen: set[Subject] = set()
        todo = list(roots)
        while todo:
            subject = todo.pop()
            if subject not in seen:
                seen.add(subject)
                todo += self._mentioned(subject)
        return frozenset(seen)

    def judging(self) -> dict[Subject, frozenset[str]]:
        """What may be mutated in the rules, each with the rules that it can matter to."""
        rules: dict[Subject, set[str]] = {}
        for rule_id, roots in self.checks().items():
            for subject in self.reached(roots):
                rules.setdefault(subject, set()).add(rule_id)
        words = self._only_words(rules)
        return {
            subject: frozenset(ids)
            for subject, ids in rules.items()
            if subject not in words and subject.qualname not in REMEMBERING
        }

    def constants(self, judging: Iterable[Subject]) -> Iterator[Constant]:
        """Constants of modules that are used in judging and nowhere else."""
        judging = frozenset(judging)
        shared = self._used_at_import()
        uses: dict[Name, list[tuple[Subject, int]]] = {}
        for subject in self.subjects:
            for node in _names_read(subject.node):
                uses.setdefault(self._home(subject.source, node.id), []).append((subject, node.lineno))
        for source in self.sources:
            for node in source.tree.body:
                if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                    continue
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                key = (source.module.__name__, getattr(target, "id", ""))
                users = uses.get(key, [])
                if users and key not in shared and all(user in judging for user, _ in users):
                    lines = frozenset((str(user.source.path), line) for user, line in users)
                    yield Constant(source, key[1], node, lines, frozenset(user for user, _ in users))

    def _used_at_import(self) -> frozenset[Name]:
        """Names that are read while modules are imported, in other constants, defaults and decorators say."""
        found: set[Name] = set()
        for source in self.sources:
            for node in source.tree.body:
                if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If):
                    found |= {self._home(source, name.id) for name in _names_read(node)}
        for subject in self.subjects:
            arguments = subject.node.args
            for node in (*arguments.defaults, *arguments.kw_defaults, *subject.node.decorator_list):
                if node is not None:
                    found |= {self._home(subject.source, name.id) for name in _names_read(node)}
        return frozenset(found)

    def _home(self, source: Source, name: str) -> tuple[str, str]:
        """The module that defines a name that is used in `source`, and its name there."""
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module in self._by_module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        return (node.module, alias.name)
        return (source.module.__name__, name)

    def _mentioned(self, subject: Subject) -> Iterator[Subject]:
        for node in ast.walk(subject.node):
            name = getattr(node, "id", "") or getattr(node, "attr", "")
            for other in self._by_name.get(name, ()):
                if _judges(other) and self._is_meant(node, subject.source, other):
                    yield other

    def _is_meant(self, node: ast.AST, source: Source, other: Subject) -> bool:
        """Whether that name, or attribute of anything, can stand for that function."""
        if isinstance(node, ast.Name):
            return not other.is_method and self._visible(source, other)
        if not isinstance(node, ast.Attribute):
            return False
        owner = vars(source.module).get(getattr(node.value, "id", ""))
        return other.is_method or owner is other.source.module

    def _visible(self, source: Source, other: Subject) -> bool:
        return self._home(source, other.name) == (other.source.module.__name__, other.name)

    def _only_words(self, judging: Iterable[Subject]) -> frozenset[Subject]:
        """Functions that are only called in words."""
        inside: dict[str, list[bool]] = {}
        for subject in judging:
            words = words_in(subject.node, self.known)
            for node in ast.walk(subject.node):
                if isinstance(node, ast.Call):
                    inside.setdefault(name_of(node), []).append(id(node) in words)
                elif isinstance(node, ast.Attribute):
                    inside.setdefault(node.attr, []).append(id(node) in words)
        inside |= {name: [True] for name in TELLING}
        return frozenset(subject for subject in judging if all(inside.get(subject.name, [False])))


def _judges(subject: Subject) -> bool:
    """Whether it may be part of a judgement at all."""
    top = subject.source.name.split(".")
    edge = "subscribers" in subject.source.name or (top[0] in EDGE and not (top[0] == "passive" and len(top) > 1))
    sends = subject.qualname.startswith(SENDING)
    special = subject.name in SCENARIOS or subject.name.startswith("__")
    return not (edge or sends or special or subject.works_with_context)


def _names_read(node: ast.AST) -> list[ast.Name]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]


def _sources() -> Iterator[Source]:
    for info in pkgutil.walk_packages(conformance.__path__, "conformance."):
        if info.name.endswith(("__main__", "conftest", "pytest_plugin")):
            continue
        module = importlib.import_module(info.name)
        yield Source(module, Path(str(module.__file__)))


def _subjects(source: Source) -> Iterator[Subject]:
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Subject(source, node.name, node)
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    yield Subject(source, f"{node.name}.{item.name}", item)


def looks_at_traffic(rule_id: str) -> bool:
    return TRAFFIC in CHECKS[rule_id].scenarios
