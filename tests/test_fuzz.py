"""A short run of the fuzzer (`python -m tests.fuzz`): no damaged file raises anything but what its decoder names."""

import json
import os
import random

import pytest
from fuzz import Target, example, run, tried
from fuzz_targets import TARGETS, a_report

SECONDS = float(os.environ.get("GRADE_FUZZ_SECONDS", "0.6"))  # for each target; some 10 s in all
FIRST = int(os.environ.get("GRADE_FUZZ_FIRST", "0"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_damage_raises_anything_but_what_is_named(target):
    count, found = run([target], SECONDS, FIRST)
    assert count[target.name] >= 20
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_number_gives_the_same_example_again(target):
    examples = [example(target, seed) for seed in range(6)]
    assert examples == [example(target, seed) for seed in range(6)]
    assert len({*examples}) > 2


def test_the_fuzzer_finds_what_is_not_named(tmp_path):
    """So that its silence means something."""

    def read(content: bytes, folder) -> None:
        if b"7" in content:
            raise KeyError("seven")
        if b"3" in content:
            raise LookupError("three")

    target = Target("digits", lambda chance: str(chance.randrange(1000)).encode(), read, (LookupError,))
    narrow = Target("digits", target.make, read, (ValueError,))
    assert run([target], 0.2)[1] == []  # a KeyError is a LookupError
    (seven, three) = sorted(run([narrow], 0.2)[1], key=lambda one: one.what)
    assert seven.what.startswith("KeyError: 'seven'")
    assert three.what.startswith("LookupError: three")
    assert tried(narrow, seven.seed, tmp_path) == seven
    assert f"--only digits --seed {seven.seed}" in str(seven)


def test_what_takes_too_long_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr("fuzz.SLOW", -1.0)
    target = Target("slow", lambda chance: random.Random(0).randbytes(3), lambda content, folder: None)
    assert "it took" in tried(target, 0, tmp_path).what


# What the fuzzer has found, each by the input that is easiest to read.


def _read(name: str, content: bytes, folder) -> str:
    """What the target of a name says to a file; empty if it takes it."""
    target = next(target for target in TARGETS if target.name == name)
    try:
        target.read(content, folder)
    except target.raises as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["roster", "times"])
def test_lines_that_end_as_on_an_old_mac_are_lines(name, tmp_path):
    table = b"student,time,unit\rann,2026-11-21,attention\rcyd,2026-11-20,attention\r"
    assert _read(name, table, tmp_path) == ""


@pytest.mark.parametrize("name", ["roster", "times", "canvas", "moodle"])
def test_a_table_with_a_cell_without_end_is_told_so(name, tmp_path):
    said = _read(name, b'student,time,unit\n"' + b"a" * 200_000, tmp_path)
    assert "line 2 has a quote that does not end" in said


def test_a_gradebook_whose_second_row_is_short_is_no_fault_of_ours(tmp_path):
    rows = b"Student,ID,SIS User ID,SIS Login ID,Section,Linear algebra (12)\n    Points Possible,,,;\n"
    assert _read("canvas", rows, tmp_path) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[limits]\nseconds = 1" + b"0" * 400, "limits.seconds must be a number from 0.1 up, and it is far too large"),
        (b"[limits]\nmemory_mb = 0x" + b"f" * 5000, "must be a whole number from 64 up, and it is far too large"),
        (b"[late]\ngrace_minutes = 1e308", "late.grace_minutes must be a number from 0 up"),
        (b"[late]\npenalty = nan", "late.penalty must be a number from 0 to 100, and it is nan"),
        (b"[due]\na = 9999-12-31", "due.a is in the year 9999"),
        (b"x = " + b"1" * 5000, "is not TOML"),
        (b"x = " + b"[" * 5000, "is not TOML"),
    ],
)
def test_a_number_that_nobody_can_count_with_is_told_so(line, words, tmp_path):
    assert words in _read("course", b'units = ["a"]\n' + line, tmp_path)


@pytest.mark.parametrize(
    "bands", [b"[1]", b'{"a": 1}', b'{"a": [["x"]]}', b'{"a": [[1e999, true]]}', b"[" * 10**5, b"\xff"]
)
def test_bands_of_another_form_are_damaged(bands, tmp_path):
    assert "measure it again with `grade dev bands toy`" in _read("bands", bands, tmp_path)


@pytest.mark.parametrize(("points", "most"), [(1 << 31, 3), (1 << 61, 1 << 61), (-1, 3), (4, 3)])
def test_points_that_nobody_has_earned_are_damage_and_no_bar_of_gigabytes(points, most, tmp_path):
    data = json.loads(a_report())
    data["exercises"][0] |= {"points": points, "max_points": most}
    assert f"report has {points} of {most} points" in _read("report", json.dumps(data).encode(), tmp_path)


@pytest.mark.parametrize("text", ["7", "{}", "[]", '{"schema": 1}', '{"schema": 1, "exercises": 3}', "x", "[" * 10**5])
def test_a_stored_record_of_another_form_is_told_as_a_damaged_store(text, tmp_path):
    assert "the record of ann, toy, in" in _read("record", text.encode(), tmp_path)
