"""What `nbgrader collect` brought: notebooks read as data, their code with the course's own cells as they were given out."""

import glob
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.classroom.intake import HandIn, Intake
from grader.classroom.nbbook import CONFIG, gradebook_of
from grader.classroom.roster import Student
from grader.errors import GraderError
from grader.scratch import keep

MAX_NOTEBOOK = 32 << 20  # bytes, pictures in outputs among them; the code alone is held to a submission's limit


@dataclass(frozen=True)
class Handed:
    """What one student handed in for a unit: the code as a notebook's bytes, or None with the reason in the note."""

    student: str
    name: str
    sha256: str = ""
    code: bytes | None = None
    note: str = ""


def take(folder: Path, unit: str, scratch: Path) -> Intake:
    """What was collected for a unit, as a class run takes it; the code that is graded lies in `scratch` meanwhile."""
    hand_ins = []
    for handed in submissions(folder, unit):
        file = keep(scratch, handed.code, ".ipynb") if handed.code is not None else None
        said = {"note" if file else "problem": handed.note}
        hand_ins.append(HandIn(handed.student, unit, handed.name, file, **said))
    return Intake(hand_ins, [Student(item.student) for item in hand_ins], [unit], [])


def submissions(folder: Path, unit: str) -> Iterator[Handed]:
    """What lies under submitted/ for a unit, by student; locked cells as the course wrote them."""
    sources = source_cells(folder, unit)
    for path in sorted((folder / "submitted").glob(f"*/{glob.escape(unit)}")):
        yield handed_in(path.parent.name, path / f"{unit}.ipynb", sources)


def handed_in(student: str, path: Path, sources: Mapping[str, Any]) -> Handed:
    name = f"{student}/{path.name}"
    try:
        if not path.is_file() or path.is_symlink():
            return Handed(student, name, note=f"{path.name} is not among the files that were handed in")
        if path.stat().st_size > MAX_NOTEBOOK:
            return Handed(student, name, note=f"{path.name} is larger than {MAX_NOTEBOOK >> 20} MB")
        content = path.read_bytes()
        code, notes = restored(content, sources)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Handed(student, name, note=f"{path.name} is no notebook that can be read ({type(error).__name__})")
    return Handed(student, name, hashlib.sha256(content).hexdigest(), code, "; ".join(notes))


def restored(content: bytes, sources: Mapping[str, Any]) -> tuple[bytes, list[str]]:
    """The code cells of a notebook without outputs, locked cells as they were given out; and a note on each oddity."""
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
    notes += [f"cell {name} was deleted" for name in gone]
    first = [sources[name].source for name in gone if sources[name].locked and not name.endswith("-points")]
    cells = [{"cell_type": "code", "metadata": {}, "source": text, "outputs": []} for text in first] + cells
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode(), list(dict.fromkeys(notes))


def source_cells(folder: Path, unit: str) -> dict[str, Any]:
    """The assignment's cells as they were given out, by grade_id; GraderError if nbgrader knows no such assignment."""
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


@dataclass(frozen=True)
class Source:
    """One cell of the assignment."""

    name: str
    source: str
    locked: bool
