"""Who handed in what: folders, archives, downloads, rosters; and nothing of it leaves the scratch folder."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import RIGHT

from grader.classroom.intake import archives
from grader.classroom.intake.intake import HandIn, Intake, Units, take
from grader.classroom.intake.roster import read_roster
from grader.errors import GraderError
from grader.record import Outcome

UNITS = Units({"toy": ["scale", "row_sums", "mean_and_spread"], "words": ["shout", "count"]})
NOTEBOOK = (
    '{"cells": [{"cell_type": "code", "metadata": {}, "source": ["def scale(x):\\n", "    return x"], "outputs": []}]}'
)
WORDS = "def shout(x):\n    return x\n"


@pytest.fixture
def intake(tmp_path: Path) -> Callable[..., Intake]:
    def run(source: Path, roster: str = "", only: tuple[str, ...] = (), units: Units = UNITS) -> Intake:
        scratch = tmp_path / f"scratch{len(list(tmp_path.iterdir()))}"
        scratch.mkdir()
        students = []
        if roster:
            (tmp_path / "roster.csv").write_text(roster, encoding="utf-8")
            students = read_roster(tmp_path / "roster.csv")
        return take(source, units, scratch, students, only)

    return run


def tree(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def outcomes(found: Intake) -> dict[str, str]:
    return {hand_in.student: str(hand_in.outcome) for hand_in in found.hand_ins}


def the(found: Intake, student: str, unit: str = "toy") -> HandIn:
    (one,) = [item for item in found.hand_ins if (item.student, item.unit) == (student, unit)]
    return one


LAYOUTS = {
    "a folder for each student": ["alice/toy.py", "bob/toy.py"],
    "a file for each student": ["alice.py", "bob.py"],
    "files with the unit in their names": ["alice_toy.py", "toy-bob.py"],
    "a student's whole folder": ["alice/assignments/toy/toy.py", "bob/deep/er/toy.py"],
    "a file that was saved twice": ["alice/toy (1).py", "bob/toy_v2.py"],
    "a file of any name": ["alice/homework.py", "bob/final.py"],
    "nbgrader's submitted tree": ["submitted/alice/toy/toy.py", "submitted/bob/toy/toy.py", "source/toy/toy.py"],
    "a folder around all": ["class of 2026/alice/toy.py", "class of 2026/bob/toy.py"],
}


@pytest.mark.parametrize("names", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz", "tar.xz", "tar.bz2"])
def test_each_layout_gives_each_student_one_file(intake, tmp_path, names, kind):
    source = tree(tmp_path / "handed in", dict.fromkeys(names, RIGHT))
    if kind == "zip":
        source = zipped(tmp_path / "all.zip", dict.fromkeys(names, RIGHT))
    elif kind != "folder":
        mode = "w:" + kind.partition(".")[2]
        with tarfile.open(tmp_path / f"all.{kind}", mode) as archive:
            archive.add(source, arcname=".")
        source = tmp_path / f"all.{kind}"
    found = intake(source)
    assert outcomes(found) == {"alice": "graded", "bob": "graded"}
    assert the(found, "alice").read().source == RIGHT.encode()


def test_a_student_may_hand_in_an_archive(intake, tmp_path):
    zipped(tmp_path / "in" / "alice.zip", {"toy.py": RIGHT})
    zipped(tmp_path / "in" / "bob" / "work.zip", {"work/toy.py": RIGHT})
    found = intake(tmp_path / "in")
    assert outcomes(found) == {"alice": "graded", "bob": "graded"}
    assert the(found, "bob").name.endswith("in/bob/work.zip/work/toy.py")


def test_moodle(intake, tmp_path):
    source = tree(
        tmp_path / "Course-Homework 1-4711",
        {
            "Jane Doe_31415_assignsubmission_file_/toy.py": RIGHT,
            "José Ñandú_2718_assignsubmission_file/work.py": RIGHT,
            "Max Muster_1_assignsubmission_file_toy.py": RIGHT,
            "Max Muster_2_assignsubmission_file_toy.py": RIGHT,
            "Ann Text_9_assignsubmission_onlinetext_/onlinetext.html": "<p>I have none",
        },
    )
    found = intake(source)
    assert outcomes(found) == {
        "Ann Text": "unreadable", "Jane Doe": "graded", "José Ñandú": "graded",
        "Max Muster (1)": "graded", "Max Muster (2)": "graded",
    }  # fmt: skip
    assert "Participant 31415" in next(student for student in found.students if student.id == "Jane Doe").others


def test_canvas_and_its_gradebook_as_the_roster(intake, tmp_path):
    source = zipped(
        tmp_path / "submissions.zip",
        {
            "doejane_101_9001_toy.py": "x = 1\n",
            "doejane_101_9005_toy-1.py": RIGHT,  # handed in again
            "roebob_LATE_102_9002_work.py": RIGHT,
            "strangersam_999_9003_toy.py": RIGHT,
        },
    )
    roster = (
        "Student,ID,SIS User ID,SIS Login ID,Section,Toy (55)\n    Points Possible,,,,,10\n"
        '"Doe, Jane",101,s1,jane@x.edu,A,\n"Roe, Bob",102,s2,bob@x.edu,A,\n"Poe, Eve",103,s3,eve@x.edu,A,\n'
        '"Student, Test",104,,,A,\n'
    )
    found = intake(source, roster)
    assert outcomes(found) == {"s1": "graded", "s2": "graded", "s3": "absent", "strangersam": "graded"}
    assert the(found, "s1").read().source == RIGHT.encode()
    assert "late" in the(found, "s2").note
    assert "not on the roster" in the(found, "strangersam").note


METADATA = """---
submission_1001:
  :submitters:
  - :name: Jane Doe
    :sid: '0042'
    :email: jane@x.edu
  - :name: "Bob \\u00d1"
    :sid: ''
    :email: bob@x.edu
  :created_at: 2026-11-20 10:00:00.000000000 Z
  :score: 3.0
  :history:
  - :id: 7
    :name: not a student
