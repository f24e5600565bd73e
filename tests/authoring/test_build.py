"""assignments/ is made from solutions/: the same bytes each time, nothing given away, nothing lost, nothing stale unnoticed."""

import ast
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from grader.authoring.build import PUBLIC_SEED, build, plan, stale
from grader.authoring.handouts import escaped, github
from grader.authoring.key_changes import key_change
from grader.course.course import Course
from grader.course.reference_text import definitions
from grader.course.unit import Unit, UnitError
from grader.exercise import Edit
from grader.key import from_bytes, load, to_bytes
from grader.render.maths import plain

ROOT = Path(__file__).resolve().parents[2]
SHORTEST = 20  # characters of a line that could not stand in a text by chance

TINY = {
    "tiny.py": '''"""Tiny: one thing at a time.

Numbers are numbers.
"""

import numpy as np


def given_helper(x):
    """Given to students."""
    return np.tanh(x) + np.float64(0.0)


def _hidden_helper(x):
    return np.multiply(x, 17.0) - np.multiply(x, 16.0)


# What follows is about scaling.
def scale(x, factor=2.0):
    """Multiply by a factor | twice.

    x (N, D), factor -> y (N, D)
    """
    doubled_up = _hidden_helper(x) * factor
    return np.exp(np.log1p(np.expm1(0.0))) * doubled_up


def total(x):
    """Add up.

    x (N,) -> total
    """
    return np.add.reduce(np.asarray(x), axis=0)
''',
    "checks.py": """from grader.exercise import Exercise, Mistake, agrees, edit

ALLOWS = ("numpy",)
HINTS = ["What is a hint that nobody should see?", "Look at the secret line."]

scale = Exercise(
    points=3,
    cases={"two rows": lambda draw: {"x": draw(2, 3)}, "a * factor": lambda draw: {"x": draw(1, 3), "factor": -3.0}},
    checks=[agrees(2, "doubles | by default", on="two rows"), agrees(1, "takes a *factor*", on="a * factor")],
    mistakes=[
        Mistake("squared", "You square the factor.", edit("_hidden_helper(x) * factor", "_hidden_helper(x) * factor**2")),
        Mistake("nothing", "You give nothing back.", lambda x, factor=2.0: None),
        Mistake("default_only", "You always double.", edit(") * factor", ") * 2.0")),
    ],
    hints=HINTS,
)
total = Exercise(
    points=1,
    cases={"five": lambda draw: {"x": draw(5)}},
    checks=[agrees(1, "adds up")],
    mistakes=[Mistake("mean", "You take the mean.", lambda x: x.mean())],
    hints=HINTS,
)
""",
    "handout.md": r"""Small things, and $x < y$ (and $\hat x_{i}$).

## scale

Why it matters.

$$y = \operatorname{scale}\left(\frac{x_{i}}{2}\right)$$

It costs `$5`.

## total

- a list

  $$
  t = \sum_n x_n
  $$

- its end
""",
}


def write_tiny(root: Path) -> Course:
    folder = root / "solutions" / "tiny"
    folder.mkdir(parents=True)
    for name, text in TINY.items():
        (folder / name).write_text(text)
    (root / "solutions" / "course.toml").write_text('title = "A course"\nunits = ["tiny"]\n')
    return Course(root)


@pytest.fixture
def course(tmp_path):
    return write_tiny(tmp_path)


@pytest.fixture
def built(course):
    build(course, ["tiny"])
    return course


def unit(course):
    return Unit("tiny", course.root / "solutions" / "tiny")


def files(course):
    folder = course.root / "assignments"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit_solution(course, file, old, new):
    path = course.root / "solutions" / "tiny" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def edit_key(course, change):
    """Rewrite the built key with its first exercise's first question changed."""
    path = course.key_path("tiny")
    key = load(path)
    first, *others = key.exercises
    question, *rest = first.questions
    changed = replace(first, questions=[change(question), *rest])
    path.write_bytes(to_bytes(replace(key, exercises=[changed, *others])))


# --- plan and build


