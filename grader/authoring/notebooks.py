"""A unit as a Jupyter notebook: the handout and the stubs, cell by cell. The same unit always gives the same bytes.

The JSON is laid out as Jupyter writes it, so that opening and saving a fresh notebook changes nothing.
"""

import base64
import html
import json
import re

from grader.authoring.handouts import PICTURE, points
from grader.course.demo_files import has_demo
from grader.course.reference_text import cut_out, stub_module
from grader.course.unit import Unit

FORMAT = {"nbformat": 4, "nbformat_minor": 5}
EMBEDDED = '<img src="data:image/svg+xml;base64,'  # the start of a picture's line in a notebook
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(unit: Unit, pictures: dict[str, bytes]) -> str:
    """The notebook's JSON: title, imports and helpers, then text and stub of each exercise, then how to grade.

    It embeds its pictures, so that it is complete if only the notebook is copied.
    """
    setup, stubs = setup_and_stubs(unit)
    cells = [*markdown_cells("title", f"# {unit.title}\n\n{unit.introduction}", pictures), _code("setup", setup)]
    for name in unit.exercises:
        cells += [
            *markdown_cells(f"{name}-text", exercise_text(unit, name), pictures),
            *(_code(part, stubs[part]) for part in unit.stubs_of(name)),
        ]
    cells += markdown_cells("grade", _how(unit, next(iter(stubs), "")), {})
    return (
        json.dumps({"cells": cells, "metadata": METADATA, **FORMAT}, indent=1, sort_keys=True, ensure_ascii=False)
        + "\n"
    )


def setup_and_stubs(unit: Unit) -> tuple[str, dict[str, str]]:
    """The stub module as (the part that is not an exercise, each exercise's stub with the comments right above it)."""
    return cut_out(stub_module(unit.text, unit.written), unit.written)


def exercise_text(unit: Unit, name: str) -> str:
    """An exercise in Markdown: its handout, its shapes and its points."""
    shapes = next((line.strip() for line in unit.source(name).docstring.splitlines() if " -> " in line), "")
    parts = [
        f"## {name}",
        unit.handout(name),
        f"`{shapes}`" if shapes else "",
        f"*{points(unit.exercises[name].points)}*",
    ]
    return "\n\n".join(part for part in parts if part)


def _how(unit: Unit, example: str) -> str:
    return (
        "## How to check your answers\n\n"
        "Save this notebook. Then, in a terminal in this folder:\n\n"
        f"- `grade {unit.name}.ipynb` checks this notebook,\n"
        f"- `grade {unit.name}.{example}` checks one exercise of `{unit.name}.py`, where you can write your answers too,\n"
        f"- `grade hint {unit.name}.{example}` gives you a hint."
    ) + _demo(unit)


def _demo(unit: Unit) -> str:
    if not has_demo(unit):
        return ""
    call = f'`from grader.notebook import demo` and then `demo("{unit.name}")`'
    return (
        f"\n\nWhat your functions make together, `grade demo {unit.name}` shows with those of `{unit.name}.py`, and here, in a cell,\n"
        f"{call} with those of this notebook."
    )


def markdown_cells(name: str, text: str, pictures: dict[str, bytes]) -> list[dict]:
    """The cells of a text, with each picture in a cell of its own, so that nobody has to edit next to its bytes."""
    cells, done = [], 0
    for number, found in enumerate(PICTURE.finditer(text), 1):
        cells += [(name if number == 1 else f"{name}-{number}", text[done : found.start()])]
        cells += [(f"{name}-picture-{number}", f"{_embedded(found, pictures)}\n\n{found['caption']}")]
        done = found.end()
    cells.append((f"{name}-end" if cells else name, text[done:]))
    return [
        {"cell_type": "markdown", "id": cell_id(key), "metadata": {}, "source": part.strip().splitlines(keepends=True)}
        for key, part in cells
        if part.strip()
    ]


def _embedded(found: re.Match, pictures: dict[str, bytes]) -> str:
    """An <img> with the picture's bytes, which JupyterLab, nbconvert and VS Code show; they show no SVG attachments."""
    data = base64.b64encode(pictures[found["file"]]).decode()
    return f'{EMBEDDED}{data}" alt="{html.escape(found["alt"])}">'


def _code(name: str, text: str) -> dict:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id(name),
        "metadata": {},
        "outputs": [],
        "source": text.strip().splitlines(keepends=True),
    }


def cell_id(name: str) -> str:
    """A cell's id: nbformat allows 1 to 64 letters, digits, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)[:64]
