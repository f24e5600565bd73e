"""What a web page shows of a unit: the stubs cut into exercises, what is checked, hints, and handouts as HTML."""

import ast
from pathlib import Path
from typing import Any

from grader.authoring.build import plan
from grader.course.settings import Settings
from grader.course.unit import Unit
from grader.files import write_whole
from grader.key import ExerciseKey, Key, from_bytes
from grader.releases import web_handout
from grader.scratch import Scratch
from grader.statement import first_line

TORCH = ["torch"]  # what the page has not


def shown(unit: Unit, settings: Settings) -> tuple[dict[str, Any], bytes]:
    """A unit as JSON data for the page, and the students' key. There is nothing in them that students do not get anyway.

    `settings` are the released course's: they say which exercises build on which.
    """
    files = plan(unit)
    key, stub = from_bytes(files["key"], unit.name), files[f"{unit.name}.py"].decode()
    with Scratch() as name:
        folder = Path(name)
        for picture in (file for file in files if file.endswith(".svg")):
            write_whole(folder / picture, files[picture], is_lasting=False)
        exercises = [
            _exercise(unit, exercise, stub, folder) | {"links": settings.links(f"{unit.name}.{exercise.name}")}
            for exercise in key.exercises
        ]
        about = web_handout.html(unit.introduction, folder)
    data = {"name": unit.name, "title": key.title, "about": about, "file": f"{unit.name}.py", "stub": stub}
    return data | {"exercises": exercises}, files["key"]


def listed(key: Key) -> dict[str, Any]:
    """A unit's line in the list of all."""
    needs = TORCH if any(exercise.torch for exercise in key.exercises) else []
    return {"name": key.unit, "title": key.title, "points": key.max_points, "needs": needs}


def _exercise(unit: Unit, exercise: ExerciseKey, stub: str, folder: Path) -> dict[str, Any]:
    first, last = _lines(stub, unit.stubs_of(exercise.name))
    return {
        "name": exercise.name,
        "title": exercise.summary,
        "points": exercise.points,
        "stub": "\n".join(stub.splitlines()[first - 1 : last]) if last else "",
        "lines": [first, last],
        "claims": [{"claim": check.claim, "points": check.points} for check in exercise.checks],
        "hints": exercise.hints,
        "needs": TORCH if exercise.torch else [],
        "pieces": exercise.pieces,
        "handout": web_handout.html(unit.handout(exercise.name), folder),
    }


def _lines(stub: str, names: list[str]) -> tuple[int, int]:
    """The first and the last line of the definitions of some names; [0, 0] for an exercise that has none of its own."""
    found = [node for node in ast.parse(stub).body if getattr(node, "name", None) in names]
    if not found:
        return 0, 0
    first = min(map(first_line, found))
    return first, max(node.end_lineno or node.lineno for node in found)