def test_a_unit_has_four_files(course):
    assert set(plan(unit(course))) == {"README.md", "tiny.py", "tiny.ipynb", "key"}


def test_two_plans_are_the_same_bytes(course):
    assert plan(unit(course)) == plan(unit(course))


def test_another_seed_changes_the_key_and_nothing_else(course):
    public, secret = plan(unit(course)), plan(unit(course), seed=PUBLIC_SEED + 1)
    assert [name for name in public if public[name] != secret[name]] == ["key"]


def test_build_writes_the_plan_and_the_course_file(course):
    written = build(course, ["tiny"])
    expected = {f"tiny/{name}": content for name, content in plan(unit(course)).items()}
    expected["course.toml"] = (course.root / "solutions" / "course.toml").read_bytes()
    assert files(course) == expected
    assert {str(path.relative_to(course.root / "assignments")) for path in written} == set(expected)


def test_a_second_build_writes_nothing(built):
    before = {path: path.stat().st_mtime_ns for path in (built.root / "assignments").rglob("*")}
    assert build(built, ["tiny"]) == []
    assert {path: path.stat().st_mtime_ns for path in (built.root / "assignments").rglob("*")} == before


def test_only_what_differs_is_written(built):
    edit_solution(built, "handout.md", "Why it matters.", "Why it matters a lot.")
    assert {path.name for path in build(built, ["tiny"])} == {"README.md", "tiny.ipynb", "key"}
    assert stale(built, ["tiny"]) == []


def test_a_unit_that_is_not_listed_is_refused(course):
    with pytest.raises(UnitError, match=r"does not list 'huge'; it lists tiny"):
        build(course, ["huge"])


def test_a_new_unit_need_not_be_in_the_built_course_file(built):
    shutil.copytree(built.root / "solutions" / "tiny", built.root / "solutions" / "more")
    (built.root / "solutions" / "more" / "tiny.py").rename(built.root / "solutions" / "more" / "more.py")
    (built.root / "solutions" / "course.toml").write_text('units = ["tiny", "more"]\n')
    build(built, ["more"])
    assert stale(built, ["tiny", "more"]) == []


def test_nothing_is_written_where_one_unit_fails(course):
    (course.root / "solutions" / "course.toml").write_text('units = ["tiny", "absent"]\n')
    with pytest.raises(UnitError, match=r"^cannot read .*absent"):
        build(course, ["tiny", "absent"])
    assert not (course.root / "assignments").exists()


def test_a_reference_that_raises_is_named(course):
    edit_solution(course, "tiny.py", "doubled_up = _hidden", 'raise RuntimeError("not yet")\n    doubled_up = _hidden')
    with pytest.raises(
        UnitError, match=r"tiny\.py, line 24: scale: the reference raises in case 'two rows': RuntimeError: not yet"
    ):
        build(course, ["tiny"])
    assert not (course.root / "assignments" / "tiny").exists()


# --- somebody's own work


@pytest.mark.parametrize("name", ["tiny.py", "tiny.ipynb"])
def test_own_work_is_kept_beside_a_new_stub(built, name):
    path = built.root / "assignments" / "tiny" / name
    own = path.read_text().replace("raise NotImplementedError", "return x * factor  # mine", 1)
    path.write_text(own)
    written = build(built, ["tiny"])
    backup = path.with_name(f"{name}.bak")
    assert written == [backup, path]
    assert backup.read_text() == own
    assert stale(built, ["tiny"]) == []


def test_an_earlier_backup_is_kept_too(built):
    path = built.assignment("tiny")
    for text in ("first = 1\n", "second = 2\n", "third = 3\n"):
        path.write_text(text)
        build(built, ["tiny"])
    kept = [path.with_name(f"tiny.py{number}.bak").read_text() for number in ("", ".2", ".3")]
    assert kept == ["first = 1\n", "second = 2\n", "third = 3\n"]


