"""What was handed in is data: no course, key, setting, solution or module that lies in it decides or runs anything.

`alice` has handed in a whole course: its key believes everybody, its checks.py and whatever Python could import from beside it leave
a mark when they run. Every command is typed in every place from which one might type it.
"""

import csv
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import warm
from conftest import RIGHT, ROOT

from grader import key as keys
from grader.course.course import find
from grader.course.names import completions
from grader.errors import CourseError
from grader.key import Key
from grader.notebook import magics

NONSENSE = "def scale(x, factor=2.0):\n    return x * factor\n"  # 4 of 10 points
EASY = 4  # what there is to get by alice's key: the one exercise that she can do
MODULES = (
    "cli",
    "click",
    "numpy",
    "json",
    "pickle",
    "sitecustomize",
    "usercustomize",
    "conftest",
    "multiprocessing",
    "torch",
)
NOT_USED = ("there is no course here, and none is taken from what is graded", "and what was handed in decides nothing")


@dataclass(frozen=True)
class World:
    """A teacher's course, what a class handed in, and the grader as a wheel installs it: beside no course."""

    root: Path
    grader: Path

    @property
    def mark(self) -> Path:
        return self.root / "RAN"

    def grade(self, words: str | Sequence[str], cwd: str) -> subprocess.CompletedProcess:
        arguments = words.split() if isinstance(words, str) else words
        return warm.run(warm.GRADE, arguments, self.root / cwd, _environment(), root=self.grader)

    def started(self, words: str, cwd: str) -> subprocess.CompletedProcess:
        """By a Python that starts there, and makes its imports there."""
        return subprocess.run(
            [sys.executable, str(self.grader / "cli.py"), *words.split()],
            cwd=self.root / cwd,
            env=_environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    leave = shutil.ignore_patterns("__pycache__", "manual")
    shutil.copytree(ROOT / "grader", site / "grader", ignore=leave)
    shutil.copy(ROOT / "cli.py", site)
    return site


@pytest.fixture
def world(tmp_path: Path, installed: Path, toy_course: Path, toy_key: Key) -> World:
    world = World(tmp_path, installed)
    alice = tmp_path / "in" / "alice"
    shutil.copytree(toy_course, alice)
    leaves_a_mark = f"open({str(world.mark)!r}, 'a').write(__file__ + '\\n')\n"
    for name in ("checks.py", "toy.py"):
        path = alice / "solutions" / "toy" / name
        path.write_text(leaves_a_mark + path.read_text())
    (alice / "assignments" / "toy" / "key").write_bytes(easy(toy_key))
    (alice / "assignments" / "toy" / "toy.py").write_text(NONSENSE)
    (alice / "toy.py").write_text(NONSENSE)
    for name in MODULES:
        (alice / f"{name}.py").write_text(leaves_a_mark)
    (alice / "grader").mkdir()
    (alice / "grader" / "__init__.py").write_text(leaves_a_mark)
    (alice / ".env").write_text("PYTHONPATH=.\n")
    (alice / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--nothing'\n")
    for place, text in (("in/bob", RIGHT), ("in/bob/deeper", RIGHT)):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "toy.py").write_text(text)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(tmp_path / "in")
    (tmp_path / "linked").mkdir()
    for part in ("assignments", "solutions"):
        (tmp_path / "linked" / part).symlink_to(alice / part)
    partly = tmp_path / "partly"  # a course of the teacher's in which one link leads into what was handed in
    shutil.copytree(toy_course, partly)
    (partly / "solutions" / "toy" / "checks.py").unlink()
    (partly / "solutions" / "toy" / "checks.py").symlink_to(alice / "solutions" / "toy" / "checks.py")
    shutil.move(toy_course, tmp_path / "teachers")
    for part in ("submitted", "autograded"):
        shutil.copytree(tmp_path / "in", tmp_path / "nb" / part)
    return world


def easy(key: Key) -> bytes:
    """A key that asks for what is easy and nothing else."""
    few = [dataclasses.replace(exercise, checks=exercise.checks) for exercise in key.exercises[:1]]
    return keys.to_bytes(keys.make(key.unit, key.title, key.allows, few))


CLASS = "--unit toy --db {root}/s.db --isolation process --seed 5"
HANDED_IN = [  # (words, current directory): the only course in reach lies in what is graded
    ("../in/alice/toy.py", "elsewhere"),
    ("../in/alice/toy.py --seed 5", "elsewhere"),
    ("../in/alice/toy.py --unit toy --seed 5", "elsewhere"),
    ("../in/alice/assignments/toy/toy.py --format json", "elsewhere"),
    ("../in/alice/toy.py --watch", "elsewhere"),
    ("../in/alice/toy.py --watch --seed 5", "elsewhere"),
    ("../in/alice/toy.py --plot pictures", "elsewhere"),
    ("../in/alice", "elsewhere"),
    ("../in/alice --seed 5", "elsewhere"),
    ("../in/alice --expect toy", "elsewhere"),
    ("../in/alice --expect toy --seed 5", "elsewhere"),
    ("link/alice/toy.py --seed 5", "elsewhere"),
    ("../in/alice/toy.py", "in"),
    ("alice/toy.py --seed 5", "in"),
    ("alice --seed 5", "in"),
    (". --seed 5", "in"),
    (".", "in"),
    ("..", "in/alice"),
    (".. --seed 5", "in/alice"),
    (".. --expect toy", "in/alice"),
    ("../../elsewhere/link --seed 5", "in/alice"),
    ("../in/alice", "linked"),
    ("../in/alice --seed 5", "linked"),
    ("../in/alice --seed 5", "partly"),
    (f"class ../in {CLASS}", "elsewhere"),
    (f"class . {CLASS}", "in"),
    (f"class alice {CLASS}", "in"),
    (f"class . {CLASS}", "in/alice"),
    (f"class .. {CLASS}", "in/alice"),
    (f"class ../../elsewhere/link {CLASS}", "in/alice"),
    (f"class assignments {CLASS}", "in/alice"),
    (f"class ../in {CLASS}", "linked"),
    (f"class ../in {CLASS}", "partly"),
    ("class --nbgrader {root}/nb toy --isolation process --seed 5", "nb/submitted/alice"),
    ("class --nbgrader {root}/nb toy --isolation process --seed 5", "nb/autograded/alice"),
]


@pytest.mark.parametrize(("words", "cwd"), HANDED_IN)
def test_a_course_that_was_handed_in_is_refused_in_one_sentence(world, words, cwd):
    done = world.grade(words.format(root=world.root), cwd)
    assert done.returncode == 2
    assert any(sentence in done.stderr for sentence in NOT_USED), done.stderr
    assert "--course DIR" in done.stderr
    assert (done.stderr.count("Error"), len(done.stderr.strip().splitlines()), done.stdout) == (1, 1, "")
    assert not world.mark.exists()


@pytest.mark.parametrize(
    "words",
    [
        "toy.py",
        ".",
        "toy",
        "",
        "assignments/toy/toy.py",
        "assignments",
        "../bob/../alice/toy.py",
        "../alice",
        ". --expect toy",
    ],
)
def test_solutions_around_what_is_graded_do_not_run_unless_they_are_named(world, words):
    done = world.grade(f"{words} --seed 5", "in/alice")
    assert done.returncode == 2
    assert (
        f"if that course is your own, and nobody handed it in, say so with --course {world.root}/in/alice"
        in done.stderr
    )
    assert done.stdout == ""
    assert not world.mark.exists()
    watched = world.grade(f"{words} --seed 5 --watch", "in/alice")
    assert (watched.returncode, world.mark.exists()) == (2, False)


@pytest.mark.parametrize("words", ["toy.py", "assignments/toy/toy.py", ".", "../alice/toy.py", "toy.py --format json"])
def test_practice_inside_a_course_says_whose_it_is_and_runs_nothing_of_it(world, words):
    done = world.grade(words, "in/alice")
    assert done.stderr == f"Course: {world.root}/in/alice; --course DIR names another.\n"
    assert done.returncode == 0
    assert not world.mark.exists()


@pytest.mark.parametrize("words", ["toy", "toy.scale", ""])
def test_a_student_in_a_folder_of_their_own_is_told_nothing_new(world, words):
    done = world.grade(words, "teachers")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("cwd", ["elsewhere", "in", "in/alice", "in/bob/deeper", "linked"])
@pytest.mark.parametrize(
    "words",
    ["toy.py", "toy.py --seed 5", "{in}/alice --expect toy", "{in}/alice --expect toy --seed 5", "toy.py --key {key}"],
)
def test_a_course_or_a_key_that_is_named_decides_and_nothing_of_a_students_runs(world, words, cwd):
    course = world.root / "teachers"
    told = {"in": str(world.root / "in"), "key": str(course / "assignments" / "toy" / "key")}
    words = words.replace("toy.py", str(world.root / "in" / "alice" / "toy.py")).format(**told)
    done = world.grade(f"{words} --format json --course {course}", cwd)
    assert done.returncode == 1, done.stderr
    assert (json.loads(done.stdout)["points"], json.loads(done.stdout)["max_points"]) == (EASY, 10)
    assert done.stderr == ""
    assert not world.mark.exists()


@pytest.mark.parametrize("cwd", ["elsewhere", "in", "in/alice"])
def test_a_class_is_marked_by_the_course_that_is_named(world, cwd):
    done = world.grade(
        f"class {world.root}/in {CLASS} --course {world.root}/teachers --csv points.csv".format(root=world.root), cwd
    )
    assert done.returncode == 0, done.stderr
    with open(world.root / cwd / "points.csv", newline="") as file:
        found = {row["student"]: (row["points"], row["max_points"]) for row in csv.DictReader(file)}
    assert found == {"alice": (str(EASY), "10"), "bob": ("10", "10")}
    assert "Course:" not in done.stderr
    assert not world.mark.exists()


def test_the_course_in_which_one_stands_marks_and_is_said_before_anything_of_it_runs(world):
    shutil.copytree(world.root / "in" / "bob", world.root / "teachers" / "handed_in" / "bob")
    checks = world.root / "teachers" / "solutions" / "toy" / "checks.py"
    checks.write_text(f"import sys\nprint('it runs', file=sys.stderr, flush=True)\n{checks.read_text()}")
    for words in (f"class handed_in {CLASS}", f"class ../in {CLASS}", "../in/bob/toy.py --seed 5"):
        said = world.grade(words.format(root=world.root), "teachers").stderr
        assert said.startswith(f"Course: {world.root}/teachers; --course DIR names another.\nit runs\n")


def test_a_folder_that_was_handed_in_is_a_course_for_whoever_names_it(world):
    done = world.grade("toy.py --seed 5 --course .", "in/alice")
    assert done.returncode == 1
    assert world.mark.exists()  # so the mark is one that would have been left above


@pytest.mark.parametrize("words", ["solutions/toy/toy.py --seed 3", "solutions --seed 3", "solutions"])
def test_authors_grade_their_own_references(world, words):
    shutil.rmtree(world.root / "teachers" / "solutions" / "nets")
    shutil.rmtree(world.root / "teachers" / "solutions" / "words")
    done = world.grade(words, "teachers")
    assert (done.returncode, done.stderr) == (0, f"Course: {world.root}/teachers; --course DIR names another.\n")


def test_the_clone_that_the_grader_lies_in_is_its_users_own(world, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(world.grader, clone)
    shutil.copytree(tmp_path / "teachers", clone, dirs_exist_ok=True)
    own = World(tmp_path, clone)
    assert own.grade("toy --seed 5", "clone").returncode == 1
    far = own.grade("in/alice/toy.py --format json", ".")
    assert (json.loads(far.stdout)["max_points"], far.returncode) == (10, 1)
    assert far.stderr == f"Course: {clone}, the grader's own; --course DIR names another.\n"
    assert not world.mark.exists()


@pytest.mark.parametrize(
    "words",
    [
        "hint toy.scale",
        "explain toy.scale",
        "doctor",
        "toy",
        "dev check toy.scale --seeds 1 --jobs 1",
        "release keys toy --to {root}/k",
    ],
)
def test_no_command_imports_from_the_folder_in_which_it_is_typed(world, words):
    """`dev check` starts interpreters of its own, which would else look for modules where they are started."""
    done = world.started(f"{words} --course {world.root}/teachers".format(root=world.root), "in/alice")
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert not world.mark.exists(), world.mark.read_text()


@pytest.mark.parametrize(("option", "cwd"), [("--course", "in/alice"), ("--key", "in/alice")])
def test_an_empty_name_is_not_taken_for_none(world, option, cwd):
    done = world.grade(["toy.py", option, ""], cwd)
    assert done.returncode == 2
    assert "it is empty" in done.stderr
    assert done.stdout == ""


def test_a_store_that_may_have_been_handed_in_is_not_opened(world):
    planted = world.root / "in" / "class.db"
    planted.write_bytes(b"planted")
    done = world.grade(f"class . --unit toy --isolation process --seed 5 --course {world.root}/teachers", "in")
    assert done.returncode == 2
    assert "name one elsewhere, such as --db ../class.db" in done.stderr
    assert planted.read_bytes() == b"planted"


def test_a_folder_for_everybodys_files_is_nobodys_course(world, tmp_path):
    mine = tmp_path / "public" / "mine"
    shutil.copytree(tmp_path / "in" / "alice", tmp_path / "public")
    mine.mkdir()
    assert find(mine).root == tmp_path / "public"
    (tmp_path / "public").chmod(0o1777)
    assert find(mine) is None
    done = world.grade("toy --seed 5", "public/mine")
    assert (done.returncode, world.mark.exists()) == (2, False)


def test_nbgraders_marking_takes_the_key_that_was_released_and_looks_for_no_course(world, monkeypatch):
    monkeypatch.chdir(world.root / "in" / "alice")
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(CourseError, match="there is no key of toy beside this notebook: release the assignment again"):
        magics.points("toy.scale", 4)


def test_a_shell_completes_no_name_that_it_could_obey(tmp_path):
    (tmp_path / "assignments").mkdir()
    (tmp_path / "assignments" / "course.toml").write_text(
        'units = ["toy", "toy;touch RAN", "to$(touch RAN)", "to\\ny", 3]\n'
    )
    assert list(completions("to", tmp_path)) == ["toy"]


def test_a_students_pipeline_starts_no_module_that_was_pushed():
    """GitLab's job begins in the student's checkout; `-m` looks for modules there, `-I` does not."""
    script = (ROOT / "grader" / "releases" / "templates" / "gitlab_student.yml").read_text()
    started = [line for line in script.splitlines() if "python" in line and " -m " in line]
    assert started
    assert all(" -I " in line for line in started)
