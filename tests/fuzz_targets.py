"""What is fuzzed: each decoder of the grader with valid examples to damage, and the exceptions that it names."""

import contextlib
import dataclasses
import functools
import gzip
import io
import json
import random
import shutil
import tarfile
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fuzz import Target
from mutations import damaged, json_damaged, regrown, reworded

from grader import key, report, submission
from grader.classroom.gradebooks.filling import Entry, fill_canvas, fill_moodle
from grader.classroom.intake import intake, nbcollected, roster, sheets
from grader.classroom.intake.archives import entries
from grader.classroom.intake.gradescope_list import moments, submitters
from grader.classroom.intake.roster import Student
from grader.classroom.marking import lateness
from grader.classroom.marking.database import StoreError
from grader.classroom.marking.store import Store, records
from grader.classroom.reading import similarity
from grader.course import names, settings_file, settings_text
from grader.course.unit import Unit, UnitError
from grader.errors import GraderError
from grader.grading.judge import unasked
from grader.grading.replies import BadReply, answer, checked_outline, checked_run, lacks_device, step
from grader.grading.replies import progress as note
from grader.practice import progress
from grader.record import Outcome, Record
from grader.render import formats
from grader.render.overview import render_overview
from grader.render.terminal import make_console, render
from grader.sandbox import wire
from grader.sandbox.inside import reading

ROOT = Path(__file__).resolve().parents[1]
AROUND = formats.Surroundings({}, datetime(2026, 11, 25, tzinfo=UTC), "f00d")
STUDENTS = [Student("ann", ("Ann Lee", "1")), Student("böb", ("Bob",)), Student("cyd")]
ENTERED = {"ann": Entry(3.0, 10), "böb": Entry(10.0, 10, is_excused=True), "cyd": Entry(0.5, 10)}


@functools.cache
def the_key() -> bytes:
    return (ROOT / "assignments" / "linear_algebra" / "key").read_bytes()


@functools.cache
def a_key() -> key.Key:
    return key.from_bytes(the_key(), only=["vector_norm", "solve"])


def a_frame(chance: random.Random) -> bytes:
    """A worker's reply whose header is another tree, its lengths put right; or damaged bytes."""
    question = chance.choice(a_key().exercises[chance.randrange(2)].questions)
    reply: Any = {"value": question.expected, "changed": ["x"]}
    if chance.random() < 0.3:
        kind = {"type": "ValueError", "bases": ["Exception"], "in_driver": False, "is_said": False}
        error = {**kind, "message": "m", "frames": [[3, "f"]]}
        reply = {"error": error}
    frame = wire.encode(reply)
    if chance.random() < 0.4:
        return damaged(frame, chance)
    head, body = wire.lengths(frame[: wire.PREFIX.size])
    start = wire.PREFIX.size + head
    tree = regrown(json.loads(frame[wire.PREFIX.size : start]), chance)
    header = json.dumps(tree).encode("utf-8", "surrogatepass")
    return wire.PREFIX.pack(wire.MAGIC, len(header), body) + header + frame[start:]


def read_reply(content: bytes, folder: Path) -> None:
    value = wire.decode(content)
    assert wire.same(wire.decode(wire.encode(value)), value)
    question = a_key().exercises[0].questions[0]
    outline = {"problems": [], "definitions": {}, "lines": [], "cells": []}
    listing = submission.Listing(["x"])
    for check in (step, note, checked_run, checked_outline, lacks_device):
        try:
            check(value)
        except BadReply:
            continue
    answer(value, question, [], outline, listing, "")


def a_signed_key(chance: random.Random) -> bytes:
    """A key of which one part is another, and all its sums fit: somebody has made it so."""
    exercises = [dataclasses.asdict(exercise) for exercise in a_key().exercises]
    index = key.Index("linear_algebra", "T", ["numpy"], ["vector_norm", "solve"], [], [])
    tree = {"exercises": exercises, "index": {"schema": key.SCHEMA} | dataclasses.asdict(index)}
    return _signed(_regrown_key(tree, chance))


def _regrown_key(tree: dict, chance: random.Random) -> dict:
    if chance.random() < 0.3:
        return tree | {"index": regrown(tree["index"], chance)}
    at = chance.randrange(2)
    exercise = tree["exercises"][at]
    part = chance.choice(list(exercise))
    changed = exercise | {part: regrown(exercise[part], chance)}
    return tree | {"exercises": [changed if n == at else item for n, item in enumerate(tree["exercises"])]}


