"""A demo in a terminal: its pieces are printed as they are made, and a bar shows how far a long one is."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table as Rows
from rich.text import Text as Line

from grader.demos.shown import Curve, Frames, Printed, Progress, Shown, Stopped, Table, Text
from grader.render.curves import sparkline
from grader.render.scatter import SECONDS, Points, dotted, strip, window
from grader.render.terminal import ASCII_GLYPHS, WIDTH, glyphs_of
from grader.text import inert, one_line

MOVING = 48  # characters across a moving picture


@contextlib.contextmanager
def printing(console: Console) -> Iterator[Callable[[Shown], None]]:
    """A function that prints a piece; where nobody looks on, as in a log, without the bar."""
    bars = Bars(TextColumn("{task.description}", markup=False), BarColumn(), transient=True, console=console)
    with bars if console.is_terminal else contextlib.nullcontext():
        tasks: dict[str, TaskID] = {}

        def show(piece: Shown) -> None:
            if not isinstance(piece, Progress):
                _print(piece, console)
            elif console.is_terminal:
                what = one_line(piece.what, 60)
                if what not in tasks:
                    tasks[what] = bars.add_task(what)
                bars.update(tasks[what], completed=piece.done, total=piece.of, visible=piece.done < piece.of)

        yield show


def _print(piece: Shown, console: Console) -> None:
    width = min(console.width, WIDTH)
    match piece:
        case Text(text):
            console.print(Line(inert(text, 20_000)), width=width)
        case Table(header, rows):
            table = Rows(box=None, pad_edge=False, header_style="bold")
            for number, name in enumerate(header):
                table.add_column(Line(name), justify="right" if number else "left")
            for row in rows:
                table.add_row(*map(Line, row))
            console.print(table, width=width)
        case Curve(title):
            line = sparkline(piece.steps, width - len(title) - 2, glyphs_of(console) is ASCII_GLYPHS)
            console.print(Line(f"{title}  ", "bold").append(line))
        case Frames(title, frames):
            is_ascii = glyphs_of(console) is ASCII_GLYPHS
            console.print(Line(title, "bold"))
            if console.is_terminal:
                _play(frames, console, min(width, MOVING), is_ascii)
            console.print(Line("\n".join(strip(frames, width, is_ascii))))
        case Printed(text):
            console.print(Line("printed meanwhile", "dim"))
            console.print(Padding(Line(inert(text, 20_000)), (0, 0, 0, 2)), width=width)
        case Stopped(why, file, line):
            console.print(Line(f"It stopped: {inert(why, 500)}", "red").append(place(file, line), "dim"), width=width)
    console.print()


def _play(frames: Sequence[Points], console: Console, width: int, is_ascii: bool) -> None:
    """Show the frames one after another in one place, which is empty again afterwards."""
    seen = window(frames)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for frame in frames:
            live.update(Line("\n".join(dotted(frame, seen, width, is_ascii))), refresh=True)
            time.sleep(SECONDS / len(frames))


def place(file: str, line: int) -> str:
    """Where in a file something happened, in words that follow a sentence; empty where it is not known."""
    return f" ({one_line(file.rpartition('/')[2], 100)}, line {line})" if line else ""
