"""What `grade` remembers between runs: passed for the code that passed, in one file, whole, and lost by nobody."""

import json
import threading
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pytest
from conftest import RIGHT

from grader.files import user_data_folder
from grader.practice.fingerprints import fingerprints
from grader.practice.progress import Memory, Progress, file_of, graded, load, news, streak, update
from grader.report import ExerciseReport, Report, Status

A, B, X = (letter * 64 for letter in "abx")  # hashes
NOW = datetime(2026, 3, 4, 10, 0)


def a_report(**statuses: Status) -> Report:
    exercises = tuple(
        ExerciseReport(f"toy.{name}", status, 2 * (status is Status.PASSED), 2, 0.0, ())
        for name, status in statuses.items()
    )
    return Report("toy.py", "0" * 64, "toy", "toy-1", "process", 0.0, exercises)


def prints(**hashes: str) -> dict[str, str]:
    return {f"toy.{name}": value for name, value in hashes.items()}


SOURCE = """
import numpy as np
import mine
RATE = 0.5

def _twice(x):
    return 2 * x

def scale(x):
    return _twice(x) * RATE

def rows(x):
    return x.sum(1)
"""


def changed(old: str, new: str, helpers=()) -> set[str]:
    before = fingerprints(SOURCE.encode(), "toy.py", helpers)
    after = fingerprints(SOURCE.replace(old, new).encode(), "toy.py", helpers)
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_a_change_reaches_the_exercises_that_call_it_and_no_others():
    assert changed("2 * x", "3 * x") == {"_twice", "scale"}
    assert changed("RATE = 0.5", "RATE = 0.25") == {"RATE", "scale"}
    assert changed("x.sum(1)", "x.sum(0)") == {"rows"}


def test_comments_layout_and_docstrings_are_no_change():
    assert changed("return x.sum(1)", '"""Adds."""\n    # over the columns\n\n    return (x.sum(\n1))') == set()


def test_what_runs_whenever_the_file_is_loaded_counts_for_everybody():
    assert changed("RATE = 0.5", "RATE = 0.5\nnp.seterr(all='raise')") >= {"scale", "rows"}
    assert changed("RATE = 0.5", "RATE = 0.5\nif __name__ == '__main__':\n    print(rows(np.ones(2)))") == set()


def test_a_function_that_finds_others_by_text_hangs_on_all_of_them():
    source = SOURCE.replace("x.sum(1)", "globals()['sc' + 'ale'](x)")
    before = fingerprints(source.encode(), "toy.py")
    assert before["rows"] != fingerprints(source.replace("2 * x", "3 * x").encode(), "toy.py")["rows"]


def test_a_helper_module_counts_where_it_is_used():
    source = SOURCE.replace("x.sum(1)", "mine.add(x)").encode()
    before = fingerprints(source, "toy.py", [("mine", b"def add(x): return x.sum(1)")])
    after = fingerprints(source, "toy.py", [("mine", b"def add(x): return x.sum(0)")])
    assert before["rows"] != after["rows"]
    assert before["scale"] == after["scale"]


def test_code_that_does_not_parse_has_a_hash_and_leaves_its_neighbours_alone():
    assert changed("return x.sum(1)", "return x.sum(1") == {"rows"}


def test_what_passes_is_new_once():
    report = a_report(scale=Status.PASSED, rows=Status.FAILED)
    first = graded(Progress(), report, prints(scale=A, rows=B), NOW)
    assert news(Progress(), first, report, prints(scale=A, rows=B), NOW.date()).passed == ("toy.scale",)
    again = graded(first, report, prints(scale=A, rows=B), NOW)
    assert news(first, again, report, prints(scale=A, rows=B), NOW.date()).passed == ()
    assert again.of("toy.scale").points == 2
    assert again.of("toy.rows") == Memory(points=0, status="failed")


def test_passed_means_passed_with_this_code():
    report = a_report(scale=Status.PASSED)
    first = graded(Progress(), report, prints(scale=A), NOW)
    only_rows = a_report(rows=Status.PASSED)
    found = news(first, graded(first, only_rows, prints(rows=B), NOW), only_rows, prints(scale=X), NOW.date())
    assert found.changed == ("toy.scale",)
    repaired = graded(first, report, prints(scale=X), NOW)
    assert news(first, repaired, report, prints(scale=X), NOW.date()).changed == ()
    assert repaired.of("toy.scale").passed == X


def test_a_run_of_several_pieces_is_changed_only_where_all_of_it_is_known():
    report, other = a_report(scale=Status.PASSED), a_report(rows=Status.PASSED)
    first = graded(Progress(), report, prints(scale=A + B), NOW)
    assert news(first, first, other, prints(scale=A, rows=B), NOW.date()).changed == ()
    assert news(first, first, other, prints(rows=B), NOW.date()).changed == ()
    assert news(first, first, other, prints(scale=A + X, rows=B), NOW.date()).changed == ("toy.scale",)


@pytest.mark.parametrize(
    ("days", "count"),
    [
        ([], 0),
        (["2026-03-04"], 1),
        (["2026-03-02", "2026-03-03"], 2),  # today is not over
        (["2026-03-02", "2026-03-03", "2026-03-04"], 3),
        (["2026-03-01", "2026-03-02"], 0),
        (["2026-02-28", "2026-03-02", "2026-03-03", "2026-03-04"], 3),
    ],
)
def test_a_streak_is_of_days_in_a_row_up_to_yesterday_or_today(days, count):
    assert streak(days, date(2026, 3, 4)) == count


