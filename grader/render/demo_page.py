"""A demo as HTML: a page to keep or to send, and the output of a notebook's cell."""

from collections.abc import Sequence
from html import escape

from grader.demos.shown import Curve, Frames, Printed, Shown, Stopped, Table, Text
from grader.render.curves import svg
from grader.render.demo_terminal import place
from grader.render.scatter import moving


def fragment(title: str, pieces: Sequence[Shown]) -> str:
    """The pieces below their title. Progress is over and left out."""
    return "\n".join(
        [
            '<section class="grade-report demo">',
            f"<h2>{escape(title)}</h2>",
            *filter(None, map(_piece, pieces)),
            "</section>",
        ]
    )


def _piece(piece: Shown) -> str:
    match piece:
        case Text(text):
            return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
        case Table(header, rows):
            names = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
            lines = ("".join(f"<td>{escape(text)}</td>" for text in row) for row in rows)
            table = "".join(f"<tr>{line}</tr>" for line in lines)
            return f'<table class="shown"><tr>{names}</tr>{table}</table>'
        case Curve():
            return svg(piece.steps, piece.title)
        case Frames(title, frames):
            return f"<figure>{moving(frames, title)}<figcaption>{escape(title)}</figcaption></figure>"
        case Printed(text):
            return f"<details><summary>printed meanwhile</summary><pre>{escape(text)}</pre></details>"
        case Stopped(why, file, line):
            return f'<p class="hint">It stopped: {escape(why + place(file, line))}</p>'
    return ""
