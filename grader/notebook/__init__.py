"""Grading in a notebook: `from grader.notebook import check, points`, and `%load_ext grader` for `%%grade`."""

from grader.notebook.magics import check, points

__all__ = ["check", "points"]
