"""Which file is marked for a unit, and when none is: another unit's, an upload that cannot be read, versions that do not say."""

import hashlib
from pathlib import Path

import pytest
from conftest import RIGHT
from mixed_class import LOGIN, WORDS, notebook

from grader.classroom.intake.handed_in import HandIn
from grader.classroom.intake.intake import Units, take

EXERCISES = {"toy": ["scale", "row_sums", "mean_and_spread"], "words": ["shout", "count"]}
STUB = "def scale(x, factor=2.0):\n    raise NotImplementedError\n"
UNITS = Units(EXERCISES, frozenset([hashlib.sha256(STUB.encode()).hexdigest()]))
OLD = RIGHT.replace("axis=1", "axis=0")


def handed(folder: Path, files: dict[str, str | bytes], only: tuple[str, ...] = ("toy",)) -> HandIn:
    """What one student of two handed in for the first of the units."""
    for name, content in {**{f"ann/{name}": text for name, text in files.items()}, "bob/toy.py": RIGHT}.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "scratch").mkdir()
    found = take(folder / "in", UNITS, folder / "scratch", (), only)
    return next(one for one in found.hand_ins if one.student == "ann")


@pytest.mark.parametrize(
    "files",
    [
        {"words.py": WORDS},
        {"toy.py": WORDS},
        {"toy/work.py": WORDS},
        {"homework.py": WORDS},
        {"words.ipynb": notebook(WORDS)},
    ],
)
def test_another_units_file_is_no_hand_in_for_this_one_whatever_it_is_called(tmp_path, files):
    one = handed(tmp_path, files)
    assert (one.outcome, one.kept) == ("absent", None)
    assert "handed in something else: ann/" in one.note
    assert "(words)" in one.note


@pytest.mark.parametrize(
    "text",
    [
        "def scale(x):\n    pass\n",
        "scale = lambda x: x\n",
        "from mine import *\n",
        "from mine import scale\n",
        "import os\n",
    ],
)
def test_a_file_that_is_called_like_the_unit_is_the_units_as_long_as_it_is_no_others(tmp_path, text):
    assert handed(tmp_path, {"toy.py": text}).outcome == "graded"


def test_a_file_that_has_this_unit_and_helpers_of_another_is_this_ones(tmp_path):
    assert handed(tmp_path, {"toy.py": STUB + WORDS}).outcome == "graded"


WHOLE = {"solutions/toy/toy.py": OLD, "assignments/toy/toy.py": RIGHT, "toy.py": RIGHT}


@pytest.mark.parametrize("above", ["", "course/"])
def test_of_a_course_that_was_handed_in_whole_the_assignment_is_marked(tmp_path, above):
    one = handed(tmp_path, {above + name: text for name, text in WHOLE.items()})
    assert (one.outcome, one.read().source) == ("graded", RIGHT.encode())


@pytest.mark.parametrize("other", ["toy.py", "assignments/toy.py", "work/assignments/toy/toy.py"])
def test_a_folder_solutions_of_ones_own_decides_nothing(tmp_path, other):
    assert handed(tmp_path, {"solutions/toy/toy.py": RIGHT, other: OLD}).outcome == "unreadable"


DAMAGED = {
    "a notebook that is cut off": ("toy.ipynb", notebook(RIGHT)[:-40], "not a notebook"),
    "no notebook at all": ("toy.ipynb", "[1, 2]", "not a notebook"),
    "a notebook nested without end": ("toy.ipynb", '{"cells": ' + "[" * 200_000, "not a notebook"),
    "UTF-16": ("toy.py", RIGHT.encode("utf-16"), "UTF-16"),
    "UTF-16 without its mark": ("toy.py", RIGHT.encode("utf-16-le"), "NUL"),
    "bytes of NUL at its end": ("toy.py", RIGHT.encode() + bytes(512), "NUL"),
    "a byte of no encoding": ("toy.py", RIGHT.encode() + b"# \xff\n", "save it as UTF-8"),
    "nothing": ("toy.py", " \n\t\n", "is empty"),
    "a page in place of the file": ("toy.ipynb", LOGIN, "web page"),
    "an archive by another name": ("toy.py", b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "NUL"),
}


@pytest.mark.parametrize(("name", "content", "words"), DAMAGED.values(), ids=DAMAGED)
def test_what_cannot_be_read_is_unreadable_and_never_a_zero(tmp_path, name, content, words):
    one = handed(tmp_path, {name: content})
    assert (one.outcome, one.kept) == ("unreadable", None)
    assert words in one.note
    assert any(words in each for each in one.unread)


@pytest.mark.parametrize(("name", "content", "words"), DAMAGED.values(), ids=DAMAGED)
def test_a_stub_is_not_marked_for_the_work_that_cannot_be_read(tmp_path, name, content, words):
    one = handed(tmp_path, {"stub/toy.py": STUB, name: content})
    assert one.outcome == "unreadable"


def test_a_wrong_program_is_a_program(tmp_path):
    assert handed(tmp_path, {"toy.py": "def scale(x:\n"}).outcome == "graded"


PAIRS = [
    ("toy.py", "toy_v2.py"), ("toy_v9.py", "toy_v10.py"), ("toy (9).py", "toy (10).py"), ("toy.py", "toy_final.ipynb"),
    ("v1/toy.py", "v2/toy.py"), ("old/toy.py", "toy.py"), ("hw.py", "hw_v2.py"), ("hw-1.ipynb", "hw-2.py"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_newest_counts_and_the_record_says_which_and_why(tmp_path, old, new):
    text = {name: notebook(source) if name.endswith("ipynb") else source for name, source in ((old, OLD), (new, RIGHT))}
    one = handed(tmp_path, text)
    assert one.name.endswith(f"ann/{new}")
    assert f"2 files for toy: ann/{new} was marked, the newest by its name; not ann/{old}" in one.note


@pytest.mark.parametrize(
    ("a", "b"), [("toy_v2.py", "toy (1).py"), ("toy.py", "Copy of toy.py"), ("toy.py", "work/toy.py"), ("a.py", "b.py")]
)
def test_where_nothing_decides_both_are_named_and_none_is_marked(tmp_path, a, b):
    one = handed(tmp_path, {a: RIGHT, b: OLD})
    assert one.outcome == "unreadable"
    for words in ("nothing says which is the newest", f"ann/{a}", f"ann/{b}"):
        assert words in one.note


def test_equal_files_are_one(tmp_path):
    one = handed(tmp_path, {"a/toy.py": RIGHT, "b/toy.py": RIGHT})
    assert one.outcome == "graded"
    assert "equal" in one.note


def test_who_handed_in_one_of_two_units_is_absent_in_the_other_without_a_word(tmp_path):
    one = handed(tmp_path, {"words.py": WORDS}, ("toy", "words"))
    assert (one.outcome, one.note) == ("absent", "")
