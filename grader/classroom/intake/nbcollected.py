"""What `nbgrader collect` collected: read notebooks as data, with the course's own cells as they were given out."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.beneath import Beneath, Refusal, Why
from grader.classroom.intake.archives import as_text
from grader.classroom.intake.intake import HandIn, Intake
from grader.classroom.intake.kept import Shelf
from grader.classroom.intake.nbbook import CONFIG, gradebook_of
from grader.classroom.intake.roster import Student
from grader.errors import GraderError
from grader.frozen import frozen
from grader.submission import Submission
from grader.text import one_line

MAX_NOTEBOOK = 32 << 20  # bytes, including pictures in outputs; the code alone must keep a submission's limit


@frozen
class Handed:
    """What one student handed in for a unit: the code as a notebook's bytes, or None and the reason in the note.

    `is_unread` means that something was handed in and could not be read.
    """

    student: str
    name: str
    sha256: str = ""
    code: bytes | None = None
    note: str = ""
    is_unread: bool = False


def take(folder: Path, unit: str, scratch: Path) -> Intake:
    """The intake for a class run of what was collected for a unit; the code is kept in `scratch` until it is graded."""
    hand_ins, kept = [], Shelf(scratch)
    for handed in submissions(folder, unit):
        code = handed.code
        hand_ins.append(
            HandIn(
                handed.student,
                unit,
                handed.name,
                kept.keep(Submission(handed.name, code)) if code is not None else None,
                note=handed.note,
                problem=handed.note if code is None else "",
                unread=(f"{handed.name}: {handed.note}",) if handed.is_unread else (),
            )
        )
    return Intake(hand_ins, [Student(item.student) for item in hand_ins], [unit], [])


def submissions(folder: Path, unit: str) -> Iterator[Handed]:
    """What is under submitted/ for a unit, by student, with locked cells as the course wrote them. Follows no link."""
    sources = source_cells(folder, unit)
    collected = Beneath(folder) / "submitted"
    try:
        students = collected.listed()
    except Refusal as refusal:
        if refusal.why is Why.ABSENT:
            return
        raise GraderError(f"cannot read {folder / 'submitted'}: {refusal}") from None
    for student, _ in students:
        try:
            units = dict((collected / student).listed())
        except Refusal as refusal:
            units = {unit: "?"} if refusal.may_pass and refusal.why is not Why.ABSENT else {}
        if unit in units:
            yield handed_in(as_text(student), collected / student / unit / f"{unit}.ipynb", sources)


def handed_in(student: str, file: Beneath, sources: Mapping[str, Any]) -> Handed:
    """Read one student's notebook; if there is no code, the note says what is wrong."""
    notebook = file.parts[-1]
    name = f"{student}/{notebook}"
    try:
        content = file.read(MAX_NOTEBOOK)
        code, notes = restored(content, sources)
    except Refusal as refusal:
        if refusal.why is Why.ABSENT:
            return Handed(student, name, note=f"{notebook} is not among the files that were handed in{_others(file)}")
        return Handed(student, name, note=f"{notebook} was not read: {refusal}", is_unread=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Handed(student, name, note=f"{notebook} is no notebook that can be read ({type(error).__name__})")
    return Handed(student, name, hashlib.sha256(content).hexdigest(), code, "; ".join(notes))


def _others(file: Beneath) -> str:
    """The notebooks that are there in place of a missing one, in words; empty if there are none."""
    try:
        names = [as_text(name) for name, kind in Beneath(file.root, file.parts[:-1]).listed() if kind == "file"]
    except Refusal:
        return ""
    books = sorted(name for name in names if name.lower().endswith(".ipynb"))
    return (
        f"; there is {one_line(', '.join(books[:3]), 150)}, under a name that nbgrader does not know" if books else ""
    )


def restored(content: bytes, sources: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """(a notebook's code cells without outputs, with locked cells as they were given out; a note on each change)."""
    notes, seen, cells = [], [], []
    for cell in json.loads(content)["cells"]:
        name = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
        source = sources.get(name) if isinstance(name, str) else None
        text = "".join(cell["source"])
        if source is not None:
            if name in seen:
                notes.append(f"cell {name} is there more than once, and what is defined last counts")
            elif source.locked and text != source.source:
                notes.append(f"cell {name} belongs to the course and was altered; it was put back")
            seen.append(name)
            text = source.source if source.locked else text
        if cell["cell_type"] == "code":
            marks = {"nbgrader": cell["metadata"]["nbgrader"]} if source is not None else {}
            cells.append({"cell_type": "code", "metadata": marks, "source": text, "outputs": []})
    gone = [name for name in sources if name not in seen]
    if seen or not gone:
        notes += [f"cell {name} was deleted" for name in gone]
    else:  # an editor has removed what nbgrader writes into cells; what they define still counts
        notes.append("nbgrader's marks are gone from all cells, so it cannot be told which of them were altered")
    first = [sources[name].source for name in gone if sources[name].locked and not name.endswith("-points")]
    cells = [{"cell_type": "code", "metadata": {}, "source": text, "outputs": []} for text in first] + cells
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode(), list(dict.fromkeys(notes))


def source_cells(folder: Path, unit: str) -> dict[str, Any]:
    """The assignment's cells as they were given out, by grade_id; GraderError if nbgrader has no such assignment."""
    from nbgrader.api import MissingEntry

    if not (folder / CONFIG).is_file():
        raise GraderError(f"{folder} is no nbgrader course: it has no {CONFIG}; make one with `grade release nbgrader`")
    with gradebook_of(folder) as gradebook:
        try:
            cells = gradebook.find_notebook(unit, unit).source_cells
        except MissingEntry:
            raise GraderError(
                f"the gradebook has no assignment {unit}; run `nbgrader generate_assignment {unit}`"
            ) from None
        return {cell.name: Source(cell.name, cell.source or "", bool(cell.locked)) for cell in cells}


@frozen
class Source:
    """One cell of the assignment."""

    name: str
    source: str
    locked: bool
