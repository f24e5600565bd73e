"""A student's function or class under a newer heading: the new signature and docstring, and the student's own body.

Texts are cut by lines, so that comments and layout survive.
"""

import ast
import tokenize

from grader.frozen import frozen
from grader.statement import as_written, first_line

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@frozen
class Part:
    """A definition with the lines of the file it stands in."""

    node: Definition
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return as_written(self.node, self.lines)

    @property
    def decorators(self) -> list[str]:
        return list(self.lines[first_line(self.node) - 1 : self.node.lineno - 1])

    @property
    def signature(self) -> list[str]:
        """The lines from `def` or `class` up to what follows the colon."""
        return list(self.lines[self.node.lineno - 1 : self._inside - 1])

    @property
    def docstring(self) -> list[str]:
        body = self.node.body[0]
        return list(self.lines[body.lineno - 1 : body.end_lineno]) if self.has_docstring else []

    @property
    def body(self) -> list[str]:
        """The lines behind the docstring, comments included."""
        start = (self.node.body[0].end_lineno or 0) + 1 if self.has_docstring else self._inside
        return list(self.lines[start - 1 : self.node.end_lineno])

    @property
    def has_docstring(self) -> bool:
        return ast.get_docstring(self.node, clean=False) is not None

    @property
    def is_on_one_line(self) -> bool:
        """Whether something stands behind the colon, where no other heading can be put before it."""
        return self.node.body[0].lineno <= _colon(self)

    @property
    def _inside(self) -> int:
        return _colon(self) + 1


def _colon(part: "Part") -> int:
    """The line on which a heading ends, with the colon behind its arguments, bases and result."""
    depth, start = 0, part.node.lineno
    rest = iter(part.lines[start - 1 :])
    for token in tokenize.generate_tokens(lambda: next(rest, "") + "\n"):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and not depth:
                return start + token.start[0] - 1
    raise AssertionError("what was parsed as a definition has a colon")


def is_unwritten(own: Part, stubs: list[Part]) -> bool:
    """Whether a definition is one of these stubs, whatever its docstring and layout are."""
    return any(_code(own.node) == _code(stub.node) for stub in stubs)


def _code(node: Definition) -> str:
    bare = ast.parse(ast.unparse(node)).body[0]
    for inner in ast.walk(bare):
        if isinstance(inner, Definition) and ast.get_docstring(inner, clean=False) is not None:
            inner.body = inner.body[1:] or [ast.Pass()]
    return ast.dump(bare)


def arguments(node: Definition) -> str:
    """The arguments of a function as text; of a class those of its methods."""
    if isinstance(node, ast.ClassDef):
        methods = (inner for inner in node.body if isinstance(inner, ast.FunctionDef))
        return "; ".join(f"{inner.name}({ast.unparse(inner.args)})" for inner in methods)
    return ast.unparse(node.args)


def under_a_new_heading(own: Part, new: Part, before: Part | None) -> str | None:
    """The student's definition with the new one's heading; None where they do not fit together.

    A heading that is as it was `before` leaves the student's signature, which may have other names or notes on types.
    """
    if isinstance(own.node, ast.ClassDef) != isinstance(new.node, ast.ClassDef) or own.is_on_one_line:
        return None
    if isinstance(own.node, ast.ClassDef):
        lines = _class(own, new, before)
    else:
        keeps = before is not None and arguments(before.node) == arguments(new.node)
        heading = own.signature if keeps else new.signature
        lines = [*own.decorators, *heading, *_indented_as(new.docstring, own), *own.body]
    text = "\n".join(lines)
    return text if _parses(text, own.node.col_offset) else None


def _class(own: Part, new: Part, before: Part | None) -> list[str]:
    """The student's class: each method that the new one has gets its heading, the rest stays, what is new is added."""
    theirs, old = _methods(new), _methods(before) if before else {}
    bases = [ast.unparse(base) for base in new.node.bases]
    same = [ast.unparse(base) for base in own.node.bases] == bases
    lines = [*own.decorators, *(own.signature if same else new.signature), *new.docstring]
    at = len(own.lines[: own.node.end_lineno or 0]) - len(own.body)
    for name, method in _methods(own).items():
        lines += own.lines[at : first_line(method.node) - 1]
        put = under_a_new_heading(method, theirs[name], old.get(name)) if name in theirs else None
        lines += (put or method.text).split("\n")
        at = method.node.end_lineno or at
    lines += own.lines[at : own.node.end_lineno]
    for name, method in theirs.items():
        if name not in _methods(own):
            lines += ["", *method.text.split("\n")]
    return lines


def _methods(part: Part) -> dict[str, Part]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name: Part(node, part.lines) for node in part.node.body if isinstance(node, kinds)}


def _indented_as(docstring: list[str], own: Part) -> list[str]:
    """A docstring as deep as the student's own lines are."""
    first = own.node.body[-1]
    line = own.lines[first.lineno - 1]
    depth = line[: len(line) - len(line.lstrip())]
    usual = " " * (own.node.col_offset + 4)
    return [depth + line[len(usual) :] if line.startswith(usual) else line for line in docstring]


def _parses(text: str, depth: int) -> bool:
    wrapped = "if True:\n" + text if depth else text
    try:
        ast.parse(wrapped)
    except (SyntaxError, ValueError):
        return False
    return True
