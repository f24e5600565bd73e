"""Errors that a user can cause and fix. The command line prints the message and exits with status 2, no traceback."""

from collections.abc import Sequence

from grader.text import inert, tame


class GraderError(ValueError):
    """Bad input. The message says what, where, and what to do next; it is made tame, so that it can quote any file."""

    def __init__(self, message: str = ""):
        super().__init__(tame(message))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback through the grader's own code: the sentence."""
        return [f"Error: {inert(str(self))}"]


class CourseError(GraderError):
    """A course, unit or exercise that cannot be found or chosen; the message says what to type instead."""


class OurFault(RuntimeError):
    """The grader or the course is broken: one sentence, exit status 3, and no student loses a point for it."""


def did_you_mean(wrong: str, known: Sequence[str], prefix: str = "") -> str:
    """The end of an error's sentence: the nearest known name, or the list."""
    import difflib  # slow to load, and needed only after a typing error

    near = difflib.get_close_matches(wrong, known, 1)
    if near:
        return f"; did you mean {prefix}{near[0]}?"
    return f"; there is {', '.join(known)}" if known else ""
