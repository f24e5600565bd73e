"""A site of the course with an engine that only plays: for facts about the page itself, which need no Python in a browser.

The engine's verdicts stand in the student's text: an exercise whose definition says RIGHT passes, one that says WRONG
fails, LOOP waits until it is stopped; any other is not written yet.
"""

import hashlib
import json
import shutil
from pathlib import Path

from grader.course.course import Course
from grader.key import ExerciseKey
from grader.releases.web_handout import html, introduction

SITE = Path(__file__).resolve().parents[2] / "grader" / "web" / "site"
ENGINE = (Path(__file__).parent / "fake_engine.js").read_text(encoding="utf-8")


def build(course: Course, units: list[str], to: Path, title: str = "A course") -> None:
    """Write the site of some units into a folder, in place of what is there; each build that differs has another name."""
    shutil.copytree(SITE, to, dirs_exist_ok=True)
    (to / "engine").mkdir(exist_ok=True)
    (to / "engine" / "engine.js").write_text(ENGINE, encoding="utf-8")
    (to / "units").mkdir(exist_ok=True)
    entries = [_unit(course, name, to) for name in units]
    finish(to, {"schema": 1, "version": "0", "title": title, "pyodide": "pyodide/", "numpy": "", "units": entries})


def finish(to: Path, site: dict) -> None:
    """Write site.json for the files that lie in the folder."""
    files = []
    for path in sorted(to.rglob("*")):
        if path.is_file() and path.name != "site.json":
            content = path.read_bytes()
            name = path.relative_to(to).as_posix()
            files.append({"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
    build_name = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    site = site | {"build": build_name, "files": files}
    (to / "site.json").write_text(json.dumps(site), encoding="utf-8")


def _unit(course: Course, name: str, to: Path) -> dict:
    key, path = course.key(name), course.assignment(name)
    stub = path.read_text(encoding="utf-8")
    readme = path.with_name("README.md").read_text(encoding="utf-8")
    about = html(introduction(readme), path.parent)
    exercises = [
        _exercise(each, path.parent) | {"links": course.settings.links(f"{name}.{each.name}")} for each in key.exercises
    ]
    whole = {"name": name, "title": key.title, "about": about, "file": path.name, "stub": stub, "exercises": exercises}
    (to / "units" / f"{name}.json").write_text(json.dumps(whole), encoding="utf-8")
    (to / "units" / f"{name}.key").write_bytes(course.key_path(name).read_bytes())
    needs = ["torch"] if any(each.torch for each in key.exercises) else []
    path_of = {"path": f"units/{name}.json", "key": f"units/{name}.key"}
    return {"name": name, "title": key.title, "points": key.max_points, "needs": needs} | path_of


def _exercise(key: ExerciseKey, folder: Path) -> dict:
    return {
        "name": key.name,
        "title": key.summary,
        "points": key.points,
        "claims": [{"claim": check.claim, "points": check.points} for check in key.checks],
        "hints": key.hints,
        "needs": ["torch"] if key.torch else [],
        "pieces": key.pieces,
        "handout": html(key.handout, folder),
    }
