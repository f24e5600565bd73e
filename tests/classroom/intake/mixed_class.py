"""A class of any size in each platform's download format, with all oddities mixed, and what must come of it.

What must come is written down here, student by student, from what the student was made to do; nothing of the product
is asked. `python tests/classroom/intake/mixed_class.py canvas 300 FOLDER` builds one to look at.
"""

import csv
import io
import json
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RIGHT = (
    "import numpy as np\n\n\ndef scale(x, factor=2.0):\n    return x * factor\n\n\ndef row_sums(x):\n    return x.sum(axis=1)\n"
    "\n\ndef mean_and_spread(x):\n    mean = x.mean()\n    return mean, np.sqrt(((x - mean) ** 2).mean())\n"
)
WRONG = RIGHT.replace("axis=1", "axis=0")  # 3 of 10 points less
WORDS = "def shout(text):\n    return text.upper()\n"
HALF = '{"cells": [{"cell_type": "code", "sou'
LOGIN = "<!DOCTYPE html>\n<html><head><title>Log in</title></head></html>\n"
FIRST = ["Ana", "Jörg", "Zoë", "王", "李", "Мария", "Иван", "محمد", "ليلى", "अनिता", "रवि", "민준", "서연", "Ngọc", "José", "Siân", "Łukasz", "Ayşe", "Ταξία", "Οδύσσεια"]  # fmt: skip
LAST = ["Müller", "de la Cruz", "O'Brien", "小明", "芳", "Петрова", "Сидоров", "حسن", "كريم", "शर्मा", "देवी", "김", "박", "Nguyễn", "García-López", "Ó Briain", "Żuk", "Öztürk", "Παπάς", "Smith"]  # fmt: skip


