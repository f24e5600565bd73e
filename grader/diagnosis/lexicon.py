"""What exceptions of Python, NumPy and PyTorch mean to somebody who meets them for the first time, as one table.

Each row has the words by which an exception is known, what the line that raised it must hold (empty for any line), and our
sentence, in which `{0}`, `{1}`, … are what the brackets of the first have caught: the shapes, the sizes, the names that met.
The first row that fits is taken. The tests raise each of them with the libraries that are installed.
"""

import re

from grader.diagnosis.lexicon_calls import CALLS
from grader.diagnosis.lexicon_numpy import NUMPY
from grader.diagnosis.lexicon_python import PYTHON
from grader.diagnosis.lexicon_torch import TORCH

OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "@": "matmul",
    "** or pow()": "pow",
    "**": "pow",
}
PLAIN = {
    "int",
    "float",
    "bool",
    "complex",
    "str",
    "list",
    "tuple",
    "dict",
    "set",
    "function",
    "builtin_function_or_method",
}
NUMBERS = {"int", "float", "numpy.float64", "numpy.ndarray"}

ANYWHERE = (*NUMPY, *TORCH, *PYTHON)
LEXICON = (*ANYWHERE, *CALLS)


def advice(message: str, line: str = "", is_own: bool = True) -> str:
    """What an exception means, by its message and the line of code that raised it; empty where the table has nothing.

    Of a line that is not the student's own nothing is said that speaks of how it is written.
    """
    for pattern, on_line, sentence in LEXICON if is_own else ANYWHERE:
        if (found := re.search(pattern, message)) and re.search(on_line, line):
            return re.sub(r"\b1 entries\b", "1 entry", sentence.format(*found.groups()))
    return _missing_method(message)


def _missing_method(message: str) -> str:
    """What to define, where an operator meets a class of the student's own; empty for anything else."""
    if found := re.search(r"unsupported operand type\(s\) for (.+?)=?: '([\w.]+)' and '([\w.]+)'", message):
        operator, left, right = found.groups()
        own = [name for name in (left, right) if name not in PLAIN and "." not in name and name != "Tensor"]
        if operator in OPERATORS and own:
            is_reflected = left in NUMBERS
            method = f"__{'r' if is_reflected else ''}{OPERATORS[operator]}__"
            return f"`{left} {operator[:2].strip()} {right}` asks {own[0]} for the method {method}, and it has none that takes this."
    if found := re.search(r"bad operand type for unary (.): '(\w+)'", message):
        method = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}[found[1]]
        return f"`{found[1]}x` asks {found[2]} for the method {method}, and it has none."
    return ""
