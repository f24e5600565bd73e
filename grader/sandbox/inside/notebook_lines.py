"""Which lines of a notebook are the student's code. Text goes in, lines come out; nothing is run here.

Left out, with line numbers kept: text cells and outputs, cells that nbgrader grades (they belong to the course), lines
for IPython (`%magic`, `!command`), and cells in another language (`%%bash`). If several cells have the same id, all are
kept in order: the last definition counts, as it does when the notebook runs.
"""

import ast
import json
import re

FOR_IPYTHON = re.compile(r"^\s*[%!?].*|^\w[\w.]*\?+\s*$")
IN_PYTHON = re.compile(r"%%(?:time|timeit|capture|prun|grade)\b.*")  # magics whose cell is still Python
# Calls that only show something.
SHOWS = {"print", "display", "help", "check", "demo", "explain", "hint", "points", "pprint"}


def code_cells(text: str) -> list[tuple[int, list[str]]]:
    """(number, lines) of each code cell, from 1. ValueError, KeyError, TypeError or RecursionError if it is none."""
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return [(number, _lines(cell)) for number, cell in enumerate(cells, 1)]


def only_shows(node: ast.stmt) -> bool:
    """Whether a statement of a notebook only shows something: a print, a name, a value at the end of a cell."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Call):
        return isinstance(node.value.func, ast.Name) and node.value.func.id in SHOWS
    return isinstance(node.value, ast.Name | ast.Attribute | ast.Constant | ast.Tuple)


def is_graded(cell: dict) -> bool:
    """Whether nbgrader awards points for this cell and the student does not write in it."""
    marks = cell.get("metadata", {}).get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


def _lines(cell: dict) -> list[str]:
    source = "".join(cell["source"])
    if is_graded(cell):
        return []
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        if not IN_PYTHON.fullmatch(first):
            return []
        source = source[: len(source) - len(source.lstrip())] + "\n" + rest
    return [FOR_IPYTHON.sub("", line) for line in source.split("\n")]