submission_1002:
  :submitters:
  - :name: Eve Poe
    :sid: '0043'
    :email: eve@x.edu
"""


def test_gradescope_and_a_group(intake, tmp_path):
    source = zipped(
        tmp_path / "submissions.zip",
        {
            "assignment_77_export/submission_metadata.yml": METADATA,
            "assignment_77_export/submission_1001/toy.py": RIGHT,
            "assignment_77_export/submission_1002/notes.txt": "later",
        },
    )
    assert outcomes(intake(source)) == {"0042": "graded", "bob@x.edu": "graded", "0043": "unreadable"}


def test_each_student_of_the_roster_has_one_hand_in_for_each_unit(intake, tmp_path):
    source = tree(tmp_path / "in", {"alice/toy.py": RIGHT, "alice/words.py": WORDS, "bob/essay.pdf": "%PDF"})
    found = intake(source, "student_id,name\nalice,Alice A\nbob,Bob B\ncarol,Carol C\n")
    assert [(item.student, item.unit, item.outcome) for item in found.hand_ins] == [
        ("alice", "toy", Outcome.GRADED),
        ("alice", "words", Outcome.GRADED),
        ("bob", "toy", Outcome.UNREADABLE),
        ("bob", "words", Outcome.UNREADABLE),
        ("carol", "toy", Outcome.ABSENT),
        ("carol", "words", Outcome.ABSENT),
    ]
    assert "bob/essay.pdf, which holds no exercise" in the(found, "bob").note


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("alice\nbob\n", ["alice", "bob"]),
        ("\ufeffidentifier,github_username\ns1,al\ns2,\n", ["s1", "s2"]),
        ("First name;Last name;ID number;Email address\nA;B;;a@x\nC;D;;c@x\n", ["a@x", "c@x"]),
        ("First Name,Last Name\nJane,Doe\nBob,Roe\n", ["Jane Doe", "Bob Roe"]),
    ],
)
def test_rosters_of_many_makes(tmp_path, text, ids):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    assert [student.id for student in read_roster(tmp_path / "roster.csv")] == ids


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("colour,size\nred,3\n", "no column that names a student"),
        ("student_id\nalice\nalice\n", "names a student twice"),
        ('student_id\n"' + "x" * 200_000, "cannot be read as a table"),
    ],
)
def test_a_roster_that_does_not_do(tmp_path, text, words):
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(GraderError, match=words):
        read_roster(tmp_path / "roster.csv")


def test_a_name_that_fits_two_students_finds_neither(intake, tmp_path):
    source = tree(tmp_path / "in", {"Jane Doe/toy.py": RIGHT})
    found = intake(source, "student_id,name\ns1,Jane Doe\ns2,Jane Doe\n")
    assert outcomes(found) == {"s1": "absent", "s2": "absent", "Jane Doe": "graded"}


def test_links_are_not_followed(intake, tmp_path):
    secret = tree(tmp_path / "elsewhere", {"toy.py": RIGHT})
    source = tree(tmp_path / "in", {"bob/toy.py": RIGHT})
    (source / "eve").mkdir()
    (source / "eve" / "toy.py").symlink_to(secret / "toy.py")
    (source / "mal").symlink_to(secret)
    found = intake(source)
    assert outcomes(found) == {"bob": "graded", "eve": "unreadable", "mal": "unreadable"}
    assert "it is a link" in the(found, "eve").note


def test_a_fifo_does_not_hold_the_class_up(intake, tmp_path):
    source = tree(tmp_path / "in", {"bob/toy.py": RIGHT, "eve/notes.txt": ""})
    os.mkfifo(source / "eve" / "toy.py")
    assert "not a regular file" in the(intake(source), "eve").note


def linked_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        info = zipfile.ZipInfo("toy.py")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return content.getvalue()


def tarred(*infos: tuple[tarfile.TarInfo, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for info, data in infos:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


def tar_link(kind: bytes) -> bytes:
    info = tarfile.TarInfo("toy.py")
    info.type, info.linkname = kind, "/etc/passwd"
    return tarred((info, b""))


def plain_zip(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def encrypted_zip() -> bytes:
    content = bytearray(plain_zip(("toy.py", RIGHT.encode())))
    content[6] |= 1  # the flag, in the member's own header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


BAD = {
    "a link in a zip": ("zip", linked_zip(), "link"),
    "a symbolic link in a tar": ("tar.gz", tar_link(tarfile.SYMTYPE), "link"),
    "a hard link in a tar": ("tar.gz", tar_link(tarfile.LNKTYPE), "link"),
    "a device in a tar": ("tar.gz", tar_link(tarfile.CHRTYPE), "device"),
    "a way out": ("zip", plain_zip(("../../toy.py", RIGHT.encode())), "leads out"),
    "a way out by backslashes": ("zip", plain_zip(("..\\toy.py", RIGHT.encode())), "leads out"),
    "an absolute name": ("tar.gz", tarred((tarfile.TarInfo("/toy.py"), RIGHT.encode())), "leads out"),
    "one name twice": ("tar.gz", tarred(*[(tarfile.TarInfo("toy.py"), b"x = 1\n")] * 2), "twice"),
    "a large file": ("zip", plain_zip(("toy.py", bytes(2 << 20))), "larger than 1 MB"),
    "a bomb of one file": ("tar.gz", tarred((tarfile.TarInfo("toy.py"), bytes(64 << 20))), "larger than 1 MB"),
    "an encrypted file": ("zip", encrypted_zip(), "encrypted"),
    "no zip at all": ("zip", b"PK\x03\x04 nonsense", "damaged"),
    "a zip that is cut": ("zip", plain_zip(("toy.py", RIGHT.encode()))[:-30], "damaged"),
    "a tar that is cut": ("tar.gz", tarred((tarfile.TarInfo("toy.py"), os.urandom(50_000)))[:20_000], "damaged"),
    "nothing": ("tar", b"", "damaged"),
}


@pytest.mark.parametrize(("suffix", "content", "words"), BAD.values(), ids=BAD)
def test_an_archive_that_cannot_be_taken_is_unreadable_and_harms_nobody(intake, tmp_path, suffix, content, words):
    source = tree(tmp_path / "in", {f"eve/work.{suffix}": content, "bob/toy.py": RIGHT})
    found = intake(source)
    assert outcomes(found) == {"bob": "graded", "eve": "unreadable"}
    assert words in the(found, "eve").note
    assert not (tmp_path / "toy.py").exists()


def test_an_archive_that_unpacks_to_too_much_is_given_up(intake, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 8 << 20)
    many = [(tarfile.TarInfo(f"{n}.bin"), bytes(1 << 20)) for n in range(20)]
    source = tree(tmp_path / "in", {"eve/work.tar.gz": tarred(*many), "bob/toy.py": RIGHT})
    assert "unpacks to more" in the(intake(source), "eve").note
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    source = tree(tmp_path / "in", {"eve/work.zip": plain_zip(*[(f"{n}.py", b"") for n in range(11)])})
    (source / "eve" / "work.tar.gz").unlink()
    assert "more than 10 files" in the(intake(source), "eve").note


def test_odd_names_stay_data(intake, tmp_path):
    names = ["=1+1", "<script>", "a\nb", "\x1b[31m", "‮evil", "Ω", "'; DROP TABLE records; --", "con", "-rf"]
    source = tree(tmp_path / "in", {f"{name}/toy.py": RIGHT for name in names})
    os.makedirs(os.fsencode(source) + b"/\xff\xfe")
    (source / os.fsdecode(b"\xff\xfe") / "toy.py").write_text(RIGHT)
    assert set(outcomes(intake(source))) == {*names, "\\xff\\xfe"}


def test_the_file_that_was_worked_on_is_marked_not_the_stub(intake, tmp_path):
    import hashlib

    stub = "def scale(x, factor=2.0):\n    raise NotImplementedError\n"
    units = Units(UNITS.exercises, frozenset([hashlib.sha256(stub.encode()).hexdigest()]))
    source = tree(tmp_path / "in", {"alice/toy.py": stub, "alice/toy.ipynb": NOTEBOOK})
    assert the(intake(source, units=units), "alice").name.endswith("toy.ipynb")
    source = tree(tmp_path / "in2", {"alice/toy.py": RIGHT, "alice/toy.ipynb": NOTEBOOK})
    assert "2 files for toy" in the(intake(source, units=units), "alice").note


def test_a_helper_is_the_students_own(intake, tmp_path):
    source = tree(tmp_path / "in", {"alice/toy.py": "import mine\n" + RIGHT, "alice/mine.py": "Y = 2\n"})
    assert the(intake(source), "alice").read().helpers == (("mine", b"Y = 2\n"),)
    flat = tree(tmp_path / "flat", {"alice.py": RIGHT, "bob.py": "import alice\n" + RIGHT})
    assert the(intake(flat), "bob").read().helpers == ()


def test_one_students_own_folder_is_a_class_of_one(intake, tmp_path):
    assert outcomes(intake(tree(tmp_path / "alice", {"toy.py": RIGHT}))) == {"alice": "graded"}


def test_a_class_of_one_with_a_file_of_any_name(intake, tmp_path):
    assert outcomes(intake(tree(tmp_path / "in", {"alice/homework.py": RIGHT}))) == {"alice": "graded"}
    flat = zipped(tmp_path / "all.zip", {"all/alice.py": RIGHT, "all/bob.py": RIGHT})
    assert outcomes(intake(flat)) == {"alice": "graded", "bob": "graded"}


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "there is no"), ("a.txt", "neither a folder nor"), ("bad.zip", "cannot open")]
)
def test_a_source_that_is_none(intake, tmp_path, name, words):
    tree(tmp_path, {"a.txt": "x", "bad.zip": "x"})
    with pytest.raises(GraderError, match=words):
        intake(tmp_path / name)


def test_a_class_with_nothing_for_the_course_is_told_so(intake, tmp_path):
    with pytest.raises(GraderError, match="name the unit with --unit, one of toy, words"):
        intake(tree(tmp_path / "in", {"alice/a.txt": "x"}))


ROSTER = "student,id,name\nann,101,Ann Able\nbob,102,Bob Roe\ncem,103,Cem Poe\n"


def test_who_was_found_by_a_platforms_number_alone_and_is_called_otherwise_is_told(intake, tmp_path):
    names = ["ableann_101_9001_toy.py", "zorro_102_9002_toy.py", "poecemal_103_9003_toy.py"]
    found = intake(zipped(tmp_path / "submissions.zip", dict.fromkeys(names, RIGHT)), ROSTER)
    assert outcomes(found) == {"ann": "graded", "bob": "graded", "cem": "graded"}
    assert the(found, "bob").note == "found by the number 102: the download calls this student zorro"
    assert the(found, "ann").note == the(found, "cem").note == ""


def test_an_odd_file_in_a_download_is_its_owners_if_the_roster_knows_the_name(intake, tmp_path):
    names = ["ableann_101_9001_toy.py", "ableann_101_9002_a.txt", "roebob_102_9003_toy.py"]
    names += ["Cem Poe_toy (2).py", "someone_toy.py", "list.csv"]
    found = intake(zipped(tmp_path / "submissions.zip", dict.fromkeys(names, RIGHT)), ROSTER)
    assert outcomes(found) == {"ann": "graded", "bob": "graded", "cem": "graded"}
    assert found.strays == ["list.csv", "someone_toy.py"]
    assert (found.strangers, found.expected) == ((), 3)


@pytest.mark.parametrize("names", [["alice_toy.py", "alice_toy_v2.py"], ["alice_toy (1).py", "toy-alice (2).py"]])
def test_versions_of_one_students_file_are_one_student(intake, tmp_path, names):
    found = intake(tree(tmp_path / "in", {names[0]: "x = 1\n" + WORDS, names[1]: RIGHT, "bob_toy.py": RIGHT}))
    assert outcomes(found).keys() == {"alice", "bob"}
    assert the(found, "alice").read().source == RIGHT.encode()