def test_an_old_stub_is_no_work_and_gets_no_backup(built):
    edit_solution(built, "tiny.py", "Add up.", "Add all of them up.")
    edit_solution(built, "handout.md", "Why it matters.", "Because.")
    build(built, ["tiny"])
    assert not list((built.root / "assignments").rglob("*.bak"))


@pytest.mark.parametrize("content", [b"not json", b"[]", b'{"cells": 3}', b'{"cells": [{"source": 3}]}', b"\xff\xfe"])
def test_a_notebook_that_cannot_be_read_is_kept(built, content):
    path = built.root / "assignments" / "tiny" / "tiny.ipynb"
    path.write_bytes(content)
    build(built, ["tiny"])
    assert path.with_name("tiny.ipynb.bak").read_bytes() == content


# --- freshness


def test_a_fresh_build_is_not_stale(built):
    assert stale(built, ["tiny"]) == []


def test_before_the_first_build_everything_is_missing(course):
    assert stale(course, ["tiny"]) == [
        f"assignments/{name} is missing; run `grade dev build`"
        for name in ("course.toml", "tiny/README.md", "tiny/tiny.py", "tiny/tiny.ipynb", "tiny/key")
    ]


@pytest.mark.parametrize("name", ["course.toml", "tiny/README.md", "tiny/tiny.py", "tiny/tiny.ipynb", "tiny/key"])
@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_flipped_byte_is_noticed(built, name, where):
    path = built.root / "assignments" / name
    content = bytearray(path.read_bytes())
    content[int(where * (len(content) - 1))] ^= 0x55
    path.write_bytes(content)
    (found,) = stale(built, ["tiny"])
    assert found.startswith(f"assignments/{name} ")


def test_a_stale_text_names_its_first_line(built):
    path = built.assignment("tiny")
    path.write_text(path.read_text().replace("import numpy as np", "import numpy"))
    assert stale(built, ["tiny"]) == [
        "assignments/tiny/tiny.py differs from a fresh build in line 6; run `grade dev build`"
    ]


def test_what_a_build_does_not_make_is_named(built):
    (built.root / "assignments" / "tiny" / "solution.py").write_text("x")
    (built.root / "assignments" / "old_unit").mkdir()
    assert stale(built, ["tiny"]) == [
        "assignments/tiny/solution.py is not made by a build; delete it",
        "assignments/old_unit is not made by a build; delete it",
    ]


def test_what_working_leaves_behind_is_not_named(built):
    folder = built.root / "assignments" / "tiny"
    (folder / "tiny.py.bak").write_text("x")
    (folder / "__pycache__").mkdir()
    (folder / ".ipynb_checkpoints").mkdir()
    assert stale(built, ["tiny"]) == []


def test_an_answer_rounded_otherwise_is_not_stale(built):
    def rounded(question):
        wrong = {
            name: None if answer is None else np.nextafter(answer, np.inf) for name, answer in question.mistakes.items()
        }
        tolerance = [2 * t for t in question.tolerance]
        return replace(question, expected=np.nextafter(question.expected, np.inf), mistakes=wrong, tolerance=tolerance)

    before = built.key_path("tiny").read_bytes()
    edit_key(built, rounded)
    assert built.key_path("tiny").read_bytes() != before
    assert stale(built, ["tiny"]) == []


def test_inputs_that_another_processor_rounds_otherwise_are_not_stale(built):
    """A case's exponentials and matrix products differ by a unit in the last place between processors."""
    edit_key(built, lambda question: replace(question, inputs={"x": np.nextafter(question.inputs["x"], 9)}))
    assert stale(built, ["tiny"]) == []


def test_an_input_in_a_list_of_its_own_is_another_input(built):
    plain = load(built.key_path("tiny"))
    edit_key(built, lambda question: replace(question, inputs={**question.inputs, "x": [question.inputs["x"]]}))
    listed = load(built.key_path("tiny"))
    assert "its inputs" in key_change(plain, listed)
    assert "its inputs" in key_change(listed, plain)


