"""The report as a student reads it: a line for each exercise, then what is wrong, why, and what to do next.

Everything that came from a submission is made inert first and is printed as text, never as markup.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import PurePath
from typing import TextIO

from rich.console import Console
from rich.text import Text

from grader.judging.error_maps import says_more
from grader.render.console import tame_console
from grader.render.curves import sparkline
from grader.render.maps import terminal as render_map
from grader.render.places import PLAIN, Places
from grader.render.plain_words import (
    GLYPHS,
    MAX_PRINTED_LINES,
    PRINTED,
    SAME_CAUSE,
    claim,
    glyph,
    has_details,
    is_told,
    word_of,
)
from grader.report import UNJUDGED, CheckReport, ExerciseReport, Report, Status
from grader.sandbox.walls.levels import STRONGEST
from grader.text import inert, one_line

WIDTH = 96  # columns; longer lines of prose are hard to read
ASCII_GLYPHS = {"passed": "+", "failed": "x", "open": "-", "hint": ">", "bar": "=", "rest": "."}
STYLES = {Status.PASSED: "green"} | dict.fromkeys(UNJUDGED, "dim")


def make_console(file: TextIO | None = None, stderr: bool = False, least: int = 0) -> Console:
    """A console that prints all text literally.

    Colour, width and encoding are the terminal's; NO_COLOR and COLUMNS are respected. If it is narrower than `least`,
    long lines are not wrapped.
    """
    console = tame_console(file=file, stderr=stderr)
    console.width = max(console.width, least)
    return console


def render(report: Report, title: str, console: Console, places: Places = PLAIN) -> None:
    """Print one submission's report."""
    glyphs = glyphs_of(console)
    width = min(console.width, WIDTH)
    console.print(_heading(title, report, width), width=width)
    console.print()
    for exercise in report.exercises:
        console.print(_exercise_line(exercise, width, glyphs), soft_wrap=True)
    failed = [exercise for exercise in report.exercises if has_details(exercise)]
    for exercise in failed:
        console.print()
        render_details(exercise, width, glyphs, console, places.of(report.submission, exercise))
    if len(report.exercises) == 1 and not failed:
        _render_curve(report.exercises[0], width, console)
        _render_printed(report.exercises[0], width, console)
    console.print()
    _render_end(report, console)


def _heading(title: str, report: Report, width: int) -> Text:
    score = f"{report.points}/{report.max_points}"
    name = one_line(report.submission, max(width - len(score) - 4, 10))
    line = Text(title, "bold")
    if len(title) + len(name) + len(score) + 6 <= width:
        line.append(f"  {name}", "dim")
        line.append(" " * (width - len(line) - len(score)))
    else:
        line.append(f"\n{name}  ", "dim")
    return line.append(score, "bold green" if report.is_perfect else "bold")


def _exercise_line(exercise: ExerciseReport, width: int, glyphs: dict[str, str]) -> Text:
    score = f"{exercise.points}/{exercise.max_points}"
    style = STYLES.get(exercise.status, "red")
    name = exercise.id.partition(".")[2]
    line = Text(f"  {glyph(exercise.status, glyphs)} ", style)
    line.append(name, "" if style == "dim" else "bold" if style == "red" else "")
    if word := word_of(exercise):
        room = width - len(line) - len(score) - 4
        line.append(f"  {one_line(word, max(room, 8))}", "dim")
    line.append(" " * max(width - len(line) - len(score), 2))
    return line.append(score, style)


def render_details(
    exercise: ExerciseReport, width: int, glyphs: dict[str, str], console: Console, place: Text | None = None
) -> None:
    """Print an exercise's claims and, for those that do not hold, what was found and what to try."""
    line = Text(exercise.id, "bold").append(f"  {exercise.points}/{exercise.max_points}", "dim")
    if place:  # unbroken on one line, or editors do not recognise it
        line.append("   " if len(line) + 3 + len(place) <= width else "\n    ").append_text(place)
    console.print(line, soft_wrap=True)
    told: set[str] = set()
    is_mapped = False
    for check in exercise.checks:
        console.print(_claim_line(check, glyphs, width))
        if not check.finding:
            continue
        console.print(indented(Text(inert(check.finding.message)), 8, width))
        if hint := check.finding.hint:
            is_again = is_told(check.finding, told)
            style = "dim" if is_again else "bold"
            text = SAME_CAUSE if is_again else inert(hint)
            console.print(indented(Text(text, style), 8, width, Text(glyphs["hint"], style)))
        if check.finding.map and not is_mapped and says_more(check.finding.map):
            render_map(check.finding.map, console, 8)
            is_mapped = True  # one picture per exercise: further ones mostly show the same mistake
    _render_curve(exercise, width, console)
    _render_printed(exercise, width, console)


