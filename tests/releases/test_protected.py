"""What a student may delete, rename or edit in a repository of a course, one kind of change after another, and all of it."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import TOY
from test_platforms import CALM, HALF, SEED, answers, course, grade, repository  # noqa: F401  a fixture

from grader.releases import platforms
from grader.releases.platforms import Platform

ANSWERS = "assignments/toy/toy.py"
LIES = b"raise SystemExit(print('10/10'))\n"


@pytest.fixture(scope="module")
def released(course, tmp_path_factory) -> Path:  # noqa: F811
    place = tmp_path_factory.mktemp("protected") / "released"
    platforms.write_tree(platforms.actions(Platform(course, ["toy"], repository="school/course")), place)
    return place


@pytest.fixture(scope="module")
def keys(course, tmp_path_factory) -> Path:  # noqa: F811
    """The keys that mark, drawn from the secret seed."""
    place = tmp_path_factory.mktemp("keys") / "keys"
    done = grade("release", "keys", "toy", "--to", str(place), cwd=course.root, GRADE_SEED=SEED)
    assert done.returncode == 0, done.stderr
    return place


def step(job: str, file: Path) -> str:
    """The words of a workflow's step `Grade`, without the program that they are given to."""
    steps = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"][job]["steps"]
    return next(step["run"] for step in steps if step.get("name") == "Grade").removeprefix("../grader/bin/grade ")


def deleted(path: Path) -> None:
    path.unlink()


def renamed(path: Path) -> None:
    path.rename(path.with_name(f"my-{path.name}"))


def edited(path: Path) -> None:
    path.write_bytes(LIES)


def executable(path: Path) -> None:
    path.chmod(0o777)


def a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "toy.py").write_bytes(LIES)


CHANGES = (deleted, renamed, edited, executable, a_link, a_folder)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_every_protected_file_gains_nothing(released, keys, tmp_path, change):
    student = tmp_path / "submission"
    shutil.copytree(released / "template", student)
    answers(student, HALF)
    protected = [path for path in sorted(student.rglob("*")) if path.is_file() and path != student / ANSWERS]
    names = {path.relative_to(student).as_posix() for path in protected}
    assert {"assignments/toy/key", "assignments/course.toml", ".github/workflows/grade.yml", "README.md"} <= names
    for path in protected:
        change(path)
    repository(student)  # as git keeps it: without empty folders, with links as links
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(student), str(clone)], env=CALM, check=True)
    assert marked(keys, student) == (7, 10)
    assert shown(released, clone) == (7, 10)


def marked(keys: Path, student: Path) -> tuple[int, int]:
    """(points, of how many) as the marking workflow gets them: fetched as data, marked with a class."""
    place = student.parent / "marking"
    place.mkdir()
    (place / "repositories.csv").write_text(f"repository,student\n{student},Ada\n")
    (place / "roster.csv").write_text("student\nAda\n")
    bring = ["class", "fetch", "repositories.csv", "--host", "git", "--to", "class", "--times", "times.csv"]
    mark = ["class", "class", "--roster", "roster.csv", "--unit", "toy", "--csv", "points.csv"]
    for words in (bring, mark):
        done = grade(*words, "--course", str(keys), cwd=place)
        assert done.returncode == 0, done.stdout + done.stderr
    (row,) = csv.DictReader((place / "points.csv").read_text().splitlines())
    return int(row["points"] or 0), int(row["max_points"])


def shown(released: Path, clone: Path) -> tuple[int, int]:
    """(points, of how many) by the words of the workflow that runs in the student's repository."""
    words = step("grade", released / "template/.github/workflows/grade.yml").replace(
        "../course", str(released / "template")
    )
    return _points(f"{words} --also json=../report.json", clone, 1)


def _points(words: str, clone: Path, status: int) -> tuple[int, int]:
    done = grade(*words.split(), cwd=clone)
    assert done.returncode == status, done.stdout + done.stderr
    report = json.loads((clone.parent / "report.json").read_text())
    return report["points"], report["max_points"]


def outside(folder: Path) -> None:
    """The reference lies on the same disk; a link to its folder stands where the unit's is."""
    shutil.rmtree(folder / "assignments" / "toy")
    (folder / "assignments" / "toy").symlink_to(TOY / "solutions" / "toy")


def beside(folder: Path) -> None:
    """A link to a file of the grader's own side."""
    (folder / ANSWERS).unlink()
    (folder / ANSWERS).symlink_to(TOY / "solutions" / "toy" / "toy.py")


def by_attributes(folder: Path) -> None:
    """Git is told to change files as it checks them out."""
    (folder / ".gitattributes").write_text("* filter=lies ident eol=crlf\nassignments/toy/key export-ignore\n")
    (folder / ".git-blame-ignore-revs").write_text("x")
    (folder / ".gitmodules").write_text('[submodule "g"]\n\tpath = grader\n\turl = ../marking\n')


def by_names(folder: Path) -> None:
    """Names that a log, a shell or a browser would obey."""
    for name in ("x\n::notice title=Points::10", "$(touch gone)", "-rf", "<img src=x>.py", "--course", "toy.py\u202e"):
        (folder / name).write_text("x = 1\n")


@pytest.mark.parametrize(
    ("change", "points"),
    [(outside, 0), (beside, 0), (by_attributes, 7), (by_names, 7)],
    ids=lambda item: getattr(item, "__name__", str(item)),
)
def test_what_git_carries_gains_nothing(released, keys, tmp_path, change: Callable, points):
    student = tmp_path / "submission"
    shutil.copytree(released / "template", student)
    answers(student, HALF)
    change(student)
    repository(student)
    assert marked(keys, student) == (points, 10)
    assert not list(tmp_path.rglob("gone"))
