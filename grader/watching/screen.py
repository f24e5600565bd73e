"""What `grade --watch` shows: one screen, redrawn in place, or plain lines where there is no terminal."""

import contextlib
import io
import shutil
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from grader.render.console import tame_console
from grader.render.places import PLAIN, Places
from grader.render.terminal import WIDTH, glyphs_of, indented, render_details, word_of
from grader.report import UNJUDGED, ExerciseReport, Report, Status
from grader.text import inert, one_line
from grader.watching.session import Focus, Watched

ENTER, LEAVE = (
    "\x1b[?1049h\x1b[?25l\x1b[?7l",
    "\x1b[?7h\x1b[?25h\x1b[?1049l",
)  # alternate screen, no cursor, no line wrapping
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
KEYS = "h hint   n next   q quit"


class Screen:
    """A terminal's alternate screen. Earlier output is kept and comes back at the end."""

    def __init__(self, stream: TextIO, like: Console, places: Places = PLAIN):
        self.stream, self.like, self.places = stream, like, places
        self.size = shutil.get_terminal_size()

    @contextlib.contextmanager
    def shown(self) -> Iterator["Screen"]:
        self._write(ENTER)
        try:
            yield self
        finally:
            self._write(LEAVE)

    def was_resized(self) -> bool:
        before, self.size = self.size, shutil.get_terminal_size()
        return before != self.size

    def draw(self, files: Sequence[Watched], focus: Focus, message: Text) -> None:
        """Redraw everything in one write, so that nothing flickers."""
        width, height = self.size
        file = io.TextIOWrapper(io.BytesIO(), encoding=self.stream.encoding, errors="backslashreplace", newline="\n")
        how = {"width": width, "color_system": self.like.color_system, "force_terminal": True}
        console = tame_console(file=file, legacy_windows=False, **how)
        _render_top(files, focus, console)
        console.print()
        _render_focus(files[focus.file], focus, console, self.places)
        file.seek(0)
        lines = file.read().rstrip("\n").split("\n")
        end = io.StringIO()
        bottom = tame_console(file=end, **how)
        bottom.print(message)
        bottom.print(Text(KEYS, "dim"), end="")
        last = ["", *end.getvalue().split("\n")]
        room = max(height - len(last), 1)
        if len(lines) > room:
            lines = [*lines[: room - 1], f"    … all of it: grade {files[focus.file].key.unit}.{focus.name}"]
        lines += [""] * (room - len(lines))
        *above, lowest = [*lines, *last][:height]
        # the rest is erased before a line is written: behind a full line the cursor stands on its last letter
        self._write(HOME + "".join(f"{REST_OF_LINE}{line}\n" for line in above) + REST_OF_SCREEN + lowest)

    def busy(self, name: str) -> None:
        """Say on the last line that an exercise is still running."""
        self._write(f"\x1b[{self.size.lines};1H{REST_OF_LINE}{name} is running …")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


class Log:
    """Plain lines, one for each exercise that was graded, for a file or a pipe."""

    def __init__(self, console: Console):
        self.console = console

    def told(self, report: Report, at: str) -> None:
        for exercise in report.exercises:
            line = f"{at} {exercise.id} {exercise.points}/{exercise.max_points} {exercise.status}"
            self.console.print(Text(line), soft_wrap=True)
            finding = next((check.finding for check in exercise.checks if check.finding), None)
            if finding and exercise.status is not Status.MISSING:
                self.console.print(Text(f"    {one_line(finding.message)}"), soft_wrap=True)
                if finding.hint:
                    self.console.print(Text(f"    > {one_line(finding.hint)}"), soft_wrap=True)
        self.say(at, f"{report.unit}: {sum(e.status is Status.PASSED for e in report.exercises)} of these passed")

    def say(self, at: str, text: str) -> None:
        self.console.print(Text(f"{at} {text}"), soft_wrap=True)
        self.console.file.flush()


def _render_top(files: Sequence[Watched], focus: Focus, console: Console) -> None:
    """Print the unit's title and points, a mark for each exercise, and the name of the one in focus."""
    watched, glyphs = files[focus.file], glyphs_of(console)
    line = Text(watched.key.title, "bold").append(f"  {watched.points}/{watched.max_points}", "bold")
    if len(files) > 1:
        total = sum(item.points for item in files), sum(item.max_points for item in files)
        line.append(f"   course {total[0]}/{total[1]}", "dim")
    console.print(line)
    marks = Text()
    for exercise in watched.exercises:
        style, mark = _mark(watched.reports.get(exercise.name), glyphs)
        is_here = exercise.name == focus.name
        marks.append(
            f" {mark} {exercise.name} " if is_here else f" {mark}",
            f"{style} reverse".replace("dim ", "") if is_here else style,
        )
    console.print(marks)


def _unfolded(text: str) -> str:
    """Join each paragraph of a docstring into one line, to be wrapped to the terminal's width; indented ones stay."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(part if "\n " in part else " ".join(part.split()) for part in paragraphs)


def _mark(report: ExerciseReport | None, glyphs: dict[str, str]) -> tuple[str, str]:
    if report is None or report.status in UNJUDGED:
        return "dim", glyphs["open"]
    return ("green", glyphs["passed"]) if report.status is Status.PASSED else ("red", glyphs["failed"])


def _render_focus(watched: Watched, focus: Focus, console: Console, places: Places) -> None:
    """Print what is wrong with the exercise in focus, or what it asks for if it is not written yet; then hints."""
    width = min(console.width, WIDTH)
    exercise = watched.key.exercise(focus.name)
    report = watched.reports.get(focus.name)
    if report and report.status not in UNJUDGED:
        place = places.of(str(watched.path), report)
        render_details(report, width, glyphs_of(console), console, place)
    else:
        signature, _, rest = exercise.summary.partition("\n")
        line = Text(f"{watched.key.unit}.{exercise.name}", "bold").append(f"  {exercise.points} points", "dim")
        console.print(line)
        if report and (word := word_of(report)) and report.status is not Status.MISSING:
            console.print(indented(Text(word, "dim"), 4, width))
        console.print(Padding(Text(signature, "cyan"), (1, 0, 0, 4)), width=width)
        console.print(Padding(Text(_unfolded(rest.strip())), (1, 0, 0, 8)), width=width)
    for number, hint in enumerate(exercise.hints[: focus.hints], 1):
        console.print()
        mark = Text(f"{number}", "bold yellow")
        console.print(indented(Text(inert(hint)), 8, width, mark))
