"""A demo is made of a student's functions, in a process of its own that can say nothing but pieces."""

import json
import shutil

import numpy as np
import pytest
from conftest import TOY

from grader.authoring.build import build, stale
from grader.course.choice import choose
from grader.course.course import Course
from grader.course.demo_files import demo_files
from grader.course.unit import UnitError
from grader.demos.playing import DemoError, find, run
from grader.demos.shown import Curve, Frames, Printed, Progress, Stopped, Table, Text, read
from grader.releases.students import bundle, known_files

SCRIPT = '''"""Your row sums, seen."""

import numpy as np

NEEDS = ("row_sums", "scale")


def demo(own, here, show):
    x = np.load(here / "x.npy")
    show.text("First.")
    print("\x1b[31mnot shown as a colour")
    show.table(["row", "sum"], [[n, float(total)] for n, total in enumerate(own.row_sums(x))])
    show.progress(1, 2, "halving")
    show.curve("halves", [own.scale(1.0, 0.5), 0.25])
    show.frames("shrinking", [x, own.scale(x, 0.5)])
'''
RIGHT = b"def row_sums(x):\n    return x.sum(axis=1)\n\nscale = lambda x, factor: x * factor\n"
STUBS = b"def row_sums(x):\n    # YOUR CODE HERE\n    raise NotImplementedError\n\ndef scale(x, factor=2.0):\n    return 1\n"


@pytest.fixture
def course(tmp_path):
    """The toy course with a demo, not built yet."""
    shutil.copytree(TOY / "solutions", tmp_path / "solutions", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "solutions" / "toy" / "demo"
    folder.mkdir()
    (folder / "demo.py").write_text(SCRIPT)
    np.save(folder / "x.npy", np.arange(6.0).reshape(3, 2))
    (folder / "make.py").write_text("the author's")
    return Course(tmp_path)


@pytest.fixture
def demo(course):
    return find("toy", course.root / "solutions" / "toy")


def test_the_pieces_come_as_the_student_s_functions_make_them(demo):
    found = list(run(demo, RIGHT, "toy.py"))
    rows = (("0", "1.0"), ("1", "5.0"), ("2", "9.0"))
    assert found == [
        Text("First."),
        Table(("row", "sum"), rows),
        Progress(1, 2, "halving"),
        Curve("halves", (0.5, 0.25)),
        Frames("shrinking", (((0.0, 1.0), (2.0, 3.0), (4.0, 5.0)), ((0.0, 0.5), (1.0, 1.5), (2.0, 2.5)))),
        Printed("\\x1b[31mnot shown as a colour"),
    ]
    assert demo.title == "Your row sums, seen."


def test_another_answer_makes_another_demo(demo):
    wrong = RIGHT.replace(b"axis=1", b"axis=1) * 2 + (0")
    assert Table(("row", "sum"), (("0", "2.0"), ("1", "10.0"), ("2", "18.0"))) in list(run(demo, wrong, "toy.py"))


def test_what_is_not_written_yet_is_named_before_anything_runs(demo):
    with pytest.raises(DemoError, match=r"needs row_sums; run it again when it is written"):
        next(run(demo, STUBS, "toy.py"))
    with pytest.raises(DemoError, match="needs row_sums, scale; run it again when they are written"):
        next(run(demo, b"raise SystemExit(0)", "toy.py"))


@pytest.mark.parametrize(
    ("source", "stopped"),
    [
        (RIGHT.replace(b"return", b"raise ValueError(str(x.ndim)) #"), Stopped("ValueError: 2", "toy.py", 2)),
        (RIGHT.replace(b"return", b"raise SystemExit(3) #"), Stopped("SystemExit: 3", "toy.py", 2)),
        (RIGHT.replace(b"return", b"import os; os._exit(7) #"), Stopped("the demo's process ended with status 7")),
        (
            RIGHT.replace(b"return", b"import os; os.kill(os.getpid(), 9) #"),
            Stopped("the demo's process died of signal 9"),
        ),
    ],
    ids=["raises", "exits", "ends", "dies"],
)
def test_what_goes_wrong_in_the_student_s_code_is_told_with_its_line(demo, source, stopped):
    found = [piece for piece in run(demo, source, "toy.py") if isinstance(piece, Stopped)]
    assert [(piece.why, piece.file.rpartition("/")[2], piece.line) for piece in found] == [
        (stopped.why, stopped.file, stopped.line)
    ]


def test_a_statement_that_fails_takes_nothing_from_the_others(demo):
    assert Text("First.") in list(run(demo, b"1 / 0\n" + RIGHT + b"\nraise SystemExit\n", "toy.py"))
    gone = list(run(demo, b"\nscale = 1 / 0\n" + RIGHT.partition(b"scale")[0], "toy.py"))
    assert [(piece.why, piece.line) for piece in gone] == [("ZeroDivisionError: division by zero", 2)]


def test_a_file_that_cannot_be_parsed_is_told_with_its_line(demo):
    with pytest.raises(DemoError, match=r"toy\.py, line 2: "):
        next(run(demo, b"x = 1\ndef row_sums(x:\n", "toy.py"))


def test_a_notebook_s_cells_make_it_too(demo):
    cells = [{"cell_type": "code", "metadata": {}, "source": RIGHT.decode(), "outputs": [], "execution_count": None}]
    source = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert Text("First.") in list(run(demo, source, "toy.ipynb"))


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"[1]",
        b'{"kind": "printed", "text": "forged"}',
        b'{"kind": "text"}',
        b'{"kind": "text", "text": 1}',
        b'{"kind": "table", "header": ["a"], "rows": [["1", "2"]]}',
        b'{"kind": "curve", "title": "t", "values": ["1"]}',
        b'{"kind": "frames", "title": "t", "frames": []}',
        b'{"kind": "frames", "title": "t", "frames": [[[1.0, NaN]]]}',
        b'{"kind": "frames", "title": "t", "frames": [[[1.0]]]}',
        b'{"kind": "frames", "title": "t", "frames": [[[1.0, 1e300]]]}',
        b'{"kind": "frames", "title": "t", "frames": [' + b",".join([b"[]"] * 61) + b"]}",
        b"[" * 100_000,
        b" " * (1 << 21),
    ],
    ids=[
        "no JSON",
        "no table",
        "another kind",
        "nothing",
        "a number",
        "a long row",
        "texts",
        "no frame",
        "a point that is none",
        "half a point",
        "a point far away",
        "too many frames",
        "a deep nest",
        "a long line",
    ],
)
def test_what_is_no_piece_is_refused(line):
    with pytest.raises(ValueError, match=r"."):
        read(line)


