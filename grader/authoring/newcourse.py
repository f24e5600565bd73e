"""`grade dev course NAME`: create a course with one working exercise to start from, and what makes a package of it.

The exercise is complete: it passes `grade dev check`. Authors change it, or add others with `grade dev new`.
"""

import re
from pathlib import Path

from grader.authoring.build import build, write
from grader.course.course import Course
from grader.errors import GraderError

UNIT = "first_steps"

COURSE = """\
# The course: its title, and its units in teaching order. After a change: `grade dev build`.
title = "{title}"
units = ["first_steps"]

# Each of what follows may be left out.

# [points]                                  # where an exercise is worth another number than its author's
# "first_steps.centre" = 10

# [due]
# first_steps = 2030-11-20T23:59:00+01:00

# [late]
# penalty = 10                              # percent of the points for each day begun
# days = 3                                  # after which nothing counts
# grace_minutes = 15

# [packages]                                # what submissions may import beside the standard library
# first_steps = ["numpy"]

# [limits]
# seconds = 10                              # for each exercise
# submission_seconds = 120
# memory_mb = 2048
"""

PACKAGE = """\
# The course as a package. `pip wheel --no-deps .` makes it; where it is installed, `grade init DIR --course {slug}` makes a
# student's folder, `grade update` brings a newer version into it, and every command takes `--course {slug}`.
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{slug}"
version = "0.1.0"
description = "{title}: a course for deep-grade"
requires-python = ">=3.11"
dependencies = ["deep-grade"]

[project.entry-points."deep_grade.courses"]
{slug} = "{module}"

[tool.hatch.build.targets.wheel]
bypass-selection = true # nothing but what students get: no solutions

[tool.hatch.build.targets.wheel.force-include]
assignments = "{module}/assignments"

[tool.hatch.build.targets.sdist]
include = ["assignments", "solutions"] # for staff: do not publish it where students read
"""

CHECKS = """\
# What every push must pass: five seeds of each exercise prove its checks, and assignments/ is what solutions/ make.
name: checks
on: [push, pull_request]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-python@v6
        with:
          python-version: "3.12"
      - run: pip install 'deep-grade[author]'
      - run: grade dev check --seeds 5 --runs 1
      - run: pip wheel --no-deps --wheel-dir dist .
"""

FILES = {
    "first_steps.py": '''"""First steps: arrays by rows and columns."""

import numpy as np


def centre(x):
    """Subtract from each column its mean.

    x (N, D) -> centred (N, D)

    Rows are examples and columns are features; the columns of what you return have mean 0.
    """
    return x - np.mean(x, axis=0)
''',
    "checks.py": '''"""How the answers of this unit are judged: cases, checks and the mistakes that people really make."""

from functools import partial

from grader.exercise import Exercise, Mistake, agrees, edit, moves

ALLOWS = ("numpy",)


def examples(draw, N=5, D=3):
    """Far from zero, so that a mean that is left in cannot hide."""
    return dict(x=2.0 + draw(N, D))


def one_row_higher(inputs, draw):
    x = inputs["x"].copy()
    x[1] += 1.0
    return dict(x=x)


centre = Exercise(
    points=4,
    cases={"five examples": examples, "two examples": partial(examples, N=2, D=4)},
    checks=[
        agrees(2, "subtracts each column's mean", on="five examples"),
        agrees(1, "has a mean for each column of a wider table", on="two examples"),
        moves(1, "lets an example that moves be felt by every other", change=one_row_higher, on="five examples"),
    ],
    mistakes=[
        Mistake(
            "rows",
            "You subtract the mean of each row, and it must be the mean of each column.",
            edit("np.mean(x, axis=0)", "np.mean(x, axis=1, keepdims=True)"),
        ),
        Mistake(
            "all",
            "You subtract one mean for the whole array, and each column has its own.",
            edit("np.mean(x, axis=0)", "np.mean(x)"),
        ),
        Mistake(
            "added",
            "You add the mean, and it must be subtracted.",
            edit("x - np.mean(x, axis=0)", "x + np.mean(x, axis=0)"),
        ),
        Mistake(
            "scaled",
            "You divide by the spread as well: nothing is scaled here.",
            edit("x - np.mean(x, axis=0)", "(x - np.mean(x, axis=0)) / (np.std(x, axis=0) + 1e-8)"),
        ),
    ],
    hints=["Over which axis does a column run?", "What shape do the means have, and how do they meet the rows of x?"],
)
''',
    "oracles.py": '''"""Independent truth for this unit: loops over single numbers. Read by `grade dev check` alone."""

import math

import numpy as np


def centre(x):
    N, D = x.shape
    means = [math.fsum(float(x[n, d]) for n in range(N)) / N for d in range(D)]
    return np.array([[float(x[n, d]) - means[d] for d in range(D)] for n in range(N)])
''',
    "rewrites.py": '''"""Correct answers written another way: each keeps every point. `<exercise>__<how>`."""

import numpy as np


def centre__by_a_matrix(x):
    return (np.eye(len(x)) - 1.0 / len(x)) @ x


def centre__column_by_column(x):
    return np.stack([column - column.sum() / column.size for column in x.T], axis=1)
''',
    "handout.md": """Data come as a table: a row for each example, a column for each feature. Most of what is done to a table is done along
one of its two axes, and the first thing to learn is which.

## centre

Before anything is learnt from a table, its features are centred: from each column its mean is taken away,

$$y_{nd} = x_{nd} - \\frac{1}{N}\\sum_{m=1}^N x_{md}.$$

With the rows (1, 10) and (3, 30), the means are 2 and 20, and what is left is (−1, −10) and (1, 10).
""",
}


def new_course(folder: Path) -> list[Path]:
    """Write a course with one unit, and what makes a package of it, and build it; returns the written paths. GraderError if something is there."""
    if not re.fullmatch(r"[\w][\w .-]*", folder.name):
        raise GraderError(f"{folder.name!r} cannot be a course's name; use letters, digits, spaces, - and _")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GraderError(f"{folder} exists and is not empty; choose another name")
    solutions = folder / "solutions"
    title = re.sub(r"[\s_-]+", " ", folder.name).strip()
    texts = {solutions / UNIT / name: text for name, text in FILES.items()}
    title = title[:1].upper() + title[1:]
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "course"
    module = f"course_{slug.replace('-', '_')}"  # a name that no other package has
    texts[folder / "pyproject.toml"] = PACKAGE.format(slug=slug, title=title, module=module)
    texts[folder / ".github" / "workflows" / "checks.yml"] = CHECKS
    texts[solutions / "course.toml"] = COURSE.format(title=title)  # last, because it makes the folder a course
    for path, text in texts.items():
        write(path, text.encode())
    return [*texts, *build(Course(folder), [UNIT])]
