"""Gradebooks keep what a person wrote: a cell changes only where there is a grade for it, and everything is counted."""

from pathlib import Path

import pytest

from grader.classroom.gradebooks.filling import Entry, fill_canvas, fill_moodle
from grader.classroom.intake.roster import Student
from grader.errors import GraderError

CLASS = [
    Student(name, (f"{name.title()} X", f"{number}"))
    for number, name in enumerate(["ann", "bob", "cem", "dil", "eve", "fay", "gus"], 101)
]
ENTRIES = {
    "ann": Entry(7.5, 10),
    "bob": Entry(7.5, 10),
    "cem": Entry(7.5, 10),
    "dil": Entry(7.5, 10, is_held=True),
    "eve": Entry(7.5, 10, is_excused=True),
    "fay": Entry(7.5, 10),
    "gus": Entry(7.5, 10),
}
CANVAS = (
    "Student,ID,Section,toy (77),Other\n,,,Manual Posting,\n    Points Possible,,,20,5\n"
    "Ann,101,A,,1\nBob,102,A,14,1\nCem,103,A,15.00,1\nDil,104,A,3,1\nEve,105,A,,1\nFay,106,A,EX,1\nGus,107,A,N/A,1\n"
    '"Student, Test",999,A,,\n'
)


def filled_in(tmp_path: Path, text: str, fill, *arguments) -> tuple[str, object]:
    file = tmp_path / "book.csv"
    file.write_bytes(text.encode())
    told = fill(file, ENTRIES, CLASS, *arguments)
    return file.read_bytes().decode(), told


def test_each_kind_of_cell_is_treated_as_its_kind_and_counted(tmp_path):
    now, told = filled_in(tmp_path, CANVAS, fill_canvas, ["toy"])
    want = CANVAS.replace("101,A,,", "101,A,15,").replace("A,14,", "A,15,").replace("105,A,,", "105,A,EX,")
    assert now == want
    assert (told.new, told.changed, told.same) == (("ann",), (("bob", "14"),), ("cem",))
    assert (told.kept, told.held, told.excused) == ((("fay", "EX"), ("gus", "N/A")), ("dil",), ("eve",))
    again, told = filled_in(tmp_path, now, fill_canvas, ["toy"])
    assert again == now
    assert (told.new, told.changed, told.excused) == ((), (), ())
    assert set(told.same) == {"ann", "bob", "cem", "eve"}


MARKS = [  # what parts the fields, numbers that the file has, and how 3.75 is to be written there
    (";", "7,5", "10,0", "3,75"),
    (";", "7.5", "10.0", "3.75"),
    (";", "1", "10", "3,75"),  # semicolons part fields where a comma marks decimals
    (",", "7.5", "10.0", "3.75"),
    (",", "1", "10", "3.75"),
    (",", '"7,5"', "10", '"3,75"'),
    ("\t", "7,5", "10,0", "3,75"),
]


@pytest.mark.parametrize(("part", "other", "possible", "want"), MARKS)
def test_numbers_have_the_decimal_mark_of_the_file(tmp_path, part, other, possible, want):
    rows = [
        ["\ufeffStudent", "ID", "toy (77)", "Other"],
        ["Points Possible", "", possible, "5"],
        ["Ann", "101", "", other],
    ]
    file = tmp_path / "book.csv"
    file.write_bytes("\r\n".join(map(part.join, rows)).encode())
    fill_canvas(file, {"ann": Entry(3.75, 10)}, CLASS, ["toy"])
    rows[2][2] = want
    assert file.read_bytes().decode() == "\r\n".join(map(part.join, rows))


def test_canvas_may_name_first_and_last_names_and_has_columns_that_it_takes_no_grades_for(tmp_path):
    text = "LastName,FirstName,ID,toy (77),Final Score\n    Points Possible,,,10,(read only)\nX,Ann,9,,3\n"
    file = tmp_path / "book.csv"
    file.write_text(text)
    fill_canvas(file, {"ann": Entry(7.5, 10)}, CLASS, ["toy"])
    assert file.read_text() == text.replace("9,,3", "9,7.5,3")
    with pytest.raises(GraderError, match="Canvas takes no grades in the column Final Score"):
        fill_canvas(file, {"ann": Entry(7.5, 10)}, CLASS, ["Final Score"])


MOODLE = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,Feedback comments\n"
    "Participant 1,Ann X,,Submitted,-,100.00,Yes,<p>mine</p>\nParticipant 2,Bob X,,Submitted,10.00,100.00,Yes,\n"
    "Participant 3,Cem X,,Submitted,75.00,100.00,Yes,\nParticipant 4,Dil X,,Submitted,,100.00,Yes,\n"
    "Participant 5,Eve X,,Submitted,20.00,100.00,Yes,\nParticipant 6,Fay X,,Submitted,30.00,100.00,No,\n"
    "Participant 7,Gus X,,Submitted,Good,Scale,Yes,\n"
)


def test_moodles_worksheet_keeps_comments_scales_and_what_is_locked(tmp_path):
    now, told = filled_in(tmp_path, MOODLE, fill_moodle)
    assert now == MOODLE.replace("Submitted,-,", "Submitted,75,").replace("Submitted,10.00,", "Submitted,75,")
    assert (told.new, told.changed, told.same) == (("ann",), (("bob", "10.00"),), ("cem",))
    assert (told.kept, told.held, told.excused) == ((("fay", "30.00"), ("gus", "Good")), ("dil",), ("eve",))


def test_a_worksheet_in_another_language_is_one_too_or_its_column_is_named(tmp_path):
    german = "ID;Vollständiger Name;Status;Bewertung;Bestwertung\nTeilnehmer/in1;Ann X;;;100,00\n"
    now, _ = filled_in(tmp_path, german, fill_moodle)
    assert now == german.replace(";;;100", ";;75;100")
    finnish = german.replace("Bewertung", "Arvosana")
    with pytest.raises(GraderError, match="name the column with --column"):
        filled_in(tmp_path, finnish, fill_moodle)
    assert filled_in(tmp_path, finnish, fill_moodle, "Arvosana")[0] == now.replace("Bewertung", "Arvosana")


def test_a_participants_number_is_nobodys_id(tmp_path):
    file, people = tmp_path / "book.csv", [Student("1", ("Participant 5",)), Student("5", ("Participant 1",))]
    file.write_text("Identifier,Grade\nParticipant 1,\n")
    fill_moodle(file, {"1": Entry(1, 10), "5": Entry(5, 10)}, people)
    assert file.read_text() == "Identifier,Grade\nParticipant 1,5\n"
