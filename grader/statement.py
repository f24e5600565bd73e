"""A statement of Python, and the lines of a text on which it stands."""

import ast
from collections.abc import Sequence


def first_line(node: ast.stmt) -> int:
    """The line on which a statement begins, counted from 1: that of its first decorator, where it has any.

    >>> first_line(ast.parse("@cache\\n@trace(\\n    1)\\ndef f(): pass").body[0])
    1
    """
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def as_written(node: ast.stmt, lines: Sequence[str]) -> str:
    """A statement's text, with its decorators; `lines` are those of the whole text.

    >>> text = "import numpy\\n@cache\\ndef f(): pass\\n"
    >>> as_written(ast.parse(text).body[1], text.splitlines())
    '@cache\\ndef f(): pass'
    """
    return "\n".join(lines[first_line(node) - 1 : node.end_lineno])
