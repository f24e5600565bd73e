"""Gradebooks keep what a person wrote: a cell changes only where there is a grade for it, and everything is counted."""

from pathlib import Path

import pytest

from grader.classroom.gradebooks.filling import Entry, fill_canvas, fill_moodle
from grader.classroom.intake.roster import Student, read_roster
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


SAVED = {  # how programs and systems save a table again: what becomes of the text, and its encoding
    "UTF-16 with its mark": (lambda text: "\ufeff" + text.replace("\n", "\r\n"), "utf-16-le"),
    "UTF-16 of the other order": (lambda text: "\ufeff" + text.replace(",", "\t"), "utf-16-be"),
    "UTF-16 without its mark": (lambda text: text, "utf-16-le"),
    "UTF-8 with its mark": (lambda text: "\ufeff" + text, "utf-8"),
    "line ends of an old Mac": (lambda text: text.replace("\n", "\r"), "mac_roman"),
    "a German code page": (lambda text: text.replace(",", ";"), "cp1252"),
    "a Cyrillic code page": (lambda text: text.replace("Jörg Müller", "Юрий Мельник"), "cp1251"),
    "a Japanese code page": (lambda text: text.replace("Jörg Müller", "山田太郎"), "shift_jis"),
    "a line that names the separator": (lambda text: "sep=;\r\n" + text.replace(",", ";"), "utf-8"),
}
BOOKS = {
    "canvas": (
        "Student,ID,Section,toy (77),Other\n    Points Possible,,,20,5\nJörg Müller,101,A,,1\nBob,102,Jörg Müller,EX,1\n",
        lambda file, entries: fill_canvas(file, entries, CLASS, ["toy"]),
        ("101,A,,", "101,A,15,"),
    ),
    "moodle": (
        "Identifier,Full name,ID number,Grade,Maximum grade,Status\nParticipant 9,Jörg Müller,101,,20,\n"
        "Participant 8,Bob,102,Good,20,Jörg Müller\n",
        lambda file, entries: fill_moodle(file, entries, CLASS),
        ("101,,", "101,15,"),
    ),
}


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
@pytest.mark.parametrize("book", BOOKS.values(), ids=BOOKS)
def test_a_gradebook_is_filled_however_it_was_saved_and_every_other_byte_stays(tmp_path, book, saved):
    text, fill, (empty, filled) = book
    write, encoding = saved
    file = tmp_path / "book.csv"
    file.write_bytes(write(text).encode(encoding))
    told = fill(file, {"ann": ENTRIES["ann"], "bob": ENTRIES["bob"]})
    assert (told.new, [who for who, _ in told.kept], told.missing) == (("ann",), ["bob"], ())
    assert file.read_bytes() == write(text.replace(empty, filled)).encode(encoding)


@pytest.mark.parametrize(
    ("part", "possible", "other", "want"),
    [
        (",", '"1,000"', "7.5", "750"),
        (";", "1.000", "7,5", "750"),
        (",", '"1,000.00"', "7", "750"),
        (";", "1,0", "7", "0,75"),
    ],
)
def test_a_maximum_of_a_thousand_is_one_in_the_way_of_the_file(tmp_path, part, possible, other, want):
    rows = ["Student|ID|toy|Other", f"Points Possible||{possible}|", "Ann|101||" + other]
    file = tmp_path / "book.csv"
    file.write_text("\n".join(rows).replace("|", part))
    fill_canvas(file, {"ann": Entry(7.5, 10)}, CLASS, ["toy"])
    assert file.read_text().splitlines()[2] == f"Ann|101|{want}|{other}".replace("|", part)


def test_one_comma_among_points_is_no_decimal_mark(tmp_path):
    text = 'Student,ID,Section,toy,Other\nAnn,101,"1,2",,7.5\nBob,102,3,,7.25\n'
    file = tmp_path / "book.csv"
    file.write_text(text)
    fill_canvas(file, {"ann": Entry(3.75, 10)}, CLASS, ["toy"])
    assert file.read_text() == text.replace(",,7.5", ",3.75,7.5")


@pytest.mark.parametrize(
    "content", [b"", b"\n,\n", b"PK\x03\x04" + bytes(200), b"\xff\xfea", b'Student,ID,toy\nAnn,101,"']
)
@pytest.mark.parametrize(
    "fill", [lambda file: fill_canvas(file, ENTRIES, CLASS, ["toy"]), lambda file: fill_moodle(file, ENTRIES, CLASS)]
)
def test_what_is_no_table_is_one_sentence_and_stays_as_it_is(tmp_path, fill, content):
    file = tmp_path / "book.csv"
    file.write_bytes(content)
    with pytest.raises(GraderError, match="export it again"):
        fill(file)
    assert file.read_bytes() == content


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


def test_an_id_of_one_that_is_canvas_s_number_of_another_is_not_mixed_up(tmp_path):
    text = "Student,ID,SIS User ID,toy\nAnn,70,7,\nBob,7,u8,\n"
    (tmp_path / "book.csv").write_text(text)
    people = read_roster(tmp_path / "book.csv")
    assert [student.id for student in people] == ["7", "u8"]
    fill_canvas(tmp_path / "book.csv", {"7": Entry(1, 10), "u8": Entry(8, 10)}, people, ["toy"])
    assert (tmp_path / "book.csv").read_text() == text.replace("70,7,", "70,7,1").replace("u8,", "u8,8")


def test_a_worksheet_whose_only_name_is_the_participants_number_is_filled(tmp_path):
    (tmp_path / "book.csv").write_text("Kennung;Bewertung\nTeilnehmer/in12;\n")
    fill_moodle(tmp_path / "book.csv", {"ann": Entry(1, 10)}, [Student("ann", ("Participant 12",))])
    assert (tmp_path / "book.csv").read_text() == "Kennung;Bewertung\nTeilnehmer/in12;1\n"
