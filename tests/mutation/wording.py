"""Which parts of a function only make words for a reader: messages, and the exchanges shown with them.

Rewording a message weakens no check, so these parts are not mutated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

# Arguments under these names are words, whatever is called; `what` of a Problem is none, it is compared.
WORDS = frozenset({"expected", "got", "what", "how", "message", "why", "where", "wanted", "exchanges"})
NO_WORDS = {("Problem", "what")}
JUDGEMENTS = frozenset({"Failed", "Blocked", "Inconclusive", "Unsupported", "NotRun", "Answer", "Broken"})
Signatures = Mapping[str, tuple[str, ...]]


def signatures(trees: Iterator[ast.Module]) -> dict[str, tuple[str, ...]]:
    """The parameters of every function and dataclass, by its name alone; the last may begin with a star."""
    found: dict[str, tuple[str, ...]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                fields = [item.target for item in node.body if isinstance(item, ast.AnnAssign)]
                found[node.name] = tuple(target.id for target in fields if isinstance(target, ast.Name))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
                rest = [f"*{node.args.vararg.arg}"] if node.args.vararg else []
                found[node.name] = (*(name for name in names if name != "self"), *rest)
    return found


def words_in(function: ast.AST, known: Signatures) -> set[int]:
    """The `id`s of all nodes of the function that only make words."""
    words: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr):
            _add(node, words)
        elif isinstance(node, ast.Call):
            for argument in _worded(node, known):
                _add(argument, words)
    while added := _only_for_words(function, words):
        for node in added:
            _add(node, words)
    return words


def _add(node: ast.AST, words: set[int]) -> None:
    words.update(id(each) for each in ast.walk(node))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _worded(call: ast.Call, known: Signatures) -> Iterator[ast.AST]:
    """The arguments that are words."""
    name = name_of(call)
    if name in JUDGEMENTS:
        yield from (*call.args, *call.keywords)
        return
    names = known.get(name, ())
    for place, argument in enumerate(call.args):
        if names[place:] and not names[place].startswith("*"):
            meant = names[place]
        else:
            meant = names[-1].removeprefix("*") if names and names[-1].startswith("*") else ""
        if meant in WORDS and (name, meant) not in NO_WORDS:
            yield argument
    yield from (each for each in call.keywords if each.arg in WORDS and (name, each.arg) not in NO_WORDS)


def _only_for_words(function: ast.AST, words: set[int]) -> list[ast.AST]:
    """Values of variables that are read nowhere but in words."""
    read: dict[str, list[bool]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            read.setdefault(node.id, []).append(id(node) in words)
    only_told = frozenset(name for name, uses in read.items() if all(uses))
    found = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and all(isinstance(target, ast.Name) and target.id in only_told for target in node.targets)
    ]
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Tuple):
            for place, target in enumerate(node.target.elts):
                if isinstance(target, ast.Name) and target.id in only_told:
                    found += _looped_over(function, node.iter, place)
    return [node for node in found if id(node) not in words]


def _looped_over(function: ast.AST, items: ast.AST, place: int) -> list[ast.AST]:
    """What the target at that place of a loop takes its values from, as far as it stands in the function itself."""
    match items:
        case ast.Name(name):
            written = [node.value for node in ast.walk(function) if isinstance(node, ast.Assign) and _is_to(node, name)]
            return _looped_over(function, written[0], place) if len(written) == 1 else []
        case ast.Tuple(rows) | ast.List(rows):
            return [row.elts[place] for row in rows if isinstance(row, ast.Tuple)]
        case ast.Call(ast.Name("zip"), arguments) if isinstance(arguments[place], ast.Tuple):
            return [arguments[place]]
        case ast.Call(ast.Name("enumerate"), arguments, keywords) if place == 0:
            return [*arguments[1:], *(keyword.value for keyword in keywords)]
    return []


def _is_to(node: ast.Assign, name: str) -> bool:
    return [getattr(target, "id", "") for target in node.targets] == [name]
