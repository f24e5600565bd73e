"""Grade one submission: `grader.grading.grade` loads it, asks it, judges and diagnoses the answers, and reports."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.grading.submission_report import grade as grade


def __getattr__(name: str) -> Any:
    if name == "grade":  # found when it is asked for: a command that grades nothing loads no NumPy
        from grader.grading.submission_report import grade

        return grade
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
