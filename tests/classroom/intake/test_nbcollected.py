"""What an editor or a student did to a collected notebook is told once, and what is there under another name is named."""

import json
from pathlib import Path

import pytest

from grader.beneath import Beneath
from grader.classroom.intake.nbcollected import Source, handed_in, restored

SOURCES = {f"cell{n}": Source(f"cell{n}", f"x{n} = 1", n % 2 == 0) for n in range(21)}


def notebook(names: list[str], marked: bool) -> bytes:
    cells = [
        {
            "cell_type": "code",
            "source": SOURCES[name].source,
            "metadata": {"nbgrader": {"grade_id": name}} if marked else {},
        }
        for name in names
    ]
    return json.dumps({"cells": cells}).encode()


def test_a_notebook_without_nbgraders_marks_has_one_note_and_keeps_its_code():
    code, notes = restored(notebook(list(SOURCES), marked=False), SOURCES)
    assert len(notes) == 1
    assert "marks are gone from all cells" in notes[0]
    assert all(source.source in code.decode() for source in SOURCES.values())


def test_a_cell_that_was_deleted_is_named():
    _, notes = restored(notebook([name for name in SOURCES if name != "cell3"], marked=True), SOURCES)
    assert notes == ["cell cell3 was deleted"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            ["hw1.ipynb", "notes.txt"],
            "toy.ipynb is not among the files that were handed in; there is hw1.ipynb, under a name",
        ),
        (["Toy.ipynb", "a.ipynb"], "there is Toy.ipynb, a.ipynb,"),
        (["notes.txt"], "toy.ipynb is not among the files that were handed in"),
    ],
)
def test_a_notebook_of_another_name_is_told(tmp_path: Path, files, words):
    for name in files:
        (tmp_path / name).write_bytes(notebook(["cell1"], marked=True))
    handed = handed_in("ann", Beneath(tmp_path) / "toy.ipynb", SOURCES)
    assert handed.code is None
    assert words in handed.note
    assert ("there is" in handed.note) is any(name.endswith(".ipynb") for name in files)
