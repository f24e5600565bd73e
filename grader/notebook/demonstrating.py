"""In a notebook, `demo("language_models")` shows what a unit leads to, made by what the session's cells define."""

from pathlib import Path

from grader.demos.playing import find, run
from grader.demos.shown import Shown
from grader.notebook.magics import NAME, Place, place_of, session_cells, session_shell
from grader.notebook.styled import styled


class Demonstrated:
    """What a demo has shown, for display in a notebook."""

    def __init__(self, title: str, pieces: list[Shown]):
        self.title, self.pieces = title, pieces

    def _repr_html_(self) -> str:
        from grader.render.demo_page import fragment

        return styled(fragment(self.title, self.pieces))

    def __repr__(self) -> str:
        import io

        from grader.render.console import tame_console
        from grader.render.demo_terminal import printing
        from grader.render.terminal import WIDTH

        out = io.StringIO()
        with printing(tame_console(file=out, width=WIDTH, force_jupyter=False, color_system=None)) as show:
            for piece in self.pieces:
                show(piece)
        return f"{self.title}\n\n{out.getvalue()}".rstrip()


def demo(name: str, course: str | None = None) -> Demonstrated:
    """Run a unit's demo with the functions and classes of the session's cells, and show what it makes.

    `course` is the folder of the course, by default the one around the notebook. Nothing is graded.
    """
    place = place_of(name, Path(course) if course else None)
    found = find(place.key.unit, _folder(place))
    return Demonstrated(found.title, list(run(found, session_cells(session_shell()), f"{NAME}.ipynb")))


def _folder(place: Place) -> Path:
    """Where the unit's files are: in the course, or in the assignment's folder."""
    inside = place.root / "assignments" / place.key.unit
    return inside if inside.is_dir() else place.root