def notebook(text: str) -> str:
    cell = {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def inside(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return content.getvalue()


@dataclass(frozen=True)
class Deed:
    """What a student hands in, in one or several goes of (name, content); what must come: outcome, points, words of
    the note, in which there is nothing else where they are empty."""

    goes: tuple[tuple[tuple[str, str | bytes], ...], ...]
    outcome: str = "graded"
    points: int | None = 10
    note: tuple[str, ...] = ()
    is_text: bool = False  # the last go is typed into the platform's box
    is_late: bool = False
    is_stranger: bool = False


def once(*files: tuple[str, str | bytes], **more) -> Deed:
    return Deed((files,), **more)


BAD = {"outcome": "unreadable", "points": None}
DEEDS = [
    once(("toy.py", RIGHT)),
    once(("toy.py", WRONG), points=7),
    once(("toy_v1.py", WRONG), ("toy_v2.py", RIGHT), note=("2 files for toy", "toy_v2.py was marked")),
    once(("toy (2).py", RIGHT), ("toy (1).py", WRONG), note=("2 files for toy", "toy (2).py was marked")),
    Deed(((("toy.py", WRONG),), (("toy.py", RIGHT),))),
    once(("toy.py", RIGHT), is_late=True),
    Deed((), outcome="absent", points=None),
    once(("words.py", WORDS), outcome="absent", points=None, note=("something else", "words.py (words)")),
    once(("toy.ipynb", HALF), **BAD, note=("not a notebook",)),
    once(("toy.py", RIGHT.encode("utf-16")), **BAD, note=("UTF-16",)),
    once(("toy.py", RIGHT.encode() + bytes(40)), **BAD, note=("NUL",)),
    Deed(((),), **BAD, note=("holds no exercise",), is_text=True),
    once(("My Homework.ipynb", notebook(RIGHT))),
    once(("essay.pdf", b"%PDF-1.4"), **BAD, note=("essay.pdf", "holds no exercise")),
    once(("work.zip", inside(toy__py=RIGHT))),
    once(("work.zip", inside(toy__py=RIGHT)[:-20]), **BAD, note=("damaged",)),
    once(("toy.py", RIGHT), is_stranger=True, note=("not on the roster",)),
    once(("toy_v2.py", RIGHT), ("toy (3).py", WRONG), **BAD, note=("nothing says which is the newest", "toy (3).py", "toy_v2.py")),
    once(("toy.py", ""), **BAD, note=("the file is empty",)),
    once(("toy.py", LOGIN), **BAD, note=("a web page",)),
    once(("toy.py", RIGHT), ("words.py", WORDS), ("readme.md", "hello")),
    once(("toy.py", RIGHT), ("toy.ipynb", HALF), note=("left out", "toy.ipynb")),
]  # fmt: skip


@dataclass(frozen=True)
class Person:
    number: int
    deed: Deed

    @property
    def first(self) -> str:
        return FIRST[self.number % 20]

    @property
    def last(self) -> str:
        return LAST[(self.number // 20 + self.number) % 20]

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def sid(self) -> str:
        return f"s{5000 + self.number}"

    @property
    def user(self) -> str:
        return f"user{self.number}"


@dataclass(frozen=True)
class Expected:
    """One record: who, what became of it, points, words that its note has; without any, the note is empty."""

    outcome: str
    points: int | None
    note: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """A download, its roster, and the record of each student by id."""

    download: Path
    roster: Path
    expected: dict[str, Expected]


Files = dict[str, str | bytes]


def canvas(person: Person) -> Files:
    sortable = f"{person.last}{person.first}"
    name = "".join(sign for sign in sortable if sign.isalnum() or unicodedata.category(sign)[0] == "M").lower()
    late = "LATE_" if person.deed.is_late else ""
    if person.deed.is_text:
        return {f"{name}_{late}{700 + person.number}_text.html": "<p>I had no time.</p>"}
    goes = person.deed.goes[-1:]  # Canvas gives the last hand-in alone, its files with a number
    again = "-1" if len(person.deed.goes) > 1 else ""
    files = [(file, content) for go in goes for file, content in go]
    return {
        f"{name}_{late}{700 + person.number}_{9000 + 10 * person.number + at}_{again.join(_split(file))}": content
        for at, (file, content) in enumerate(sorted(files, key=lambda one: one[0]))
    }


def moodle(person: Person) -> Files:
    above = f"{person.name}_{700 + person.number}_assignsubmission_"
    if person.deed.is_text:
        return {f"{above}onlinetext_/onlinetext.html": "<p>I had no time.</p>"}
    return {f"{above}file_/{file}": content for go in person.deed.goes[-1:] for file, content in go}


def gradescope(person: Person) -> Files:
    above = f"assignment_7_export/submission_{700 + person.number}"
    if person.deed.is_text:
        return {f"{above}/answer.txt": "I had no time."}
    return {f"{above}/{file}": content for go in person.deed.goes[-1:] for file, content in go}


def brightspace(person: Person) -> Files:
    found: Files = {"index.html": "<html></html>"}
    for hour, go in enumerate(person.deed.goes):
        above = f"{700 + person.number}-55 - {person.name} - Nov 2{hour}, 2026 {1100 + hour} PM"
        found |= {f"{above}/{file}": content for file, content in go}
        if person.deed.is_text:
            found[f"{above}/comment.html"] = "<p>I had no time.</p>"
    return found


def blackboard(person: Person) -> Files:
    found: Files = {}
    for hour, go in enumerate(person.deed.goes):
        above = f"Homework_1_{person.user}_attempt_2026-11-20-{9 + hour:02}-00-00"
        found[f"{above}.txt"] = f"Name: {person.name} ({person.user})\nAssignment: Homework 1\n"
        found |= {f"{above}_{file}": content for file, content in go}
    return found


def _split(file: str) -> tuple[str, str]:
    stem, dot, suffix = file.rpartition(".")
    return stem, dot + suffix


def _table(rows: list[list[object]], separator: str = ",", end: str = "\n", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def canvas_roster(people: list[Person]) -> bytes:
    head = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Toy (77)", "Current Score"]]
    about = [["", "", "", "", "", "Manual Posting", ""], ["    Points Possible", "", "", "", "", "10", "(read only)"]]
    rows = [[f"{one.last}, {one.first}", 700 + one.number, one.sid, one.user, "A", "", ""] for one in people]
    return _table([*head, *about, *rows, ["Student, Test", 699, "", "3f2a", "A", "", ""]], ",", "\r\n", "utf-8-sig")


def moodle_roster(people: list[Person]) -> bytes:
    head = [["Identifier", "Full name", "ID number", "Email address", "Status", "Grade", "Maximum grade"]]
    rows = [
        [f"Participant {700 + one.number}", one.name, one.sid, f"{one.user}@x.edu", "Submitted", "", "10,00"]
        for one in people
    ]
    return _table([*head, *rows], ";", "\r\n")


def gradescope_roster(people: list[Person]) -> bytes:
    rows = [[one.first, one.last, one.sid, f"{one.user}@x.edu", "B"] for one in people]
    return _table([["First Name", "Last Name", "SID", "Email", "Section"], *rows], ",", "\r")


def brightspace_roster(people: list[Person]) -> bytes:
    rows = [[f"#{one.sid}", f"#{one.user}", one.last, one.first, "#"] for one in people]
    return _table(
        [["OrgDefinedId", "Username", "Last Name", "First Name", "End-of-Line Indicator"], *rows],
        "\t",
        "\r\n",
        "utf-16",
    )


def blackboard_roster(people: list[Person]) -> bytes:
    rows = [[one.last, one.first, one.user, one.sid, "Yes"] for one in people]
    return _table(
        [["Nachname", "Vorname", "Benutzername", "Matrikelnummer", "Availability"], *rows], ";", "\r\n", "utf-8-sig"
    )


def _id_of_brightspace(one: Person) -> str:
    return f"#{one.sid}"


@dataclass(frozen=True)
class Platform:
    """How a platform names files, exports its roster and knows its students, and who a stranger is called then."""

    files: Callable[[Person], Files]
    roster: Callable[[list[Person]], bytes]
    id: Callable[[Person], str] = lambda one: one.sid
    stranger: Callable[[Person], str] = lambda one: one.name
    beside: tuple[str, ...] = ("notes of the teacher.txt", "marks.xlsx")


PLATFORMS = {
    "canvas": Platform(canvas, canvas_roster, stranger=lambda one: next(iter(canvas(one))).split("_")[0]),
    "moodle": Platform(moodle, moodle_roster),
    "gradescope": Platform(gradescope, gradescope_roster, stranger=lambda one: one.sid, beside=()),
    "brightspace": Platform(brightspace, brightspace_roster, _id_of_brightspace),
    "blackboard": Platform(blackboard, blackboard_roster, stranger=lambda one: one.user),
}


def made(name: str, count: int, folder: Path) -> Made:
    """Build a class of `count` students, the strangers among them, as a platform's download."""
    platform = PLATFORMS[name]
    people = [Person(number, DEEDS[number % len(DEEDS)]) for number in range(count)]
    download, roster = folder / "submissions.zip", folder / "roster.csv"
    with zipfile.ZipFile(download, "w", zipfile.ZIP_DEFLATED) as archive:
        whole: Files = {}
        for one in people:
            whole |= platform.files(one) if one.deed.goes else {}
        for file in platform.beside:
            whole[file] = "the teacher's own"
        if name == "gradescope":
            whole["assignment_7_export/submission_metadata.yml"] = _listed(people)
        for file, content in whole.items():
            archive.writestr(file, content)
    roster.write_bytes(platform.roster([one for one in people if not one.deed.is_stranger]))
    expected = {(platform.stranger if one.deed.is_stranger else platform.id)(one): _due(one, name) for one in people}
    return Made(download, roster, expected)


def _due(one: Person, platform: str) -> Expected:
    deed = one.deed
    note = (*deed.note, "late") if deed.is_late and platform == "canvas" else deed.note
    if platform == "canvas" and deed is DEEDS[17]:  # its numbers say which file came last
        return Expected("graded", 10, ("2 files for toy", "the latest by the platform's number"))
    if platform in ("brightspace", "blackboard") and len(deed.goes) > 1:  # they give every hand-in
        note = (*note, "2 files for toy", "from the latest hand-in")
    return Expected(deed.outcome, deed.points, note)


def _listed(people: list[Person]) -> str:
    lines = ["---"]
    for one in people:
        if one.deed.goes:
            lines += [
                f"submission_{700 + one.number}:",
                "  :submitters:",
                f'  - :name: "{one.name}"',
                f"    :sid: {one.sid}",
            ]
            lines += [f"    :email: {one.user}@x.edu", "  :created_at: 2026-11-20 10:00:00.000000000 Z"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = made(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    print(json.dumps({who: vars(one) for who, one in found.expected.items()}, indent=1, ensure_ascii=False))
