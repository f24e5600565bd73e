"""A table's cells, and the file with some of them changed: every other byte stays, whatever program wrote it."""

import pytest

from grader.classroom.intake.sheets import NotATable, number, sheet_of

WRITTEN = {
    "UTF-8 with its mark, semicolons": 'Name;Grade\r\n"Müller; Jörg";7,50\r\n'.encode("utf-8-sig"),
    "UTF-16 with tabs": "Name\tGrade\r\nMüller\t7,50\r\n".encode("utf-16"),
    "UTF-16 without its mark": "Name\tGrade\r\nMüller\t7,50\r\n".encode("utf-16-be"),
    "an old Mac's line ends": "Name,Grade\rMüller,7.50\r".encode("mac_roman"),
    "a German code page": "Name;Grade\nMüller;7,50".encode("cp1252"),
    "a byte of no code page": b'Name,Grade\r\n"M\xfcller \x81",7.50\r\n\r\n',
    "a code page with two codes for a sign": b"Name,Grade\r\n\xba\xa2\xa2\xcc,7.50",
    "a line that names the separator": b"sep=;\r\nName;Grade\r\nM;7,50\r\n",
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_a_cell_is_replaced_and_every_other_byte_stays(content):
    sheet = sheet_of(content)
    assert sheet.changed({}) == content
    grade = sheet.rows[1][1]
    assert (sheet.header, number(grade.text)) == (["Name", "Grade"], 7.5)
    new = sheet.changed({grade: "9;1"})
    again = sheet_of(new)
    assert again.rows[1][1].text == "9;1"
    assert again.changed({again.rows[1][1]: sheet.text[grade.start : grade.end]}) == content


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("7,5", 7.5), ("7.50", 7.5), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1 234,5", 1234.5), ("-2", -2)]
    + [(word, None) for word in ("EX", "N/A", "", "-", "1.2.3", "7,5 %", "nan", "1e5")],
)
def test_numbers_are_read_as_people_write_them_and_words_are_none(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "commas"),
    [
        ("a;b\n7,50;x\n", True),
        ("a;b\n7.50;x\n", False),
        ("a;b\n;x\n", True),
        ("a,b\n7.5,x\n", False),
        ("a,b\n,\n", False),
    ],
)
def test_the_decimal_mark_is_the_one_of_the_other_numbers(text, commas):
    assert sheet_of(text.encode()).has_decimal_commas is commas


def test_rows_know_their_lines_and_empty_ones_are_left_out():
    sheet = sheet_of(b'a,b\r\n\r\n"two\r\nlines",1\r\n,\r\nlast,2\r\n')
    assert [(line, row[0].text) for line, row in zip(sheet.lines, sheet.rows, strict=True)] == [
        (1, "a"), (3, "two\r\nlines"), (6, "last"),
    ]  # fmt: skip


def test_separators_within_quotes_do_not_count():
    assert sheet_of(b'"a,b,c,d";e\n1;2\n').header == ["a,b,c,d", "e"]


@pytest.mark.parametrize(
    "content", [b'a,b\n1,"2\n', b"PK\x03\x04" + bytes(300), b'a\n"' + b"x" * 200_000, b"\xff\xfea", b"\xfe\xff\xd8\0"]
)
def test_what_is_no_table_is_told(content):
    with pytest.raises(NotATable):
        sheet_of(content)
