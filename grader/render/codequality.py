"""The findings as GitLab's code quality report: one issue for each finding, on the student's file and line."""

import hashlib
import json

from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, file_of, rows
from grader.report import UNJUDGED, Status

SEVERITY = {Status.FAILED: "major", Status.GRADER_ERROR: "info"}


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The list of issues as JSON text; empty if everything that was started is right."""
    found = [row for row in rows(graded) if row.check.finding and row.exercise.status not in UNJUDGED]
    return json.dumps([_issue(row) for row in found], indent=2) + "\n"


def _issue(row: Row) -> dict:
    path = file_of(row.report)
    return {
        "description": f"{row.name}: {' '.join(row.told.split())}",
        "check_name": row.exercise.id,
        "fingerprint": hashlib.sha256(
            f"{path}\0{row.name}".encode()
        ).hexdigest(),  # identifies the same finding in every run
        "severity": SEVERITY.get(row.exercise.status, "critical"),
        "location": {"path": path, "lines": {"begin": max(row.line, 1)}},
    }
