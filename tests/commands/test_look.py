"""What a teacher reads before a class is marked, and a class that hardly fits its roster is not marked without a word."""

import io
import sqlite3
from pathlib import Path

import pytest
from conftest import RIGHT

from grader.classroom.intake.intake import Intake, Units, take
from grader.classroom.intake.roster import Student
from grader.commands import class_run, look
from grader.commands.class_options import Options
from grader.passwords import Address
from grader.render.terminal import make_console

UNITS = Units({"toy": ["scale", "row_sums", "mean_and_spread"], "words": ["shout", "count"]})
ROSTER = [Student(f"s{n}", (f"Ann {n}",), f"Ann {n}") for n in range(6)]


def taken(folder: Path, files: dict[str, str], roster: list[Student] = ROSTER) -> Intake:
    for name, content in files.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (folder / "scratch").mkdir()
    return take(folder / "in", UNITS, folder / "scratch", roster, ("toy",))


def said(how, *arguments) -> tuple[str, object]:
    console = make_console(io.StringIO(), least=200)
    result = how(*arguments, console)
    return console.file.getvalue(), result


MIXED = {
    "s0/toy.py": RIGHT,
    "Ann 1/toy.ipynb": "{",
    "s2/toy_v1.py": RIGHT,
    "s2/toy_v2.py": RIGHT + "\n",
    "s3/words.py": "def shout(x):\n    return x\n",
    "zed [red]/toy.py": RIGHT,
    "marks.txt": "",
}


def test_a_look_names_who_has_none_who_is_a_stranger_and_what_is_odd(tmp_path):
    text, _ = said(look.tell, taken(tmp_path, MIXED))
    for line in (
        "toy: 2 of 6 on the roster handed in a file that can be marked.",
        "Nothing handed in (3):",
        "  Ann 3 (s3): handed in something else: s3/words.py (words)",
        "  Ann 4 (s4)",
        "Cannot be read (1):",
        "  Ann 1 (s1): Ann 1/toy.ipynb: this is not a notebook",
        "  Ann 2 (s2): 2 files for toy: s2/toy_v2.py was marked, the newest by its name; not s2/toy_v1.py",
        "Not on the roster (1):",
        "  zed [red]",
        "  marks.txt",
        "Nothing was marked, and nothing is stored.",
    ):
        assert f"\n{line}" in f"\n{text}", line


def test_the_first_lines_of_a_run_count_the_roster_and_are_few_where_all_is_well(tmp_path):
    lines = list(look.headlines(taken(tmp_path, MIXED)))
    assert lines[0] == "3 of 6 on the roster handed in; nothing from Ann 3 (s3), Ann 4 (s4), Ann 5 (s5)."
    assert lines[1] == "1 not on the roster: zed [red]"
    whole = taken(tmp_path / "b", {f"s{n}/toy.py": RIGHT for n in range(6)})
    assert list(look.headlines(whole)) == ["6 of 6 on the roster handed in."]
    alone = taken(tmp_path / "c", {"ann/toy.py": RIGHT}, [])
    assert list(look.headlines(alone)) == []


STRANGERS = {f"x{n}/toy.py": RIGHT for n in range(4)}


@pytest.mark.parametrize(
    ("files", "marked", "is_sure", "goes_on"),
    [
        ({"s0/toy.py": RIGHT, **STRANGERS}, set(), False, False),
        ({"s0/toy.py": RIGHT, **STRANGERS}, set(), True, True),
        ({"s0/toy.py": RIGHT, **STRANGERS}, {"x0", "x1", "x2", "x3"}, False, True),  # decided before
        ({"s0/toy.py": RIGHT}, set(), False, True),  # few have handed in yet
        ({**{f"s{n}/toy.py": RIGHT for n in range(4)}, "zed/toy.py": RIGHT}, set(), False, True),
    ],
)
def test_where_most_are_absent_while_strangers_turn_up_it_stops(tmp_path, monkeypatch, files, marked, is_sure, goes_on):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    text, went_on = said(look.may_go_on, taken(tmp_path, files), marked, is_sure)
    assert went_on is goes_on
    assert ("5 of 6 on the roster have nothing, while 4 are not on it" in text) is not goes_on


def test_a_look_marks_nothing_and_makes_no_store_and_neither_does_a_run_that_stops(
    tmp_path, toy_course, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    taken(tmp_path, STRANGERS)
    (tmp_path / "roster.csv").write_text("student\n" + "".join(f"s{n}\n" for n in range(6)))
    more = {
        "units": ("toy",),
        "roster": tmp_path / "roster.csv",
        "db": Address(str(tmp_path / "class.db")),
        "course_dir": str(toy_course),
    }
    assert class_run.mark(tmp_path / "in", Options(look=True, **more)) == 0
    assert "Not on the roster (4)" in capsys.readouterr().out
    assert not (tmp_path / "class.db").exists()
    assert class_run.mark(tmp_path / "in", Options(**more)) == 1
    with sqlite3.connect(tmp_path / "class.db") as store:
        assert store.execute("SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM students)").fetchone() == (
            0,
        )
