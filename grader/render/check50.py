"""The report in check50's JSON (`check50 -o json`): a result for each claim."""

import json

from grader.render.formats import Graded, Surroundings
from grader.render.rows import Row, rows
from grader.report import Status
from grader.text import inert
from grader.version import __version__


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The results; the slug names the units."""
    slug = "+".join(dict.fromkeys(report.unit for _, report in graded))
    data = {"slug": slug, "version": __version__, "results": [_result(row) for row in rows(graded)]}
    return json.dumps(data, indent=2) + "\n"


def _result(row: Row) -> dict:
    finding = row.check.finding
    cause = {"rationale": inert(finding.message), "help": inert(finding.hint) or None} if finding else None
    return {
        "name": f"{row.exercise.id}.{row.number}",
        "description": row.name,
        "passed": None if row.check.status is Status.SKIPPED else row.passed,
        "log": row.printed.splitlines(),
        "cause": cause,
        "data": {"points": row.check.points, "max_points": row.check.max_points},
        "dependency": None,
    }
