"""The report for GitHub Actions: text for the log, annotations on the student's lines, a job summary, and outputs.

The log is fenced by `stop-commands` with a token that the submission cannot know, so that the runner executes nothing
in it.
"""

import io

from grader.render import markdown
from grader.render.console import tame_console
from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, file_of, points_of, rows
from grader.render.terminal import WIDTH, render
from grader.report import UNJUDGED, Status

MAX_ANNOTATIONS = 8  # the runner silently drops more than 10 of a kind in a step
MAX_SUMMARY = 1_000_000  # bytes; larger uploads (above 1 MiB) are dropped


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The text for the log: the text report, then the annotations."""
    return (
        f"::stop-commands::{surroundings.token}\n{_log(graded)}::{surroundings.token}::\n"
        + "".join(annotations(graded))
        + _notice(graded)
    )


def summary(graded: Graded) -> str:
    """The job summary, cut between blocks if it is too large to upload."""
    out = ""
    for block in markdown.blocks(graded):
        if len((out + block).encode()) > MAX_SUMMARY:
            return out + "…\n"
        out += block + "\n\n"
    return out


def outputs(graded: Graded) -> str:
    """The outputs for later steps: only the grader's own numbers and words."""
    points, most = points_of(graded)
    status = "passed" if points == most else "failed"
    if any(report.is_our_fault for _, report in graded):
        status = "error"
    return f"points={points}\nmax_points={most}\nstatus={status}\n"


APPENDS = {"GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": outputs}


def annotations(graded: Graded) -> list[str]:
    """At most eight annotations, one per started exercise: those with a known cause first, then those with a line."""
    wrong: dict[str, Row] = {}
    for row in rows(graded):
        if row.check.finding and row.exercise.status not in UNJUDGED:
            first = wrong.setdefault(row.place, row)
            if not first.check.finding.mistake and row.check.finding.mistake:
                wrong[row.place] = row
    best = sorted(wrong.values(), key=_usefulness)[:MAX_ANNOTATIONS]
    return [_annotation(row) for row in best]


def _usefulness(row: Row) -> tuple[bool, bool, bool]:
    finding = row.check.finding
    return (not finding.mistake, not finding.hint, not finding.line)


def _annotation(row: Row) -> str:
    level = "warning" if row.exercise.status is Status.GRADER_ERROR else "error"
    title = f"{row.exercise.id}  {row.exercise.points}/{row.exercise.max_points}"
    properties = {"file": file_of(row.report), "line": str(row.line or ""), "title": title}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {given}::{_data(row.told)}\n"


def _notice(graded: Graded) -> str:
    points, most = points_of(graded)
    return f"::notice title=Points::{points}/{most}\n"


def _log(graded: Graded) -> str:
    file = io.StringIO()
    console = tame_console(file=file, width=WIDTH, color_system=None)
    for title, report in graded:
        render(report, title, console)
        console.print()
    return file.getvalue()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
