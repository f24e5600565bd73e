"""The source text of a reference, cut into signatures, docstrings and stubs by position."""

import ast
import builtins
import re
import symtable
import textwrap
from collections.abc import Collection
from functools import cached_property, lru_cache
from types import CodeType, ModuleType

from grader.errors import GraderError
from grader.frozen import frozen
from grader.statement import first_line

BODY = "# YOUR CODE HERE\n    raise NotImplementedError"  # nbgrader's convention, so that students meet only one
MEMORY = 64  # texts that stay parsed: a unit's files and the mistakes of an exercise, which every seed asks for again
SHAPE = re.compile(r"(\w+) \(([^()]*)\)")


class SourceError(GraderError):
    """A reference or a mistake cannot be cut or edited as asked; the message says where."""


@frozen
class Source:
    """One function or class of a reference: its source text, and what its signature and docstring say."""

    name: str
    text: str
    node: ast.FunctionDef | ast.ClassDef

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def kind(self) -> str:
        return "class" if self.is_class else "function"

    @cached_property
    def parameters(self) -> list[str]:
        """The names of its parameters; of a class, those of `__init__` without self."""
        return [argument.arg for argument in self._arguments.args]

    @cached_property
    def signature(self) -> str:
        return f"{self.name}({ast.unparse(self._arguments)})"

    @cached_property
    def docstring(self) -> str:
        return ast.get_docstring(self.node) or ""

    @cached_property
    def summary(self) -> str:
        """The signature and the docstring for a terminal; for a class also those of its methods."""
        head = f"{'class' if self.is_class else 'def'} {self.signature}"
        methods = [
            f"{method.name}({ast.unparse(_without_self(method.args))})\n    {ast.get_docstring(method)}"
            for method in self._interface
            if method.name != "__init__"
        ]
        return "\n\n".join([head, self.docstring, *methods]) + "\n"

    @property
    def _arguments(self) -> ast.arguments:
        if isinstance(self.node, ast.FunctionDef):
            return self.node.args
        makers = [method.args for method in _methods(self.node) if method.name == "__init__"]
        return _without_self(makers[0]) if makers else ast.arguments([], [], None, [], [], None, [])

    @property
    def _interface(self) -> list[ast.FunctionDef]:
        """A class's public methods with a docstring, which students write. The others are the author's own."""
        public = [each for each in _methods(self.node) if not each.name.startswith("_") or each.name.endswith("__")]
        return [method for method in public if ast.get_docstring(method)]

    @cached_property
    def shapes(self) -> dict[str, list[str]]:
        """The axes of each argument, from the docstring's shape line.

        `x (N, D), W (D, M) -> y (N, M)` gives {"x": ["N", "D"], "W": ["D", "M"]}.
        """
        return {name: _axes(inside) for name, inside in SHAPE.findall(self._shape_line[0]) if name in self.parameters}

    @cached_property
    def returns(self) -> list[str]:
        """The names of the answers in the docstring's shape line: ["y"] for `x (N, D) -> y (N,)`."""
        after = self._shape_line[1]
        while (inner := re.sub(r"\([^()]*\)", "", after)) != after:
            after = inner
        return re.findall(r"[^\W\d]\w*", after)

    @property
    def _shape_line(self) -> tuple[str, str]:
        for line in self.docstring.splitlines():
            before, arrow, after = f" {line}".partition(" -> ")  # in a driver, nothing stands before the arrow
            if arrow:
                return before, after
        return "", ""

    @cached_property
    def stub(self) -> str:
        """The function with its body cut out; decorators, signature, docstring and the comments above it stay.

        A class keeps its head and docstring and each method with a docstring, whose body is cut likewise.
        """
        if not ast.get_docstring(self.node):
            raise SourceError(f"{self.name} has no docstring; it is the first thing a student reads")
        if self.is_class and any(
            each.name == "__init__" and not ast.get_docstring(each) for each in _methods(self.node)
        ):
            raise SourceError(f"{self.name}.__init__ has no docstring: only methods that have one are in the stub")
        return self._cut(f"\n    {BODY}")

    @property
    def outline(self) -> str:
        """The stub without its bodies, for reading."""
        return self._cut("").rstrip("\n")

    def _cut(self, body: str) -> str:
        if not self.is_class:
            return self._head(self.node) + body + "\n"
        inner = textwrap.indent(body, "    ")
        return "\n".join([self._head(self.node) + "\n", *(self._head(each) + inner + "\n" for each in self._interface)])

    def marked(self, begin: str, end: str, helpers: str = "") -> str:
        """The reference with marks around each of its bodies, so that cutting out what is between them gives the stub.

        Methods that no student writes go inside the first pair of marks, `helpers` inside the last.
        """
        own = [method for method in _methods(self.node) if method not in self._interface] if self.is_class else []
        nodes = self._interface if self.is_class else [self.node]
        head = [self._head(self.node) + "\n"] if self.is_class else []
        parts = []
        for node in nodes:
            indent = " " * node.body[0].col_offset
            rest = [self._lines(statement) for statement in node.body[1:]] or [f"{indent}pass"]
            rest += [f"\n{self._lines(method)}" for method in own if node is nodes[0]]
            rest += [f"\n\n{helpers}"] if helpers and node is nodes[-1] else []
            parts.append("\n".join([self._head(node), f"{indent}{begin}", *rest, f"{indent}{end}"]) + "\n")
        return "\n".join([*head, *parts]).rstrip("\n")

    def _lines(self, node: ast.stmt) -> str:
        """A statement's lines as they are in the text, including decorators and the comments right above it."""
        lines = self.text.split("\n")
        first = first_line(node) - 1
        while lines[first - 1].strip().startswith("#"):
            first -= 1
        return "\n".join(lines[first : node.end_lineno])

    def _head(self, node: ast.FunctionDef | ast.ClassDef) -> str:
        return "\n".join(self.text.split("\n")[first_line(node) - 1 : node.body[0].end_lineno])

    @cached_property
    def span(self) -> tuple[int, int]:
        """Its first and last line, counted from 1."""
        return self.node.lineno, self.node.end_lineno or self.node.lineno

    @property
    def body(self) -> str:
        """The function or class as written, with its docstring."""
        first, last = self.span
        return "\n".join(self.text.split("\n")[first - 1 : last])


