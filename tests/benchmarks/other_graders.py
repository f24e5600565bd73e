"""The same submissions by plain pytest, nbgrader and otter-grader: each asks the questions of the key that take a plain
comparison, and gets the same expected answers.

What they do not do: hold the student's code, name a mistake, judge a property, ask a class or a tensor.
"""

import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from grader.key import Key
from grader.sandbox import wire

Seconds = float
# What asks, in all three: a list of questions beside it, and a namespace with the student's functions.
ASKS = """
import copy, pickle
import numpy as np

QUESTIONS = pickle.load(open({place!r}, "rb"))

def same(got, expected):
    if isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for one, other in zip(got, expected):
            same(one, other)
    elif isinstance(expected, dict):
        assert set(got) == set(expected)
        for key in expected:
            same(got[key], expected[key])
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)

def ask(known, number):
    pieces, driver, parameters, inputs, expected = QUESTIONS[number]
    own, given = [known[name] for name in pieces], copy.deepcopy(inputs)
    if driver:
        names = dict(np=np)
        exec(driver, names)
        got = list(names.values())[-1](*own, **given)
    else:
        got = own[0](*[given[name] for name in parameters if name in given])
    same(got, expected)
    return True
"""


def questions_for(key: Key, reference: str, folder: Path) -> int:
    """Write the questions that the reference answers rightly in this way, too; returns how many."""
    asked = []
    for exercise in key.exercises:
        for question in exercise.questions:
            way = exercise.way_of(question)
            one = (exercise.pieces, way.driver, way.parameters, question.inputs, question.expected)
            if not exercise.torch and not _has_chance(question.inputs):
                asked.append(one)
    place, known = folder / "questions.pickle", {}
    exec(reference, known)
    place.write_bytes(pickle.dumps(asked))
    names: dict = {}
    exec(ASKS.format(place=str(place)), names)
    kept = [one for number, one in enumerate(asked) if _answers(names["ask"], known, number)]
    place.write_bytes(pickle.dumps(kept))
    return len(kept)


def _answers(ask: Callable, known: dict, number: int) -> bool:
    try:
        return ask(known, number)
    except Exception:
        return False


def _has_chance(tree: object) -> bool:
    if isinstance(tree, dict):
        return any(map(_has_chance, tree.values()))
    return any(map(_has_chance, tree)) if isinstance(tree, list | tuple) else isinstance(tree, wire.Seeded)


def by_pytest(unit: str, sources: Sequence[str], folder: Path, count: int) -> Seconds:
    """Seconds a submission: pytest with a test for each question, without any isolation."""
    text = ASKS.format(place=str(folder / "questions.pickle")) + (
        f"import pytest, {unit}\n\n@pytest.mark.parametrize('number', range({count}))\n"
        f"def test_question(number):\n    ask(vars({unit}), number)\n"
    )
    start = time.perf_counter()
    for number, source in enumerate(sources):
        one = folder / f"pytest{number}"
        one.mkdir()
        (one / f"{unit}.py").write_text(source, encoding="utf-8")
        (one / "test_it.py").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(one)]
        ended = subprocess.run(command, cwd=one, capture_output=True, text=True)
        assert ended.returncode in (0, 1), ended.stdout[-2000:]
    return (time.perf_counter() - start) / len(sources)


def by_nbgrader(unit: str, sources: Sequence[str], folder: Path, count: int) -> Seconds | None:
    """Seconds a submission of `nbgrader autograde`; None where it cannot run a notebook here."""
    course = folder / "nbgrader"
    for student, source in [("source", sources[0]), *((f"submitted/s{n}", each) for n, each in enumerate(sources))]:
        (course / student / "hw").mkdir(parents=True)
        (course / student / "hw" / f"{unit}.ipynb").write_text(json.dumps(_notebook(source, folder, count)))
    tool = [sys.executable, "-m", "nbgrader"]
    quiet = {"cwd": course, "capture_output": True, "text": True, "env": os.environ | _beside(sys.executable)}
    made = subprocess.run([*tool, "generate_assignment", "hw"], **quiet)
    start = time.perf_counter()
    done = subprocess.run([*tool, "autograde", "hw"], **quiet) if made.returncode == 0 else made
    if done.returncode:
        print("nbgrader: not here:", (done.stderr.strip().splitlines() or ["?"])[-1][:200])
        return None
    return (time.perf_counter() - start) / len(sources)


def by_otter(python: str, unit: str, sources: Sequence[str], folder: Path, count: int) -> Seconds | None:
    """Seconds a submission of `otter run`, which grades one on this machine; None where it cannot."""
    home = folder / "otter"
    home.mkdir()
    code = "".join(f">>> ask(globals(), {number})\nTrue\n" for number in range(count))
    suite = {"cases": [{"code": code}], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    config = {"lang": "python", "points_possible": None}
    with zipfile.ZipFile(home / "autograder.zip", "w") as archive:
        archive.writestr("otter_config.json", json.dumps(config))
        archive.writestr("tests/all.py", f"test = { ({'name': 'all', 'points': 1, 'suites': [suite]})!r}")
    start = time.perf_counter()
    for number, source in enumerate(sources):
        file = home / f"s{number}.ipynb"
        notebook = _notebook(source, folder, count)
        notebook["cells"] = notebook["cells"][:2]
        file.write_text(json.dumps(notebook))
        command = [python, "-m", "otter", "run", "-a", str(home / "autograder.zip"), "-o", str(home), str(file)]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, env=os.environ | _beside(python))
        if done.returncode:
            print("otter-grader: not here:", (done.stderr.strip().splitlines() or ["?"])[-1][:200])
            return None
    return (time.perf_counter() - start) / len(sources)


def _beside(python: str) -> dict[str, str]:
    """A PATH on which an environment's own kernels and tools are found first."""
    return {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}


def _notebook(source: str, folder: Path, count: int) -> dict:
    asks = ASKS.format(place=str(folder / "questions.pickle"))
    cells = [
        _cell("solution", source, solution=True),
        _cell("asks", asks, locked=True),
        _cell("tests", f"assert all([ask(globals(), n) for n in range({count})])", grade=True, locked=True, points=10),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}


def _cell(name: str, source: str, **flags: object) -> dict:
    plain = {"schema_version": 3, "grade": False, "locked": False, "solution": False, "task": False, "grade_id": name}
    about = {"nbgrader": plain | flags}
    kind = {"cell_type": "code", "outputs": [], "execution_count": None}
    return kind | {"id": name, "metadata": about, "source": source}
