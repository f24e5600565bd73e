"""The report formats by name. A writer is a function (graded, surroundings) -> text, in a module of its own.

Its module may also have `APPENDS`: texts for files that an environment variable names, such as a job's summary.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from grader.frozen import frozen

if TYPE_CHECKING:
    from grader.report import Report

Graded = Sequence[tuple[str, "Report"]]  # a unit's title and the report, one for each file in the order given

WRITERS = {
    "json": "our own schema 1",
    "junit": "JUnit XML: GitLab, Jenkins, Azure",
    "github": "GitHub Actions: annotations, job summary, outputs",
    "gradescope": "Gradescope's results.json",
    "classroom50": "Classroom 50's result.json",
    "codequality": "GitLab's code quality report",
    "check50": "check50's JSON",
    "markdown": "Markdown",
    "html": "a page that needs nothing else",
    "badge": "an SVG badge of the points",
}
FORMATS = ("text", *WRITERS)  # text is what a terminal shows, and needs a console


@frozen
class Surroundings:
    """What a writer gets besides the reports: the environment, the time, and a token that no submission can guess."""

    environment: Mapping[str, str]
    now: datetime
    token: str


def write(form: str, graded: Graded, surroundings: Surroundings) -> str:
    """Write the reports in a format other than text."""
    return _module(form).write(graded, surroundings)


def appended(form: str, graded: Graded, surroundings: Surroundings) -> Iterator[tuple[str, str]]:
    """(file, text) for each file to which this format appends, as the environment asks."""
    appends: Mapping[str, Callable[[Graded], str]] = getattr(_module(form), "APPENDS", {})
    for variable, text in appends.items():
        if file := surroundings.environment.get(variable):
            yield file, text(graded)


def _module(form: str):
    return importlib.import_module(f"grader.render.{form}")
