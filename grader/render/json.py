"""The report as JSON, schema 1: for other programs, and the form in which records are stored."""

import json

from grader.render.formats import Graded, Surroundings
from grader.report import SCHEMA, to_json


def write(graded: Graded, surroundings: Surroundings) -> str:
    """The report; a list of them for several files."""
    data = [to_json(report) for _, report in graded]
    return json.dumps(data[0] if len(data) == 1 else {"schema": SCHEMA, "reports": data}, indent=2) + "\n"
