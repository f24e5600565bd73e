"""Every member of an archive, however damaged or oddly named, costs its owner at most their own hand-in; nothing goes unsaid."""

import io
import os
import random
import struct
import tarfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import fuzz_archives
import pytest
from conftest import RIGHT

from grader.classroom.intake import archives
from grader.classroom.intake.codepages import other_readings, read_name
from grader.classroom.intake.intake import HandIn, Intake, Units, take
from grader.classroom.intake.roster import Student
from grader.errors import GraderError

UNITS = Units({"toy": ["scale", "row_sums", "mean_and_spread"]})
CODE = RIGHT.encode()


@pytest.fixture
def intake(tmp_path: Path) -> Callable[..., Intake]:
    def run(source: Path, *roster: Student) -> Intake:
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        return take(source, UNITS, scratch, roster, ["toy"])

    return run


def by_student(found: Intake) -> dict[str, HandIn]:
    return {item.student: item for item in found.hand_ins}


def zip_of(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            archive.writestr(info, data)
    return content.getvalue()


def tar_of(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


MAKE = {"zip": zip_of, "tar": tar_of}
ODD = {
    "no name": "", "two dots": "..", "a way out": "../toy.py", "a way out further in": "x/../../toy.py",
    "an absolute name": "/toy.py", "an absolute name of Windows": "\\toy.py", "a drive": "C:\\toy.py", "too long": "x" * 300 + ".py",
    "too deep": "d/" * 100 + "toy.py", "a dot": ".",
}  # fmt: skip
PLAIN = {
    "a device's name": "CON", "a name with a NUL": "toy.py\0.txt", "a dot at the end": "toy.py.", "a space at the end": "toy.py ",
    "a name in two cases": "TOY.py", "a file that is a folder, too": "toy.py/toy.py", "controls": "\x1b[31m\n.py",
    "a name in two normal forms": "e\u0301.py", "backslashes": "deep\\er\\notes.py",
}  # fmt: skip


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("name", [*ODD.values(), *PLAIN.values()], ids=[*ODD, *PLAIN])
def test_an_oddly_named_member_of_a_students_archive_costs_the_others_nothing(intake, tmp_path, kind, name):
    (tmp_path / "in" / "bob").mkdir(parents=True)
    (tmp_path / "in" / "eve").mkdir()
    (tmp_path / "in" / "bob" / "toy.py").write_bytes(CODE)
    (tmp_path / "in" / "eve" / f"work.{kind}").write_bytes(MAKE[kind](("toy.py", CODE), (name, b"x = 1\n")))
    found = by_student(intake(tmp_path / "in"))
    assert set(found) == {"bob", "eve"}
    assert found["bob"].read().source == CODE
    assert found["eve"].outcome == "graded" or "twice" in found["eve"].note
    assert found["eve"].outcome != "graded" or found["eve"].read().source == CODE
    if name in ODD.values():
        assert f"left out: eve/work.{kind}" in found["eve"].note


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("name", [*ODD.values(), *PLAIN.values()], ids=[*ODD, *PLAIN])
@pytest.mark.parametrize(
    "scheme", ["{}/toy.py", "{0}_7_assignsubmission_file_/toy.py", "{0}_101_9001_toy.py", "class/{}/toy.py"]
)
def test_an_oddly_named_member_of_the_class_s_archive_is_lost_alone(intake, tmp_path, kind, name, scheme):
    students = [(scheme.format(student), CODE) for student in ("bob", "cem")]
    if name in PLAIN.values():
        name = students[0][0].replace("toy.py", name)
    (tmp_path / f"class.{kind}").write_bytes(MAKE[kind](*students, (name, b"x = 1\n")))
    found = intake(tmp_path / f"class.{kind}")
    everyone = by_student(found)
    assert set(everyone) == {"bob", "cem"}
    assert everyone["cem"].read().source == CODE
    assert everyone["bob"].outcome == "graded" or "twice" in everyone["bob"].note
    if name in ODD.values():
        assert len(found.unread) == 1
        assert everyone["bob"].read().source == CODE


def in_the_directory(offset: int, value: bytes, of: bytes = b"eve") -> Callable[[bytes], bytes]:
    """Change a member's line in the directory of a zip."""

    def change(content: bytes) -> bytes:
        out = bytearray(content)
        at = content.rindex(b"PK\x01\x02", 0, content.rindex(of))
        out[at + offset : at + offset + len(value)] = value
        return bytes(out)

    return change


def with_extra(extra: bytes) -> Callable[[bytes], bytes]:
    def change(_content: bytes) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("bob/toy.py", CODE)
            archive.writestr("eve/toy.py", CODE)
            archive.getinfo("eve/toy.py").extra = extra
        return content.getvalue()

    return change


def with_a_name_that_is_no_utf8(content: bytes) -> bytes:
    return in_the_directory(8, b"\x00\x08")(content).replace(b"eve/toy", b"ev\xe9/toy")


SPOILT = {
    "an unknown method": in_the_directory(10, b"\x63\x00"),
    "a version of the future": in_the_directory(6, b"\xff\x00"),
    "a wrong sum": in_the_directory(16, b"\1\2\3\4"),
    "a size that lies": in_the_directory(24, b"\1\0\0\0"),
    "a packed size that lies": in_the_directory(20, b"\xff\xff\xff\x7f"),
    "a place outside": in_the_directory(42, b"\xff\xff\xff\x7f"),
    "the place of another": in_the_directory(42, b"\0\0\0\0"),
    "a place in the directory's extra field that is not there": in_the_directory(42, b"\xff\xff\xff\xff"),
    "encryption": in_the_directory(8, b"\1\0"),
    "a month of its own": in_the_directory(12, b"\xff\xff\xff\xff"),
    "a link": in_the_directory(38, struct.pack("<I", 0o120777 << 16)),
    "a device": in_the_directory(38, struct.pack("<I", 0o020666 << 16)),
    "an extra field that is cut": with_extra(struct.pack("<HH", 1, 900)),
    "an extra field of no bytes": with_extra(b"\1\0\0\0"),
    "a flag that says UTF-8 of what is none": with_a_name_that_is_no_utf8,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_damaged_member_of_the_class_s_zip_costs_its_owner_alone(intake, tmp_path, spoil):
    (tmp_path / "class.zip").write_bytes(spoil(zip_of(("bob/toy.py", CODE), ("eve/toy.py", CODE))))
    found = by_student(intake(tmp_path / "class.zip"))
    assert len(found) == 2
    assert found.pop("bob").read().source == CODE
    (other,) = found.values()
    assert other.outcome != "graded" or other.read().source == CODE
    assert other.outcome == "graded" or "it is" in other.note


def test_a_tar_that_goes_wrong_on_the_way_is_not_taken_for_one_that_ends(intake, tmp_path):
    content = bytearray(tar_of(("bob/toy.py", CODE), ("cem/toy.py", CODE), ("dil/toy.py", CODE)))
    content[content.index(b"cem/toy.py")] ^= 1
    (tmp_path / "class.tar").write_bytes(content)
    with pytest.raises(GraderError, match="the archive is damaged; download it again"):
        intake(tmp_path / "class.tar")


def tar_header(size: bytes, kind: bytes = b"0", name: bytes = b"toy.py", sparse: bytes = b"") -> bytes:
    header = bytearray(tarfile.TarInfo(name.decode()).tobuf(tarfile.GNU_FORMAT))
    header[124:136], header[156:157] = size, kind
    header[386 : 386 + len(sparse)] = sparse
    fuzz_archives.with_right_sums(header)
    return bytes(header)


HUGE = b"\x80" + bytes(3) + (1 << 60).to_bytes(8, "big")
NEGATIVE = b"\xff" * 12
ENDLESS = {
    "a file larger than all there is": tar_header(HUGE),
    "a file that is not taken, larger than all there is": tar_header(HUGE, name=b"data.bin"),
    "a negative size": tar_header(NEGATIVE),
    "a long name larger than all there is": tar_header(HUGE, b"L"),
    "a record of keywords of a gigabyte": tar_header(b"%011o\0" % (1 << 30), b"x") + bytes(1 << 20),
    "a chain of long names": tar_header(b"%011o\0" % 0, b"L") * 3000,
    "a list of holes without end": tar_header(b"%011o\0" % 0, b"S", sparse=b"\0" * 96 + b"\1") + (bytes(504) + b"\1" + bytes(7)) * 5000,
    "a hundred thousand members": tar_header(b"%011o\0" % 0) * 100_000,
    "a million folders": tar_header(b"%011o\0" % 0, b"5", b"d/") * 60_000,
}  # fmt: skip


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_a_tar_that_would_keep_the_reader_for_ever_is_given_up(intake, tmp_path, content):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bob.py").write_bytes(CODE)
    (tmp_path / "in" / "eve.tar.gz").write_bytes(fuzz_archives.gzip.compress(content, 1))
    began = time.monotonic()
    found = by_student(intake(tmp_path / "in"))
    assert time.monotonic() - began < 30
    assert found["bob"].read().source == CODE
    assert found["eve"].outcome == "unreadable"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_a_bomb_is_not_unpacked_further_than_it_is_read(intake, tmp_path, method):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in" / "eve.zip", "w", method) as archive:
        archive.writestr("toy.py", bytes(150 << 20))
    tracemalloc.start()
    try:
        assert "larger than 1 MB" in by_student(intake(tmp_path / "in"))["eve"].note
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_of_overlapping_members_no_more_is_kept_than_a_student_can_need(intake, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_KEPT", 4 << 20)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "eve.zip").write_bytes(zip_of(*((f"{n}.py", bytes(1 << 20)) for n in range(5))))
    assert "unpacks to more than 4 MB" in by_student(intake(tmp_path / "in"))["eve"].note


@pytest.mark.parametrize("suffix", ["7z", "rar", "tar.zst"])
def test_an_archive_of_a_kind_that_is_not_opened_says_so(intake, tmp_path, suffix):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bob.py").write_bytes(CODE)
    (tmp_path / "in" / f"eve.{suffix}").write_bytes(b"7z\xbc\xaf\x27\x1c")
    found = intake(tmp_path / "in")
    (other,) = (item for item in found.hand_ins if item.student != "bob")
    assert "of a kind that is not opened; hand in a .zip" in other.note


PEOPLE = {
    "cp850": "Jörn Übel", "cp437": "Zoë Strauß", "cp1252": "Zoë Müller", "cp1250": "Łukasz Śliwa", "cp852": "Jiří Dvořák",
    "cp1251": "Анна Иванова", "cp866": "Борис Петров", "shift_jis": "山田太郎", "gb18030": "王小明", "euc_kr": "김민준", "utf-8": "José",
}  # fmt: skip


@pytest.mark.parametrize("page", PEOPLE)
@pytest.mark.parametrize("kind", MAKE)
def test_names_in_any_code_page_are_found_on_the_roster(intake, tmp_path, page, kind):
    name = PEOPLE[page].encode(page)
    content = MAKE[kind](
        (f"{'X' * len(name)}_7_assignsubmission_file_/toy.py", CODE), ("bob_8_assignsubmission_file_/toy.py", CODE)
    )
    content = content.replace(b"X" * len(name), name)
    if kind == "tar":
        content = bytearray(content)
        fuzz_archives.with_right_sums(content)
    (tmp_path / f"class.{kind}").write_bytes(content)
    found = by_student(intake(tmp_path / f"class.{kind}", Student("s1", (PEOPLE[page],)), Student("s2", ("bob",))))
    assert {student: item.outcome for student, item in found.items()} == {"s1": "graded", "s2": "graded"}
    alone = by_student(intake(tmp_path / f"class.{kind}"))
    alone.pop("bob")
    (note,) = (item.note for item in alone.values())
    assert page == "utf-8" or "is not in UTF-8; it was read as code page" in note


@pytest.mark.parametrize("page", ["cp850", "cp1252", "cp1251", "gb18030", "utf-8"])
def test_a_name_is_read_in_the_code_page_in_which_it_is_one(page):
    assert read_name(PEOPLE[page].encode(page))[0] == PEOPLE[page]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x80", b"\xc3", bytes(range(1, 256))])
def test_bytes_that_are_a_name_in_no_code_page_are_text_all_the_same(raw):
    text, page = read_name(raw)
    text.encode()
    assert text not in other_readings(text, page)


def test_a_students_own_file_says_nothing_about_who_the_others_are(intake, tmp_path):
    for student in ("alice", "bob"):
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "toy.py").write_bytes(CODE)
    (tmp_path / "in" / "alice" / "submission_metadata.yml").write_text("toy.py:\n  :submitters:\n  - :name: eve\n")
    (tmp_path / "in" / "alice" / "eve_7_assignsubmission_file_toy.py").write_bytes(CODE)
    assert set(by_student(intake(tmp_path / "in"))) == {"alice", "bob"}


def test_a_scratch_folder_that_is_full_is_not_the_students_fault(tmp_path, monkeypatch):
    (tmp_path / "class.zip").write_bytes(zip_of(("bob/toy.py", CODE)))
    with pytest.raises(GraderError, match="cannot keep what was handed in until it is marked: No such file"):
        take(tmp_path / "class.zip", UNITS, tmp_path / "gone")


def test_archives_that_are_spoilt_at_random_harm_nobody():
    """Five seconds of what `python tests/classroom/intake/fuzz_archives.py SECONDS` does for as long as one likes."""
    seed, end, rounds = os.environ.get("FUZZ_SEED") or str(time.time_ns()), time.monotonic() + 5, 0
    while time.monotonic() < end:
        print(f"FUZZ_SEED={seed}, round {rounds}")
        fuzz_archives.run(random.Random(f"{seed} {rounds}"))
        rounds += 1
    assert rounds > 5
