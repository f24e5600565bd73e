"""Grading in a notebook: `from grader.notebook import check, demo, explain, hint, points`, and `%load_ext grader` for `%%grade`."""

from grader.notebook.demonstrating import demo
from grader.notebook.magics import check, points
from grader.notebook.reading_aloud import explain, hint

__all__ = ["check", "demo", "explain", "hint", "points"]