def test_a_mistakes_answer_may_be_another_where_it_hangs_on_the_last_digits_and_not_elsewhere(course):
    """A sine of 10¹² times x: another machine, whose x differs in its last digit, has another."""
    wild = 'Mistake("wild", "You take the sine of what is far too large.", edit("* factor", "* 0 + np.sin(1e12 * x)")),\n        '
    edit_solution(course, "checks.py", 'Mistake("nothing"', f'{wild}Mistake("nothing"')
    build(course, ["tiny"])
    assert stale(course, ["tiny"]) == []

    def on_another_machine(question):
        x = question.inputs["x"]
        return replace(question, mistakes={**question.mistakes, "wild": np.sin(1e12 * np.nextafter(x, 9))})

    def edited(question):
        return replace(question, mistakes={**question.mistakes, "squared": 1.001 * question.mistakes["squared"]})

    edit_key(course, on_another_machine)
    assert stale(course, ["tiny"]) == []
    edit_key(course, edited)
    assert "the answer of mistake 'squared'" in stale(course, ["tiny"])[0]


def test_a_mistake_that_is_right_to_the_last_bit_elsewhere_is_not_stale(built):
    def found_there(question):
        nearly = np.nextafter(question.expected, 0)
        return replace(question, mistakes={**question.mistakes, "default_only": nearly})

    edit_key(built, found_there)
    assert stale(built, ["tiny"]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda q: replace(q, inputs={"x": q.inputs["x"] * (1 + 1e-14)}), "its inputs"),
        (lambda q: replace(q, inputs={"x": q.inputs["x"][:1]}), "its inputs"),
        (lambda q: replace(q, inputs={"x": q.inputs["x"].astype(np.float32)}), "its inputs"),
        (lambda q: replace(q, inputs={**q.inputs, "factor": 2.0}), "its inputs"),
        (lambda q: replace(q, expected=q.expected + 1e-6), "its expected answer"),
        (lambda q: replace(q, expected=q.expected.tolist()), "its expected answer"),
        (lambda q: replace(q, tolerance=[11 * t for t in q.tolerance]), "its tolerance"),
        (lambda q: replace(q, tolerance=[0.0]), "its tolerance"),
        (lambda q: replace(q, tolerance=[]), "its tolerance"),
        (lambda q: replace(q, label="three rows"), "its label"),
        (lambda q: replace(q, mistakes={}), "the answer of mistake 'squared'"),
        (
            lambda q: replace(q, mistakes={**q.mistakes, "squared": q.mistakes["squared"] + 1e-6}),
            "the answer of mistake 'squared'",
        ),
        (lambda q: replace(q, mistakes={**q.mistakes, "nothing": q.expected}), "the answer of mistake 'nothing'"),
        (lambda q: replace(q, mistakes={**q.mistakes, "another": None}), "the answer of mistake 'another'"),
    ],
)
def test_a_key_with_another_question_is_stale(built, change, words):
    edit_key(built, change)
    (found,) = stale(built, ["tiny"])
    assert found.startswith("assignments/tiny/key differs from a fresh build: scale, question 1")
    assert words in found


def test_a_zero_with_another_sign_is_another_input(course):
    edit_solution(course, "checks.py", '{"x": draw(2, 3)}', '{"x": 0.0 * abs(draw(2, 3))}')
    build(course, ["tiny"])
    edit_key(course, lambda question: replace(question, inputs={"x": -question.inputs["x"]}))
    assert "its inputs" in stale(course, ["tiny"])[0]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("checks.py", "adds up", "adds all up", "total, its checks"),
        ("checks.py", "You take the mean.", "You take a mean.", "total, its mistakes"),
        ("checks.py", "secret line", "other line", "scale, its hints"),
        ("checks.py", "agrees(2,", "agrees(1,", ""),
        ("checks.py", '("numpy",)', '("numpy", "scipy")', "the unit's title or packages"),
        ("checks.py", "draw(5)", "draw(6)", "total, question 1 (five), its inputs"),
        ("checks.py", "draw(1, 3)", "draw(1, 4)", "scale, question 2 (a * factor), its inputs"),
        (
            "tiny.py",
            "return np.add.reduce(np.asarray(x), axis=0)",
            "return 2.0 * x.sum()",
            "total, question 1 (five), its expected",
        ),
    ],
)
def test_a_change_of_the_solutions_makes_the_key_stale(built, file, old, new, words):
    edit_solution(built, file, old, new)
    if "agrees(1" in new:
        edit_solution(built, file, "points=3", "points=2")
    assert any("tiny/key" in found and words in found for found in stale(built, ["tiny"]))


