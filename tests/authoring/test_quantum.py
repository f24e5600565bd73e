"""A course in another field, as an author writes one from the manual: it builds, holds every rule, and can be given out."""

import shutil
from pathlib import Path

import pytest
import warm
from conftest import ROOT

from grader.authoring.build import build, stale
from grader.authoring.proof import prove
from grader.course.course import Course
from grader.course.unit import Unit

QUANTUM = ROOT / "tests" / "courses" / "quantum"
UNITS = {name: Unit(name, QUANTUM / "solutions" / name) for name in ("qubits", "circuits")}
EXERCISES = [(unit, name) for unit, solutions in UNITS.items() for name in solutions.exercises]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("quantum")
    shutil.copytree(QUANTUM / "solutions", root / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    built = Course(root)
    build(built, UNITS)
    return built


@pytest.mark.filterwarnings("error")  # NumPy warns where the imaginary part of a number is dropped
@pytest.mark.parametrize(("unit", "name"), EXERCISES)
def test_each_exercise_holds_the_rules(unit, name):
    proof = prove(UNITS[unit], name, range(2))
    assert proof.failures == []
    assert proof.tolerance < 1e-6, "the table shows a stated tolerance as it is meant, relative to 1 at least"


def test_a_fresh_build_is_whole_and_the_references_earn_all(course):
    assert stale(course, UNITS) == []
    graded = warm.run(warm.GRADE, ["solutions"], course.root)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    assert "All points." in graded.stdout


@pytest.mark.parametrize("form", ["students", "web"])
def test_it_is_given_out_without_a_piece_of_a_solution(course, form, tmp_path):
    given = warm.run(warm.GRADE, ["release", form, "qubits", "circuits", "--to", tmp_path / form], course.root)
    assert given.returncode == 0, given.stdout + given.stderr
    assert "none shows a piece of a solution" in given.stdout + given.stderr
    names = {path.name for path in (tmp_path / form).rglob("*")}
    assert names.isdisjoint({"solutions", "checks.py", "oracles.py", "rewrites.py"})


def test_nothing_is_kept_that_a_build_makes():
    kept = {path.name for path in QUANTUM.iterdir()}
    assert kept == {"solutions"}, f"an author writes solutions/, and {kept - {'solutions'}} is made of it"


def test_a_student_who_writes_a_known_mistake_is_told_so(course, tmp_path):
    right = (course.root / "solutions" / "qubits" / "qubits.py").read_text(encoding="utf-8")
    answer = Path(tmp_path / "qubits.py")
    answer.write_text(
        right.replace("np.sum(np.conj(phi) * psi)", "sum(a * b for a, b in zip(phi, psi))"), encoding="utf-8"
    )
    told = warm.run(warm.GRADE, [answer, "--course", course.root], tmp_path)
    assert told.returncode == 1
    assert "You conjugate neither of the states" in " ".join(told.stdout.split())
