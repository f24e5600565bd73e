"""Find forbidden operations in a submission's text: `@`, a function of NumPy or PyTorch, or a whole module.

An exercise forbids an operation because it would do the exercise's work. This module finds uses in the text before
anything runs; doors.py refuses them while the exercise is asked. Names that the file itself defines, comments and
strings are free. If a whole module is forbidden its classes are free, since raising `numpy.linalg.LinAlgError` is not
linear algebra. A class that is forbidden by its own name, such as `torch.nn.LSTM`, may be neither called nor inherited
from.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.sandbox.inside import paths
from grader.sandbox.inside.doors import MATMUL
from grader.sandbox.inside.ideas import written_out

OPERATOR = {f"operator.{name}" for name in (*MATMUL, "matmul", "imatmul")}
HIDING = {"eval", "exec"}  # these can hide an operation in a string
HIDDEN = (
    "numpy._core",
    "numpy.core",
    "jax._src",
    "jax.interpreters",
    "jax.extend",
    "jaxlib",
    "torch._C",
    "autograd.core",
)  # a library's own copies under other names
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
BODIES = ("body", "orelse", "finalbody", "handlers", "cases")  # what holds statements, in every version of Python
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Names:
    """The names of one file: the statements that bind each, the paths of imported ones, the modules of `import *`, and the
    methods of its own classes."""

    bound: dict[str, list[ast.stmt]]
    aliases: dict[str, str]
    stars: list[str]
    methods: set[str]


def names_of(tree: ast.Module) -> Names:
    """What is looked up in a file for each of its exercises."""
    return Names(*_top_level(tree), _own_methods(tree))


def first_use(names: Names, exercise: str, forbids: Sequence[str]) -> tuple[int, str] | None:
    """(line, operation) of the first use in an exercise or in anything that it uses from the same file; None if unused.

    `forbids` lists operations and ideas.
    """
    if not forbids:
        return None
    methods = {name for name in paths.methods(forbids) if name not in names.methods}
    listed = set(written_out(forbids))
    finder = _Finder(paths.functions(forbids), listed, methods, names.aliases, names.stars, set(names.bound))
    waiting, seen = [exercise], set()
    while waiting:
        name = waiting.pop(0)
        seen.add(name)
        for node in names.bound.get(name, ()):
            try:
                finder.visit(node)
            except RecursionError:
                return node.lineno, "an expression that is nested too deeply to be read"
        if finder.uses:
            return min(finder.uses)
        waiting += sorted(finder.reached - seen - set(waiting))
    return None


def _top_level(tree: ast.Module) -> tuple[dict[str, list[ast.stmt]], dict[str, str], list[str]]:
    """The statements that bind each name of a file, the paths of imported names, and the modules of `import *`."""
    bound: dict[str, list[ast.stmt]] = {}
    aliases: dict[str, str] = {}
    stars: list[str] = []
    for statement in tree.body:
        for name, path in _bindings([statement]).items():
            if name == "*":
                stars.append(path)
                continue
            bound.setdefault(name, []).append(statement)
            aliases.pop(name, None)
            if path:
                aliases[name] = path
    return bound, aliases, stars


def _bindings(body: Sequence[ast.AST]) -> dict[str, str]:
    """The names that statements bind in their own scope: the path if it is an import, "" for anything else."""
    found: dict[str, str] = {}
    waiting = list(body)
    while waiting:
        node = waiting.pop(0)
        match node:
            case ast.Import():
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            case ast.ImportFrom():
                for alias in node.names:
                    is_star = alias.name == "*"
                    found[alias.asname or alias.name] = f"{node.module}" if is_star else f"{node.module}.{alias.name}"
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = ""
            case ast.Name(ctx=ast.Store()) | ast.Name(ctx=ast.Del()):
                found[node.id] = ""
            case ast.ExceptHandler(name=str(name)):
                found[name] = ""
        if not isinstance(node, FUNCTIONS | COMPREHENSIONS | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return found


def _own_methods(tree: ast.Module) -> set[str]:
    classes = [node for node in _statements(tree) if isinstance(node, ast.ClassDef)]
    return {item.name for node in classes for item in node.body if isinstance(item, ast.FunctionDef)}


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements of a file, at whatever depth, with the handlers and cases that hold some; no expression is entered."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in BODIES:
            waiting += getattr(node, name, ())


@dataclass
class _Finder(ast.NodeVisitor):
    """Collects forbidden uses and the file's own names that are used. `scopes` are of functions, innermost last."""

    functions: dict[int, str]
    listed: set[str]
    methods: set[str]
    aliases: dict[str, str]
    stars: list[str]
    bound: set[str]
    scopes: list[dict[str, str]] = field(default_factory=list)
    uses: list[tuple[int, str]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)

    def visit_Name(self, node: ast.Name) -> None:
        path = self._path(node)
        if path:
            self._note(node, path)
        elif path is None and node.id in HIDING and hasattr(builtins, node.id):
            self.uses.append((node.lineno, node.id))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path:
            self._note(node, path)
            return
        if node.attr in self.methods or (node.attr in MATMUL and "@" in self.listed):
            self.uses.append((node.lineno, f"the method {node.attr}"))
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(name)), *_]):
                self.visit(ast.copy_location(ast.Attribute(value, name, ast.Load()), node))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp | ast.AugAssign) -> None:
        if isinstance(node.op, ast.MatMult) and "@" in self.listed:
            self.uses.append((node.lineno, "@"))
        self.generic_visit(node)

    visit_AugAssign = visit_BinOp

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        outside = [*arguments.defaults, *arguments.kw_defaults, *getattr(node, "decorator_list", [])]
        for part in filter(None, outside):
            self.visit(part)
        body = node.body if isinstance(node.body, list) else [node.body]
        names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        scope = {argument.arg: "" for argument in names if argument} | _bindings(body)
        for item in body:
            if isinstance(item, ast.Global):
                scope = {name: path for name, path in scope.items() if name not in item.names}
        self._inside(scope, body)

    visit_AsyncFunctionDef = visit_FunctionDef
    visit_Lambda = visit_FunctionDef

    def visit_ListComp(self, node: Any) -> None:
        targets = [name for part in node.generators for name in ast.walk(part.target)]
        self._inside({name.id: "" for name in targets if isinstance(name, ast.Name)}, list(ast.iter_child_nodes(node)))

    visit_SetComp = visit_ListComp
    visit_DictComp = visit_ListComp
    visit_GeneratorExp = visit_ListComp

    def _inside(self, scope: dict[str, str], body: Sequence[ast.AST]) -> None:
        self.scopes.append(scope)
        for item in body:
            self.visit(item)
        self.scopes.pop()

    def _path(self, node: ast.AST) -> str | None:
        """The dotted path of a name or attribute chain; "" if the file defines it, None if it is not imported."""
        if isinstance(node, ast.Attribute):
            path = self._path(node.value)
            return f"{path}.{node.attr}" if path else path
        if not isinstance(node, ast.Name):
            return None
        for scope in reversed(self.scopes):
            if node.id in scope:
                return scope[node.id]
        if node.id in self.aliases:
            return self.aliases[node.id]
        if node.id in self.bound:
            self.reached.add(node.id)
            return ""
        starred = (f"{module}.{node.id}" for module in self.stars if callable(paths.look_up(f"{module}.{node.id}")))
        return next(starred, None)

    def _note(self, node: ast.Name | ast.Attribute, path: str) -> None:
        if path in OPERATOR and "@" in self.listed:
            self.uses.append((node.lineno, path))
        value = paths.look_up(path)
        is_hidden = path.startswith(HIDDEN)
        if id(value) in self.functions or path in self.listed or (is_hidden and callable(value)):
            self.uses.append((node.lineno, ast.unparse(node)))