def _axes(inside: str) -> list[str]:
    return [axis.strip() for axis in inside.split(",") if axis.strip()]


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [item for item in node.body if isinstance(item, ast.FunctionDef)]


def _without_self(arguments: ast.arguments) -> ast.arguments:
    return ast.arguments(**dict(ast.iter_fields(arguments)) | {"args": arguments.args[1:]})


def definitions(text: str) -> dict[str, Source]:
    """The functions and classes of a module's text, by name, in order. Their trees are shared: whoever changes one copies it."""
    return {source.name: source for source in _parsed(text)}


@lru_cache(MEMORY)
def _parsed(text: str) -> tuple[Source, ...]:
    kinds = ast.FunctionDef | ast.ClassDef
    return tuple(Source(node.name, text, node) for node in ast.parse(text).body if isinstance(node, kinds))


def stub_module(text: str, exercises: list[str]) -> str:
    """A module's text with the exercises' bodies cut out and private helpers removed; everything else stays."""
    lines = text.split("\n")
    pieces: list[str] = []
    done = 0
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        first = first_line(node) - 1
        last = node.end_lineno or node.lineno
        is_private = node.name.startswith("_") and node.name not in exercises
        while is_private and first > done and lines[first - 1].startswith("#"):  # the comments right above it go, too
            first -= 1
        pieces.extend(lines[done:first])
        if node.name in exercises:
            pieces.extend(definitions(text)[node.name].stub.split("\n")[:-1])
        elif not is_private:
            pieces.extend(lines[first:last])
        done = last
    pieces.extend(lines[done:])
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(pieces).rstrip() + "\n")


def without(text: str, names: Collection[str]) -> str:
    """A module's text without the named definitions and the comments right above them."""
    return cut_out(text, names)[0].rstrip() + "\n"


def cut_out(text: str, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """(a module's text without the named definitions, each of these with the comments right above it)."""
    lines, rest, cut, done = text.split("\n"), [], {}, 0
    for name, source in definitions(text).items():
        if name not in names:
            continue
        first = min([source.node.lineno, *(decorator.lineno for decorator in source.node.decorator_list)]) - 1
        while first > done and lines[first - 1].startswith("#"):
            first -= 1
        rest += lines[done:first]
        done = source.span[1]
        cut[name] = "\n".join(lines[first:done])
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join([*rest, *lines[done:]])), cut


def uses(text: str) -> dict[str, set[str]]:
    """For each definition of a module the other definitions that it uses; "" stands for the statements between them."""
    known = definitions(text)
    between = [node for node in ast.parse(text).body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    texts = {"": "\n".join(map(ast.unparse, between))} | {name: source.body for name, source in known.items()}
    return {name: set(free_names(body)) & set(known) for name, body in texts.items()}


def free_names(text: str) -> list[str]:
    """The names that a text uses but does not define, other than builtins and `np`."""
    found, waiting = set(), [symtable.symtable(text, "text", "exec")]
    module = waiting[0]
    own = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return sorted(found - own - set(dir(builtins)) - {"np"})


def run_text(text: str, name: str, file: str) -> ModuleType:
    """Run a text as a module called `name` and return it; it is not added to sys.modules."""
    module = ModuleType(name)
    module.__file__ = file
    exec(_compiled(text, file), module.__dict__)
    return module


@lru_cache(MEMORY)
def _compiled(text: str, file: str) -> CodeType:
    return compile(text, file, "exec")