# --- the handout


def test_github_gets_its_own_form_of_maths(course):
    text = plan(unit(course))["README.md"].decode()
    assert "$`x \\lt y`$ (and $`\\hat x_{i}`$)" in text
    assert "```math\ny = \\mathrm{scale}\\left(\\frac{x_{i}}{2}\\right)\n```" in text
    assert "\n  ```math\n  t = \\sum_n x_n\n  ```\n" in text
    assert "It costs `$5`." in text
    assert "operatorname" not in text


def test_the_handout_says_what_is_checked_and_how(course):
    text = plan(unit(course))["README.md"].decode()
    assert text.startswith("# Tiny: one thing at a time\n\nSmall things")
    assert "| [`scale`](#scale) | 3 | Multiply by a factor \\| twice. |" in text
    for part in ("- doubles \\| by default (2 points)", "- takes a \\*factor\\* (1 point)", "two rows; a \\* factor."):
        assert part in text
    for part in (
        "def scale(x, factor=2.0):",
        "x (N, D), factor -> y (N, D)",
        "`grade tiny.scale`",
        "`grade hint tiny.scale`",
    ):
        assert part in text
    assert "4 points" in text


@pytest.mark.parametrize("text", ["the $n$th", "a$x$", "2$x$"])
def test_a_formula_that_github_does_not_render_is_refused(course, text):
    with pytest.raises(ValueError, match="put a space beside"):
        github(text)
    edit_solution(course, "handout.md", "Why it matters.", text)
    with pytest.raises(UnitError, match=r"handout\.md, scale: GitHub renders no formula"):
        plan(unit(course))


def test_plain_text_in_markdown_is_shown_as_it_is():
    assert escaped("a|b *c* ` <e> $f$ √g") == "a\\|b \\*c\\* \\` \\<e\\> \\$f\\$ √g"
    assert escaped("the first `n_k[0]` of x_k") == "the first `n_k[0]` of x\\_k"


# --- the notebook


@pytest.fixture
def notebook(course):
    return plan(unit(course))["tiny.ipynb"].decode()


def test_the_notebook_is_valid(notebook):
    nbformat.validate(nbformat.reads(notebook, as_version=4))
    assert json.loads(notebook)["metadata"]["kernelspec"]["name"] == "python3"


def test_opening_and_saving_a_notebook_changes_nothing(notebook):
    assert nbformat.writes(nbformat.reads(notebook, as_version=4)) + "\n" == notebook


def test_the_notebook_has_text_and_stub_of_each_exercise(notebook):
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(notebook)["cells"]}
    assert list(cells) == ["title", "setup", "scale-text", "scale", "total-text", "total", "grade"]
    assert "given_helper" in cells["setup"]
    assert "scale" not in cells["setup"].replace("scaling", "")
    assert cells["scale"].startswith("# What follows is about scaling.\ndef scale(x, factor=2.0):")
    assert cells["scale"].endswith("    # YOUR CODE HERE\n    raise NotImplementedError")
    assert "$$y = \\operatorname{scale}" in cells["scale-text"]
    assert "x (N, D), factor -> y (N, D)" in cells["scale-text"]
    assert "grade tiny.ipynb" in cells["grade"]


