"""The changes that are tried: small ones, of the kinds by which a check comes to let things through.

Written with `ast` rather than taken from cosmic-ray or mutmut. Neither has a way to leave the words of messages alone,
without which most survivors would be rewordings; cosmic-ray drops no condition and no statement, and both bring a dozen
packages to run what is one function call here.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
CALLS = {
    "any": "all", "all": "any", "min": "max", "max": "min", "startswith": "endswith", "endswith": "startswith",
    "fullmatch": "match", "lower": "upper", "upper": "lower", "rpartition": "partition", "partition": "rpartition",
    "bisect_left": "bisect_right", "bisect_right": "bisect_left", "issubset": "issuperset", "keys": "values",
    "union": "intersection", "intersection": "union",
}  # fmt: skip
STRIPPED = frozenset({"strip", "rstrip", "lstrip", "casefold", "removesuffix", "removeprefix"})
UNWRAPPED = frozenset({"abs", "sorted", "unquote"})
QUANTIFIER = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Change:
    """`replacement` in place of what is at `field` (and `index`, in a list) of `parent`; `statement` holds both."""

    parent: ast.AST
    field: str
    index: int | None
    original: ast.AST
    replacement: ast.AST
    statement: ast.AST

    def __str__(self) -> str:
        return f"{_words(self.original)} -> {_words(self.replacement)}"

    def made(self, make: Callable[[], Any]) -> Any:
        """What `make` returns while the tree is changed."""
        self._put(self.replacement)
        try:
            return make()
        finally:
            self._put(self.original)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _words(node: ast.AST) -> str:
    if isinstance(node, ast.ExceptHandler):
        return " ".join(ast.unparse(node).split())
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def changes(root: ast.AST, skip: frozenset[int]) -> Iterator[Change]:
    """Every change within `root`, in the order of the text. `skip` are the `id`s of nodes to leave alone."""
    yield from _changes_below(root, root, skip)


def _changes_below(parent: ast.AST, statement: ast.AST, skip: frozenset[int]) -> Iterator[Change]:
    for field, value in ast.iter_fields(parent):
        if field in {"annotation", "returns", "decorator_list", "args"} and not isinstance(parent, ast.Call):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or id(child) in skip:
                continue
            holder = child if isinstance(child, ast.stmt | ast.ExceptHandler) else statement
            for replacement in replacements(child, parent, field):
                located = ast.fix_missing_locations(ast.copy_location(replacement, child))
                yield Change(parent, field, index, child, located, holder)
            yield from _changes_below(child, holder, skip)


def replacements(node: ast.AST, parent: ast.AST, field: str) -> Iterator[ast.AST]:
    """What is tried in place of one node."""
    if field in {"test", "ifs"} and isinstance(parent, ast.If | ast.While | ast.IfExp | ast.comprehension):
        yield ast.Constant(False)
        if not isinstance(parent, ast.While):
            yield ast.Constant(True)
    yield from _other_expressions(node)
    if isinstance(node, ast.Constant):
        yield from map(ast.Constant, _other_values(node.value, parent, field))
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    elif isinstance(node, ast.Slice):
        if node.lower:
            yield ast.Slice(None, node.upper, node.step)
        if node.upper:
            yield ast.Slice(node.lower, None, node.step)
    elif isinstance(node, ast.stmt | ast.ExceptHandler):
        yield from _other_statements(node)


def _other_expressions(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, ops, comparators):
            for place, op in enumerate(ops):
                for other in COMPARISONS[type(op)]:
                    yield ast.Compare(left, [*ops[:place], other(), *ops[place + 1 :]], comparators)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for place in range(len(values)):
                left = values[:place] + values[place + 1 :]
                yield left[0] if len(left) == 1 else ast.BoolOp(op, left)
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.BinOp(left, op, right) if type(op) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(op)](), right)


def _other_values(value: object, parent: ast.AST, field: str) -> Iterator[object]:
    if isinstance(parent, ast.Expr) or (isinstance(parent, ast.keyword) and parent.arg == "strict"):
        return  # a docstring, or what only guards zip
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield value - 1
    elif isinstance(value, str):
        yield f"XX{value}XX" if value else "XX"
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute) and parent.func.attr == "compile":
            yield from _other_patterns(value)


def _other_patterns(pattern: str) -> Iterator[str]:
    for found in QUANTIFIER.finditer(pattern):
        for count in (int(found[1]) - 1, int(found[1]) + 1):
            yield f"{pattern[: found.start()]}{{{count}}}{pattern[found.end() :]}"
    for place, sign in enumerate(pattern):
        if sign == "+" and pattern[place - 1] in ")]d" and place:
            yield f"{pattern[:place]}*{pattern[place + 1 :]}"
        if sign == "?" and pattern[place - 1] in ")]:/" and place:
            yield f"{pattern[:place]}{pattern[place + 1 :]}"


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if other := CALLS.get(name):
        if isinstance(node.func, ast.Attribute):
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)
        else:
            yield ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr in STRIPPED:
        yield node.func.value
    if name in UNWRAPPED and node.args:
        yield node.args[0]


def _other_statements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(ast.Call()) | ast.Raise() | ast.AugAssign():
            yield ast.Pass()
        case ast.Return(value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield ast.Return(ast.Constant(None))
        case ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.For(target, _, body, orelse):
            yield ast.For(target, ast.Tuple([], ast.Load()), body, orelse)
        case ast.ExceptHandler(kind, name, _):
            yield ast.ExceptHandler(kind, name, [ast.Raise()])
