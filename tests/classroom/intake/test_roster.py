"""Rosters as platforms and spreadsheets export them: whatever the encoding, the separator and the columns, who is in the class."""

from itertools import product
from pathlib import Path

import pytest

from grader.classroom.intake.columns import naming
from grader.classroom.intake.roster import Names, Student, read_roster
from grader.errors import GraderError

PEOPLE = [("s1", "Jörg Müller"), ("s2", "Zoë Ångström"), ("s3", "Ana de la Cruz")]
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "cp850")


def roster(folder: Path, text: str | bytes) -> list[Student]:
    path = folder / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


@pytest.mark.parametrize(("encoding", "separator", "end"), [*product(ENCODINGS, ",;\t", ("\n", "\r\n", "\r"))])
def test_however_a_spreadsheet_saved_it_the_class_is_the_same(tmp_path, encoding, separator, end):
    lines = ["student", "name"], *PEOPLE
    text = end.join(separator.join(line) for line in lines) + end
    assert [(one.id, one.name) for one in roster(tmp_path, text.encode(encoding))] == PEOPLE


def test_a_byte_order_mark_on_utf_16_decides(tmp_path):
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        found = roster(tmp_path, mark + "student\tname\r\nann\tAnn Ä\r\n".encode(encoding))
        assert [(one.id, one.name) for one in found] == [("ann", "Ann Ä")]


CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Linear algebra (77),Current Score
,,,,,Manual Posting,
    Points Possible,,,,,100,(read only)
"Able, Ann",101,900,ann,"Mo 10, room 3",,70
"Baker, Bob",102,901,bob,Tu 12,EX,
"Student, Test",999,,9ab3,Tu 12,,
"""
SPLIT = """LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,Linear algebra (77)
    Points Possible,,,,,,100
Able,Ann,101,900,ann,"Mo 10, room 3",
Baker,Bob,102,901,bob,Tu 12,
Student,Test,999,,9ab3,Tu 12,
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade
Participant 31,Ann Able,900,ann@x.edu,No submission,,43.00
Participant 32,Bob Baker,901,bob@x.edu,Submitted,,43.00
"""
GERMAN = """Vorname;Nachname;Matrikelnummer;E-Mail-Adresse;Gruppe
Ann;Able;900;ann@x.edu;A
Bob;Baker;901;bob@x.edu;B
"""
LAST_FIRST = "sep=;\r\nName;Vorname;Matrikel\r\nAble;Ann;900\r\nBaker;Bob;901\r\n"
BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,Midterm Points Grade,End-of-Line Indicator
#900,#ann,Able,Ann,ann@x.edu,,#
#901,#bob,Baker,Bob,bob@x.edu,,#
"""
BLACKBOARD = '"Last Name","First Name","Username","Student ID"\n"Able","Ann","ann","900"\n"Baker","Bob","bob","901"\n'
GRADESCOPE = "First Name,Last Name,SID,Email,Section\nAnn,Able,900,ann@x.edu,A\nBob,Baker,901,bob@x.edu,B\n"
EXPORTS = {
    "Canvas's gradebook": (CANVAS, ["900", "901"]),
    "Canvas's with first and last names": (SPLIT, ["900", "901"]),
    "Moodle's worksheet": (MOODLE, ["900", "901"]),
    "a German Moodle's list": (GERMAN, ["900", "901"]),
    "German last names first": (LAST_FIRST, ["900", "901"]),
    "Brightspace's": (BRIGHTSPACE, ["#900", "#901"]),
    "Blackboard's": (BLACKBOARD, ["900", "901"]),
    "Gradescope's": (GRADESCOPE, ["900", "901"]),
}


@pytest.mark.parametrize(("text", "ids"), EXPORTS.values(), ids=EXPORTS)
def test_an_export_has_its_students_and_nobody_else(tmp_path, text, ids):
    found = roster(tmp_path, text)
    assert [student.id for student in found] == ids
    assert [student.name for student in found] == ["Ann Able", "Bob Baker"]
    for name in ("Ann Able", "ABLE, Ann", "ableann", "900"):
        assert Names(found).find(name) == ids[0]


def test_columns_that_nobody_asked_for_are_kept_and_grades_are_not_among_them(tmp_path):
    assert roster(tmp_path, CANVAS)[0].attributes == (("Section", "Mo 10, room 3"),)
    assert roster(tmp_path, "student,name,tutor,Group no\nann,Ann,Kim,3\n")[0].attributes == (
        ("tutor", "Kim"),
        ("Group no", "3"),
    )


def test_a_column_student_of_short_names_gives_the_ids(tmp_path):
    found = roster(tmp_path, "student,name,email,sid\nann,Ann A,a@x,900\nbob,Bob B,b@x,901\n")
    assert [student.id for student in found] == ["ann", "bob"]
    assert Names(found).find("901") == "bob"


def test_moodles_number_is_the_participants_and_no_number_of_somebody_else(tmp_path):
    found = roster(
        tmp_path, "Identifier,Full name,ID number\nTeilnehmer/in 31,Ann Able,32\nTeilnehmer/in 32,Bob Baker,99\n"
    )
    assert [Names(found).find(f"Participant {number}") for number in (31, 32)] == ["32", "99"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student_id,email\nann,a@x\nann,a@x\n", "ann is in student_id twice"),
        ("Matrix,Ort\n1,2\n", "it has Matrix, Ort"),
        (b"PK\x03\x04" + bytes(3000), "no text|cannot be read as a table|no column"),
    ],
)
def test_a_table_that_is_no_roster_is_told_with_what_is_in_it(tmp_path, text, words):
    with pytest.raises(GraderError, match=words):
        roster(tmp_path, text)


def test_of_two_whose_names_are_each_others_turned_round_each_has_their_own(tmp_path):
    for text in ("student,name\na,Li Wang\nb,Wang Li\n", "student,first name,last name\na,Li,Wang\nb,Wang,Li\n"):
        names = Names(roster(tmp_path, text))
        assert [names.find(name) for name in ("Li Wang", "Wang Li", "a", "b")] == ["a", "b", "a", "b"]
    assert [names.find(name) for name in ("wangli", "liwang", "Wang, Li", "Li, Wang")] == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("header", "row", "names"),
    [
        ("Student,ID,SIS User ID,Section,toy", "Ann X,7,u7,a,3", ["u7", "7", "Ann X"]),  # as rosters choose ids
        ("LastName,FirstName,ID,toy", "X,Ann,7,3", ["7", "Ann X"]),
        ("Vorname,Nachname,Zeit", "Ann, X ,1", ["Ann X"]),
        ("Name,Vorname,Zeit", "X,Ann,1", ["X", "Ann X"]),
        ("Identifiant,Nom complet,Note", "Participant 3,Ann X", ["Participant 3", "Ann X"]),
        ("ID number,time", ",1", []),
    ],
)
def test_a_row_of_any_table_calls_its_student_by_the_columns_of_rosters(header, row, names):
    assert naming(header.split(","))(row.split(",")) == names


def test_a_table_without_such_a_column_calls_nobody():
    assert naming(["time", "unit", "Vorname"]) is None