def _render_curve(exercise: ExerciseReport, width: int, console: Console) -> None:
    """How a training run's loss went."""
    if not exercise.curve:
        return
    head = Text("    loss ", "dim")
    if line := sparkline(exercise.curve, width - len(head), glyphs_of(console) is ASCII_GLYPHS):
        console.print(head.append(line), soft_wrap=True)


def _claim_line(check: CheckReport, glyphs: dict[str, str], width: int) -> Text:
    style = STYLES.get(check.status, "red")
    mark = Text(glyph(check.status, glyphs), style)
    points = f"{check.points}/{check.max_points}"
    said = Text(inert(check.claim)).append(claim(check).removeprefix(inert(check.claim)), "dim")
    return indented(said.append(f"  {points}", "dim"), 4, width, mark)


def _render_printed(exercise: ExerciseReport, width: int, console: Console) -> None:
    """Print the output of the student's code, since students use it for debugging."""
    lines = [one_line(line, width - 8) for line in exercise.printed.splitlines()[: MAX_PRINTED_LINES + 1]]
    if not any(lines):
        return
    console.print(indented(Text(PRINTED, "dim"), 4, width))
    for line in lines[:MAX_PRINTED_LINES]:
        console.print(indented(Text(line, "dim"), 8, width))
    if len(lines) > MAX_PRINTED_LINES:
        console.print(indented(Text("…", "dim"), 8, width))


def _render_end(report: Report, console: Console) -> None:
    if report.is_perfect:
        console.print(Text(f"{praise(report)}  {seconds_in_words(report.seconds)}", "green"))
    else:
        line = Text("Next: ", "bold").append(next_step(report.exercises))
        console.print(line.append(f"   ({seconds_in_words(report.seconds)})", "dim"), soft_wrap=True)
        if is_in_a_course(report) and (name := answered_wrongly(report.exercises)):
            console.print(
                Text(f"      grade case {name}   the failing case, to run it yourself", "dim"), soft_wrap=True
            )
    if report.isolation != STRONGEST:  # which needs no word
        weaker = f"Isolation: {report.isolation} only; `grade doctor` says why and what to do."
        console.print(Text(weaker, "dim"))


def praise(report: Report) -> str:
    """What to say if no point is lost; it also mentions pending points and why they are not lost."""
    if many := report.pending_points:
        are = "is" if many == 1 else "are"
        return f"{report.points} points, {many} more {are} pending: not asked this time, not lost."
    return "All points." if len(report.exercises) > 1 else "Right."


def next_step(exercises: Sequence[ExerciseReport]) -> str:
    """The most helpful next command: a hint for a started exercise that is wrong, else the next exercise to write."""
    begun = [exercise for exercise in exercises if exercise.status not in (Status.PASSED, *UNJUDGED)]
    if begun:
        return f"grade hint {begun[0].id}"
    missing = [exercise for exercise in exercises if exercise.status is Status.MISSING]
    return f"grade explain {missing[0].id}" if missing else "grade"


def is_in_a_course(report: Report) -> bool:
    """Whether what was graded lies where a student writes it, which is where `grade case` looks."""
    return PurePath(report.submission).parts[-3:] == ("assignments", report.unit, f"{report.unit}.py")


def answered_wrongly(exercises: Sequence[ExerciseReport]) -> str:
    """The first exercise that has answered, or raised, in one of its cases, and wrongly; empty without one. No training run."""
    wrong = (exercise for exercise in exercises if exercise.status in (Status.FAILED, Status.ERROR))
    return next((exercise.id for exercise in wrong if not exercise.curve and _is_about_a_case(exercise)), "")


def _is_about_a_case(exercise: ExerciseReport) -> bool:
    return any(check.finding and "(case: " in check.finding.message for check in exercise.checks)


def indented(text: Text, indent: int, width: int, mark: Text | None = None) -> Text:
    """Text wrapped to the width and indented, with a mark in front of the first line."""
    room = max(width - indent, 20)
    lines = text.wrap(_measure(), room)
    result = Text()
    for number, line in enumerate(lines):
        if number == 0 and mark is not None:
            result.append(" " * (indent - len(mark) - 1)).append_text(mark).append(" ")
        else:
            result.append("\n" if number else "").append(" " * indent)
        line.rstrip()
        result.append_text(line)
    result.no_wrap = True
    return result


@cache
def _measure() -> Console:
    """A cached console for wrapping text; creating one takes longer than printing a report."""
    return tame_console(color_system=None)


def glyphs_of(console: Console) -> dict[str, str]:
    return GLYPHS if "utf" in console.encoding.lower() else ASCII_GLYPHS


def seconds_in_words(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
