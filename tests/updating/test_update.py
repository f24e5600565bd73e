"""A newer course comes into a student's folder: every answer stays, nothing is lost, and a second update has nothing to do."""

import ast
import io
import re
import shutil
import tarfile
import zipfile

import pytest
from conftest import RIGHT, ROOT, public_key

from grader.commands.update import update
from grader.course.course import Course
from grader.errors import GraderError
from grader.updating import came, steps
from grader.updating.merging import CannotMerge, merged
from grader.updating.newer import NoCourse, files_of
from grader.updating.steps import carry_out, plan

COURSE = Course(ROOT)


def code_of(text: str) -> dict[str, str]:
    """Each definition's body without docstrings and signature, by name."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            found[node.name] = "\n".join(map(ast.unparse, body))
    return found


@pytest.mark.parametrize("unit", COURSE.units)
def test_of_every_unit_every_answer_is_carried_under_newer_headings(unit):
    stubs = COURSE.assignment(unit).read_text(encoding="utf-8")
    answers = (ROOT / "solutions" / unit / f"{unit}.py").read_text(encoding="utf-8")
    key = public_key(unit)
    newer = stubs.replace('"""', '"""In newer words. ', 1)
    for line in set(stubs.split("\n")):
        if line.strip().startswith('"""') and len(line.strip()) > 3:
            newer = newer.replace(line, line.replace('"""', '"""Newer: ', 1))
    for came_with in (stubs, None):
        old = {exercise.name: exercise.stub for exercise in key.exercises}
        result = merged(answers, newer, came_with, old, [exercise.name for exercise in key.exercises])
        assert code_of(result.text) == code_of(answers)
        assert result.new == []
        assert result.text.count("Newer: ") >= len(key.exercises) / 2
        assert set(result.carried) & {exercise.name for exercise in key.exercises}
        again = merged(result.text, newer, came_with, old, [exercise.name for exercise in key.exercises])
        assert again.text == result.text


STUBS = '''"""A unit."""

import numpy as np


def given(x):
    """Given."""
    return x + 1


def first(x, y):
    """First.

    x -> y
    """
    # YOUR CODE HERE
    raise NotImplementedError


class Layer:
    """A layer."""

    def __init__(self, d):
        # YOUR CODE HERE
        raise NotImplementedError

    def forward(self, x):
        """x -> x"""
        # YOUR CODE HERE
        raise NotImplementedError


def last(x):
    """Last."""
    # YOUR CODE HERE
    raise NotImplementedError
'''
OWN = '''"""A unit."""

import numpy as np
from math import pi  # mine


# a helper of mine
def helper(a):
    return a * pi


def given(x):
    """Given."""
    return x + 1


@np.vectorize
def first(
    a: float,
    b,  # the second
):
    """First.

    x -> y
    """

    # a thought

    return helper(a) + b


class Layer:
    """A layer."""

    size = 3

    def __init__(self, d):
        self.d = d  # kept

    def mine(self):
        return 7

    # about forward
    def forward(self, x):
        """x -> x"""
        return x * self.d


def last(x):
    """Last."""
    # YOUR CODE HERE
    raise NotImplementedError


print(first)
'''
NAMES = ["first", "Layer", "last", "fresh"]


def merge(own: str = OWN, newer: str = STUBS, base: str | None = STUBS):
    return merged(own, newer, base, {}, NAMES)


def test_nothing_newer_changes_nothing():
    assert merge().text == OWN


def test_a_newer_docstring_stands_over_the_students_own_lines():
    newer = STUBS.replace("First.", "The first of all.").replace('"""x -> x"""', '"""x -> x, newly"""')
    result = merge(newer=newer)
    assert result.text == OWN.replace("First.", "The first of all.").replace('"""x -> x"""', '"""x -> x, newly"""')
    assert result.carried == ["first", "Layer"]
    assert result.told == []


def test_newer_arguments_take_the_place_of_the_old_and_are_told():
    result = merge(newer=STUBS.replace("def first(x, y)", "def first(x, y, z=0)"))
    assert "@np.vectorize\ndef first(x, y, z=0):\n" in result.text
    assert "# a thought\n\n    return helper(a) + b" in result.text
    assert result.told == ["first takes other arguments now: look at what you wrote"]


def test_what_is_given_and_was_not_touched_is_the_newer_one():
    newer = STUBS.replace("return x + 1", "return x + 2")
    assert "return x + 2" in merge(newer=newer).text
    mine = merge(OWN.replace("return x + 1", "return 1 + x"), newer)
    assert "return 1 + x" in mine.text
    assert mine.told == ["given is another one in the newer course; yours is kept"]