def _signed(tree: dict) -> bytes:
    frames = [wire.encode(exercise, opaque=True) for exercise in tree["exercises"]]
    packed = [zlib.compress(frame, 1) for frame in frames]
    index = tree["index"]
    if isinstance(index, dict):
        own = {"digests": [key._digest(frame) for frame in frames], "ends": [len(packed[0]), sum(map(len, packed))]}
        index |= {name: value for name, value in own.items() if index.get(name) == []}
    head = wire.encode(index, opaque=True)
    return key.MAGIC + key._digest(head).encode() + head + b"".join(packed)


def read_key(content: bytes, folder: Path) -> None:
    """As it is read, looked into, completed, and shown."""
    file = folder / "key"
    file.write_bytes(content)
    names.exercises(file)
    with contextlib.suppress(key.KeyFileError):
        key.load_index(file)
    found = key.load(file)
    for exercise in found.exercises:
        _shown(report.Report("x.py", "0", found.unit, found.id, "namespaces", 0.0, (_failed(exercise, found.unit),)))


def _failed(exercise: key.ExerciseKey, unit: str) -> report.ExerciseReport:
    return unasked(exercise, unit, report.Status.ERROR, report.Finding("exception", "it stops"))


def _shown(found: report.Report) -> None:
    console = make_console(io.StringIO())
    render(found, "Title", console)
    render_overview([("Title", found)], console)
    for form in formats.WRITERS:
        formats.write(form, [("Title", found)], AROUND)


@functools.cache
def a_report() -> bytes:
    checks = (
        report.CheckReport("holds", report.Status.PASSED, 2, 2),
        report.CheckReport(
            "moves", report.Status.FAILED, 0, 1, report.Finding("value", "it is 1", "is it 2?", "twice")
        ),
    )
    exercises = tuple(
        report.ExerciseReport(f"toy.{name}", status, 2, 3, 0.1, checks)
        for name, status in (("scale", report.Status.FAILED), ("rows", report.Status.PENDING))
    )
    return json.dumps(report.to_json(report.Report("a/b.py", "0", "toy", "toy-1", "landlock", 0.3, exercises))).encode()


def read_report(content: bytes, folder: Path) -> None:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return
    _shown(report.from_json(data))


def read_settings(content: bytes, folder: Path) -> None:
    file = folder / "course.toml"
    file.write_bytes(content)
    names.units(folder)
    found = settings_file.load(file)
    again = settings_file.parse(settings_text.to_toml(found))
    assert (again.units, again.points, again.exercises) == (found.units, found.points, found.exercises)
    found.late.kept(3e6)
    found.of(found.units[:1])


COURSE = b"""title = "The course"
units = ["linear_algebra", "attention"]
install = "pip install deep-grade"
[exercises]
attention = ["self_attention"]
[points]
"attention.self_attention" = 12
linear_algebra.solve = 3
[due]
attention = 2026-11-20T23:59:00+01:00
linear_algebra = 2026-11-20
[late]
penalty = 10
days = 3
grace_minutes = 15
[packages]
attention = ["numpy"]
[limits]
seconds = 10
submission_seconds = 60.5
memory_mb = 512
"""
PROGRESS = progress._to_bytes(
    progress.Progress(
        "/c", {"toy.scale": progress.Memory("a" * 64, "2026-11-20T12:00:00", 3, "passed", 1)}, ("2026-11-20",)
    )
)


def read_progress(content: bytes, folder: Path) -> None:
    file = folder / "progress.json"
    file.write_bytes(content)
    found = progress.load(file)
    progress.streak(found.days, datetime(2026, 11, 20).date())
    progress.update(file, folder, lambda before: before.with_memory("a.b", progress.Memory()))
    for path in folder.glob("*.damaged"):
        path.unlink()


BANDS = json.dumps({"spirals": [[0.1, 0.5, 0.9], [0.5, 0.1, 0.2]]}).encode()


def read_bands(content: bytes, folder: Path) -> None:
    (folder / "bands.json").write_bytes(content)
    bands = Unit("toy", folder).bands
    assert all(isinstance(number, float | int) for rows in bands.values() for row in rows for number in row)


@functools.cache
def a_notebook() -> bytes:
    return (ROOT / "assignments" / "linear_algebra" / "linear_algebra.ipynb").read_bytes()


