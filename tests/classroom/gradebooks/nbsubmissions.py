"""Ten students of an nbgrader course, each with a way of their own: what they hand in, and the points that it must earn."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass

RIGHT = {
    "scale": "def scale(x, factor=2.0):\n    return x * factor",
    "row_sums": "def row_sums(x):\n    return np.sum(x, axis=1)",
    "mean_and_spread": "def mean_and_spread(x):\n    return x.mean(), x.std()",
}
FULL = {"scale": 4, "row_sums": 3, "mean_and_spread": 3}


@dataclass(frozen=True)
class Student:
    """`change` makes what the student hands in of the released notebook; `points` are by exercise."""

    name: str
    points: dict[str, int]
    change: Callable[[dict], None]


def cell(notebook: dict, grade_id: str) -> dict:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def solve(notebook: dict, **answers: str) -> None:
    for name, text in (RIGHT | answers).items():
        cell(notebook, name)["source"] = text


def code(text: str) -> dict:
    return {
        "cell_type": "code",
        "metadata": {},
        "source": text,
        "outputs": [],
        "execution_count": None,
        "id": f"n{abs(hash(text)) % 10**9}",
    }


def empty(notebook: dict) -> None:
    """Nothing was written."""


def partial(notebook: dict) -> None:
    solve(notebook, scale="def scale(x, factor=2.0):\n    return x * 2.0")


def broken(notebook: dict) -> None:
    solve(notebook, row_sums="def row_sums(x)\n    return (")


def altered(notebook: dict) -> None:
    """Graded cells that say 'full points', or more than there are, and a setup that was emptied."""
    cell(notebook, "scale-points")["source"] = "4.0"
    cell(notebook, "row_sums-points")["source"] = "1000"
    cell(notebook, "row_sums-points")["metadata"]["nbgrader"]["points"] = 1000
    cell(notebook, "setup")["source"] = "pass"
    solve(notebook, scale="def scale(x, factor=2.0):\n    return x + factor")


def deleted(notebook: dict) -> None:
    """A graded cell, the setup, and a solution that now stands in a cell of the student's own."""
    solve(notebook)
    gone = ("scale-points", "setup", "row_sums")
    notebook["cells"] = [
        c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") not in gone
    ] + [code(RIGHT["row_sums"])]


def duplicates(notebook: dict) -> None:
    """A solution cell pasted twice; the second is the right one."""
    solve(notebook, scale="def scale(x, factor=2.0):\n    return x - factor")
    again = copy.deepcopy(cell(notebook, "scale"))
    again["source"], again["id"] = RIGHT["scale"], "again"
    notebook["cells"].insert(notebook["cells"].index(cell(notebook, "scale")) + 1, again)


def endless(notebook: dict) -> None:
    solve(notebook, mean_and_spread="def mean_and_spread(x):\n    while True:\n        pass")


def dead_kernel(notebook: dict) -> None:
    solve(notebook)
    notebook["cells"].insert(3, code("import os\nos._exit(3)"))


def warns(notebook: dict) -> None:
    solve(
        notebook,
        row_sums="import sys, warnings\n\ndef row_sums(x):\n    warnings.warn('careful')\n"
        "    print('here', file=sys.stderr)\n    print(1e9)\n    return np.sum(x, axis=1)",
    )
    notebook["cells"].append(
        code("import warnings, sys\nwarnings.warn('again')\nprint('0.0', file=sys.stderr)\nrow_sums(np.ones((2, 2)))")
    )


STUDENTS = [
    Student("perfect", FULL, solve),
    Student("empty", dict.fromkeys(FULL, 0), empty),
    Student("partial", FULL | {"scale": 3}, partial),
    Student("broken", FULL | {"row_sums": 0}, broken),
    Student("altered", FULL | {"scale": 1}, altered),  # one entry still moves one entry, and that is a claim of its own
    Student("deleted", FULL, deleted),
    Student("duplicates", FULL, duplicates),
    Student("endless", FULL | {"mean_and_spread": 0}, endless),
    Student("dead", FULL, dead_kernel),
    Student("warns", FULL, warns),
]

# One of each kind for nbgrader's own way, with a kernel for each student: no points, some, marks that were changed, cells that
# are gone, no end, no kernel.
FEW = ("empty", "partial", "altered", "deleted", "endless", "dead")


def handed_in(student: Student, released: str) -> str:
    notebook = json.loads(released)
    student.change(notebook)
    return json.dumps(notebook)