def test_an_unwritten_stub_is_the_newer_one_and_what_is_new_stands_where_it_belongs():
    fresh = '# New.\ndef fresh(x):\n    """Fresh."""\n    raise NotImplementedError\n\n\n'
    newer = (
        STUBS.replace("Last.", "The last.")
        .replace("def last", f"{fresh}def last")
        .replace("import numpy as np", "import numpy as np\nimport torch")
    )
    result = merge(newer=newer)
    assert (result.reworded, result.new) == (["last"], ["fresh"])
    assert '"""The last."""' in result.text
    assert result.text.index("# New.\ndef fresh") in range(
        result.text.index("class Layer"), result.text.index("def last")
    )
    assert "from math import pi  # mine\nimport torch\n" in result.text


def test_a_method_that_is_new_is_added_and_the_students_own_stay():
    newer = STUBS.replace(
        "    def forward", "    def fresh(self):\n        raise NotImplementedError\n\n    def forward"
    )
    text = merge(newer=newer).text
    (layer,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    methods = [node.name for node in layer.body if isinstance(node, ast.FunctionDef)]
    assert methods == ["__init__", "mine", "forward", "fresh"]
    assert "    # about forward\n    def forward" in text


@pytest.mark.parametrize("own", ["first = lambda x, y: x\n", "from mine import first\n", "from mine import *\n"])
def test_an_answer_that_is_no_definition_is_not_covered_by_a_stub(own):
    text = merged(own, STUBS, None, {"first": "def first(x, y):\n    pass\n"}, NAMES).text
    assert "def first" not in text


def test_one_line_under_a_changed_heading_stays_and_is_told():
    own = OWN.replace(OWN[OWN.index("@np") : OWN.index("class Layer")], "def first(x, y): return x\n\n\n")
    result = merge(own, STUBS.replace("First.", "Newly."))
    assert "def first(x, y): return x" in result.text
    assert "asked otherwise now" in result.told[0]


def test_what_is_no_python_is_not_merged():
    with pytest.raises(CannotMerge, match="line 1"):
        merge("def first(x:\n")


@pytest.fixture
def folder(toy_course):
    """A student's folder with one answer, and what it came with."""
    shutil.rmtree(toy_course / "solutions")
    came.keep(toy_course / "assignments", came.of_files(files_of(toy_course), came.RELEASE))
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT, encoding="utf-8")
    return toy_course


@pytest.fixture
def newer(folder, tmp_path):
    """A newer release of that course, with other words and a handout."""
    place = tmp_path / "newer"
    shutil.copytree(folder / "assignments", place / "assignments")
    inside = place / "assignments" / "toy"
    stubs = came.load(folder / "assignments").stubs["toy"]
    (inside / "toy.py").write_text(re.sub(r'(    """)(?=\w)', r"\1Newer: ", stubs), encoding="utf-8")
    (inside / "README.md").write_text("newer words", encoding="utf-8")
    (inside / "toy.ipynb").write_text('{"cells": []}', encoding="utf-8")
    return place