def test_the_cells_of_a_notebook_are_the_stub_module(course, notebook):
    cells = json.loads(notebook)["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    stub = plan(unit(course))["tiny.py"].decode()
    assert {name: source.body for name, source in definitions(code).items()} == {
        name: source.body for name, source in definitions(stub).items()
    }


# --- nothing is given away, in the tiny course and in this one


def strings(tree):
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from strings(item)
    elif isinstance(tree, list | tuple):
        for item in tree:
            yield from strings(item)
    elif hasattr(tree, "__dataclass_fields__"):
        yield from strings(vars(tree))


def published(files, name):
    """Everything that a unit's files say, in one text; strings in the notebook and the key unpacked."""
    notebook, key = json.loads(files[f"{name}.ipynb"]), from_bytes(files["key"])
    cells = ("".join(cell["source"]) for cell in notebook["cells"])
    return "\n".join([files["README.md"].decode(), files[f"{name}.py"].decode(), *cells, *strings(key)])


def secrets(unit):
    """Lines of the exercises' bodies and of the edits that make their mistakes, and all of the private functions."""
    for name, source in unit.sources.items():
        if name in unit.exercises or name.startswith("_"):
            first = source.node.body[name in unit.exercises].lineno
            yield from (line.strip().strip('"') for line in source.text.splitlines()[first - 1 : source.span[1]])
    for exercise in unit.exercises.values():
        for mistake in exercise.mistakes:
            if isinstance(mistake.wrong, Edit):
                edited = [line for step in mistake.wrong.steps for line in f"{step.old}\n{step.new}".splitlines()]
                yield from (line.strip().strip('"') for line in edited)


def given_away(unit, files):
    text = published(files, unit.name)
    given = "\n".join(
        source.body for name, source in unit.sources.items() if name not in unit.written and not name.startswith("_")
    )
    given += "\n".join(
        driver for name in unit.exercises for driver in unit.drivers(name)
    )  # drivers travel in the key, to be read
    given += "\n".join(re.findall(r"^>>> (.*)", "\n".join(map(unit.handout, unit.exercises)), re.MULTILINE))
    for name in unit.written:  # what the contract says is no secret
        source = unit.sources[name]
        for node in ast.walk(source.node):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                given += f"\n{ast.get_docstring(node, clean=False) or ''}\n{source.text.splitlines()[node.lineno - 1].strip()}"
    lines = {line.strip() for line in secrets(unit)}
    return sorted(line for line in lines if len(line) >= SHORTEST and line in text and line not in given)


def test_nothing_is_given_away(course):
    tiny = unit(course)
    assert len([line for line in secrets(tiny) if len(line.strip()) >= SHORTEST]) >= 5
    assert given_away(tiny, plan(tiny)) == []


def test_hints_are_in_the_key_alone(course):
    for name, content in plan(unit(course)).items():
        if name != "key":
            assert b"secret line" not in content
            assert b"You square the factor" not in content


UNITS = Course(ROOT).units


@pytest.fixture(scope="module", params=UNITS)
def real(request):
    """A unit and its files as students get them; that a fresh build makes the same is the sixth rule of `grade dev check`."""
    folder = ROOT / "assignments" / request.param
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return Unit(request.param, ROOT / "solutions" / request.param), files


def test_this_course_gives_nothing_away(real):
    assert given_away(*real) == []


def test_this_courses_notebooks_are_valid(real):
    found, files = real
    text = files[f"{found.name}.ipynb"].decode()
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert nbformat.writes(nbformat.reads(text, as_version=4)) + "\n" == text


def test_this_courses_handouts_read_well_in_a_terminal(real):
    found, _ = real
    for text in (found.introduction, *map(found.handout, found.exercises)):
        assert "\\" not in plain(text)


def test_this_courses_stubs_are_python(real):
    found, files = real
    stubs = definitions(files[f"{found.name}.py"].decode())
    assert set(found.written) <= set(stubs)


def test_this_courses_given_functions_need_nothing_that_is_cut(real):
    found, files = real
    text = files[f"{found.name}.py"].decode()
    cut = set(found.sources) - set(definitions(text))
    for name in set(definitions(text)) - set(found.written):
        used = {node.id for node in ast.walk(found.source(name).node) if isinstance(node, ast.Name)}
        assert not used & cut, f"{name} is given to students and uses {used & cut}, which is not"
