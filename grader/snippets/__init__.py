"""A case of an exercise as lines of Python: they build its inputs, call the student's function, and show expected and got."""

from grader.snippets.snippet import failing, first_failing, labels, snippet

__all__ = ["failing", "first_failing", "labels", "snippet"]