def contents(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_update_keeps_the_answers_and_a_copy(folder, newer, run_grade):
    before = contents(folder)
    looked = run_grade("update", "--from", str(newer), "--look", cwd=folder)
    assert "answers under a newer heading: scale" in looked.stdout
    assert "Nothing was changed" in looked.stdout
    assert contents(folder) == before
    done = run_grade("update", "--from", str(newer), cwd=folder)
    assert done.returncode == 0
    after = contents(folder)
    assert after["assignments/toy/toy.py.before"] == RIGHT.encode()
    assert code_of(after["assignments/toy/toy.py"].decode()) == code_of(RIGHT)
    assert after["assignments/toy/README.md"] == b"newer words"
    assert run_grade("toy", cwd=folder).returncode == 0
    assert "up to date" in run_grade("update", "--from", str(newer), cwd=folder).stdout
    assert contents(folder) == after


def test_what_the_student_changed_stays_and_the_newer_one_lies_beside(folder, newer):
    mine = folder / "assignments" / "toy" / "README.md"
    mine.write_text("my notes", encoding="utf-8")
    carry_out(plan(folder / "assignments", files_of(newer), came.RELEASE))
    assert mine.read_text() == "my notes"
    assert mine.with_name("README.new.md").read_text() == "newer words"
    (newer / "assignments" / "toy" / "toy.ipynb").write_text('{"cells": [ ]}', encoding="utf-8")
    assert [step.name for step in plan(folder / "assignments", files_of(newer), "").changes] == ["toy/toy.ipynb"]


def test_a_file_that_does_not_parse_stays_and_is_merged_once_it_is_mended(folder, newer):
    mine = folder / "assignments" / "toy" / "toy.py"
    mine.write_text(RIGHT + "\ndef (\n", encoding="utf-8")
    done = carry_out(plan(folder / "assignments", files_of(newer), came.RELEASE))
    assert mine.read_text() == RIGHT + "\ndef (\n"
    assert any("toy.py stays as it is" in text and "line" in text for step, _ in done for text in step.told)
    mine.write_text(RIGHT, encoding="utf-8")
    carry_out(plan(folder / "assignments", files_of(newer), came.RELEASE))
    assert "Newer: " in mine.read_text()
    assert code_of(mine.read_text()) == code_of(RIGHT)


def test_an_update_that_was_interrupted_is_finished_by_the_next(folder, newer, monkeypatch, tmp_path):
    whole = tmp_path / "whole"
    shutil.copytree(folder, whole)
    carry_out(plan(whole / "assignments", files_of(newer), came.RELEASE))
    number = len(plan(folder / "assignments", files_of(newer), came.RELEASE).changes) + 1
    assert number > 3
    for fails in range(number):
        broken = tmp_path / f"broken{fails}"
        shutil.copytree(folder, broken)
        writes = iter(range(number + 1))

        def write(path, content, writes=writes, fails=fails):
            if next(writes) == fails:
                raise OSError(28, "No space left on device")
            path.write_bytes(content)

        with monkeypatch.context() as patch:
            patch.setattr(steps, "write_whole", write)
            patch.setattr(came, "write_whole", write)
            with pytest.raises(GraderError, match="No space left on device; nothing is lost"):
                carry_out(plan(broken / "assignments", files_of(newer), came.RELEASE))
        carry_out(plan(broken / "assignments", files_of(newer), came.RELEASE))
        copies = {name: text for name, text in contents(broken).items() if ".before" in name}
        assert set(copies.values()) == {RIGHT.encode()}
        assert {name: text for name, text in contents(broken).items() if ".before" not in name} == {
            name: text for name, text in contents(whole).items() if ".before" not in name
        }


def archive(place, files, kind):
    path = place / f"course{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(path, "w") as into:
            for name, content in files.items():
                into.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz") as into:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                into.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_an_archive_is_read_as_its_folder_and_no_name_leads_out_of_it(newer, tmp_path, kind):
    files = {f"maths-1.2/{name}": content for name, content in contents(newer).items()}
    hostile = [
        "../../evil",
        "/evil",
        "toy/../../evil",
        "toy/deep/evil",
        ".evil",
        "toy/.evil",
        "toy/x\\..\\evil",
        "c:/evil",
    ]
    files |= {f"maths-1.2/assignments/{name}": b"evil" for name in hostile}
    found = files_of(archive(tmp_path, files, kind))
    assert found == files_of(newer)
    assert b"evil" not in found.values()


def test_what_is_no_course_is_one_sentence(tmp_path):
    (tmp_path / "file.zip").write_bytes(b"PK nonsense")
    (tmp_path / "file.tar.gz").write_bytes(b"nonsense")
    (tmp_path / "file.txt").write_bytes(b"nonsense")
    for name in ("file.zip", "file.tar.gz", "file.txt", "nothing", ""):
        with pytest.raises(NoCourse, match=r"download it again|name a release of the course"):
            files_of(tmp_path / name)


def test_a_newer_course_that_is_damaged_changes_nothing(folder, newer):
    before = contents(folder)
    for name, content in {"toy.py": b"def (", "key": b"no key"}.items():
        place = newer / "assignments" / "toy" / name
        was = place.read_bytes()
        place.write_bytes(content)
        with pytest.raises(GraderError, match="newer"):
            plan(folder / "assignments", files_of(newer), came.RELEASE)
        place.write_bytes(was)
    assert contents(folder) == before


def test_an_authors_folder_and_an_unknown_origin_are_told(toy_course, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    with pytest.raises(GraderError, match="name the newer one with --from"):
        update(None, None, look=True)
    (folder / "assignments" / came.NAME).unlink()
    update(None, None, look=True)
    assert "the units that it has are brought up to date, no others" in " ".join(capsys.readouterr().out.split())
    (folder / "solutions").mkdir()
    with pytest.raises(GraderError, match="grade dev build"):
        update(None, None, look=True)


def test_a_link_is_not_written_through(folder, newer, tmp_path):
    mine, target = folder / "assignments" / "toy" / "toy.py", tmp_path / "elsewhere"
    mine.rename(target)
    mine.symlink_to(target)
    with pytest.raises(GraderError, match="link"):
        carry_out(plan(folder / "assignments", files_of(newer), came.RELEASE))
    assert target.read_text() == RIGHT
