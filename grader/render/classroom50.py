"""The report as Classroom 50's `result.json`, schema classroom50/result/v1.

Its scores are integers, as ours are. Classroom 50's runner fills in the owner and the kind of assignment. `datetime` is
the time of submission, SUBMITTED_AT in the environment, or else the time of grading.
"""

import json
import re

from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, points_of, rows

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The result as JSON text; fields that the runner's environment does not provide stay empty."""
    environment = surroundings.environment
    points, most = points_of(graded)
    now = surroundings.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    submitted = environment.get("SUBMITTED_AT", "")
    data = {
        "schema": "classroom50/result/v1",
        "classroom": environment.get("CLASSROOM", ""),
        "assignment": environment.get("ASSIGNMENT", ""),
        "submission": environment.get("SUBMISSION_TAG", ""),
        "commit": environment.get("COMMIT_URL", ""),
        "release": environment.get("RELEASE_URL", ""),
        "review": environment.get("REVIEW_URL") or environment.get("COMMIT_URL", ""),
        "datetime": submitted if INSTANT.fullmatch(submitted) else now,
        "graded_at": now,
        "score": points,
        "max-score": most,
        "tests": [_result(row) for row in rows(graded)],
    }
    return json.dumps(data, indent=2) + "\n"


def _result(row: Row) -> dict:
    result = {
        "test-name": row.name,
        "passed": row.passed,
        "score": row.check.points,
        "max-score": row.check.max_points,
    }
    return result | ({"message": row.told} if row.told else {})
