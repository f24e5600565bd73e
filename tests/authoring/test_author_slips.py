"""A slip in a unit that was right is told with its file, the place in it, and what to do; never as the grader's own fault."""

import re
import shutil
from pathlib import Path

import pytest
import warm

from grader.authoring.newcourse import new_course
from grader.authoring.proof import prove
from grader.course.unit import Unit
from grader.errors import GraderError

AGREES = 'agrees(2, "subtracts each column\'s mean", on="five examples")'
ON_TWO = 'agrees(1, "has a mean for each column of a wider table", on="two examples")'
LAW = '__import__("grader.exercise").exercise.categorical(1, "draws", lambda psi, shots: [1.0], on="two examples")'
# (file, what stood there, what stands there by a slip, what the author must be told)
SLIPS = {
    "a bracket dropped in checks": ("checks.py", "hints=[", "hints=", r"checks\.py, line \d+: "),
    "a word misspelt": ("checks.py", AGREES, AGREES.replace("agrees", "agree"), r"checks\.py, line \d+: NameError: name 'agree'"),
    "an option misspelt": ("checks.py", "mistakes=[", "mistake=[", r"checks\.py, line \d+: Exercise has no option 'mistake'; did you mean mistakes\?"),
    "an option of a check misspelt": ("checks.py", ', on="five examples"),\n        agrees', ', at="five examples"),\n        agrees', r"checks\.py, line \d+: agrees has no option 'at'"),
    "an option left out": ("checks.py", "    points=4,\n", "", r"checks\.py, line \d+: .*points"),
    "arguments swapped": ("checks.py", AGREES, 'agrees("subtracts each column\'s mean", 2, on="five examples")', r"checks\.py, line \d+: a check begins with its points, a whole number, and its claim"),
    "points that do not add up": ("checks.py", "points=4", "points=5", r"checks\.py, line \d+: the checks are worth 4 points, the exercise says 5"),
    "a case that is not there": ("checks.py", 'on="two examples"', 'on="two example"', r"checks\.py, line \d+: .*'two example'.*did you mean"),
    "a case that returns nothing": ("checks.py", "return dict(x=2.0 + draw(N, D))", "dict(x=2.0 + draw(N, D))", r"checks\.py, line \d+: .*'five examples' returns nothing: is a `return` missing"),
    "a case that returns an array": ("checks.py", "return dict(x=2.0 + draw(N, D))", "return 2.0 + draw(N, D)", r"checks\.py, line \d+: .*'five examples' returns an array of shape"),
    "a case that raises": ("checks.py", "2.0 + draw(N, D)", "2.0 + drawn(N, D)", r"checks\.py, line \d+: .*'five examples' raises NameError"),
    "an argument misspelt in a case": ("checks.py", "dict(x=2.0", "dict(X=2.0", r"checks\.py: centre: the reference raises in case 'five examples': centre has no argument 'X'"),
    "a change that returns nothing": ("checks.py", "    return dict(x=x)", "    dict(x=x)", r"checks\.py, line \d+: .*one_row_higher.* returns nothing: is a `return` missing"),
    "a change that raises": ("checks.py", "x[1] += 1.0", "x[9] += 1.0", r"checks\.py, line \d+: .*one_row_higher.* raises IndexError"),
    "a change of another argument": ("checks.py", "return dict(x=x)", "return dict(y=x)", r"checks\.py, line \d+: .*one_row_higher.* returns y, and the arguments are x"),
    "a change that changes nothing": ("checks.py", "x[1] += 1.0", "x[1] + 1.0", r"lets an example that moves be felt by every other"),
    "a mistake that edits what is not there": ("checks.py", 'edit("np.mean(x, axis=0)", "np.mean(x)")', 'edit("np.mean(x, axis=2)", "np.mean(x)")', r"checks\.py: mistake 'all': centre: 'np\.mean\(x, axis=2\)' occurs 0 times"),
    "two mistakes that answer alike": ("checks.py", 'edit("x - np.mean(x, axis=0)", "x + np.mean(x, axis=0)")', 'edit("np.mean(x, axis=0)", "np.sum(x) / x.size")', r"mistakes 'added' and 'all' give the same answer"),
    "two mistakes of one name": ("checks.py", '"added"', '"all"', r"checks\.py, line \d+: two mistakes are called 'all'"),
    "a mistake that is right": ("checks.py", '"np.mean(x)"', '"np.mean(x, 0)"', r"mistake 'all' keeps every point"),
    "a bracket dropped in the reference": ("first_steps.py", "np.mean(x, axis=0)", "np.mean(x, axis=0", r"first_steps\.py, line \d+: "),
    "a reference that raises": ("first_steps.py", "np.mean(x, axis=0)", "np.mean(x, axis=0) + x[9]", r"first_steps\.py, line \d+: .*reference raises in case 'five examples': IndexError"),
    "a reference that returns nothing": ("first_steps.py", "return x - np.mean", "x - np.mean", r"the reference returns nothing in case 'five examples': is a `return` missing"),
    "an oracle that raises": ("oracles.py", "N, D = x.shape", "N, D, E = x.shape", r"oracles\.py, line \d+: .*oracle raises in case 'five examples': ValueError"),
    "an oracle that returns nothing": ("oracles.py", "return np.array(", "np.array(", r"the oracle.*return"),
    "an oracle of another name": ("oracles.py", "def centre(", "def center(", r"oracles\.py has no centre"),
    "an oracle that is wrong": ("oracles.py", "/ N for", "/ D for", r"the reference differs from the oracle.*case 'five examples'.*seed 0"),
    "a rewrite that raises": ("rewrites.py", "np.eye(len(x))", "np.eye(len(y))", r"by_a_matrix, earns 0 of 4: NameError: name 'y'"),
    "a rewrite that is wrong": ("rewrites.py", "1.0 / len(x)", "2.0 / len(x)", r"by_a_matrix, earns 1 of 4: .*seed 0"),
    "a mistake that no longer parses": ("checks.py", '"np.mean(x)"', '"np.mean(x"', r"first_steps\.py, line \d+: mistake 'all' of centre, once its edit is made: '\(' was never closed"),
    "a generator that is no data": ("checks.py", "dict(x=2.0 + draw(N, D))", "dict(x=2.0 + draw(N, D), rng=draw.rng)", r"case 'five examples' has an input rng that is no data: .*draw\.generator\(\)"),
    "a law of two arguments": ("checks.py", ON_TWO, LAW, r"'draws', given a case's inputs as one dict, raises TypeError: .*positional"),
    "a change that the reference never feels": ("checks.py", "x[1] += 1.0", "x += 1.0", r"with none of 20 draws does the reference's own answer show what a check claims, lets an example.*`agrees`"),
    "a section misspelt": ("handout.md", "## centre", "## center", r"handout\.md has no section `## centre`"),
    "a hint too few": ("checks.py", ', "What shape do the means have, and how do they meet the rows of x?"', "", r"1 hints; two or three"),
}  # fmt: skip