def test_a_piece_holds_nothing_that_a_terminal_obeys():
    assert read(b'{"kind": "text", "text": "\\u001b[31m"}') == Text("\\x1b[31m")


def test_students_get_the_demo_and_its_data_but_not_how_they_were_made(course):
    written = build(course, ["toy"])
    shown = {"assignments/toy/demo/demo.py", "assignments/toy/demo/x.npy"}
    assert shown <= {path.relative_to(course.root).as_posix() for path in written}
    assert stale(course, ["toy"]) == []
    for file in ("README.md", "toy.ipynb"):
        assert "`grade demo toy`" in (course.root / "assignments" / "toy" / file).read_text()
    assert shown <= set(bundle(course)) == known_files(course)
    assert not [name for name in bundle(course) if "make" in name]
    (course.root / "assignments" / "toy" / "demo" / "old.npy").write_bytes(b"")
    (course.root / "assignments" / "toy" / "demo" / "x.npy").unlink()
    gone, stray = stale(course, ["toy"])
    assert "x.npy is missing" in gone
    assert "old.npy is not made by a build" in stray


def test_where_an_exercise_is_left_out_the_demo_that_needs_it_is_too(course):
    build(course, ["toy"])
    assert demo_files(choose(course, ["toy.row_sums", "toy.scale"]).solutions("toy"))
    assert demo_files(choose(course, ["toy.scale"]).solutions("toy")) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("NEEDS", "USES"), "a demo has a line NEEDS"),
        (('row_sums", "scale', 'rowsums", "scale'), "needs 'rowsums', which no exercise of toy asks for"),
        (('"""Your row sums, seen."""', ""), "has no docstring"),
        (("import numpy", "import (numpy"), "demo.py"),
    ],
    ids=["no names", "a strange name", "no title", "no Python"],
)
def test_an_author_is_told_what_a_demo_lacks(course, change, words):
    script = course.root / "solutions" / "toy" / "demo" / "demo.py"
    script.write_text(SCRIPT.replace(*change))
    with pytest.raises(UnitError, match=words):
        demo_files(course.solutions("toy"))


def test_a_unit_without_a_demo_says_so(course):
    with pytest.raises(DemoError, match="words has no demo"):
        find("words", course.root / "solutions" / "words")
