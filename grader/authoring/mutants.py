"""Mutants of a reference: copies that differ from it by one small slip, which the checks should catch.

A mistake is something that people really do; an author writes it by hand. Mutants are generated: every operator of
`grader.authoring.slips` is applied to every syntax node of the exercise's function and of the private helpers that it
uses, one change at a time.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import field

from grader.authoring.slips import OPERATORS, Scope, instead
from grader.course.reference_text import definitions
from grader.frozen import frozen
from grader.statement import first_line


@frozen
class Mutant:
    """One change. `before` and `after` are the changed statement, or its first line if it is a compound statement."""

    function: str
    line: int
    kind: str
    before: str
    after: str
    text: str = field(repr=False)  # the text of the whole changed module

    @property
    def change(self) -> tuple[str, str, str]:
        """An identification that does not depend on line numbers."""
        return self.function, self.before, self.after


def mutants(text: str, exercise: str) -> Iterator[Mutant]:
    """All mutants of an exercise in a module's text, without duplicates."""
    seen = set()
    for name in reached(text, exercise):
        for mutant in _of_definition(text, name):
            if mutant.text not in seen:
                seen.add(mutant.text)
                yield mutant


def reached(text: str, exercise: str) -> list[str]:
    """The exercise and the private helpers of the same file that it calls, directly or indirectly."""
    known, found = definitions(text), [exercise]
    for name in found:
        names = {node.id for node in ast.walk(known[name].node) if isinstance(node, ast.Name)}
        found += [other for other in known if other in names and other.startswith("_") and other not in found]
    return found


def _of_definition(text: str, name: str) -> Iterator[Mutant]:
    """The mutants of one function, or of every method of a class."""
    node = copy.deepcopy(definitions(text)[name].node)  # which others read, while changes go in and out of this one
    plain = ast.unparse(node)
    inside = [node] if isinstance(node, ast.FunctionDef) else node.body
    for function in (item for item in inside if isinstance(item, ast.FunctionDef)):
        for line, kind, before, after in _changes(function, _modules(text)):
            changed = ast.unparse(node)
            if changed != plain:
                yield Mutant(name, line, kind, before, after, _spliced(text, node, changed))


Change = tuple[int, str, str, str]  # line, kind, the statement before and after


def _changes(function: ast.FunctionDef, modules: set[str]) -> Iterator[Change]:
    """Apply one change after another to the tree; each is undone when the next one is requested."""
    arguments = function.args
    names = [argument.arg for argument in arguments.args]
    parameters: dict[str, ast.expr | None] = dict.fromkeys(names)
    if arguments.defaults:
        parameters |= zip(names[-len(arguments.defaults) :], arguments.defaults, strict=True)
    yield from _forgotten(function, parameters)
    scope = Scope(parameters, modules, set(names))
    for block, index, statement in _statements(function):
        before, line = _head(statement), statement.lineno
        for kind, new in _variants(statement, scope):
            block[index] = new
            yield line, kind, before, _head(new)
            block[index] = statement
        for holder, key, node in _expressions(statement):
            for kind, new in _variants(node, scope):
                _put(holder, key, new)
                yield getattr(node, "lineno", line), kind, before, _head(statement)
                _put(holder, key, node)
        names = (item for item in ast.walk(statement) if isinstance(item, ast.Name))
        scope.bound |= {item.id for item in names if isinstance(item.ctx, ast.Store)}


def _forgotten(function: ast.FunctionDef, parameters: dict[str, ast.expr | None]) -> Iterator[Change]:
    """Mutants that ignore a parameter: it is replaced by its default, or by ones if it has none."""
    at = 1 if _is_docstring(function.body[0]) else 0
    for name, default in parameters.items():
        given = ast.Assign([ast.Name(name, ast.Store())], instead(name, default), lineno=function.lineno)
        function.body.insert(at, given)
        yield function.lineno, "argument", f"def {function.name}", _head(given)
        del function.body[at]


def _statements(owner: ast.AST) -> Iterator[tuple[list, int, ast.stmt]]:
    """The statements of a function, nested ones included, each with its block and its index there."""
    for _, block in ast.iter_fields(owner):
        for index, item in enumerate(block) if isinstance(block, list) else ():
            if isinstance(item, ast.stmt) and not _is_docstring(item):
                yield block, index, item
            if isinstance(item, ast.stmt | ast.ExceptHandler):
                yield from _statements(item)


def _expressions(owner: ast.AST) -> Iterator[tuple[list | ast.AST, int | str, ast.AST]]:
    """The expressions in a statement, except in nested statements and f-strings, each with its parent and key."""
    for name, value in ast.iter_fields(owner):
        items = list(enumerate(value)) if isinstance(value, list) else [(name, value)]
        for key, item in items:
            if isinstance(item, ast.AST) and not isinstance(item, ast.stmt | ast.JoinedStr | ast.arguments):
                yield value if isinstance(value, list) else owner, key, item
                yield from _expressions(item)


def _put(holder: list | ast.AST, key: int | str, new: ast.AST) -> None:
    if isinstance(holder, list):
        holder[key] = new
    else:
        setattr(holder, key, new)


def _variants(node: ast.AST, scope: Scope) -> Iterator[tuple[str, ast.AST]]:
    for operator in OPERATORS:
        for new in operator(node, scope):
            yield operator.__name__, new


def _modules(text: str) -> set[str]:
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import)]
    return {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def _spliced(text: str, node: ast.FunctionDef | ast.ClassDef, changed: str) -> str:
    lines = text.split("\n")
    first = first_line(node)
    return "\n".join([*lines[: first - 1], changed, *lines[node.end_lineno :]])


def _head(statement: ast.AST) -> str:
    return ast.unparse(statement).split("\n")[0]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