@pytest.fixture(scope="module")
def right(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("course") / "course"
    new_course(folder)
    return folder / "solutions" / "first_steps"


def told(folder: Path) -> list[str]:
    """What the proof of a unit says, or why it cannot be read."""
    unit = Unit("first_steps", folder)
    try:
        return [failure for name in unit.exercises for failure in prove(unit, name, range(1)).failures]
    except GraderError as error:
        return [str(error)]


def test_the_unit_is_right_without_a_slip(right):
    assert told(right) == []


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_place(right, tmp_path, slip):
    file, before, after, words = SLIPS[slip]
    folder = shutil.copytree(right, tmp_path / "first_steps")
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(before) >= 1, f"{file} has no {before}"
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    said = told(folder)
    assert any(re.search(words, sentence) for sentence in said), said
    assert len(said) == 1, "one cause is told once"
    assert not any("NoneType" in sentence or "grader." in sentence for sentence in said)


def test_what_is_wrong_with_one_exercise_does_not_hide_what_is_wrong_with_another(right, tmp_path):
    """One exercise has no section: it is told, the other is proven, and what no seed has shown is not given as a number."""
    folder = shutil.copytree(right.parents[1], tmp_path / "course")
    unit = folder / "solutions" / "first_steps"
    for file, name in (("first_steps.py", "def centre"), ("checks.py", "centre = "), ("rewrites.py", "def centre__")):
        text = (unit / file).read_text(encoding="utf-8")
        (unit / file).write_text(text + "\n\n" + text[text.index(name) :].replace("centre", "middle"), encoding="utf-8")
    checked = warm.run(warm.GRADE, ["dev", "check", "--seeds", "1", "--jobs", "1"], folder)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    said = checked.stdout + checked.stderr
    assert re.search(r"✗ first_steps\.middle: rule 1: .*handout\.md has no section `## middle`", said), said
    assert re.search(r"first_steps\.middle .* –", said), said
    assert "✓ first_steps.centre" in said