@functools.cache
def a_small_notebook() -> bytes:
    marks = {"nbgrader": {"grade": False, "grade_id": "solve", "locked": False, "solution": True}}
    cells = [
        {"cell_type": "code", "metadata": marks, "source": ["def solve(A):\n", "    return A\n"], "outputs": []},
        {"cell_type": "markdown", "metadata": {}, "source": "# a"},
        {"cell_type": "code", "metadata": {}, "source": "%%time\nprint(1)", "outputs": []},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def read_notebook(content: bytes, folder: Path) -> None:
    """By the worker, by nbgrader's marking, by the comparison of submissions."""
    reading.read(content, "x.ipynb", ["numpy"], {"solve": ["numpy.linalg"]})
    similarity.alike({"ann": content, "bob": a_small_notebook()}, "", ["solve"])
    file = folder / "x.ipynb"
    file.write_bytes(content)
    nbcollected.handed_in("ann", file, {"solve": nbcollected.Source("solve", "x", True)})


def read_source(content: bytes, folder: Path) -> None:
    reading.read(content, "x.py", ["numpy"], {"solve": ["numpy.linalg", "@"]})
    similarity.alike({"ann": content, "bob": content}, "", ["solve"])


@functools.cache
def a_source() -> bytes:
    return (ROOT / "solutions" / "linear_algebra" / "linear_algebra.py").read_bytes()


ROSTER = 'Student,ID,SIS User ID,SIS Login ID,Section\nLee, Ann,1,a1,x\n"Böb, O\'Neil",2,b2,x\n'.encode()
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Linear algebra (12)\n    Points Possible,,,,,10\n"
    'Ann Lee,1,ann,ann,x,\n"B, öb",2,böb,b,x,3\n'
).encode()
MOODLE = b"Identifier,Full name,Email address,Grade,Maximum grade\nParticipant 1,Ann Lee,ann@x,,10\nParticipant 2,Bob,b,3,10\n"
TIMES = b"student,time,unit\nann,2026-11-20T23:59:00+01:00,attention\ncyd,2026-11-21,linear_algebra\n"
YML = (
    b":submission_1:\n  :submitters:\n  - :name: Ann Lee\n    :sid: '1'\n    :email: ann@x\n"
    b"  :created_at: 2026-11-20 10:00:00.000000000 Z\n  :score: 0.0\n"
)


def a_table(example: bytes, chance: random.Random) -> bytes:
    """A damaged table, which a spreadsheet may have saved in another way."""
    text = example.decode()
    written = chance.choice(
        (text, text.replace("\n", "\r"), text.replace(",", ";"), "\ufeff" + text.replace(",", "\t"))
    )
    encoding = chance.choice(("utf-8", "utf-8", "utf-16-le", "utf-16-be", "cp1252"))
    return chance.choice((reworded, damaged))(written.encode(encoding, "replace"), chance)


def read_roster(content: bytes, folder: Path) -> None:
    file = folder / "roster.csv"
    file.write_bytes(content)
    assert sheets.read_sheet(file, "the roster").changed({}) == content
    roster.Names(roster.read_roster(file)).find("Ann Lee", "")


def read_canvas(content: bytes, folder: Path) -> None:
    file = folder / "canvas.csv"
    file.write_bytes(content)
    fill_canvas(file, ENTERED, STUDENTS, ["Linear algebra"])


def read_moodle(content: bytes, folder: Path) -> None:
    file = folder / "moodle.csv"
    file.write_bytes(content)
    fill_moodle(file, ENTERED, STUDENTS)


def read_times(content: bytes, folder: Path) -> None:
    file = folder / "times.csv"
    file.write_bytes(content)
    lateness.read_times(file, ["attention", "linear_algebra"], STUDENTS)


def read_submitters(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "replace")
    submitters(text)
    moments(text)


def an_archive(chance: random.Random, tars: bool) -> bytes:
    """A class's archive of odd names and damaged members; half of them are damaged as a whole, too."""
    files = {
        chance.choice(MEMBERS): chance.choice((a_source()[:3000], b"", YML, a_zip(), chance.randbytes(90)))
        for _ in range(4)
    }
    content = a_tar(files, chance) if tars else a_zip(files, chance)
    return damaged(content, chance) if chance.random() < 0.7 else content


