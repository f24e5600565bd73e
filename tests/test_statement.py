"""A statement's lines are found with its decorators, over however many lines these go."""

import ast

from grader.releases.web_units import _lines
from grader.statement import as_written, first_line

TEXT = """import numpy as np


@cache
@trace(
    "f",
    depth=2,
)
def f(x):
    return x


y = f(1)
"""


def test_a_statement_begins_with_its_first_decorator():
    assert [first_line(node) for node in ast.parse(TEXT).body] == [1, 4, 13]


def test_it_is_written_as_it_stands():
    lines = TEXT.splitlines()
    written = [as_written(node, lines) for node in ast.parse(TEXT).body]
    assert written == ["import numpy as np", "\n".join(lines[3:10]), "y = f(1)"]


def test_a_stub_in_the_page_begins_with_its_first_decorator():
    assert _lines(TEXT, ["f"]) == (4, 10)
