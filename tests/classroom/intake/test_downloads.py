"""Each platform's download by its own facts: who a file is of, which hand-in is the last, and one odd file is one odd file."""

from pathlib import Path

import pytest

from grader.classroom.intake.archives import Entry
from grader.classroom.intake.downloads import SCHEMES, marked, moment
from grader.classroom.intake.place import Place


def files(*names: str) -> list[Entry]:
    return [Entry(tuple(name.split("/"))) for name in names]


def placed(*names: str) -> tuple[list[Place], list[Entry]]:
    found = marked(files(*names))
    assert found is not None
    return found


def owners(*names: str) -> dict[str, str]:
    return {place.entry.path[-1]: place.owners[0].id for place in placed(*names)[0]}


CANVAS = [
    "doejane_101_9001_toy.py",
    "roebob_LATE_102_9002_toy.py",
    "poeeve_103_9003_toy-1.py",
    "strauß_104_9004_toy.py",
]
MOODLE = [f"Jane Doe {n}_{n}_assignsubmission_file_/toy.py" for n in range(4)]
BRIGHTSPACE = [
    f"{n}-77 - Jane {word} - Nov 2{n}, 2026 1159 PM/toy.py" for n, word in enumerate(("Doe", "Roe", "Poe", "Moe"))
]
BLACKBOARD = [f"Homework 1_u{n}_attempt_2026-11-20-23-59-0{n}_toy.py" for n in range(4)]
DOWNLOADS = {"Canvas": CANVAS, "Moodle": MOODLE, "Brightspace": BRIGHTSPACE, "Blackboard": BLACKBOARD}
ODD = ["notes.txt", "toy.py", "list of students.csv", "scan (3).pdf"]


@pytest.mark.parametrize("names", DOWNLOADS.values(), ids=DOWNLOADS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_odd_files_beside_a_download_are_odd_and_lose_nobody(names, wrapped):
    above = "submissions/" if wrapped else ""
    places, odd = placed(*[above + name for name in [*names, *ODD[:3]]], *ODD[3:])
    assert sorted("/".join(place.entry.path) for place in places) == sorted(above + name for name in names)
    assert len({place.owners[0].id for place in places}) == len(names)
    assert {entry.path[-1] for entry in odd} == {*ODD}
    assert all(place.path == ("toy.py",) for place in places)


@pytest.mark.parametrize("names", DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_few_names_that_look_like_a_platforms_make_no_download(names):
    assert marked(files(*names[:2], *[f"student{n}/toy.py" for n in range(9)])) is None


def test_what_a_student_called_a_file_is_never_a_platforms_word():
    inner = [f"alice/{n}_1_2_toy.py" for n in range(9)]
    assert marked(files(*inner, "bob/toy.py", "cem/toy.py")) is None


@pytest.mark.parametrize(
    ("name", "student", "instead", "note"),
    [
        ("doejane_101_text.html", "doejane", "text in Canvas's box", ""),
        ("doejane_LATE_101_link.html", "doejane", "a link", "handed in late"),
        ("anon_aB3x0_9901_toy.py", "anon_aB3x0", "", ""),
        ("LATE_anon_aB3x0_9901_toy.py", "anon_aB3x0", "", "handed in late"),
        ("anon_aB3x0_LATE_9901_toy.py", "anon_aB3x0", "", "handed in late"),
        ("anon_98765_text.html", "anon_98765", "text in Canvas's box", ""),
        ("van_derberg_101_9001_toy.py", "van_derberg", "", ""),
        ("Ann Text_9_assignsubmission_onlinetext_/onlinetext.html", "Ann Text", "text in Moodle's box", ""),
        ("HW_ann_attempt_2026-11-20-23-59-01.txt", "ann", "text in Blackboard's box", ""),
    ],
)
def test_what_is_no_file_is_told_and_a_mark_is_no_name(name, student, instead, note):
    (place,), _ = placed(name)
    assert (place.owners[0].id, place.instead, place.note) == (student, instead, note)


def test_canvas_numbers_of_repeated_hand_ins_are_no_part_of_a_name():
    places, _ = placed("doejane_101_9001_toy-3.py", "doejane_101_9005_toy-12.ipynb")
    assert [(place.path, place.turn) for place in places] == [(("toy.py",), 9001), (("toy.ipynb",), 9005)]


def test_later_attempts_count_more():
    for early, late in (
        ("HW_ann_attempt_2026-11-20-23-59-01_toy.py", "HW_ann_attempt_2026-12-01-00-00-00_b.py"),
        ("7-1 - Ann - Nov 20, 2026 1159 PM/toy.py", "7-1 - Ann - Nov 21, 2026 1202 AM/toy.py"),
        ("7-1 - Ann - 30 November 2026 2359/toy.py", "7-1 - Ann - 1 December 2026 0001/toy.py"),
    ):
        first, second = placed(early, late)[0]
        assert first.owners[0].id == second.owners[0].id == ("ann" if "HW" in early else "Ann")
        assert 0 < first.attempt < second.attempt


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Nov 20, 2026 1159 PM", 202611202359), ("Nov 20, 2026 1201 AM", 202611200001), ("20 novembre, 2026 23 59", 202611202359),
        ("20. März 2026 0905", 202603200905), ("1 déc. 2026 905", 202612010905), ("20 noviembre 2026 11 59 p.m.", 202611202359),
        ("Chapter 20, part 1159", 0), ("Nov 31, 2026 1159", 0), ("2026", 0),
    ],
)  # fmt: skip
def test_times_in_names_grow_with_time_in_several_languages(text, number):
    assert moment(text) == number


def test_blackboards_assignment_and_user_are_told_apart_by_what_all_names_share():
    names = [f"HW_1_{user}_attempt_2026-11-20-23-59-01_toy.py" for user in ("jdoe", "jroe_2", "x")]
    assert [place.owners[0].id for place in placed(*names)[0]] == ["jdoe", "jroe_2", "x"]


def test_moodles_group_before_a_name_is_left_out_as_well():
    names = [f"Group A-{name}_{n}_assignsubmission_file_/toy.py" for n, name in enumerate(("Jane Doe", "Jean-Luc P"))]
    assert [place.owners[0].others[-1] for place in placed(*names)[0]] == ["Jane Doe", "Jean-Luc P"]


def test_each_scheme_knows_its_own_names_alone():
    for names in DOWNLOADS.values():
        assert [sum(scheme(Path(name).parts[0]) is not None for scheme in SCHEMES) for name in names] == [1] * len(
            names
        )