MEMBERS = (
    "ann/linear_algebra.py", "böb/linear_algebra.ipynb", "", ".", "..", "/", "//x.py", "../x.py", "a\\b.py", "ann/a.zip",
    "x\x1b[2J.py", "ann_123_456_linear_algebra.py", "Ann Lee_12_assignsubmission_file_/linear_algebra.py", "\udce4.py", "A/x.py",
    "a/x.py", "submission_metadata.yml", "submission_1/linear_algebra.py", "x" * 300 + ".py", "con.py", "ann/linear_algebra.py/x.py",
)  # fmt: skip


def a_zip(files: dict[str, bytes] | None = None, chance: random.Random | None = None) -> bytes:
    out, chance = io.BytesIO(), chance or random.Random(0)
    with zipfile.ZipFile(out, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in (files or {"linear_algebra.py": b"x = 1\n"}).items():
            info = zipfile.ZipInfo(name.encode("utf-8", "replace").decode(), (2026, 11, 20, 1, 1, 1))
            info.external_attr = chance.choice((0, 0o644 << 16, 0o120777 << 16, 0xFFFFFFFF))
            info.flag_bits = chance.choice((0, 0, 1, 0x800))
            archive.writestr(info, content)
    return out.getvalue()


def a_tar(files: dict[str, bytes], chance: random.Random) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=chance.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.encode("utf-8", "replace").decode())
            info.size, info.type = (
                len(content),
                chance.choice((tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, b"7")),
            )
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue()) if chance.random() < 0.3 else out.getvalue()


def read_archive(content: bytes, folder: Path, suffix: str) -> None:
    file, scratch = folder / f"class{suffix}", folder / "scratch"
    file.write_bytes(content)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    units = intake.Units({"linear_algebra": ["solve"], "attention": ["self_attention"]})
    try:
        entries(file, scratch)
        taken = intake.take(file, units, scratch, STUDENTS)
        for hand_in in taken.hand_ins:
            if hand_in.kept:
                hand_in.read()
    finally:
        shutil.rmtree(scratch)


def read_records(content: bytes, folder: Path) -> None:
    """A store whose report somebody has changed."""
    file = folder / "class.db"
    with Store(str(file)) as store:
        record = Record("ann", "toy", Outcome.GRADED, 3)
        text = content.decode("utf-8", "replace").replace("\0", "")
        store.put(record, "{}")
        store.database.execute("UPDATE records SET report = ?", (text,))
        for record in records(store):
            assert record.points_left >= 0 or record.points < 0


TARGETS = [
    Target("frame", a_frame, read_reply, (wire.WireError, BadReply)),
    Target("key", lambda chance: damaged(the_key(), chance), read_key, (key.KeyFileError,)),
    Target("signed-key", a_signed_key, read_key, (key.KeyFileError,)),
    Target("course", lambda chance: chance.choice((reworded, damaged))(COURSE, chance), read_settings, (settings_file.SettingsError,)),
    Target("report", lambda chance: json_damaged(a_report(), chance), read_report, (ValueError,)),
    Target("record", lambda chance: json_damaged(a_report(), chance), read_records, (StoreError,)),
    Target("progress", lambda chance: json_damaged(PROGRESS, chance), read_progress),
    Target("bands", lambda chance: json_damaged(BANDS, chance), read_bands, (UnitError,)),
    Target("notebook", lambda chance: json_damaged(a_small_notebook(), chance), read_notebook),
    Target("course-notebook", lambda chance: damaged(a_notebook(), chance), read_notebook),
    Target("source", lambda chance: chance.choice((reworded, damaged))(a_source(), chance), read_source),
    Target("roster", functools.partial(a_table, ROSTER), read_roster, (GraderError,)),
    Target("canvas", functools.partial(a_table, CANVAS), read_canvas, (GraderError,)),
    Target("moodle", functools.partial(a_table, MOODLE), read_moodle, (GraderError,)),
    Target("times", lambda chance: chance.choice((reworded, damaged))(TIMES, chance), read_times, (GraderError,)),
    Target("gradescope", lambda chance: chance.choice((reworded, damaged))(YML, chance), read_submitters),
    Target("zip", lambda chance: an_archive(chance, tars=False), functools.partial(read_archive, suffix=".zip"), (GraderError,)),
    Target("tar", lambda chance: an_archive(chance, tars=True), functools.partial(read_archive, suffix=".tar"), (GraderError,)),
]  # fmt: skip
