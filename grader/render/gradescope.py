"""The report as Gradescope's `results.json`: a test for each claim, everything as plain text."""

import json

from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, file_of, points_of, rows


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The results as JSON text. Only instructors see what the autograder itself prints."""
    data = {
        "score": points_of(graded)[0],
        "execution_time": round(sum(report.seconds for _, report in graded), 3),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_result(row) for row in rows(graded)],
        "extra_data": {
            "reports": [
                {"file": file_of(report), "sha256": report.sha256, "key": report.key, "isolation": report.isolation}
                for _, report in graded
            ]
        },
    }
    return json.dumps(data, indent=2) + "\n"


def _result(row: Row) -> dict:
    printed = f"\nyour code printed:\n{row.printed}" if row.printed else ""
    return {
        "name": row.name,
        "number": row.number,
        "score": row.check.points,
        "max_score": row.check.max_points,
        "status": "passed" if row.passed else "failed",
        "output": (row.told + printed).strip(),
        "tags": [row.exercise.id],
    }