def test_what_is_written_is_what_is_read(tmp_path):
    path = tmp_path / "course.json"
    report = a_report(scale=Status.PASSED)
    _, after, notice = update(path, tmp_path, partial(graded, report=report, prints=prints(scale=A), now=NOW))
    assert (load(path), notice) == (after, "")
    assert load(path).days == ("2026-03-04",)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["course.json", "lock"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": 1}', b"[" * 100_000, b'{"schema": 1, "course": "", "days": ["x"],'
     b' "exercises": {}}', b'{"schema": 1, "course": "", "days": [], "exercises": {"toy.scale": {"hints": "two"}}}'],
    ids=range(8),
)  # fmt: skip
def test_a_damaged_file_is_set_aside_with_one_sentence(tmp_path, damage):
    path = tmp_path / "course.json"
    path.write_bytes(damage)
    before, _, notice = update(path, tmp_path, lambda progress: progress)
    assert before == Progress()
    assert notice.startswith("What was remembered of your progress was damaged; it is set aside as ")
    assert (tmp_path / "course.json.damaged").read_bytes() == damage
    assert update(path, tmp_path, lambda progress: progress)[2] == ""


def test_the_file_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "course.json"
    path.write_text('{"schema": 99, "stars": 3}')
    assert "newer version" in update(path, tmp_path, lambda progress: progress)[2]
    assert json.loads(path.read_text()) == {"schema": 99, "stars": 3}


def test_a_place_that_cannot_be_written_costs_nothing_but_the_memory(tmp_path):
    (tmp_path / "file").write_text("")
    _, after, notice = update(tmp_path / "file" / "course.json", tmp_path, lambda p: p.with_memory("toy.x", Memory()))
    assert after.of("toy.x") == Memory()
    assert notice.startswith("Your progress cannot be remembered: cannot write")


def test_two_at_once_lose_nothing(tmp_path):
    path = tmp_path / "course.json"

    def add(thread: int) -> None:
        for number in range(20):
            name = f"toy.e{thread}_{number}"
            update(path, tmp_path, lambda progress, name=name: progress.with_memory(name, Memory(points=1)))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load(path).exercises) == 80


def test_the_folder_is_the_platforms():
    home = Path("/home/ann")
    assert user_data_folder({}, "linux", home) == home / ".local/share/deep-grade"
    assert user_data_folder({"XDG_DATA_HOME": "/data"}, "linux", home) == Path("/data/deep-grade")
    assert user_data_folder({}, "darwin", home) == home / "Library/Application Support/deep-grade"
    assert user_data_folder({"LOCALAPPDATA": "/local"}, "win32", home) == Path("/local/deep-grade")


def test_two_folders_of_a_course_are_two_beginnings(tmp_path):
    assert file_of(tmp_path, tmp_path / "a" / "maths") != file_of(tmp_path, tmp_path / "b" / "maths")
    assert file_of(tmp_path, tmp_path / "a").name.startswith("a-")


def test_a_student_sees_what_is_new_what_has_changed_and_what_is_next(tmp_path, toy_course, run_grade):
    file = toy_course / "assignments" / "toy" / "toy.py"
    file.write_text(RIGHT)
    first = run_grade("toy.row_sums", cwd=toy_course)
    assert "New: toy.row_sums" in first.stdout
    assert "Next: grade explain toy.scale" in first.stdout
    again = run_grade("toy.scale", cwd=toy_course).stdout
    assert "New: toy.scale" in again
    assert "Changed" not in again
    assert "New:" not in run_grade("toy.row_sums", cwd=toy_course).stdout
    file.write_text(RIGHT.replace("np.sum(x, axis=1)", "np.sum(x, axis=0)"))
    assert file.read_text() != RIGHT
    assert "Changed since it passed: toy.row_sums" in run_grade("toy.scale", cwd=toy_course).stdout
    file.write_text(RIGHT)
    everything = run_grade("toy", cwd=toy_course)
    assert "You have passed every exercise of the course." in everything.stdout


def test_who_has_passed_reads_all_hints_and_another_way_to_write_it(toy_course, run_grade):
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT.replace("axis=1", "axis=0"))
    assert "Another way" not in run_grade("toy.row_sums", cwd=toy_course).stdout
    assert "Another way" not in run_grade("explain", "toy.row_sums", cwd=toy_course).stdout
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    passed = run_grade("toy.row_sums", cwd=toy_course).stdout
    assert "Another way to write it: grade explain toy.row_sums" in passed
    told = run_grade("explain", "toy.row_sums", cwd=toy_course).stdout.partition("You have passed it.")[2]
    for words in ("Its hints\n   1 ", "\n   2 ", "Another way to write it: product", "return x @ np.ones(x.shape[1])"):
        assert words in told


def test_a_class_handed_in_is_nobodys_own_progress(tmp_path, toy_course, run_grade):
    (toy_course / "handed_in.py").write_text(RIGHT)
    assert "New:" not in run_grade("handed_in.py", "--unit", "toy", cwd=toy_course).stdout
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    assert "New:" not in run_grade("toy", "--seed", "3", cwd=toy_course).stdout


def test_each_hint_says_one_more(toy_course, run_grade):
    said = [run_grade("hint", "toy.row_sums", cwd=toy_course).stdout.split("\n\nhint ")[1][:6] for _ in range(3)]
    assert said == ["1 of 2", "2 of 2", "2 of 2"]
    assert "hint 1 of 2" in run_grade("hint", "toy.row_sums", "1", cwd=toy_course).stdout


def test_standard_output_holds_json_and_nothing_else(toy_course, run_grade):
    (toy_course / "assignments" / "toy" / "toy.py").write_text(RIGHT)
    assert json.loads(run_grade("toy", "--format", "json", cwd=toy_course).stdout)["points"] == 10
